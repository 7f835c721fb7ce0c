import type { Audience } from "@convoke/core";
import { drizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { CamelCasePlugin, Kysely, PostgresDialect } from "kysely";
import type { Transaction } from "kysely";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { createPostgresStorage } from "../src/index.ts";
import { audienceOn, openDatabase, refusal } from "./support/audience.ts";

interface HostTables {
	readonly users: { readonly id: number; readonly fullName: string };
}

interface Host {
	readonly db: Kysely<HostTables>;
	readonly pool: pg.Pool;
	/** On connections of its own. */
	readonly audience: Audience;
	/** The audience as a part of a transaction of Kysely. */
	readonly within: (trx: Transaction<HostTables>) => Audience;
	readonly names: () => Promise<readonly string[]>;
}

/** A host with its users, and an audience, in one database; its columns are in camel case for it alone. */
async function openHost(): Promise<Host> {
	const { pool } = await openDatabase();
	const audience = audienceOn(createPostgresStorage({ pool, timeoutSeconds: 2 }));
	await audience.migrate();
	await pool.query("create table users (id integer primary key, full_name text not null)");
	const db = new Kysely<HostTables>({ dialect: new PostgresDialect({ pool }), plugins: [new CamelCasePlugin()] });
	return {
		db,
		pool,
		audience,
		within: (trx) => audience.using(createPostgresStorage({ db: trx })),
		names: async () => {
			const { rows } = await pool.query<{ full_name: string }>("select full_name from users order by id");
			return rows.map((row) => row.full_name);
		},
	};
}

const insertUser = (trx: Transaction<HostTables>, id: number) =>
	trx
		.insertInto("users")
		.values({ id, fullName: `User ${id}` })
		.execute();

const emails = async (audience: Audience) => (await audience.contacts.list()).data.map(({ email }) => email);

/** A client with an open transaction. */
async function begin(pool: pg.Pool): Promise<pg.PoolClient> {
	const client = await pool.connect();
	let isReleased = false;
	onTestFinished(() => {
		if (!isReleased) client.release();
		isReleased = true;
	});
	await client.query("begin");
	return client;
}

describe("a transaction of the host's Kysely with a user and a contact", () => {
	test("commits both", async () => {
		const { db, within, audience, names } = await openHost();
		const contact = await db.transaction().execute(async (trx) => {
			await insertUser(trx, 1);
			const created = await within(trx).contacts.create({ email: "ada@example.test", externalId: "1" });
			expect(await within(trx).contacts.get({ externalId: "1" })).toEqual(created);
			expect((await within(trx).events.since()).data).toHaveLength(1);
			expect((await audience.events.since()).data).toHaveLength(0);
			await insertUser(trx, 2);
			return created;
		});
		expect(await names()).toEqual(["User 1", "User 2"]);
		expect(await audience.contacts.get({ externalId: "1" })).toEqual(contact);
		expect((await audience.events.since()).data.map(({ type }) => type)).toEqual(["contact.created"]);
	});

	test("leaves neither when the host rolls back", async () => {
		const { db, within, audience, names } = await openHost();
		const late = new Error("The host changed its mind.");
		const work = db.transaction().execute(async (trx) => {
			await insertUser(trx, 1);
			const segment = await within(trx).segments.create({ name: "New" });
			await within(trx).contacts.create({ email: "ada@example.test", segments: [{ id: segment.id }] });
			expect(await emails(within(trx))).toEqual(["ada@example.test"]);
			throw late;
		});
		await expect(work).rejects.toBe(late);
		expect(await names()).toEqual([]);
		expect(await emails(audience)).toEqual([]);
		expect((await audience.segments.list()).data).toEqual([]);
		expect((await audience.events.since()).data).toEqual([]);
	});

	test("keeps the host's rows, and nothing of ours, when our unit is refused or fails", async () => {
		const { db, pool, within, audience, names } = await openHost();
		await audience.contacts.create({ email: "ada@example.test", externalId: "1" });
		await audience.contacts.create({ email: "bob@example.test", externalId: "2" });
		await pool.query("alter table convoke_segment_members add constraint none check (false)");
		await db.transaction().execute(async (trx) => {
			const mine = within(trx);
			await insertUser(trx, 1);
			expect(await refusal(mine.contacts.create({ email: "no address" }))).toMatchObject({ code: "invalid_input" });
			const taken = await refusal(mine.contacts.create({ email: "cy@example.test", externalId: "1" }));
			expect(taken).toMatchObject({ reason: "external_id_taken" });
			const { id } = await mine.segments.create({ name: "New" });
			const failed = await refusal(mine.contacts.create({ email: "eve@example.test", segments: [{ id }] }));
			expect(failed).toMatchObject({ code: "storage_failed", reason: "statement_failed" });
			await insertUser(trx, 2);
			await mine.contacts.create({ email: "dee@example.test" });
		});
		expect(await names()).toEqual(["User 1", "User 2"]);
		expect(await emails(audience)).toEqual(["dee@example.test", "bob@example.test", "ada@example.test"]);
	});

	test("does calls at the same time one after the other", async () => {
		const { db, within, audience, names } = await openHost();
		await db.transaction().execute(async (trx) => {
			const mine = within(trx);
			await Promise.all(
				Array.from({ length: 30 }, async (_, index) => {
					await insertUser(trx, index);
					await (index % 2 === 0 ? mine : within(trx)).contacts.create({ email: `c${index}@example.test` });
				}),
			);
		});
		expect(await names()).toHaveLength(30);
		expect(await audience.contacts.count()).toBe(30);
	});

	test("finds a contact that another transaction has created meanwhile", async () => {
		const { db, within, audience } = await openHost();
		await db.transaction().execute(async (trx) => {
			await insertUser(trx, 1);
			const other = await audience.contacts.create({ email: "ada@example.test" });
			const mine = await within(trx).contacts.create({ email: "ada@example.test", firstName: "Ada" });
			expect(mine.id).toBe(other.id);
		});
		expect(await audience.contacts.get({ email: "ada@example.test" })).toMatchObject({ firstName: "Ada" });
	});

	test("refuses migrations, imports and workers, and goes on", async () => {
		const { db, within, audience } = await openHost();
		const inHost = { code: "invalid_state", reason: "in_host_transaction" };
		await db.transaction().execute(async (trx) => {
			const mine = within(trx);
			expect(await refusal(mine.migrate())).toMatchObject(inHost);
			expect(await refusal(mine.contacts.imports.create({ list: "ada@example.test" }))).toMatchObject(inHost);
			expect(await refusal(mine.worker().run())).toMatchObject(inHost);
			await mine.contacts.create({ email: "bob@example.test" });
		});
		expect(await emails(audience)).toEqual(["bob@example.test"]);
	});

	test("is over when it is over", async () => {
		const { db, within, audience } = await openHost();
		const committed = await db.transaction().execute(async (trx) => within(trx));
		const late = await refusal(committed.contacts.create({ email: "late@example.test" }));
		expect(late).toMatchObject({ code: "invalid_state", reason: "transaction_ended" });
		expect(await emails(audience)).toEqual([]);
	});

	test("goes on where our tables are missing", async () => {
		const { pool } = await openDatabase();
		await pool.query("create table users (id integer primary key, full_name text not null)");
		const db = new Kysely<HostTables>({ dialect: new PostgresDialect({ pool }), plugins: [new CamelCasePlugin()] });
		const audience = audienceOn(createPostgresStorage({ pool }));
		await db.transaction().execute(async (trx) => {
			const missing = await refusal(audience.using(createPostgresStorage({ db: trx })).contacts.list());
			expect(missing).toMatchObject({ reason: "schema_missing" });
			await insertUser(trx, 1);
		});
	});
});

describe("a transaction on a client of pg", () => {
	test("commits or rolls back as one, with savepoints around our units", async () => {
		const { pool, audience, names } = await openHost();
		const client = await begin(pool);
		const mine = audience.using(createPostgresStorage({ client }));
		await client.query("insert into users values (1, 'Ada')");
		await Promise.all(["ada", "bob"].map((name) => mine.contacts.create({ email: `${name}@example.test` })));
		expect(await refusal(mine.contacts.create({ email: "?" }))).toMatchObject({ code: "invalid_input" });
		await client.query("commit");
		expect(await names()).toEqual(["Ada"]);
		expect((await emails(audience)).toSorted()).toEqual(["ada@example.test", "bob@example.test"]);

		await client.query("begin");
		await client.query("insert into users values (2, 'Bob')");
		await mine.contacts.remove({ email: "bob@example.test" });
		await client.query("rollback");
		expect(await names()).toEqual(["Ada"]);
		expect(await audience.contacts.count()).toBe(2);
	});

	test("is refused where the client is in none, or in one that has failed", async () => {
		const { pool, audience } = await openHost();
		const client = await pool.connect();
		onTestFinished(() => client.release());
		const mine = audience.using(createPostgresStorage({ client }));
		const none = { code: "invalid_state", reason: "not_a_transaction" };
		expect(await refusal(mine.contacts.create({ email: "ada@example.test" }))).toMatchObject(none);
		await client.query("begin");
		await client.query("select 1 / 0").catch(() => {});
		const failed = { code: "invalid_state", reason: "transaction_aborted" };
		expect(await refusal(mine.contacts.create({ email: "ada@example.test" }))).toMatchObject(failed);
		await client.query("rollback");
		expect(await audience.contacts.count()).toBe(0);
	});

	test("is one that Drizzle writes in too", async () => {
		const { pool, audience, names } = await openHost();
		const users = pgTable("users", { id: integer().primaryKey(), fullName: text("full_name").notNull() });
		const client = await begin(pool);
		const db = drizzle(client);
		await db.insert(users).values({ id: 1, fullName: "Ada" });
		await audience.using(createPostgresStorage({ client })).contacts.create({ email: "ada@example.test" });
		await client.query("commit");
		expect([await names(), await emails(audience)]).toEqual([["Ada"], ["ada@example.test"]]);
	});
});

describe("forgetting the transaction ends in an error that names it", () => {
	test("where the call waits for a row that the transaction holds", async () => {
		const { db, within, audience } = await openHost();
		await audience.contacts.create({ email: "ada@example.test" });
		await db.transaction().execute(async (trx) => {
			await within(trx).contacts.update({ email: "ada@example.test" }, { firstName: "Ada" });
			const error = await refusal(audience.contacts.update({ email: "ada@example.test" }, { lastName: "L" }));
			expect(error).toMatchObject({ code: "storage_unavailable", reason: "store_busy" });
			expect(error.message).toContain("audience.using(createPostgresStorage({ db: trx }))");
		});
		expect(await audience.contacts.get({ email: "ada@example.test" })).toMatchObject({
			firstName: "Ada",
			lastName: null,
		});
	});

	test("where the transaction has the only connection of the pool", async () => {
		const { url } = await openDatabase();
		const pool = new pg.Pool({ connectionString: url, max: 1 });
		onTestFinished(() => pool.end());
		const audience = audienceOn(createPostgresStorage({ pool, timeoutSeconds: 0.3 }));
		await audience.migrate();
		const client = await pool.connect();
		await client.query("begin");
		const error = await refusal(audience.contacts.create({ email: "ada@example.test" }));
		expect(error).toMatchObject({ code: "storage_unavailable", reason: "store_busy" });
		expect(error.message).toContain("audience.using(createPostgresStorage({ db: trx }))");
		await client.query("rollback");
		client.release();
		await audience.contacts.create({ email: "ada@example.test" });
	});
});

test.each([
	{ db: {} },
	{ db: null },
	{ pool: 1 },
	{ client: "c" },
	{ connectionString: 5 },
	{ pool: { connect() {} }, schema: "" },
	{ pool: { connect() {} }, schema: "s".repeat(64) },
	{ pool: { connect() {} }, timeoutSeconds: 0 },
	{ pool: { connect() {} }, timeoutSeconds: Number.NaN },
])("%j is refused", (options) => {
	expect(() => createPostgresStorage(options as never)).toThrow(
		expect.objectContaining({ code: "invalid_input", reason: "invalid_option" }),
	);
});

test.each([{}, { pool: { connect() {} }, client: { query() {} } }])("%j does not say where", (options) => {
	expect(() => createPostgresStorage(options as never)).toThrow(
		expect.objectContaining({ code: "invalid_input", reason: "storage_ambiguous" }),
	);
});

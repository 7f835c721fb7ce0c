import { ConvokeError } from "@convoke/core";
import type { Audience } from "@convoke/core";
import { createTestAudience } from "@convoke/testing";
import SqliteDatabase from "better-sqlite3";
import type { Database } from "better-sqlite3";
import { CamelCasePlugin, Kysely, SqliteDialect } from "kysely";
import type { Transaction } from "kysely";
import { describe, expect, onTestFinished, test } from "vitest";
import { createSqliteStorage } from "../src/index.ts";
import { audienceOn, newFile } from "./support/places.ts";

interface HostTables {
	readonly users: { readonly id: number; readonly fullName: string };
}

type HostTrx = Transaction<HostTables>;

interface Host {
	readonly db: Kysely<HostTables>;
	readonly database: Database;
	readonly filename: string;
	/** On a connection of its own. */
	readonly audience: Audience;
	/** The audience as a part of a transaction. */
	readonly within: (trx: HostTrx) => Audience;
	readonly names: () => readonly unknown[];
}

/** A host with its users, and an audience, in one file; its columns are in camel case for it alone. */
async function openHost(): Promise<Host> {
	const filename = newFile();
	const audience = audienceOn(createSqliteStorage({ filename, busySeconds: 0.2 }));
	await audience.migrate();
	const database = new SqliteDatabase(filename, { timeout: 1000 });
	database.exec("create table users (id integer primary key, full_name text not null)");
	const db = new Kysely<HostTables>({
		dialect: new SqliteDialect({ database }),
		plugins: [new CamelCasePlugin()],
	});
	onTestFinished(() => db.destroy());
	const names = database.prepare("select full_name from users order by id").pluck();
	return {
		db,
		database,
		filename,
		audience,
		within: (trx) => audience.using(createSqliteStorage({ db: trx })),
		names: () => names.all(),
	};
}

const insertUser = (trx: HostTrx, id: number, fullName = `User ${id}`) =>
	trx.insertInto("users").values({ id, fullName }).execute();

const insertUsers = async (trx: HostTrx, count: number) => {
	for (let id = 0; id < count; id += 1) await insertUser(trx, id);
};

const emails = async (audience: Audience) => (await audience.contacts.list()).data.map(({ email }) => email);

const refusal = async (work: Promise<unknown>): Promise<ConvokeError> => {
	const error: unknown = await work.then(
		() => undefined,
		(thrown: unknown) => thrown,
	);
	if (!ConvokeError.is(error)) throw new Error("It was not refused.", { cause: error });
	return error;
};

describe("a host transaction with a user and a contact", () => {
	test("commits both", async () => {
		const { db, within, audience, names } = await openHost();
		const contact = await db.transaction().execute(async (trx) => {
			await insertUser(trx, 1);
			const created = await within(trx).contacts.create({ email: "ada@example.test", externalId: "1" });
			await insertUser(trx, 2);
			return created;
		});
		expect(names()).toEqual(["User 1", "User 2"]);
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
		expect(names()).toEqual([]);
		expect(await emails(audience)).toEqual([]);
		expect((await audience.segments.list()).data).toEqual([]);
		expect((await audience.events.since()).data).toEqual([]);
	});

	test("keeps the host's rows, and nothing of ours, when our unit fails", async () => {
		const { db, within, audience, names } = await openHost();
		await audience.contacts.create({ email: "ada@example.test", externalId: "1" });
		await audience.contacts.create({ email: "bob@example.test", externalId: "2" });
		await db.transaction().execute(async (trx) => {
			const mine = within(trx);
			await insertUser(trx, 1);
			const taken = await refusal(mine.contacts.create({ email: "cy@example.test", externalId: "1" }));
			expect(taken).toMatchObject({ reason: "external_id_taken" });
			const address = await refusal(mine.contacts.update({ externalId: "2" }, { email: "ada@example.test" }));
			expect(address).toMatchObject({ reason: "email_taken" });
			await insertUser(trx, 2);
			await mine.contacts.create({ email: "dee@example.test" });
		});
		expect(names()).toEqual(["User 1", "User 2"]);
		expect(await emails(audience)).toEqual(["dee@example.test", "bob@example.test", "ada@example.test"]);
	});

	test("keeps the host's rows, and nothing of ours, when a statement of our unit fails half-way", async () => {
		const { db, database, within, audience, names } = await openHost();
		database.exec(`create trigger refuse_events before insert on convoke_events
			begin select raise(abort, 'no events today'); end`);
		await db.transaction().execute(async (trx) => {
			await insertUser(trx, 1);
			const failed = await refusal(within(trx).contacts.create({ email: "ada@example.test" }));
			expect(failed).toMatchObject({ code: "storage_failed", reason: "statement_failed" });
			await insertUser(trx, 2);
		});
		expect(names()).toEqual(["User 1", "User 2"]);
		expect(await emails(audience)).toEqual([]);
	});
});

describe("calls at the same time in one transaction", () => {
	test("are done one after the other", async () => {
		const { db, within, audience, names } = await openHost();
		const count = 50;
		await db.transaction().execute(async (trx) => {
			const mine = within(trx);
			await Promise.all(
				Array.from({ length: count }, async (_, index) => {
					await insertUser(trx, index);
					await (index % 2 === 0 ? mine : within(trx)).contacts.create({ email: `c${index}@example.test` });
				}),
			);
		});
		expect(names()).toHaveLength(count);
		expect(await audience.contacts.count()).toBe(count);
	});

	test("a unit that fails takes no statement of the host with it", async () => {
		const { db, database, within, audience, names } = await openHost();
		database.exec(`create trigger refuse_odd before insert on convoke_events when
			(select substr(email, 2, 1) % 2 from convoke_contacts where id = new.contact_id)
			begin select raise(abort, 'no odd ones'); end`);
		const outcomes = await db.transaction().execute(async (trx) => {
			const mine = within(trx);
			const [created] = await Promise.all([
				Promise.allSettled(Array.from({ length: 10 }, (_, n) => mine.contacts.create({ email: `c${n}@example.test` }))),
				insertUsers(trx, 40),
			]);
			return created.map(({ status }) => status);
		});
		expect(outcomes).toEqual(Array.from({ length: 5 }, () => ["fulfilled", "rejected"]).flat());
		expect(names()).toHaveLength(40);
		expect(await audience.contacts.count()).toBe(5);
	});
});

describe("a storage in a host transaction refuses", () => {
	const IN_HOST = { code: "invalid_state", reason: "in_host_transaction" };

	test("migrations, imports and workers, and the transaction goes on", async () => {
		const { db, within, audience } = await openHost();
		await db.transaction().execute(async (trx) => {
			const mine = within(trx);
			expect(await refusal(mine.migrate())).toMatchObject(IN_HOST);
			expect(await refusal(mine.contacts.imports.create({ list: "ada@example.test" }))).toMatchObject(IN_HOST);
			expect(await refusal(mine.worker().run())).toMatchObject(IN_HOST);
			await mine.contacts.create({ email: "bob@example.test" });
		});
		expect(await emails(audience)).toEqual(["bob@example.test"]);
	});

	test.each([null, {}, 1, "trx"])("%j for a transaction", (db) => {
		expect(() => createSqliteStorage({ db: db as never })).toThrow(
			expect.objectContaining({ code: "invalid_input", reason: "not_a_transaction", field: "db" }),
		);
	});

	test("a Kysely that is in no transaction", async () => {
		const { db } = await openHost();
		expect(() => createSqliteStorage({ db })).toThrow(
			expect.objectContaining({ code: "invalid_input", reason: "not_a_transaction", field: "db" }),
		);
	});

	test("work after the transaction's end, and writes nothing", async () => {
		const { db, within, audience } = await openHost();
		const ended = { code: "invalid_state", reason: "transaction_ended" };
		const committed = await db.transaction().execute(async (trx) => within(trx));
		expect(await refusal(committed.contacts.create({ email: "late@example.test" }))).toMatchObject(ended);
		let kept: Audience | undefined;
		const rolledBack = db.transaction().execute(async (trx) => {
			kept = within(trx);
			throw new Error("No.");
		});
		await expect(rolledBack).rejects.toThrow("No.");
		if (kept === undefined) throw new Error("There was no transaction.");
		expect(await refusal(kept.contacts.list())).toMatchObject(ended);
		expect(await emails(audience)).toEqual([]);
	});

	test("a connection without foreign keys, or without our tables", async () => {
		const { db, database, within } = await openHost();
		database.pragma("foreign_keys = off");
		await db.transaction().execute(async (trx) => {
			expect(await refusal(within(trx).contacts.list())).toMatchObject({ reason: "foreign_keys_off" });
		});
		const empty = new Kysely<HostTables>({ dialect: new SqliteDialect({ database: new SqliteDatabase(":memory:") }) });
		onTestFinished(() => empty.destroy());
		await empty.transaction().execute(async (trx) => {
			expect(await refusal(within(trx).contacts.list())).toMatchObject({ reason: "schema_missing" });
		});
	});
});

describe("forgetting the transaction", () => {
	const FORGOTTEN = { code: "storage_unavailable", reason: "store_busy" };

	test("ends in an error that names it, where the host has another connection", async () => {
		const { db, audience, names } = await openHost();
		await db.transaction().execute(async (trx) => {
			await insertUser(trx, 1);
			const error = await refusal(audience.contacts.create({ email: "ada@example.test" }));
			expect(error).toMatchObject(FORGOTTEN);
			expect(error.message).toContain("audience.using(createSqliteStorage({ db: trx }))");
		});
		expect(names()).toEqual(["User 1"]);
		await audience.contacts.create({ email: "ada@example.test" });
	});

	test("ends in an error that names it, where both have one connection", async () => {
		const { db, database, names } = await openHost();
		const audience = createTestAudience().audience.using(createSqliteStorage({ database, busySeconds: 0.2 }));
		await db.transaction().execute(async (trx) => {
			await insertUser(trx, 1);
			const create = () => audience.contacts.create({ email: "ada@example.test" });
			const list = () => audience.contacts.list();
			for (const work of [create, list]) {
				const error = await refusal(work());
				expect(error).toMatchObject(FORGOTTEN);
				expect(error.message).toContain("audience.using(createSqliteStorage({ db: trx }))");
			}
		});
		expect(names()).toEqual(["User 1"]);
		expect(await emails(audience)).toEqual([]);
	});

	test("is no error where the host does not wait for it: the call waits for the host", async () => {
		const { db, database, names } = await openHost();
		const audience = createTestAudience().audience.using(createSqliteStorage({ database }));
		let created: Promise<unknown> = Promise.resolve();
		await expect(
			db.transaction().execute(async (trx) => {
				await insertUser(trx, 1);
				created = audience.contacts.create({ email: "ada@example.test" });
				await insertUser(trx, 2);
				throw new Error("No.");
			}),
		).rejects.toThrow("No.");
		await created;
		expect(names()).toEqual([]);
		expect(await emails(audience)).toEqual(["ada@example.test"]);
	});
});

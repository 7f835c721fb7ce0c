import type { TenantStorage } from "@convoke/core";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { createPostgresStorage } from "../src/index.ts";
import { audienceOn, launch, openAudience, openDatabase, someoneWaits } from "./support/audience.ts";
import { watchPool } from "./support/watched-pool.ts";

// The short forms are for every run. All of it: CONVOKE_FULL=1 npx --yes pnpm@12 test packages/postgres/test/concurrency

const FULL = process.env["CONVOKE_FULL"] === "1";

async function deadlocks(pool: pg.Pool): Promise<number> {
	// Sessions hand their counts in when they go idle, and a new session does so at once.
	await pool.query("select pg_stat_force_next_flush()");
	const { rows } = await pool.query<{ deadlocks: string }>(
		"select deadlocks from pg_stat_database where datname = current_database()",
	);
	return Number(rows[0]?.deadlocks);
}

const at = new Date("2026-05-01T00:00:00Z");

/** Adds one to a number that a contact keeps, by what the storage hands out and nothing else. */
async function addOne(tenant: TenantStorage, id: string): Promise<void> {
	await tenant.changeContacts([{ key: { id } }], ([found]) => {
		const contact = found?.contact;
		if (contact === undefined) throw new Error("There is no contact.");
		const count = Number(contact.properties["count"] ?? 0) + 1;
		return { contacts: [{ write: { ...contact, properties: { count }, updatedAt: at }, retain: [], events: [] }] };
	});
}

describe("many at once", { timeout: 120_000 }, () => {
	test("create the same contacts: none fails, and each is there once (R104)", async () => {
		const { pool } = await openDatabase();
		const audience = audienceOn(createPostgresStorage({ pool }));
		await audience.migrate();
		const count = FULL ? 2_000 : 400;
		const created = await Promise.all(
			Array.from({ length: count }, (_, index) => audience.contacts.create({ email: `c${index % 50}@example.test` })),
		);
		expect(new Set(created.map(({ id }) => id)).size).toBe(50);
		expect(await audience.contacts.count()).toBe(50);
		const events = await audience.events.since(undefined, { limit: 100 });
		expect(events.data.filter(({ type }) => type === "contact.created")).toHaveLength(50);
	});

	test("write overlapping lists: no deadlock, no error (R105)", async () => {
		const { pool } = await openDatabase();
		const audience = audienceOn(createPostgresStorage({ pool }));
		await audience.migrate();
		const seconds = FULL ? 10 : 1;
		const end = performance.now() + seconds * 1000;
		let lists = 0;
		const write = async (writer: number): Promise<void> => {
			for (let turn = 0; performance.now() < end; turn += 1) {
				// Sixty of two hundred, each writer in another order.
				const emails = Array.from(
					{ length: 60 },
					(_, index) => `c${(writer * 31 + turn * 17 + index * 7) % 200}@x.test`,
				);
				await audience.contacts.createMany(
					emails.map((email) => ({ email, firstName: `Turn ${turn}`, externalId: email.toUpperCase() })),
				);
				lists += 1;
			}
		};
		await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
		console.log(`8 writers, ${seconds} s: ${lists} lists of 60 of 200, ${await deadlocks(pool)} deadlocks`);
		expect(await deadlocks(pool)).toBe(0);
		expect(await audience.contacts.count()).toBe(200);
	});

	test("change one contact by what they find: no change is lost", async () => {
		const { pool } = await openDatabase();
		const storage = createPostgresStorage({ pool });
		const audience = audienceOn(storage);
		await audience.migrate();
		const { id } = await audience.contacts.create({ email: "ada@example.test" });
		const tenant = storage.forTenant("default");
		await Promise.all(Array.from({ length: 100 }, () => addOne(tenant, id)));
		expect((await tenant.findContacts([{ id }]))[0]?.properties).toEqual({ count: 100 });
	});

	test("migrate: all succeed", async () => {
		const { url, pool } = await openDatabase();
		const storages = Array.from({ length: 20 }, () =>
			createPostgresStorage({ connectionString: url, schema: "Audience" }),
		);
		await Promise.all(storages.map((storage) => storage.migrate()));
		await Promise.all(storages.map((storage) => storage.forTenant("default").listProperties()));
		await Promise.all(storages.map((storage) => storage.close()));
		const { rows } = await pool.query('select version from "Audience".convoke_migrations');
		expect(rows).toEqual([{ version: 1 }]);
	});

	test("plan and send one broadcast: each message once", async () => {
		const { url, pool } = await openDatabase();
		const { audience, inbox } = openAudience(createPostgresStorage({ pool }));
		await audience.migrate();
		await audience.contacts.createMany(Array.from({ length: 300 }, (_, index) => ({ email: `c${index}@x.test` })));
		const id = await launch(audience);
		// Two connections each, and more to send at a time than those could be held for (R108).
		const pools = Array.from({ length: 3 }, () => new pg.Pool({ connectionString: url, max: 2 }));
		onTestFinished(async () => void (await Promise.all(pools.map((each) => each.end()))));
		const workers = pools.map((each) =>
			audience.using(createPostgresStorage({ pool: each })).worker({ concurrency: 50 }),
		);
		await Promise.all(workers.map((worker) => worker.run()));
		expect(inbox.messages).toHaveLength(300);
		expect(new Set(inbox.messages.map(({ to }) => to.address)).size).toBe(300);
		expect(await audience.broadcasts.get(id)).toMatchObject({ status: "sent" });
	});
});

/** A promise, and what resolves it. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
	let open = (): void => {};
	const passed = new Promise<void>((resolve) => {
		open = resolve;
	});
	return { passed, open };
}

describe("an opt-out and a message that is being marked", () => {
	const optOuts = {
		"leaves everything": (audience: ReturnType<typeof audienceOn>) =>
			audience.contacts.update({ email: "ada@example.test" }, { unsubscribed: true }),
		"is suppressed": (audience: ReturnType<typeof audienceOn>) =>
			audience.suppressions.add({ email: "ada@example.test", origin: "complaint" }),
		"is removed": (audience: ReturnType<typeof audienceOn>) => audience.contacts.remove({ email: "ada@example.test" }),
	};

	test.each(Object.entries(optOuts))("who %s first is not mailed, though the mark had begun", async (_, optOut) => {
		const { pool } = await openDatabase();
		const { audience, inbox } = openAudience(createPostgresStorage({ pool }));
		await audience.migrate();
		await audience.contacts.createMany([{ email: "ada@example.test" }, { email: "bob@example.test" }]);
		await launch(audience);
		const client = await pool.connect();
		await client.query("begin");
		await optOut(audience.using(createPostgresStorage({ client })));
		const run = audience.worker().run();
		await someoneWaits(pool);
		expect(inbox.messages).toEqual([]);
		await client.query("commit");
		client.release();
		await run;
		expect(inbox.messages.map(({ to }) => to.address)).toEqual(["bob@example.test"]);
	});

	test.each(Object.entries(optOuts))("who %s meanwhile waits for the mark", async (_, optOut) => {
		const { pool } = await openDatabase();
		const [marking, mayMark] = [gate(), gate()];
		const watched = watchPool(pool, async (text) => {
			if (!/^update .*convoke_broadcast_recipients.* set state = 'sending'/s.test(text)) return;
			marking.open();
			await mayMark.passed;
		});
		const { audience, inbox } = openAudience(createPostgresStorage({ pool: watched }));
		await audience.migrate();
		await audience.contacts.create({ email: "ada@example.test" });
		const id = await launch(audience);
		const run = audience.worker().run();
		await marking.passed;
		const ended: string[] = [];
		const leave = async () => {
			await optOut(audience.using(createPostgresStorage({ pool })));
			ended.push("opt-out");
		};
		const leaving = leave();
		await someoneWaits(pool);
		expect(ended).toEqual([]);
		mayMark.open();
		await Promise.all([run, leaving]);
		expect(inbox.messages).toHaveLength(1);
		expect(await audience.broadcasts.get(id)).toMatchObject({ status: "sent" });
	});
});

describe("what a broadcast needs", () => {
	test("cannot go while it is being sent off", async () => {
		const { pool } = await openDatabase();
		const audience = audienceOn(createPostgresStorage({ pool }));
		await audience.migrate();
		const segment = await audience.segments.create({ name: "Readers" });
		await audience.contacts.create({ email: "ada@example.test", segments: [{ id: segment.id }] });
		const { id } = await audience.broadcasts.create({
			segmentId: segment.id,
			from: "Test <news@example.test>",
			subject: "News",
			text: "News",
		});
		const client = await pool.connect();
		await client.query("begin");
		await audience.using(createPostgresStorage({ client })).broadcasts.send(id);
		const removal = audience.segments.remove(segment.id).catch((error: unknown) => error);
		await someoneWaits(pool);
		await client.query("commit");
		client.release();
		expect(await removal).toMatchObject({ reason: "segment_in_use" });
	});
});

describe("events", () => {
	test("of a transaction that is still running keep back those that came after", async () => {
		const { pool } = await openDatabase();
		const audience = audienceOn(createPostgresStorage({ pool }));
		await audience.migrate();
		const actors = async () => (await audience.events.since()).data.map(({ contactId }) => contactId);
		const first = await audience.contacts.create({ email: "first@example.test" });
		const client = await pool.connect();
		await client.query("begin");
		const slow = await audience
			.using(createPostgresStorage({ client }))
			.contacts.create({ email: "slow@example.test" });
		const quick = await audience.contacts.create({ email: "quick@example.test" });
		expect(await actors()).toEqual([first.id]);
		await client.query("commit");
		client.release();
		expect(await actors()).toEqual([first.id, slow.id, quick.id]);
	});

	test("are not kept back by a transaction that writes none", async () => {
		const { pool } = await openDatabase();
		const audience = audienceOn(createPostgresStorage({ pool }));
		await audience.migrate();
		const client = await pool.connect();
		await client.query("begin; create table host (id integer); insert into host values (1)");
		const { id } = await audience.contacts.create({ email: "ada@example.test" });
		expect((await audience.events.since()).data.map(({ contactId }) => contactId)).toEqual([id]);
		await client.query("rollback");
		client.release();
	});
});

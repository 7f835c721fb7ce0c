import type { SliceLease, Storage } from "@convoke/core";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { createPostgresStorage } from "../src/index.ts";
import { audienceOn, launch, openAudience, openDatabase, refusal } from "./support/audience.ts";
import { openProxy } from "./support/proxy.ts";

const SECONDS = 2;

/** How long work takes, in seconds. */
async function secondsOf(work: () => Promise<unknown>): Promise<number> {
	const start = performance.now();
	await work();
	return (performance.now() - start) / 1000;
}

describe("what a host reads of a Postgres that refuses it (H118)", () => {
	const SECRET = "s3cret-pa55word";
	const change = (url: string, by: (url: URL) => void): string => {
		const changed = new URL(url);
		by(changed);
		return changed.href;
	};
	const cases: Readonly<Record<string, (url: string) => string>> = {
		"a wrong password": (url) => change(url, (to) => void (to.password = SECRET)),
		"an unknown user": (url) =>
			change(url, (to) => void ([to.username, to.password] = ["nobody@example.test", SECRET])),
		"no such database": (url) => change(url, (to) => void (to.pathname = "elsewhere")),
		"nobody listening": (url) => change(url, (to) => void ([to.port, to.password] = ["1", SECRET])),
		"no such host": (url) => change(url, (to) => void ([to.hostname, to.password] = ["nowhere.invalid", SECRET])),
	};

	test.each(Object.entries(cases))("%s", async (_, urlOf) => {
		const { url } = await openDatabase();
		const storage = createPostgresStorage({ connectionString: urlOf(url), timeoutSeconds: SECONDS });
		onTestFinished(() => storage.close());
		const audience = audienceOn(storage);
		for (const work of [() => audience.migrate(), () => audience.contacts.create({ email: "ada@example.test" })]) {
			const error = await refusal(work());
			expect(error).toMatchObject({ code: "storage_unavailable", reason: "store_unavailable" });
			const told = `${error.message} ${String(error.cause)} ${error.stack ?? ""}`;
			for (const secret of [SECRET, "password@", "ada@example.test", "nobody@example.test"]) {
				expect(told).not.toContain(secret);
			}
		}
	});

	test("no rights to the tables, or to create them", async () => {
		const database = await openDatabase();
		const pool = await database.connectAs(`create role ${database.name} login password 'clerk'`);
		const audience = audienceOn(createPostgresStorage({ pool }));
		const unavailable = { code: "storage_unavailable", reason: "store_unavailable" };
		expect(await refusal(audience.migrate())).toMatchObject(unavailable);
		await createPostgresStorage({ pool: database.pool }).migrate();
		expect(await refusal(audience.contacts.list())).toMatchObject(unavailable);
	});

	test("no tables, or those of a newer library", async () => {
		const { pool } = await openDatabase();
		const audience = audienceOn(createPostgresStorage({ pool }));
		expect(await refusal(audience.contacts.list())).toMatchObject({ reason: "schema_missing" });
		await audience.migrate();
		await pool.query("insert into convoke_migrations values (99, 'future', 0)");
		const late = audienceOn(createPostgresStorage({ pool }));
		expect(await refusal(late.contacts.list())).toMatchObject({ reason: "schema_too_new" });
		expect(await refusal(late.migrate())).toMatchObject({ reason: "schema_too_new" });
	});

	test("a statement that fails tells no value of a row", async () => {
		const { pool } = await openDatabase();
		const audience = audienceOn(createPostgresStorage({ pool }));
		await audience.migrate();
		await pool.query("alter table convoke_contacts add constraint short check (length(email) < 10)");
		const error = await refusal(audience.contacts.create({ email: "ada@example.test", firstName: "Ada" }));
		expect(error).toMatchObject({ code: "storage_failed", reason: "statement_failed" });
		expect(String(error.cause)).toContain("constraint short");
		expect(`${error.message} ${String(error.cause)}`).not.toMatch(/ada/i);
	});
});

describe("a connection that swallows everything (H119, R107)", { timeout: 60_000 }, () => {
	const at = new Date("2030-01-01T09:00:00Z");
	const claim = (storage: Storage) => storage.claimSlice({ owner: "swallowed", leaseMs: 1, at });
	const mark = async (storage: Storage, lease: SliceLease) =>
		storage.forTenant("default").advanceSlice({
			lease,
			leaseMs: 1,
			outcomes: [],
			mark: 2,
			rules: [],
			onInterrupted: "resend",
			at,
		});

	test.each([
		["before anything", "", claim, "store_timeout"],
		["in a claim", "skip locked", claim, "store_timeout"],
		["in a mark", "set state = 'sending'", mark, "store_timeout"],
		["in the commit of a mark", "commit\0", mark, "commit_unknown"],
	] as const)("%s: the call fails in time, and others go on", async (_, moment, call, reason) => {
		const database = await openDatabase();
		const { audience, inbox } = openAudience(createPostgresStorage({ pool: database.pool }));
		await audience.migrate();
		await audience.contacts.createMany([{ email: "ada@example.test" }, { email: "bob@example.test" }]);
		await launch(audience);
		// Planned, and a first message sent, by whoever goes on later.
		await audience.worker().run({ maxMessages: 1 });
		let isArmed = false;
		const proxy = await openProxy(database.url, (text, way) => {
			if (isArmed && text.includes(moment)) way.blackHole();
		});
		const storage = createPostgresStorage({ connectionString: proxy.url, timeoutSeconds: SECONDS });
		onTestFinished(() => storage.close());
		const lease = await claim(storage);
		if (lease === undefined) throw new Error("There was nothing to claim.");
		isArmed = true;
		const took = await secondsOf(async () => {
			expect(await refusal(call(storage, lease))).toMatchObject({ code: "storage_unavailable", reason });
		});
		expect(took).toBeLessThanOrEqual(SECONDS * 1.1);
		// The server gives up what the other one holds no later than that one did.
		const everyone = async () => {
			await audience.worker().run();
			return new Set(inbox.messages.map(({ to }) => to.address)).size;
		};
		await expect.poll(everyone, { timeout: SECONDS * 2_000, interval: 50 }).toBe(2);
	});
});

describe("a pool whose connections the host has taken (H120, R108)", () => {
	test.each([{}, { connectionTimeoutMillis: 300 }])("is busy, in time: %j", async (options) => {
		const { url } = await openDatabase();
		const pool = new pg.Pool({ connectionString: url, max: 2, ...options });
		const storage = createPostgresStorage({ pool, timeoutSeconds: SECONDS });
		await storage.migrate();
		const taken = [await pool.connect(), await pool.connect()];
		const took = await secondsOf(async () => {
			const error = await refusal(storage.forTenant("default").listProperties());
			expect(error).toMatchObject({ code: "storage_unavailable", reason: "store_busy" });
		});
		expect(took).toBeLessThanOrEqual(SECONDS * 1.1);
		for (const client of taken) client.release();
		expect(await storage.forTenant("default").listProperties()).toEqual([]);
		await pool.end();
	});
});

test("a closed storage ends its own pool, and not the host's", async () => {
	const { url, pool } = await openDatabase();
	const own = createPostgresStorage({ connectionString: url });
	await own.migrate();
	await own.close();
	const hosts = createPostgresStorage({ pool });
	await hosts.close();
	expect(pool.ended).toBe(false);
	expect(await refusal(hosts.now())).toMatchObject({ reason: "storage_closed" });
});

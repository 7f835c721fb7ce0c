import { describe, expect, test } from "vitest";
import { createPostgresStorage } from "../src/index.ts";
import { audienceOn, openDatabase, refusal } from "./support/audience.ts";
import { watchPool } from "./support/watched-pool.ts";

/** What Postgres and pg say when others, or a restart, are in the way (R106). */
const PASSING = ["40001", "40P01", "55P03", "57P01", "57P02", "08006", "08003", "ECONNRESET", "EPIPE", undefined];

function failure(code: string | undefined): Error {
	const error = new Error(code === undefined ? "Connection terminated unexpectedly" : `Failed by ${code}.`);
	return code === undefined ? error : Object.assign(error, { code });
}

describe.each(PASSING)("when a statement fails by %s", { timeout: 60_000 }, (code) => {
	test("the unit is begun anew, whichever statement it was, and is done once", async () => {
		const { pool } = await openDatabase();
		let countdown = 0;
		let failed = "";
		const watched = watchPool(pool, (text) => {
			countdown -= 1;
			if (countdown !== 0) return;
			failed = text;
			throw failure(code);
		});
		const audience = audienceOn(createPostgresStorage({ pool: watched }));
		await audience.migrate();
		await audience.contacts.list();
		const isLost = code === undefined || !/^(4|55)/.test(code);
		let emails = 0;
		for (let n = 1; n <= 50; n += 1) {
			countdown = n;
			failed = "";
			const create = audience.contacts.create({ email: `c${n}@example.test` });
			const outcome = await create.catch((error: unknown) => error);
			if (failed === "commit" && isLost) {
				// Nobody can know, and the caller is told so.
				expect(await refusal(create)).toMatchObject({ code: "storage_unavailable", reason: "commit_unknown" });
				continue;
			}
			expect(outcome).toMatchObject({ email: `c${n}@example.test` });
			emails += 1;
		}
		countdown = 0;
		expect(await audience.contacts.count()).toBe(emails);
		const events = await audience.events.since(undefined, { limit: 100 });
		expect(events.data).toHaveLength(emails);
	});
});

test("a unit that fails for good is not repeated", async () => {
	const { pool } = await openDatabase();
	let begun = 0;
	const watched = watchPool(pool, (text) => {
		if (text.startsWith("begin")) begun += 1;
		if (text.includes("insert into")) throw failure("22P02");
	});
	const storage = createPostgresStorage({ pool: watched });
	await createPostgresStorage({ pool }).migrate();
	const audience = audienceOn(storage);
	await audience.contacts.list();
	begun = 0;
	expect(await refusal(audience.contacts.create({ email: "ada@example.test" }))).toMatchObject({
		reason: "statement_failed",
	});
	expect(begun).toBeLessThanOrEqual(2);
});

test("five tries are enough", async () => {
	const { pool } = await openDatabase();
	await createPostgresStorage({ pool }).migrate();
	let tries = 0;
	const watched = watchPool(pool, (text) => {
		if (!text.startsWith("select")) return;
		tries += 1;
		throw failure("40001");
	});
	const storage = createPostgresStorage({ pool: watched });
	const error = await refusal(storage.forTenant("default").listProperties());
	expect(error).toMatchObject({ code: "storage_unavailable", reason: "store_unavailable" });
	expect(tries).toBe(5);
});

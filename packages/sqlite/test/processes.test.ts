import type { Audience } from "@convoke/core";
import SqliteDatabase from "better-sqlite3";
import { statSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { describe, expect, onTestFinished, test } from "vitest";
import { createSqliteStorage } from "../src/index.ts";
import { audienceOn, newFile } from "./support/places.ts";
import { runProgram, startProgram } from "./support/programs.ts";

// The short forms are for every run. All of it: CONVOKE_FULL=1 npx --yes pnpm@12 test packages/sqlite/test/processes
const FULL = process.env["CONVOKE_FULL"] !== undefined;

async function migrated(filename: string): Promise<Audience> {
	const audience = audienceOn(createSqliteStorage({ filename }));
	await audience.migrate();
	return audience;
}

function integrityOf(filename: string): unknown {
	const database = new SqliteDatabase(filename, { readonly: true });
	try {
		return database.pragma("integrity_check", { simple: true });
	} finally {
		database.close();
	}
}

/** Whole numbers below `end`, the same ones for a seed (mulberry32). */
function numbersFrom(seed: number): (end: number) => number {
	let state = seed;
	return (end) => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
	};
}

describe("processes that share a file", () => {
	test("lose none of each other's changes, and none of them fails", async () => {
		const filename = newFile();
		const audience = await migrated(filename);
		await audience.properties.create({ key: "sum", type: "number" });
		const { id } = await audience.contacts.create({ email: "sum@example.test", properties: { sum: 0 } });
		const milliseconds = FULL ? 10_000 : 1500;
		const adding = Array.from({ length: 3 }, () => runProgram("add-up", filename, id, String(milliseconds)));
		const added = (await Promise.all(adding)).map(Number);
		const total = added.reduce((sum, count) => sum + count, 0);
		console.log(`3 processes, ${milliseconds} ms of read-then-write: ${added.join(" + ")} = ${total}, 0 errors`);
		expect(Math.min(...added), "everybody gets a turn").toBeGreaterThan(0);
		expect((await audience.contacts.get({ id })).properties).toEqual({ sum: total });
		expect(integrityOf(filename)).toBe("ok");
	}, 120_000);

	test("may be killed while they write: what was acknowledged is there", async () => {
		const filename = newFile();
		const audience = await migrated(filename);
		const kills = FULL ? 100 : 3;
		const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
		const below = numbersFrom(seed);
		let acknowledged = 0;
		let lost = 0;
		for (let round = 0; round < kills; round += 1) {
			const program = startProgram("acknowledge", filename, `r${round}`);
			const numbers: (string | undefined)[] = [];
			for (let left = below(400) + 1; left > 0; left -= 1) numbers.push(await program.nextLine());
			numbers.push(...(await program.kill()));
			expect(numbers, "it worked until it was killed").not.toContain(undefined);
			for (const number of numbers) {
				const found = await audience.contacts.get({ email: `r${round}-${number}@example.test` }).catch(() => undefined);
				if (found === undefined) lost += 1;
			}
			acknowledged += numbers.length;
			expect(integrityOf(filename)).toBe("ok");
		}
		console.log(`${kills} kills (SEED=${seed}): ${acknowledged} commits acknowledged, ${lost} lost`);
		expect(lost).toBe(0);
	}, 600_000);

	test("may all migrate at once", async () => {
		const filename = newFile();
		const [processes, connections] = FULL ? [20, 1] : [3, 7];
		const programs = Array.from({ length: processes }, () =>
			startProgram("migrate-together", filename, String(connections)),
		);
		for (const program of programs) expect(await program.nextLine()).toBe("ready");
		for (const program of programs) program.goOn();
		expect(await Promise.all(programs.map((program) => program.nextLine()))).toEqual(programs.map(() => "migrated"));
		console.log(`${processes} processes with ${connections} connections each have migrated one file`);
		const database = new SqliteDatabase(filename, { readonly: true });
		expect(database.prepare("select count(*) from convoke_migrations").pluck().get()).toBe(1);
		database.close();
	}, 120_000);

	test("wait for each other without blocking their event loop", async () => {
		const filename = newFile();
		await migrated(filename);
		const holder = startProgram("hold-lock", filename);
		expect(await holder.nextLine()).toBe("held");
		const impatient = audienceOn(createSqliteStorage({ filename, busySeconds: 1 }));
		await impatient.contacts.list();
		const delay = monitorEventLoopDelay({ resolution: 5 });
		delay.enable();
		await expect(impatient.contacts.create({ email: "ada@example.test" })).rejects.toMatchObject({
			code: "storage_unavailable",
			reason: "store_busy",
		});
		delay.disable();
		expect(delay.max / 1e6, "ms for which the event loop stood still").toBeLessThan(500);

		const patient = audienceOn(createSqliteStorage({ filename, busySeconds: 60 }));
		const created = patient.contacts.create({ email: "ada@example.test" });
		holder.goOn();
		expect(await holder.nextLine()).toBe("given back");
		expect((await created).email).toBe("ada@example.test");
	}, 60_000);
});

describe("the write-ahead log", () => {
	const MEGABYTE = 1024 * 1024;

	test("stays small, and is cut back after a long reader made it grow", async () => {
		const filename = newFile();
		const audience = await migrated(filename);
		const logSize = () => statSync(`${filename}-wal`).size;
		let next = 0;
		const write = () =>
			audience.contacts.createMany(
				Array.from({ length: 500 }, () => ({ email: `c${(next += 1)}@example.test`, firstName: "x".repeat(150) })),
			);
		for (let unit = 0; unit < 10; unit += 1) await write();
		expect(logSize()).toBeLessThan(8 * MEGABYTE);

		const reader = new SqliteDatabase(filename, { readonly: true });
		onTestFinished(() => void reader.close());
		reader.exec("begin");
		reader.prepare("select count(*) from convoke_contacts").get();
		while (logSize() < 20 * MEGABYTE) await write();
		reader.exec("commit");
		for (let unit = 0; unit < 3; unit += 1) await write();
		expect(logSize()).toBeLessThanOrEqual(16 * MEGABYTE);
		expect(await audience.contacts.count()).toBe(next);
	}, 120_000);
});

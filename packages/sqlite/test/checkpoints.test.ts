import SqliteDatabase from "better-sqlite3";
import type { Database } from "better-sqlite3";
import { renameSync } from "node:fs";
import { expect, test } from "vitest";
import { Checkpoints } from "../src/checkpoints.ts";
import { newFile } from "./support/places.ts";

function open(filename: string): Database {
	const database = new SqliteDatabase(filename);
	database.pragma("journal_mode = wal");
	database.exec("create table heap (bytes blob)");
	return database;
}

/** Writes so many pages, in units that leave them in the log. */
async function write(database: Database, checkpoints: Checkpoints, pages: number): Promise<void> {
	const insert = database.prepare("insert into heap values (zeroblob(?))");
	for (let written = 0; written < pages; written += 500) {
		insert.run(500 * 4096);
		await checkpoints.afterUnit();
	}
}

function logOf(database: Database): unknown {
	return database.pragma("wal_checkpoint(noop)");
}

function atCommit(database: Database): unknown {
	return database.pragma("wal_autocheckpoint", { simple: true });
}

test("large work leaves no long log, and its commits move nothing", async () => {
	const database = open(newFile());
	const checkpoints = new Checkpoints(database);
	await write(database, checkpoints, 20_000);
	expect(atCommit(database)).toBe(32_000);
	const [{ log } = { log: 0 }] = logOf(database) as readonly { readonly log: number }[];
	expect(log).toBeLessThanOrEqual(8_600);
	await checkpoints.close();
	expect(atCommit(database)).toBe(1_000);
	expect(database.prepare("select count(*) as n, sum(length(bytes)) as bytes from heap").get()).toEqual({
		n: 40,
		bytes: 20_000 * 4096,
	});
	expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
	database.close();
});

test("where there is no thread for it, commits move what they leave", async () => {
	const filename = newFile();
	const database = open(filename);
	const checkpoints = new Checkpoints(database);
	renameSync(filename, `${filename}.moved`);
	await write(database, checkpoints, 10_000);
	expect(atCommit(database)).toBe(1_000);
	await checkpoints.close();
	database.close();
});

test("a database in memory has no log", async () => {
	const database = open(":memory:");
	const checkpoints = new Checkpoints(database);
	await write(database, checkpoints, 2_000);
	expect(atCommit(database)).toBe(1_000);
	await checkpoints.close();
	database.close();
});

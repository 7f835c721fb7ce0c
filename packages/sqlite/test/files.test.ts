import { ConvokeError } from "@convoke/core";
import SqliteDatabase from "better-sqlite3";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createSqliteStorage } from "../src/index.ts";
import { openFile, useWriteAheadLog } from "../src/sqlite-file.ts";
import { audienceOn, newFile, newFolder } from "./support/places.ts";
import { runProgram } from "./support/programs.ts";

interface Refusal {
	readonly code: string;
	readonly reason: string;
	readonly message: string;
}

async function refusal(work: Promise<unknown>): Promise<Refusal> {
	const error: unknown = await work.then(
		() => undefined,
		(thrown: unknown) => thrown,
	);
	if (!ConvokeError.is(error)) throw new Error("It was not refused.", { cause: error });
	const { code, reason, message } = error;
	return { code, reason, message };
}

const listing = (filename: string) => audienceOn(createSqliteStorage({ filename })).contacts.list();
const migration = (filename: string) => audienceOn(createSqliteStorage({ filename })).migrate();

/** A migrated file with contacts, closed. */
async function audienceFile(contacts = 1): Promise<string> {
	const filename = newFile();
	const storage = createSqliteStorage({ filename });
	const audience = audienceOn(storage);
	await audience.migrate();
	await audience.contacts.createMany(
		Array.from({ length: contacts }, (_, index) => ({ email: `c${index}@example.test` })),
	);
	await storage.close();
	return filename;
}

test("making a storage touches no disk", () => {
	const folder = newFolder();
	createSqliteStorage({ filename: join(folder, "audience.db") });
	expect(readdirSync(folder)).toEqual([]);
});

test.each(["", " ", " audience.db", 7, null])("the file name %j is refused at construction", (filename) => {
	expect(() => createSqliteStorage({ filename: filename as string })).toThrow(
		expect.objectContaining({ code: "invalid_input", reason: "invalid_option", field: "filename" }),
	);
});

describe("a file that is no audience", () => {
	test("random bytes are no database, and stay as they are", async () => {
		const filename = newFile();
		const bytes = randomBytes(8192);
		writeFileSync(filename, bytes);
		for (const attempt of [listing, migration]) {
			expect(await refusal(attempt(filename))).toMatchObject({ code: "storage_failed", reason: "store_corrupt" });
		}
		expect(readFileSync(filename).equals(bytes)).toBe(true);
	});

	test.each([100, 4096, 40_960])("a file truncated to %i bytes is damaged, and stays as it is", async (size) => {
		const filename = await audienceFile(500);
		truncateSync(filename, size);
		const before = readFileSync(filename);
		expect(await refusal(listing(filename))).toMatchObject({ code: "storage_failed", reason: "store_corrupt" });
		expect(await refusal(migration(filename))).toMatchObject({ code: "storage_failed", reason: "store_corrupt" });
		expect(readFileSync(filename).equals(before)).toBe(true);
	});

	test("bytes turned over in the middle end in an error that says so", async () => {
		const filename = await audienceFile(2000);
		const bytes = readFileSync(filename);
		bytes.fill(0xff, 8192);
		writeFileSync(filename, bytes);
		expect(await refusal(listing(filename))).toMatchObject({ code: "storage_failed", reason: "store_corrupt" });
	});

	test("a file of zero bytes has no tables, and nothing but a migration writes to it", async () => {
		const filename = newFile();
		writeFileSync(filename, "");
		const refused = await refusal(listing(filename));
		expect(refused).toMatchObject({ code: "storage_unavailable", reason: "schema_missing" });
		expect(refused.message).toContain("audience.migrate()");
		expect(readFileSync(filename)).toHaveLength(0);
		await migration(filename);
		expect((await listing(filename)).data).toEqual([]);
	});

	test("another program's database is left alone, its journal included", async () => {
		const filename = newFile();
		const other = new SqliteDatabase(filename);
		other.exec("create table notes (id integer primary key, text text); insert into notes (text) values ('kept')");
		other.close();
		const before = readFileSync(filename);
		expect(await refusal(listing(filename))).toMatchObject({ code: "storage_unavailable", reason: "schema_missing" });
		expect(readFileSync(filename).equals(before)).toBe(true);
		expect(readdirSync(dirname(filename))).toEqual(["audience.db"]);
	});

	test("our tables may live beside those of the host", async () => {
		const filename = newFile();
		const host = new SqliteDatabase(filename);
		host.exec("create table notes (id integer primary key, text text); insert into notes (text) values ('kept')");
		await migration(filename);
		expect((await listing(filename)).data).toEqual([]);
		expect(host.prepare("select text from notes").pluck().all()).toEqual(["kept"]);
		host.close();
	});
});

describe("a schema of another version", () => {
	const setVersion = (filename: string, text: string): void => {
		const database = new SqliteDatabase(filename);
		database.exec(text);
		database.close();
	};

	test("a newer one is refused, by a migration too", async () => {
		const filename = await audienceFile();
		setVersion(filename, "insert into convoke_migrations values (99, 'of tomorrow', 0)");
		for (const attempt of [listing, migration]) {
			const refused = await refusal(attempt(filename));
			expect(refused).toMatchObject({ code: "storage_unavailable", reason: "schema_too_new" });
			expect(refused.message).toContain("99");
		}
	});

	test("an older one is refused until it is migrated", async () => {
		const filename = newFile();
		setVersion(
			filename,
			"create table convoke_migrations (version integer primary key, name text, applied_at integer)",
		);
		const refused = await refusal(listing(filename));
		expect(refused).toMatchObject({ code: "storage_unavailable", reason: "schema_missing" });
		await migration(filename);
		expect((await listing(filename)).data).toEqual([]);
	});
});

describe("a path that leads nowhere", () => {
	test("a missing file is made by a migration alone", async () => {
		const filename = newFile();
		const refused = await refusal(listing(filename));
		expect(refused).toMatchObject({ code: "storage_unavailable", reason: "file_missing" });
		expect(refused.message).toContain("audience.migrate()");
		expect(existsSync(filename)).toBe(false);
	});

	test("a missing folder is not made", async () => {
		const filename = join(newFolder(), "missing", "audience.db");
		for (const attempt of [listing, migration]) {
			expect(await refusal(attempt(filename))).toMatchObject({ reason: "folder_missing" });
		}
		expect(existsSync(dirname(filename))).toBe(false);
	});

	test("a folder is no file", async () => {
		const folder = newFolder();
		for (const attempt of [listing, migration]) {
			expect(await refusal(attempt(folder))).toMatchObject({ reason: "path_is_directory" });
		}
		expect(readdirSync(folder)).toEqual([]);
	});

	test("a file in the place of the folder is not taken for one", async () => {
		const file = newFile();
		writeFileSync(file, "");
		expect(await refusal(migration(join(file, "audience.db")))).toMatchObject({ reason: "folder_missing" });
	});
});

// Root may write everything; a child process that gives up being root may not.
const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log("Skipped: files that may not be written need root, to make a process that is somebody else.");

describe.skipIf(!isRoot)("a file that this process may not write", () => {
	const READ_ONLY = { code: "storage_unavailable", reason: "store_read_only" };

	test("is not changed, and says what to give", async () => {
		const filename = await audienceFile();
		const folder = dirname(filename);
		chmodSync(folder, 0o755);
		const before = readFileSync(filename);
		for (const verb of ["read", "write", "migrate"]) {
			expect(await runProgram("as-nobody", filename, verb), verb).toMatchObject(READ_ONLY);
		}
		chmodSync(folder, 0o777);
		expect(await runProgram("as-nobody", filename, "read")).toEqual({ ended: "well" });
		expect(await runProgram("as-nobody", filename, "write")).toMatchObject(READ_ONLY);
		expect(readFileSync(filename).equals(before)).toBe(true);
	}, 60_000);

	test("a folder that may not be written or seen", async () => {
		const folder = newFolder();
		mkdirSync(join(folder, "closed"), { mode: 0o700 });
		chmodSync(folder, 0o755);
		const CANNOT_OPEN = { code: "storage_unavailable", reason: "store_cannot_open" };
		expect(await runProgram("as-nobody", join(folder, "audience.db"), "migrate")).toMatchObject(CANNOT_OPEN);
		expect(await runProgram("as-nobody", join(folder, "closed", "audience.db"), "read")).toMatchObject(CANNOT_OPEN);
	}, 60_000);
});

describe("an open file", () => {
	test("has the settings that durability and safety need", () => {
		const database = openFile(newFile(), true, "full");
		onTestFinished(() => void database.close());
		useWriteAheadLog(database);
		const setting = (name: string): unknown => database.pragma(name, { simple: true });
		expect({
			journal_mode: setting("journal_mode"),
			synchronous: setting("synchronous"),
			foreign_keys: setting("foreign_keys"),
			secure_delete: setting("secure_delete"),
			trusted_schema: setting("trusted_schema"),
			journal_size_limit: setting("journal_size_limit"),
		}).toEqual({
			journal_mode: "wal",
			synchronous: 2,
			foreign_keys: 1,
			secure_delete: 1,
			trusted_schema: 0,
			journal_size_limit: 16 * 1024 * 1024,
		});
		// Short, for it blocks the process: longer waits are made between ticks.
		expect(setting("busy_timeout")).toBeLessThanOrEqual(20);
	});
});

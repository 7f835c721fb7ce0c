import type { Clock } from "@convoke/core";
import { invalidInput } from "@convoke/core";
import { dropQueuedRecipients, quietCopy } from "@convoke/kysely";
import SqliteDatabase from "better-sqlite3";
import type { Database } from "better-sqlite3";
import { randomUUID } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { SqliteConnection } from "./sqlite-connection.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { toStorageError, whyNotMade } from "./sqlite-errors.ts";
import { checkFilename } from "./sqlite-file.ts";

/** Pages copied between other work of the process: a few hundred kilobytes. */
const PAGES_AT_A_TIME = 100;

/** Copies a database that is in use into a new file, and makes the copy send nothing by itself. */
export async function backUp(source: Database, filename: string, clock: Clock): Promise<void> {
	checkFilename(filename);
	if (filename === ":memory:") throw invalidInput("invalid_option", "filename", "A backup needs the name of a file.");
	refuseExisting(filename);
	// Under its own name only when it is quiet: a copy that was cut short could send.
	const unfinished = `${filename}.${randomUUID()}.part`;
	try {
		await copy(source, unfinished);
		await quiet(unfinished, clock);
		refuseExisting(filename);
		await rename(unfinished, filename);
	} catch (error) {
		for (const ending of ["", "-journal", "-wal", "-shm"]) await rm(`${unfinished}${ending}`, { force: true });
		throw toStorageError(error);
	}
}

function refuseExisting(filename: string): void {
	const obstacle = whyNotMade(filename);
	if (obstacle !== undefined) throw obstacle;
}

async function copy(source: Database, filename: string): Promise<void> {
	const options = { progress: () => PAGES_AT_A_TIME };
	const hasLog = !source.memory && source.pragma("journal_mode", { simple: true }) === "wal";
	if (!hasLog) {
		await source.backup(filename, options);
		return;
	}
	// A reader of its own sees one state to the end, where writes of other processes would begin the copy anew each time.
	const reader = new SqliteDatabase(source.name, { readonly: true, fileMustExist: true });
	try {
		reader.exec("begin");
		reader.prepare("select count(*) from sqlite_schema").get();
		await reader.backup(filename, options);
	} finally {
		reader.close();
	}
}

async function quiet(filename: string, clock: Clock): Promise<void> {
	const database = new SqliteDatabase(filename, { fileMustExist: true });
	try {
		// One file, which may be moved as it is.
		database.pragma("journal_mode = delete");
		const connection = new SqliteConnection(database);
		while (connection.transact("write", () => dropQueuedRecipients(sqliteDialect))) await clock.pause();
		connection.transact("write", () => quietCopy(sqliteDialect, clock.now().getTime()));
	} finally {
		database.close();
	}
}

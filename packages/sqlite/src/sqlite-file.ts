import { ConvokeError, invalidInput } from "@convoke/core";
import SqliteDatabase from "better-sqlite3";
import type { Database } from "better-sqlite3";
import { foreignKeysOff, whyNotOpened } from "./sqlite-errors.ts";

/** How long a statement may block for another process, in milliseconds. Longer waits are made between ticks. */
const BLOCKING_MS = 10;

/** What the write-ahead log shrinks to after it had to grow, such as behind a long reader. */
const MAX_IDLE_LOG_BYTES = 16 * 1024 * 1024;

/** Checks the name of a file. @throws `invalid_input` with `invalid_option`. */
export function checkFilename(filename: unknown): void {
	// SQLite takes an empty name for a database that is gone when it is closed.
	if (typeof filename === "string" && filename !== "" && filename === filename.trim()) return;
	throw invalidInput("invalid_option", "filename", "`filename` must be the name of a file, without spaces around it.");
}

/** Opens a file with the settings of this connection. Writes nothing to it: it may be another program's. */
export function openFile(filename: string, mayCreate: boolean, durability: "full" | "normal"): Database {
	const obstacle = isFile(filename) ? whyNotOpened(filename, mayCreate) : undefined;
	if (obstacle !== undefined) throw obstacle;
	const database = new SqliteDatabase(filename, {
		fileMustExist: isFile(filename) && !mayCreate,
		timeout: BLOCKING_MS,
	});
	try {
		database.pragma(`synchronous = ${durability}`);
		database.pragma("foreign_keys = on");
		database.pragma("secure_delete = on");
		database.pragma("trusted_schema = off");
		database.pragma("cache_size = -16000");
		database.pragma(`journal_size_limit = ${MAX_IDLE_LOG_BYTES}`);
		return database;
	} catch (error) {
		database.close();
		throw error;
	}
}

/** Switches a file that is ours to a write-ahead log, where readers and a writer are in nobody's way. */
export function useWriteAheadLog(database: Database): void {
	const mode = database.pragma("journal_mode = wal", { simple: true });
	if (mode === "wal" || !isFile(database.name)) return;
	throw new ConvokeError("storage_unavailable", {
		reason: "write_ahead_log_unsupported",
		field: "filename",
		message:
			"The file system of the SQLite file cannot hold a write-ahead log: keep the file on a disk of this machine.",
	});
}

/** Checks a connection of the host's. @throws `invalid_state` with `foreign_keys_off`. */
export function checkHostConnection(database: Database): Database {
	if (database.pragma("foreign_keys", { simple: true }) === 1) return database;
	throw foreignKeysOff();
}

/** Whether a name is that of a file, and not of a database in memory. */
function isFile(filename: string): boolean {
	return filename !== ":memory:";
}

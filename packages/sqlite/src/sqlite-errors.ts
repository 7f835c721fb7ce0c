import { ConvokeError, uniquenessViolated } from "@convoke/core";
import type { ConvokeErrorCode } from "@convoke/core";
import { statSync } from "node:fs";
import { dirname } from "node:path";

/** What to say of an error of SQLite, by the beginning of its code. */
const REASONS: readonly (readonly [prefix: string, code: ConvokeErrorCode, reason: string, message: string])[] = [
	[
		"SQLITE_CORRUPT",
		"storage_failed",
		"store_corrupt",
		"The SQLite file is damaged: restore a backup, or see https://sqlite.org/recovery.html.",
	],
	[
		"SQLITE_NOTADB",
		"storage_failed",
		"store_corrupt",
		"The file is no SQLite database, or its beginning is damaged: mend `filename`, or restore a backup.",
	],
	[
		"SQLITE_FULL",
		"storage_unavailable",
		"store_full",
		"The disk is full; nothing of this unit was written. Make room and go on.",
	],
	[
		"SQLITE_READONLY",
		"storage_unavailable",
		"store_read_only",
		"The SQLite file or its folder may not be written: give this process the right to.",
	],
	[
		"SQLITE_CANTOPEN",
		"storage_unavailable",
		"store_cannot_open",
		"The SQLite file cannot be opened: see that this process may read and write it and its folder.",
	],
	[
		"SQLITE_IOERR",
		"storage_unavailable",
		"store_io_error",
		"The disk failed; nothing of this unit was written. See the cause, and go on when it is mended.",
	],
];

/** Whether the file, or the connection, is somebody else's for the moment. */
export function isBusy(error: unknown): boolean {
	const code = codeOf(error);
	return code?.startsWith("SQLITE_BUSY") === true || code?.startsWith("SQLITE_LOCKED") === true;
}

/** The error of the storage for one of SQLite; any other one as it is. */
export function toStorageError(error: unknown): unknown {
	const code = codeOf(error);
	if (code === undefined) return error;
	if (code === "SQLITE_CONSTRAINT_UNIQUE" || code === "SQLITE_CONSTRAINT_PRIMARYKEY") return uniquenessViolated();
	for (const [prefix, kind, reason, message] of REASONS) {
		if (code.startsWith(prefix)) return new ConvokeError(kind, { reason, message, cause: error });
	}
	return new ConvokeError("storage_failed", {
		reason: "statement_failed",
		message: `SQLite refused a statement (${code}); nothing of its unit was written.`,
		cause: error,
	});
}

/** Others held the file too long, or the host's own transaction did. */
export function storageBusy(seconds: number): ConvokeError {
	return new ConvokeError("storage_unavailable", {
		reason: "store_busy",
		message:
			`Somebody else was writing to the SQLite file for ${seconds} s. If that is a transaction of yours that waits for ` +
			"this call, make the call part of it: `audience.using(createSqliteStorage({ db: trx }))`.",
	});
}

/** A connection of the host's would leave behind what belongs to a row that is deleted. */
export function foreignKeysOff(): ConvokeError {
	return new ConvokeError("invalid_state", {
		reason: "foreign_keys_off",
		message: "The connection has foreign keys switched off: run `pragma foreign_keys = on` when you open it.",
	});
}

/** What keeps a file from being opened, where that can be told beforehand. */
export function whyNotOpened(filename: string, mayCreate: boolean): ConvokeError | undefined {
	const file = kindOf(filename);
	if (file === "folder") return isFolder();
	if (file !== "nothing") return undefined;
	if (lacksFolder(filename)) return folderMissing();
	if (mayCreate) return undefined;
	return unavailable(
		"file_missing",
		"There is no SQLite file at `filename`: call `await audience.migrate()` once to make it.",
	);
}

/** What keeps a file from being made, where that can be told beforehand. */
export function whyNotMade(filename: string): ConvokeError | undefined {
	const file = kindOf(filename);
	if (file === "folder") return isFolder();
	if (file === "nothing") return lacksFolder(filename) ? folderMissing() : undefined;
	return new ConvokeError("already_exists", {
		reason: "file_exists",
		field: "filename",
		message: "There is a file at `filename` already: name one that does not exist, or remove it first.",
	});
}

function lacksFolder(filename: string): boolean {
	const folder = kindOf(dirname(filename));
	return folder === "nothing" || folder === "file";
}

function isFolder(): ConvokeError {
	return unavailable("path_is_directory", "`filename` names a folder: add the name of a file to it.");
}

function folderMissing(): ConvokeError {
	return unavailable("folder_missing", "The folder of `filename` does not exist: make it first.");
}

function kindOf(path: string): "folder" | "file" | "nothing" | "unknown" {
	try {
		const stats = statSync(path, { throwIfNoEntry: false });
		if (stats === undefined) return "nothing";
		return stats.isDirectory() ? "folder" : "file";
	} catch {
		// Not to be seen by this process: SQLite says the same in its own words.
		return "unknown";
	}
}

function unavailable(reason: string, message: string): ConvokeError {
	return new ConvokeError("storage_unavailable", { reason, field: "filename", message });
}

function codeOf(error: unknown): string | undefined {
	if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
	return error.code.startsWith("SQLITE_") ? error.code : undefined;
}

import type { Clock, Storage } from "@convoke/core";
import { invalidInput, systemClock } from "@convoke/core";
import { checkSchema, first, HostedRunner, kyselyTransaction, refusedWhenHosted, SqlStorage } from "@convoke/kysely";
import type { HostKysely, Runner, Statement, Unit } from "@convoke/kysely";
import type { Database } from "better-sqlite3";
import { backUp } from "./sqlite-backup.ts";
import { SqliteConnection } from "./sqlite-connection.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { foreignKeysOff, toStorageError } from "./sqlite-errors.ts";
import { checkFilename, checkHostConnection, openFile } from "./sqlite-file.ts";
import { HAS_SCHEMA, SqliteRunner } from "./sqlite-runner.ts";

/** A storage in SQLite. */
export interface SqliteStorage extends Storage {
	/**
	 * Copies the database, as it is at this moment, into a new file, while the process goes on with everything else. The
	 * copy sends nothing by itself: what was being sent is paused in it for the reason `restored`, and what was scheduled
	 * or queued is a draft again. Whoever got a message after the copy was made is still waiting in it, so look before
	 * you resume. Your own tables in the file are copied too.
	 *
	 * @throws `already_exists` with `file_exists`; `storage_unavailable` with `folder_missing`, `store_full` and others;
	 * `invalid_state` in a host transaction. Nothing is left at `filename` then.
	 */
	backup(filename: string): Promise<void>;
}

/** Where an audience is kept. Exactly one of `filename`, `database` and `db` says where. */
export interface SqliteStorageOptions {
	/** A file of its own, or `":memory:"`. Several processes of one machine may share it; no network file system. */
	readonly filename?: string | undefined;
	/** A better-sqlite3 connection of the host, which stays the host's to close. */
	readonly database?: Database | undefined;
	/**
	 * A Kysely transaction of the host: whatever is done through this storage is part of it. It migrates nothing, imports
	 * nothing and serves no worker.
	 */
	readonly db?: HostKysely | undefined;
	/**
	 * What an answer means. `full`: it outlives a power failure (`synchronous=FULL`); `normal`: it outlives the process,
	 * and the last ones may be lost when the machine stops. For `filename` only.
	 *
	 * @default "full"
	 */
	readonly durability?: "full" | "normal" | undefined;
	/**
	 * Seconds to wait for other processes that write, 0 to 600; the process goes on with other things meanwhile.
	 *
	 * @default 10
	 */
	readonly busySeconds?: number | undefined;
	/** Gives the storage's own time, which leases go by. @default the machine's clock */
	readonly clock?: Clock | undefined;
}

/**
 * Makes a storage in SQLite. Touches no disk: `migrate` makes the file and its tables, and the first call of anything
 * else opens it. Every unit of work runs in one tick, so that nothing of the same process comes in between.
 *
 * @throws `invalid_input` with `storage_ambiguous`, `invalid_option` or `not_a_transaction`.
 */
export function createSqliteStorage(options: SqliteStorageOptions): SqliteStorage {
	const { filename, database, db, clock = systemClock, durability = "full", busySeconds = 10 } = options;
	if ([filename, database, db].filter((given) => given !== undefined).length !== 1) {
		const message = "Give exactly one of `filename`, `database` (better-sqlite3) and `db` (a Kysely transaction).";
		throw invalidInput("storage_ambiguous", "filename", message);
	}
	if (filename !== undefined) checkFilename(filename);
	if (typeof busySeconds !== "number" || !(busySeconds >= 0 && busySeconds <= 600)) {
		throw invalidInput("invalid_option", "busySeconds", "`busySeconds` must be a number from 0 to 600.");
	}
	if (durability !== "full" && durability !== "normal") {
		throw invalidInput("invalid_option", "durability", "`durability` must be `full` or `normal`.");
	}
	if (db !== undefined) {
		const connection = kyselyTransaction(db);
		const runner = new HostedRunner({ connection, check: checkHosted, clock, toError: toStorageError });
		return new CopyableStorage(runner, () => Promise.reject(refusedWhenHosted("A backup")));
	}
	const open = (mayCreate: boolean): SqliteConnection =>
		new SqliteConnection(
			database === undefined ? openFile(filename ?? "", mayCreate, durability) : checkHostConnection(database),
		);
	const isOwn = database === undefined;
	const isFullyDurable = isOwn && durability === "full";
	const runner = new SqliteRunner({ open, isOwn, isFullyDurable, busySeconds, clock });
	return new CopyableStorage(runner, async (copy) => backUp((await runner.connect()).database, copy, clock));
}

class CopyableStorage extends SqlStorage implements SqliteStorage {
	readonly #backUp: (filename: string) => Promise<void>;

	constructor(runner: Runner, backUpTo: (filename: string) => Promise<void>) {
		super(sqliteDialect, runner);
		this.#backUp = backUpTo;
	}

	backup(filename: string): Promise<void> {
		return this.#backUp(filename);
	}
}

function* checkHosted(): Unit<void> {
	const setting: Statement<{ foreign_keys: number }> = { sql: "pragma foreign_keys", parameters: [] };
	if ((yield* first(setting))?.foreign_keys !== 1) throw foreignKeysOff();
	yield* checkSchema(sqliteDialect, HAS_SCHEMA);
}

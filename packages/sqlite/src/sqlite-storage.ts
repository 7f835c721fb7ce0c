import type { Clock, Storage } from "@convoke/core";
import { invalidInput, systemClock } from "@convoke/core";
import { checkSchema, first, HostedRunner, SqlStorage } from "@convoke/kysely";
import type { HostTransaction, Statement, Unit } from "@convoke/kysely";
import type { Database } from "better-sqlite3";
import { SqliteConnection } from "./sqlite-connection.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { foreignKeysOff, toStorageError } from "./sqlite-errors.ts";
import { checkHostConnection, openFile } from "./sqlite-file.ts";
import { HAS_SCHEMA, SqliteRunner } from "./sqlite-runner.ts";

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
	readonly db?: HostTransaction | undefined;
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
export function createSqliteStorage(options: SqliteStorageOptions): Storage {
	const { filename, database, db, clock = systemClock, durability = "full", busySeconds = 10 } = options;
	if ([filename, database, db].filter((given) => given !== undefined).length !== 1) {
		const message = "Give exactly one of `filename`, `database` (better-sqlite3) and `db` (a Kysely transaction).";
		throw invalidInput("storage_ambiguous", "filename", message);
	}
	if (filename !== undefined && (typeof filename !== "string" || filename === "" || filename !== filename.trim())) {
		// SQLite takes an empty name for a database that is gone when it is closed.
		throw invalidInput("invalid_option", "filename", "`filename` must be the name of a file, or `:memory:`.");
	}
	if (typeof busySeconds !== "number" || !(busySeconds >= 0 && busySeconds <= 600)) {
		throw invalidInput("invalid_option", "busySeconds", "`busySeconds` must be a number from 0 to 600.");
	}
	if (durability !== "full" && durability !== "normal") {
		throw invalidInput("invalid_option", "durability", "`durability` must be `full` or `normal`.");
	}
	if (db !== undefined) {
		const runner = new HostedRunner({ transaction: db, check: checkHosted, clock, toError: toStorageError });
		return new SqlStorage(sqliteDialect, runner);
	}
	const open = (mayCreate: boolean): SqliteConnection =>
		new SqliteConnection(
			database === undefined ? openFile(filename ?? "", mayCreate, durability) : checkHostConnection(database),
		);
	const runner = new SqliteRunner({ open, isOwn: database === undefined, busySeconds, clock });
	return new SqlStorage(sqliteDialect, runner);
}

function* checkHosted(): Unit<void> {
	const setting: Statement<{ foreign_keys: number }> = { sql: "pragma foreign_keys", parameters: [] };
	if ((yield* first(setting))?.foreign_keys !== 1) throw foreignKeysOff();
	yield* checkSchema(sqliteDialect, HAS_SCHEMA);
}

import type { Clock } from "@convoke/core";
import { storageClosed, systemClock } from "@convoke/core";
import { checkSchema, migrateSchema } from "@convoke/kysely";
import type { Runner, Statement, Unit } from "@convoke/kysely";
import { Checkpoints } from "./checkpoints.ts";
import { LoopTurn } from "./loop-turn.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { isBusy, storageBusy, toStorageError } from "./sqlite-errors.ts";
import { useWriteAheadLog } from "./sqlite-file.ts";

/** What a runner depends on. */
export interface SqliteRunnerOptions {
	/** Opens the connection, when it is needed first; `mayCreate`: also a file that does not exist yet. */
	readonly open: (mayCreate: boolean) => SqliteConnection;
	/** Whether the connection is ours to close. */
	readonly isOwn: boolean;
	/** Whether units outlive a power failure by a setting of ours, and not of the host's. */
	readonly isFullyDurable: boolean;
	/** How long to wait for others who write, in seconds. */
	readonly busySeconds: number;
	/** The storage's own time. */
	readonly clock: Clock;
}

/** The table by which a database is known to be ours. */
export const HAS_SCHEMA: Statement<object> = {
	sql: "select 1 from sqlite_schema where type = 'table' and name = 'convoke_migrations'",
	parameters: [],
};

/** Runs units on one connection of better-sqlite3. While others hold the file it waits without blocking the process. */
export class SqliteRunner implements Runner {
	readonly isHosted = false;
	readonly #options: SqliteRunnerOptions;
	#connection: SqliteConnection | undefined;
	#checkpoints: Checkpoints | undefined;
	#isChecked = false;
	#isClosed = false;
	readonly #turn = new LoopTurn();

	constructor(options: SqliteRunnerOptions) {
		this.#options = options;
	}

	read<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		return this.#patiently(() => this.#checked().transact("read", unit));
	}

	write<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		return this.#patiently(() => this.#checked().transact("write", unit));
	}

	async writeResumable<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		const answer = await this.#writeResumable(unit);
		if (this.#options.isOwn) await this.#moveLog();
		return answer;
	}

	#writeResumable<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		if (!this.#options.isFullyDurable) return this.write(unit);
		return this.#patiently(() => {
			const connection = this.#checked();
			connection.database.pragma("synchronous = normal");
			try {
				return connection.transact("write", unit);
			} finally {
				connection.database.pragma("synchronous = full");
			}
		});
	}

	pause(): Promise<void> {
		return this.#options.clock.pause();
	}

	migrate(): Promise<void> {
		const now = this.#options.clock.now().getTime();
		return this.#patiently(() => {
			const connection = this.#open(true);
			this.#useLog(connection);
			connection.transact("write", () => migrateSchema(sqliteDialect, HAS_SCHEMA, now));
		});
	}

	async now(): Promise<number> {
		if (this.#isClosed) throw storageClosed();
		return this.time();
	}

	time(): number {
		return this.#options.clock.now().getTime();
	}

	async close(): Promise<void> {
		this.#isClosed = true;
		await this.#checkpoints?.close();
		if (this.#options.isOwn) this.#connection?.database.close();
	}

	/** The connection, once the schema is there. */
	connect(): Promise<SqliteConnection> {
		return this.#patiently(() => this.#checked());
	}

	async #moveLog(): Promise<void> {
		if (this.#connection === undefined || this.#isClosed) return;
		await (this.#checkpoints ??= new Checkpoints(this.#connection.database)).afterUnit();
	}

	#checked(): SqliteConnection {
		const connection = this.#open(false);
		if (this.#isChecked) return connection;
		connection.transact("read", () => checkSchema(sqliteDialect, HAS_SCHEMA));
		// Only now is it known that the file is ours to change.
		this.#useLog(connection);
		this.#isChecked = true;
		return connection;
	}

	#useLog({ database }: SqliteConnection): void {
		if (this.#options.isOwn) useWriteAheadLog(database);
	}

	#open(mayCreate: boolean): SqliteConnection {
		if (this.#isClosed) throw storageClosed();
		return (this.#connection ??= this.#options.open(mayCreate));
	}

	/**
	 * Tries until nobody else is in the way. The first try is made in this tick, unless units have kept the process busy
	 * for long: awaiting them one after the other would let nothing else of it run.
	 */
	async #patiently<Answer>(attempt: () => Answer): Promise<Answer> {
		const { clock, busySeconds } = this.#options;
		const deadline = clock.monotonic() + busySeconds * 1000;
		if (this.#turn.isLong()) await systemClock.pause();
		for (let tries = 0; ; tries += 1) {
			try {
				return attempt();
			} catch (error) {
				if (!isBusy(error)) throw toStorageError(error);
				if (clock.monotonic() >= deadline) throw storageBusy(busySeconds);
			}
			await clock.sleep(Math.min(2 ** Math.min(tries, 5), MAX_WAIT_MS));
		}
	}
}

const MAX_WAIT_MS = 20;

import type { Clock } from "@convoke/core";
import { storageClosed } from "@convoke/core";
import { drive } from "./drive.ts";
import { first, UnitOvertaken } from "./statement.ts";
import type { Runner, Statement, StatementResult, Unit } from "./statement.ts";

/** Runs a statement on the connection of the host's transaction. */
export type Execute = (statement: Statement) => Promise<StatementResult>;

/** A transaction that the host began and will end. */
export interface HostedConnection {
	/** Hands the transaction's connection to one piece of work at a time. */
	use<Answer>(work: (execute: Execute) => Promise<Answer>): Promise<Answer>;
}

/** What a runner in the host's transaction depends on. */
export interface HostedRunnerOptions {
	/** The host's transaction. */
	readonly connection: HostedConnection;
	/** Checks, once, that the schema is there. It must not fail by a statement: that could end the host's transaction. */
	readonly check: () => Unit<void>;
	/** The storage's own time, where the database has none. */
	readonly clock: Clock;
	/** Asks the database for its own time, where it has one. */
	readonly askTime?: Statement<{ now: number }> | undefined;
	/** Whether a unit that failed so may succeed when it is begun anew. */
	readonly isPassing?: ((failure: unknown) => boolean) | undefined;
	/** The error of the storage for one of the driver. */
	readonly toError: (failure: unknown) => unknown;
}

/**
 * Drives units inside a transaction that the host began and ends: each between savepoints, so that one that fails
 * leaves nothing and the host's own rows stay. One unit at a time, and none of the host's statements within it: those
 * would go back with a unit that fails.
 */
export class HostedRunner implements Runner {
	readonly isHosted = true;
	readonly #options: HostedRunnerOptions;
	#isChecked = false;
	#isClosed = false;

	constructor(options: HostedRunnerOptions) {
		this.#options = options;
	}

	read<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		return this.#whole(unit);
	}

	write<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		return this.#whole(unit);
	}

	writeResumable<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		return this.#whole(unit);
	}

	pause(): Promise<void> {
		return this.#options.clock.pause();
	}

	migrate(): Promise<void> {
		return Promise.reject(new TypeError("A hosted storage refuses to migrate."));
	}

	time(): number {
		return this.#options.clock.now().getTime();
	}

	async now(): Promise<number> {
		const { askTime } = this.#options;
		if (askTime === undefined) return this.time();
		return Number((await this.read(() => first(askTime)))?.now);
	}

	async close(): Promise<void> {
		this.#isClosed = true;
	}

	/** Keeps the connection for the whole unit. */
	#whole<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		return this.#options.connection.use(async (execute) => {
			if (this.#isClosed) throw storageClosed();
			try {
				if (!this.#isChecked) await drive(this.#options.check(), execute);
				this.#isChecked = true;
				return await this.#patiently(unit, execute);
			} catch (error) {
				throw this.#options.toError(error);
			}
		});
	}

	async #patiently<Answer>(unit: () => Unit<Answer>, execute: Execute): Promise<Answer> {
		for (let tries = 1; ; tries += 1) {
			try {
				return await guarded(unit, execute);
			} catch (error) {
				if (error instanceof UnitOvertaken) continue;
				if (tries >= MAX_TRIES || this.#options.isPassing?.(error) !== true) throw error;
			}
		}
	}
}

const MAX_TRIES = 3;

const SAVE: Statement = { sql: "savepoint convoke", parameters: [] };
const RELEASE: Statement = { sql: "release savepoint convoke", parameters: [] };
const GO_BACK: Statement = { sql: "rollback to savepoint convoke", parameters: [] };

async function guarded<Answer>(unit: () => Unit<Answer>, execute: Execute): Promise<Answer> {
	await execute(SAVE);
	try {
		const answer = await drive(unit(), execute);
		await execute(RELEASE);
		return answer;
	} catch (error) {
		// Where the transaction itself has ended there is nothing to go back to; the first error is the one to report.
		await execute(GO_BACK)
			.then(() => execute(RELEASE))
			.catch(() => {});
		throw error;
	}
}

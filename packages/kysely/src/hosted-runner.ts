import type { Clock } from "@convoke/core";
import { ConvokeError, storageClosed } from "@convoke/core";
import type { QueryResult } from "kysely";
import { CompiledQuery } from "kysely";
import { drive } from "./drive.ts";
import { hostTransactionEnded } from "./sql-errors.ts";
import type { Runner, Statement, StatementResult, Unit } from "./statement.ts";

/** What is needed of a Kysely transaction, whatever the host's tables. */
export interface HostTransaction {
	/** Whether it is a transaction, and not Kysely itself. */
	readonly isTransaction: boolean;
	/** The same transaction without the host's plugins, which would rename our columns. */
	withoutPlugins(): { getExecutor(): HostExecutor };
}

/** Hands the connection of a transaction to one piece of work at a time. */
export interface HostExecutor {
	provideConnection<Answer>(consumer: (connection: HostConnection) => Promise<Answer>): Promise<Answer>;
}

/** The connection of a transaction. */
export interface HostConnection {
	executeQuery(query: CompiledQuery): Promise<QueryResult<unknown>>;
}

/** What a runner in the host's transaction depends on. */
export interface HostedRunnerOptions {
	/** The host's transaction. */
	readonly transaction: HostTransaction;
	/** Checks, once, that the schema is there. */
	readonly check: () => Unit<void>;
	/** The storage's own time. */
	readonly clock: Clock;
	/** The error of the storage for one of the driver. */
	readonly toError: (error: unknown) => unknown;
}

/**
 * Drives units inside a transaction that the host began and ends: each between savepoints, so that one that fails
 * leaves nothing and the host's own rows stay. One unit at a time, and none of the host's statements within it: those
 * would go back with a unit that fails.
 */
export class HostedRunner implements Runner {
	readonly isHosted = true;
	readonly #options: HostedRunnerOptions;
	readonly #executor: HostExecutor;
	#isChecked = false;
	#isClosed = false;

	/** @throws `invalid_input` with `not_a_transaction`. */
	constructor(options: HostedRunnerOptions) {
		this.#options = options;
		if (!isTransaction(options.transaction)) {
			throw new ConvokeError("invalid_input", {
				reason: "not_a_transaction",
				field: "db",
				message: "`db` must be the transaction that Kysely hands to `db.transaction().execute(async (trx) => …)`.",
			});
		}
		this.#executor = options.transaction.withoutPlugins().getExecutor();
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

	async now(): Promise<number> {
		return this.#options.clock.now().getTime();
	}

	async close(): Promise<void> {
		this.#isClosed = true;
	}

	/** Keeps the connection for the whole unit. */
	async #whole<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		let isOpen = false;
		try {
			return await this.#executor.provideConnection((connection) => {
				isOpen = true;
				return this.#guarded(connection, unit);
			});
		} catch (error) {
			// Kysely hands out no connection of a transaction that has ended.
			throw isOpen ? error : hostTransactionEnded(error);
		}
	}

	async #guarded<Answer>(connection: HostConnection, unit: () => Unit<Answer>): Promise<Answer> {
		if (this.#isClosed) throw storageClosed();
		const execute = (statement: Statement): Promise<StatementResult> => executeOn(connection, statement);
		try {
			if (!this.#isChecked) await drive(this.#options.check(), execute);
			this.#isChecked = true;
			await execute(SAVE);
		} catch (error) {
			throw this.#options.toError(error);
		}
		try {
			const answer = await drive(unit(), execute);
			await execute(RELEASE);
			return answer;
		} catch (error) {
			// Where the transaction itself has ended there is nothing to go back to; the first error is the one to report.
			await execute(GO_BACK)
				.then(() => execute(RELEASE))
				.catch(() => {});
			throw this.#options.toError(error);
		}
	}
}

const SAVE: Statement = { sql: "savepoint convoke", parameters: [] };
const RELEASE: Statement = { sql: "release savepoint convoke", parameters: [] };
const GO_BACK: Statement = { sql: "rollback to savepoint convoke", parameters: [] };

async function executeOn(connection: HostConnection, { sql, parameters }: Statement): Promise<StatementResult> {
	const { rows, numAffectedRows } = await connection.executeQuery(CompiledQuery.raw(sql, [...parameters]));
	return { rows, changes: Number(numAffectedRows ?? rows.length) };
}

function isTransaction(given: unknown): boolean {
	return typeof given === "object" && given !== null && "isTransaction" in given && given.isTransaction === true;
}

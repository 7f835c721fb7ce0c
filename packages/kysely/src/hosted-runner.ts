import type { Clock } from "@convoke/core";
import { ConvokeError, storageClosed } from "@convoke/core";
import type { QueryResult } from "kysely";
import { CompiledQuery } from "kysely";
import { drive } from "./drive.ts";
import type { Runner, StatementResult, Unit } from "./statement.ts";

/** What is needed of a Kysely transaction, whatever the host's tables. */
export interface HostTransaction {
	/** Whether it is a transaction, and not Kysely itself. */
	readonly isTransaction: boolean;
	/** The same transaction without the host's plugins, which would rename our columns. */
	withoutPlugins(): { executeQuery(query: CompiledQuery): Promise<QueryResult<unknown>> };
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
 * leaves nothing and the host's own rows stay. One unit at a time, for they share a connection.
 */
export class HostedRunner implements Runner {
	readonly isHosted = true;
	readonly #options: HostedRunnerOptions;
	readonly #connection: ReturnType<HostTransaction["withoutPlugins"]>;
	#turn: Promise<unknown> = Promise.resolve();
	#isChecked = false;
	#isClosed = false;

	/** @throws `invalid_input` with `not_a_transaction`. */
	constructor(options: HostedRunnerOptions) {
		this.#options = options;
		if (!options.transaction.isTransaction) {
			throw new ConvokeError("invalid_input", {
				reason: "not_a_transaction",
				field: "db",
				message: "`db` must be the transaction that Kysely hands to `db.transaction().execute(async (trx) => …)`.",
			});
		}
		this.#connection = options.transaction.withoutPlugins();
	}

	read<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		return this.#inTurn(unit);
	}

	write<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		return this.#inTurn(unit);
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

	async #inTurn<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		const before = this.#turn;
		const answer = before.then(() => this.#guarded(unit));
		this.#turn = answer.catch(() => {});
		return answer;
	}

	async #guarded<Answer>(unit: () => Unit<Answer>): Promise<Answer> {
		if (this.#isClosed) throw storageClosed();
		try {
			if (!this.#isChecked) await drive(this.#options.check(), (statement) => this.#execute(statement));
			this.#isChecked = true;
			await this.#run("savepoint convoke");
			const answer = await drive(unit(), (statement) => this.#execute(statement));
			await this.#run("release savepoint convoke");
			return answer;
		} catch (error) {
			// Where the transaction itself has ended there is nothing to go back to; the first error is the one to report.
			await this.#run("rollback to savepoint convoke").catch(() => {});
			throw this.#options.toError(error);
		}
	}

	async #run(text: string): Promise<void> {
		await this.#execute({ sql: text, parameters: [] });
	}

	async #execute({
		sql,
		parameters,
	}: {
		readonly sql: string;
		readonly parameters: readonly unknown[];
	}): Promise<StatementResult> {
		const { rows, numAffectedRows } = await this.#connection.executeQuery(CompiledQuery.raw(sql, [...parameters]));
		return { rows, changes: Number(numAffectedRows ?? rows.length) };
	}
}

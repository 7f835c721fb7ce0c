import { ConvokeError } from "@convoke/core";
import type { QueryResult } from "kysely";
import { CompiledQuery } from "kysely";
import type { Execute, HostedConnection } from "./hosted-runner.ts";
import { hostTransactionEnded } from "./sql-errors.ts";

/** What is needed of the host's Kysely, or of a transaction of it, whatever the host's tables. */
export interface HostKysely {
	/** Whether it is a transaction, and not Kysely itself. */
	readonly isTransaction: boolean;
	/** The same without the host's plugins, which would rename our columns. */
	withoutPlugins(): { getExecutor(): HostExecutor };
}

/** Hands out a connection; that of a transaction to one piece of work at a time. */
export interface HostExecutor {
	provideConnection<Answer>(consumer: (connection: HostConnection) => Promise<Answer>): Promise<Answer>;
}

/** A connection. */
export interface HostConnection {
	executeQuery(query: CompiledQuery): Promise<QueryResult<unknown>>;
}

/** Connections of the host's Kysely. */
export class KyselyConnection implements HostedConnection {
	readonly #kysely: HostKysely;
	readonly #executor: HostExecutor;

	constructor(kysely: HostKysely) {
		this.#kysely = kysely;
		this.#executor = kysely.withoutPlugins().getExecutor();
	}

	async use<Answer>(work: (execute: Execute) => Promise<Answer>): Promise<Answer> {
		let isOpen = false;
		try {
			return await this.#executor.provideConnection((connection) => {
				isOpen = true;
				return work(async ({ sql, parameters }) => {
					const { rows, numAffectedRows } = await connection.executeQuery(CompiledQuery.raw(sql, [...parameters]));
					return { rows, changes: Number(numAffectedRows ?? rows.length) };
				});
			});
		} catch (error) {
			// Kysely hands out no connection of a transaction that has ended.
			throw isOpen || !this.#kysely.isTransaction ? error : hostTransactionEnded(error);
		}
	}
}

/** The connection of a transaction of the host's Kysely. @throws `invalid_input` with `not_a_transaction`. */
export function kyselyTransaction(given: HostKysely): HostedConnection {
	if (isTransaction(given)) return new KyselyConnection(given);
	throw new ConvokeError("invalid_input", {
		reason: "not_a_transaction",
		field: "db",
		message: "`db` must be the transaction that Kysely hands to `db.transaction().execute(async (trx) => …)`.",
	});
}

/** Whether the host gave a transaction of Kysely. */
export function isTransaction(given: unknown): boolean {
	return typeof given === "object" && given !== null && "isTransaction" in given && given.isTransaction === true;
}

import type { Statement, StatementResult } from "@convoke/kysely";
import type { ClientBase, QueryConfig } from "pg";
import type { Deadline } from "./deadline.ts";
import { rowTypes } from "./row-values.ts";
import { DriverFailure } from "./sessions.ts";

/** A query with what `pg` knows of it and its types do not: milliseconds until an answer is given up. */
interface TimedQuery extends QueryConfig {
	readonly query_timeout?: number | undefined;
}

/** Runs a statement on a client of `pg`, unnamed, so that a pooler may hand each to another server connection. */
export async function executeOn(
	client: ClientBase,
	{ sql, parameters }: Statement,
	deadline: Deadline | undefined,
): Promise<StatementResult> {
	const query: TimedQuery = { text: sql, values: [...parameters], types: rowTypes, query_timeout: deadline?.left };
	try {
		const { rows, rowCount } = await client.query<Record<string, unknown>>(query);
		return { rows, changes: rowCount ?? 0 };
	} catch (error) {
		throw new DriverFailure(error);
	}
}

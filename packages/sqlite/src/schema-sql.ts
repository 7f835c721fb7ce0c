import { schemaSql as sqlOf } from "@convoke/kysely";
import { sqliteDialect } from "./sqlite-dialect.ts";

/**
 * The SQL that `migrate` brings an empty database up to date with, to read, or to run with your own tools, between
 * `begin immediate` and `commit`, instead.
 */
export function schemaSql(): string {
	return sqlOf(sqliteDialect);
}

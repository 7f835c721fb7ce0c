import { schemaSql as sqlOf } from "@convoke/kysely";
import { createPostgresDialect } from "./postgres-dialect.ts";

/**
 * The SQL that `migrate` brings an empty database up to date with, to read, or to run with your own tools in one
 * transaction, instead. It does not create the schema.
 */
export function schemaSql(options: { readonly schema?: string | undefined } = {}): string {
	return sqlOf(createPostgresDialect({ schema: options.schema }));
}

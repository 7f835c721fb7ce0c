import type { SchemableIdentifierNode } from "kysely";
import { PostgresQueryCompiler } from "kysely";

/** Puts a schema before our tables, so that statements do not depend on the search path of a connection. */
export class SchemaCompiler extends PostgresQueryCompiler {
	readonly #prefix: string | undefined;

	constructor(schema: string | undefined) {
		super();
		this.#prefix = schema === undefined ? undefined : `${quoteIdentifier(schema)}.`;
	}

	protected override visitSchemableIdentifier(node: SchemableIdentifierNode): void {
		// Aliases are identifiers too.
		if (this.#prefix !== undefined && node.identifier.name.startsWith("convoke_")) this.append(this.#prefix);
		super.visitSchemableIdentifier(node);
	}
}

/** A name as SQL has it, whatever its letters. */
export function quoteIdentifier(name: string): string {
	return `"${name.replaceAll('"', '""')}"`;
}

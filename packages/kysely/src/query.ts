import type { Compilable, Kysely, RawBuilder } from "kysely";
import { sql } from "kysely";
import type { Statement } from "./statement.ts";
import type { Database } from "./tables.ts";

/** Stands for a value that is not known yet when a query is compiled. */
class Placeholder {
	readonly name: string;

	constructor(name: string) {
		this.name = name;
	}
}

/** Names a value of a query's parameters. */
export type Param<Params> = <Name extends keyof Params & string>(name: Name) => RawBuilder<Params[Name]>;

/**
 * A query that is compiled once and bound many times: building and compiling costs more than running most statements.
 */
export class Query<Params, Row> {
	readonly #build: (param: Param<Params>) => Compilable<Row>;
	#compiled: Statement<Row> | undefined;

	constructor(build: (param: Param<Params>) => Compilable<Row>) {
		this.#build = build;
	}

	/** The statement with these values. */
	bind(values: Params): Statement<Row> {
		const { sql: text, parameters } = (this.#compiled ??= this.#build(
			(name) => sql`${new Placeholder(name)}`,
		).compile());
		const given = values as Readonly<Record<string, unknown>>;
		return {
			sql: text,
			parameters: parameters.map((value) => (value instanceof Placeholder ? given[value.name] : value)),
		};
	}
}

/** Makes queries with parameters of this type. The row's type is that of the query. */
export function query<Params>(): <Row>(build: (param: Param<Params>) => Compilable<Row>) => Query<Params, Row> {
	return (build) => new Query(build);
}

/** A statement that is written as SQL, as {@link query} takes it: it has to be told whose words to compile it to. */
export function compilable<Row>(statement: RawBuilder<Row>, db: Kysely<Database>): Compilable<Row> {
	return { compile: () => statement.compile(db) };
}

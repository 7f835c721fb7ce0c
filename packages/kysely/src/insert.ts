import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { compilable, query } from "./query.ts";
import type { Query } from "./query.ts";
import { changesOf } from "./statement.ts";
import type { Unit } from "./statement.ts";
import type { Database } from "./tables.ts";

/** A row to insert, by column. */
export type NewRow = Readonly<Record<string, unknown>>;

/** What becomes of a row whose key is taken: nothing, or the columns that are not of the key are replaced. */
export type OnConflict = "keep" | { readonly key: readonly string[] };

/** Sizes of statements to keep. */
const MAX_SIZES = 16;

/** Inserts rows of one table, as many at a time as the database likes. */
export class Insert {
	readonly #dialect: SqlDialect;
	readonly #table: keyof Database;
	readonly #columns: readonly string[];
	readonly #onConflict: OnConflict;
	readonly #compiled = new Map<number, Query<NewRow, unknown>>();

	constructor(dialect: SqlDialect, table: keyof Database, columns: readonly string[], onConflict: OnConflict = "keep") {
		this.#dialect = dialect;
		this.#table = table;
		this.#columns = columns;
		this.#onConflict = onConflict;
	}

	/** Inserts rows, which have every column, and answers how many were inserted or replaced. Of one key the last counts. */
	*rows(given: readonly NewRow[]): Unit<number> {
		const rows = this.#distinct(given);
		const { rowsPerInsert } = this.#dialect;
		let changes = 0;
		for (let start = 0; start < rows.length; start += rowsPerInsert) {
			const chunk = rows.slice(start, start + rowsPerInsert);
			changes += yield* changesOf(this.#query(chunk.length).bind(parametersOf(chunk)));
		}
		return changes;
	}

	#query(count: number): Query<NewRow, unknown> {
		const known = this.#compiled.get(count);
		if (known !== undefined) return known;
		const made = this.#build(count);
		// Most callers come with one row or as many as they take at a time; any size can come once.
		if (this.#compiled.size < MAX_SIZES) this.#compiled.set(count, made);
		return made;
	}

	/** One statement may not replace a row twice. */
	#distinct(rows: readonly NewRow[]): readonly NewRow[] {
		if (this.#onConflict === "keep" || rows.length < 2) return rows;
		const { key } = this.#onConflict;
		return [...new Map(rows.map((row) => [JSON.stringify(key.map((column) => row[column])), row])).values()];
	}

	#build(count: number): Query<NewRow, unknown> {
		return query<NewRow>()((param) => {
			const row = (index: number): RawBuilder<unknown> =>
				sql`(${sql.join(this.#columns.map((column) => param(`${column}_${index}`)))})`;
			const rows = Array.from({ length: count }, (_, index) => row(index));
			const columns = sql.join(this.#columns.map((column) => sql.ref(column)));
			const insert = sql`insert into ${sql.table(this.#table)} (${columns}) values ${sql.join(rows)} ${this.#conflict()}`;
			return compilable(insert, this.#dialect.db);
		});
	}

	#conflict(): RawBuilder<unknown> {
		if (this.#onConflict === "keep") return sql`on conflict do nothing`;
		const { key } = this.#onConflict;
		const replaced = this.#columns
			.filter((column) => !key.includes(column))
			.map((column) => sql`${sql.ref(column)} = excluded.${sql.ref(column)}`);
		return sql`on conflict (${sql.join(key.map((column) => sql.ref(column)))}) do update set ${sql.join(replaced)}`;
	}
}

function parametersOf(rows: readonly NewRow[]): NewRow {
	const parameters: Record<string, unknown> = {};
	for (const [index, row] of rows.entries()) {
		for (const [column, value] of Object.entries(row)) parameters[`${column}_${index}`] = value;
	}
	return parameters;
}

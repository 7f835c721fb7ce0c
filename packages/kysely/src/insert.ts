import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
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
	/** SQL by the number of rows. */
	readonly #compiled = new Map<number, string>();

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
		if (rowsPerInsert === 1 && rows.length > 1) {
			return yield* changesOf({
				sql: this.#sql(1),
				parameters: [],
				each: rows.map((row) => this.#parametersOf([row])),
			});
		}
		let changes = 0;
		for (let start = 0; start < rows.length; start += rowsPerInsert) {
			const chunk = rows.slice(start, start + rowsPerInsert);
			changes += yield* changesOf({ sql: this.#sql(chunk.length), parameters: this.#parametersOf(chunk) });
		}
		return changes;
	}

	#sql(count: number): string {
		const known = this.#compiled.get(count);
		if (known !== undefined) return known;
		const made = this.#compile(count);
		// Most callers come with one row or as many as they take at a time; any size can come once.
		if (this.#compiled.size < MAX_SIZES) this.#compiled.set(count, made);
		return made;
	}

	#parametersOf(rows: readonly NewRow[]): readonly unknown[] {
		const parameters: unknown[] = [];
		for (const row of rows) for (const column of this.#columns) parameters.push(row[column]);
		return parameters;
	}

	/** One statement may not replace a row twice. */
	#distinct(rows: readonly NewRow[]): readonly NewRow[] {
		if (this.#onConflict === "keep" || rows.length < 2) return rows;
		const { key } = this.#onConflict;
		return [...new Map(rows.map((row) => [JSON.stringify(key.map((column) => row[column])), row])).values()];
	}

	/** The values are the statement's only parameters, in the order of {@link #parametersOf}. */
	#compile(count: number): string {
		const row = sql`(${sql.join(this.#columns.map(() => sql`${null}`))})`;
		const rows = sql.join(Array.from({ length: count }, () => row));
		const columns = sql.join(this.#columns.map((column) => sql.ref(column)));
		const insert = sql`insert into ${sql.table(this.#table)} (${columns}) values ${rows} ${this.#conflict()}`;
		return insert.compile(this.#dialect.db).sql;
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

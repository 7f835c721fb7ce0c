/*
 * How values of rows are read, whatever parsers the host has set in `pg` for its own queries: numbers as numbers, JSON
 * and everything else as the text that Postgres sent.
 */

/** Type ids of `int8`, `int2`, `int4`, `float4`, `float8` and `numeric` (pg_type.dat). */
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 700, 701, 1700]);

/** Type id of `bool`. */
const BOOLEAN = 16;

/** For the `types` of a query. */
export const rowTypes: { readonly getTypeParser: (type: number) => (value: string) => unknown } = {
	getTypeParser,
};

function getTypeParser(type: number): (value: string) => unknown {
	if (NUMBERS.has(type)) return Number;
	return type === BOOLEAN ? readBoolean : readText;
}

function readBoolean(value: string): boolean {
	return value === "t";
}

function readText(value: string): string {
	return value;
}

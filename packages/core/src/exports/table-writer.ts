import { stringify } from "csv-stringify/sync";
import { checkFunction } from "../check-input.ts";
import { invalidInput } from "../errors.ts";

/** A form of a file: comma-separated values with a header (RFC 4180), or one JSON object on each line. */
export type ExportFormat = "csv" | "jsonl";

/** How a table is written. */
export interface TableOptions {
	/** The form of the file. @default "csv" */
	readonly format?: ExportFormat | undefined;
	/**
	 * What becomes of texts that a spreadsheet would take for a formula: `escape` puts an apostrophe before them; `keep`
	 * leaves them as they are, for a file that a program reads. JSON is never changed. @default "escape"
	 */
	readonly formulas?: "escape" | "keep" | undefined;
	/** Called after every piece. */
	readonly onProgress?: ((progress: { readonly exported: number }) => void) | undefined;
}

/** Fields of {@link TableOptions}. */
export const TABLE_OPTIONS = ["format", "formulas", "onProgress"] as const;

/** Options that are checked and whole. */
type CheckedTableOptions = Pick<TableOptions, "onProgress"> & {
	readonly format: ExportFormat;
	readonly formulas: "escape" | "keep";
};

/** What a cell may hold: a list or an object is a cell of JSON lines alone. */
export type Cell = string | number | boolean | Date | null;

/** A column of a table, and how a row has it. */
export interface TableColumn<Row> {
	readonly name: string;
	/** In CSV, and in JSON unless `data` says otherwise. */
	readonly cell: (row: Row) => Cell;
	/** In JSON. */
	readonly data?: ((row: Row) => unknown) | undefined;
}

// Also after a quote and after white space, and the full-width forms, which spreadsheets take for the same (OWASP, CSV injection).
const FORMULA = /^["'\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^["']*[\t\r]/;

/**
 * Writes rows as a file, a piece for each group of rows, the first one with the header.
 *
 * @throws `invalid_input` with `invalid_value` for a format or a way with formulas that is none.
 */
export async function* writeTable<Row>(
	groups: AsyncIterable<readonly Row[]>,
	columns: readonly TableColumn<Row>[],
	{ format, formulas, onProgress }: CheckedTableOptions,
): AsyncGenerator<string, void, undefined> {
	let exported = 0;
	if (format === "csv") yield stringify([columns.map(({ name }) => name)]);
	for await (const rows of groups) {
		if (rows.length > 0) {
			yield format === "csv"
				? stringify(rows.map((row) => columns.map(({ cell }) => toText(cell(row), formulas === "escape"))))
				: rows.map((row) => `${JSON.stringify(toObject(row, columns))}\n`).join("");
		}
		exported += rows.length;
		onProgress?.({ exported });
	}
}

/** Reads the options of a table. @throws `invalid_input` with `invalid_value` or `invalid_option`. */
export function checkTableOptions({
	format = "csv",
	formulas = "escape",
	onProgress,
}: TableOptions): CheckedTableOptions {
	if (!["csv", "jsonl"].includes(format)) {
		throw invalidInput("invalid_value", "format", "`format` must be one of: csv, jsonl.");
	}
	if (!["escape", "keep"].includes(formulas)) {
		throw invalidInput("invalid_value", "formulas", "`formulas` must be one of: escape, keep.");
	}
	checkFunction(onProgress, "onProgress");
	return { format, formulas, onProgress };
}

function toText(cell: Cell, escapes: boolean): string {
	if (typeof cell === "string") return escapes && FORMULA.test(cell) ? `'${cell}` : cell;
	if (cell === null) return "";
	if (typeof cell === "number") return plainNumber(cell);
	return cell instanceof Date ? cell.toISOString() : String(cell);
}

/** A number without exponent, which imports read and people too. */
function plainNumber(value: number): string {
	const [mantissa = "", exponent] = String(value).split("e");
	if (exponent === undefined) return mantissa;
	const sign = mantissa.startsWith("-") ? "-" : "";
	const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
	const digits = whole + fraction;
	const point = whole.length + Number(exponent);
	if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
	return `${sign}${digits.padEnd(point, "0")}`;
}

function toObject<Row>(row: Row, columns: readonly TableColumn<Row>[]): Readonly<Record<string, unknown>> {
	return Object.fromEntries(columns.map(({ name, cell, data }) => [name, (data ?? cell)(row)]));
}

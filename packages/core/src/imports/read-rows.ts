import { invalidInput } from "../errors.ts";
import { createDelimiterScan, DELIMITERS } from "./delimiter.ts";
import type { Delimiter, DelimiterScan } from "./delimiter.ts";
import { CSV_ENCODINGS } from "./encoding.ts";
import type { CsvEncoding } from "./encoding.ts";
import { createRecordParser, MAX_RECORD } from "./record-parser.ts";
import type { ParsedPiece, RecordParser } from "./record-parser.ts";
import { refusedRow, unreadable } from "./row.ts";
import type { RefusedRow, TableRow } from "./row.ts";
import { readText } from "./source.ts";
import type { CsvSource, TextPiece } from "./source.ts";

const MAX_COLUMNS = 200;

/** How to read a file, where its own bytes do not tell. */
export interface CsvOptions {
	/** What the bytes are, unless a byte order mark says otherwise. @default "utf-8" */
	readonly encoding?: CsvEncoding | undefined;
	/** What stands between cells. @default what stands most often in the header: comma, semicolon, tab or bar */
	readonly delimiter?: Delimiter | undefined;
}

/**
 * Reads a CSV file row by row: first its header, then each row that has as many cells, in order. Blank rows are left out.
 * Rows that cannot be used come as refused ones, and reading goes on. No more than one row and 16 K characters are held at
 * a time, and no more is read than is asked for.
 *
 * @throws `invalid_input` for a file that is no CSV, or cannot be read on, after the rows before the fault: `csv_empty`,
 * `csv_not_text`, `csv_encoding`, `csv_too_many_columns` over 200, `csv_duplicate_column`, `reserved_property_key` and
 * `invalid_text` in the header, `csv_record_too_large` over 1,000,000 characters of a row, `csv_unclosed_quote`,
 * `csv_invalid_quote`. Rows are refused for `csv_column_count`, `csv_invalid_quote` and `invalid_text`.
 */
export async function* readCsvRows(
	source: CsvSource,
	options: CsvOptions = {},
): AsyncGenerator<TableRow | RefusedRow, void, void> {
	let header: TableRow | undefined;
	for await (const row of readRecords(source, checkOptions(options))) {
		if (header !== undefined) {
			yield "cells" in row ? checkRow(row, header.cells.length) : row;
		} else if ("cells" in row) {
			header = checkHeader(row);
			yield header;
		}
	}
	if (header === undefined) throw unreadable("csv_empty", "The file is empty: it has no header.");
}

function checkOptions({ encoding, delimiter }: CsvOptions): CsvOptions {
	if (encoding !== undefined && !CSV_ENCODINGS.includes(encoding)) {
		throw invalidInput("invalid_value", "encoding", `\`encoding\` must be one of: ${CSV_ENCODINGS.join(", ")}.`);
	}
	if (delimiter !== undefined && !DELIMITERS.includes(delimiter)) {
		throw invalidInput("invalid_value", "delimiter", "`delimiter` must be a comma, semicolon, tab or bar.");
	}
	return { encoding, delimiter };
}

async function* readRecords(
	source: CsvSource,
	{ encoding, delimiter }: CsvOptions,
): AsyncGenerator<TableRow | RefusedRow, void, void> {
	const scan = createDelimiterScan();
	let parser: RecordParser | undefined;
	try {
		for await (const { text, fault } of holdHead(readText(source, encoding), scan)) {
			parser ??= createRecordParser(delimiter ?? scan.found().delimiter);
			const parsed = await parser.feed(text);
			// A source in memory would otherwise hold the event loop from its first row to its last.
			await nextTurn();
			yield* unpack(parsed);
			if (fault !== undefined) {
				// The parser lets go of the last whole row when it has seen what follows; this ends no row.
				yield* (await parser.feed("????")).rows;
				throw fault;
			}
		}
		if (parser !== undefined) yield* unpack(await parser.end());
	} finally {
		parser?.destroy();
	}
}

/** Holds back the pieces until the header has ended, and passes on the others. */
async function* holdHead(pieces: AsyncIterable<TextPiece>, scan: DelimiterScan): AsyncGenerator<TextPiece, void, void> {
	let head = "";
	let hasEnded = false;
	for await (const piece of pieces) {
		if (hasEnded) {
			yield piece;
			continue;
		}
		head += piece.text;
		hasEnded = scan.push(piece.text);
		if (hasEnded) yield { ...piece, text: head };
		else if (piece.fault !== undefined) throw piece.fault;
		else if (head.length > MAX_RECORD) throw endlessHeader(scan);
	}
	if (!hasEnded && head !== "") yield { text: head, fault: undefined };
}

function endlessHeader(scan: DelimiterScan): Error {
	if (scan.found().count >= MAX_COLUMNS) return tooManyColumns();
	return unreadable(
		"csv_record_too_large",
		"The header has more than 1,000,000 characters; perhaps a quote is not closed.",
	);
}

function* unpack({ rows, failure }: ParsedPiece): Generator<TableRow | RefusedRow, void, void> {
	yield* rows;
	if (failure !== undefined) throw failure;
}

function nextTurn(): Promise<void> {
	return new Promise((resolve) => void setImmediate(resolve));
}

function checkHeader(header: TableRow): TableRow {
	const { line, cells } = header;
	if (cells.length > MAX_COLUMNS) throw tooManyColumns();
	if (!cells.every(hasText))
		throw unreadable("invalid_text", `The header on line ${line} holds a NUL or half a character.`);
	const names = cells.filter((name) => name !== "");
	if (names.some(isInherited)) {
		const message = `The header on line ${line} has a name that is reserved, such as \`constructor\`: rename the column.`;
		throw unreadable("reserved_property_key", message);
	}
	if (new Set(names).size < names.length) {
		throw unreadable("csv_duplicate_column", `The header on line ${line} has the same name twice: rename one column.`);
	}
	return header;
}

function tooManyColumns(): Error {
	return unreadable("csv_too_many_columns", `The file has more than ${MAX_COLUMNS} columns.`);
}

/** Whether every object has something of this name. */
function isInherited(name: string): boolean {
	return name === "prototype" || Object.hasOwn(Object.prototype, name);
}

function checkRow(row: TableRow, columns: number): TableRow | RefusedRow {
	const { line, cells } = row;
	if (cells.length !== columns) {
		return refusedRow(line, "csv_column_count", `The row has ${cells.length} cells, the header ${columns}.`);
	}
	if (!cells.every(hasText)) return refusedRow(line, "invalid_text", "The row holds a NUL or half a character.");
	return row;
}

/** Whether the decoder found nothing that no storage keeps: lone surrogates have become NULs there. */
function hasText(cell: string): boolean {
	return !cell.includes("\0");
}

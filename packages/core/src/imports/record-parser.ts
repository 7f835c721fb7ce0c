import { Parser } from "csv-parse";
import type { CsvError } from "csv-parse";
import type { Delimiter } from "./delimiter.ts";
import { countLineEnds } from "./line-ends.ts";
import { refusedRow, unreadable } from "./row.ts";
import type { RefusedRow, TableRow } from "./row.ts";
import { PIECE_SIZE } from "./source.ts";

/** Most characters of one row. */
export const MAX_RECORD = 1_000_000;

/** What came of a piece of text. */
export interface ParsedPiece {
	/** The rows that ended in it. */
	readonly rows: readonly (TableRow | RefusedRow)[];
	/** What makes it impossible to read on after these rows. */
	readonly failure: Error | undefined;
}

/** Takes the text of a file, with LF as line end, piece by piece. */
export interface RecordParser {
	/** Takes a piece of at most 16 K characters, but for the first one. */
	readonly feed: (piece: string) => Promise<ParsedPiece>;
	/** Takes the end. */
	readonly end: () => Promise<ParsedPiece>;
	/** Gives everything back. */
	readonly destroy: () => void;
}

/**
 * Makes a parser of rows (RFC 4180), over csv-parse; blank rows are left out. A quote in the middle of a cell refuses its
 * row and no other.
 *
 * Failures are `csv_record_too_large` over 1,000,000 characters of a row, `csv_unclosed_quote`, and `csv_invalid_quote` for
 * a quote in the first row, and for text after a closing quote: nobody can say where such a row ends.
 */
export function createRecordParser(delimiter: Delimiter): RecordParser {
	const rows = new RowCollector(() => parser.info);
	const parser = new Parser({
		delimiter,
		record_delimiter: "\n",
		max_record_size: MAX_RECORD,
		relax_column_count: true,
		skip_empty_lines: true,
		skip_records_with_error: true,
		trim: true,
		// Nothing goes to the parser's readable side, so that rows and errors stay in one order.
		on_record: (cells: string[]) => {
			rows.add(cells);
			return null;
		},
		on_skip: (error) => {
			rows.skip(error);
			return undefined;
		},
	});
	// Each failure comes to the callback of the write, too.
	parser.on("error", () => undefined);

	return {
		feed: async (piece) => {
			const failure = await settle((done) => parser.write(piece, done));
			return { failure: failure ?? rows.measure(piece.length), rows: rows.take() };
		},
		end: async () => {
			const failure = await settle((done) => parser.end(done));
			return { failure, rows: rows.take() };
		},
		destroy: () => void parser.destroy(),
	};
}

function settle(run: (done: (error?: Error | null) => void) => void): Promise<Error | undefined> {
	return new Promise((resolve) => run((error) => resolve(error ?? undefined)));
}

/** Turns what csv-parse finds into rows with the line on which each begins. */
class RowCollector {
	readonly #info: () => { readonly lines: number; readonly empty_lines: number };
	#rows: (TableRow | RefusedRow)[] = [];
	/** The line after the last row. */
	#nextLine = 1;
	/** Blank lines before that. */
	#blankLines = 0;
	/** Rows so far, blank ones too. */
	#count = 0;
	/** The line of the last quote in the middle of a cell. */
	#skippedOn = 0;
	#hasHeader = false;
	#progress = 0;
	/** Characters since a row or a blank line last ended, not counting those of its piece before it. */
	#open = 0;

	constructor(info: () => { readonly lines: number; readonly empty_lines: number }) {
		this.#info = info;
	}

	take(): readonly (TableRow | RefusedRow)[] {
		const rows = this.#rows;
		this.#rows = [];
		return rows;
	}

	add(record: readonly string[]): void {
		const { lines } = this.#info();
		const line = lines - record.reduce((sum, cell) => sum + countLineEnds(cell), 0);
		const cells = record.map((cell) => cell.trim());
		if (cells.some((cell) => cell !== "")) {
			this.#rows.push({ line, cells });
			this.#hasHeader = true;
		}
		this.#endRow(lines);
	}

	skip(error: CsvError | undefined): void {
		const line = this.#openLine();
		if (error?.code !== "INVALID_OPENING_QUOTE" || !this.#hasHeader) throw describe(error, line);
		const { lines } = this.#info();
		// csv-parse tells every such quote of the row.
		if (lines === this.#skippedOn) return;
		this.#skippedOn = lines;
		const message = "A quote stands in the middle of a cell: put the whole cell in quotes and double those inside.";
		this.#rows.push(refusedRow(line, "csv_invalid_quote", message));
		this.#endRow(lines);
	}

	/** Finds rows of very many empty cells, which csv-parse does not count towards their size. */
	measure(characters: number): Error | undefined {
		const progress = this.#count + this.#info().empty_lines;
		this.#open = progress === this.#progress ? this.#open + characters : 0;
		this.#progress = progress;
		return this.#open > MAX_RECORD + PIECE_SIZE ? tooLarge(this.#openLine()) : undefined;
	}

	#endRow(lines: number): void {
		this.#count += 1;
		this.#nextLine = lines + 1;
		this.#blankLines = this.#info().empty_lines;
	}

	/** The line on which the row begins that has not ended. */
	#openLine(): number {
		return this.#nextLine + this.#info().empty_lines - this.#blankLines;
	}
}

function describe(error: CsvError | undefined, line: number): Error {
	switch (error?.code) {
		case "CSV_MAX_RECORD_SIZE":
			return tooLarge(line);
		case "CSV_QUOTE_NOT_CLOSED":
			return unreadable(
				"csv_unclosed_quote",
				`The row that begins on line ${line} has a quote that is never closed.`,
				line,
			);
		default: {
			const message = `The row that begins on line ${line} has a quote in the wrong place: quote whole cells, and double the quotes inside.`;
			// Without its cause, which holds the cells of the row.
			return unreadable("csv_invalid_quote", message, line);
		}
	}
}

function tooLarge(line: number): Error {
	const message = `The row that begins on line ${line} has more than 1,000,000 characters; perhaps a quote is not closed.`;
	return unreadable("csv_record_too_large", message, line);
}

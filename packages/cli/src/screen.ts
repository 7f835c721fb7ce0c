import stringWidth from "string-width";

/** Where a command reads and writes. `process` is one. */
export interface CliStreams {
	/** What is piped in. */
	readonly stdin: AsyncIterable<Uint8Array | string>;
	/** Results. */
	readonly stdout: CliOutput;
	/** Progress, and what went wrong. */
	readonly stderr: CliOutput;
}

/** A stream to write to. */
export interface CliOutput {
	write(text: string): unknown;
	/** A terminal, in which a line can be written over. */
	readonly isTTY?: boolean | undefined;
	/** Width of the terminal. */
	readonly columns?: number | undefined;
}

/** Cells longer than this end in an ellipsis. */
const MAX_CELL = 60;

/** Control characters, and those that change the direction of a text. */
const CONTROLS = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** What a cell of a table may hold. */
export type Cell = string | number | boolean | Date | null | undefined;

/** Writes results as text for people, or as JSON for programs. */
export class Screen {
	readonly #streams: CliStreams;
	readonly #isJson: boolean;

	constructor(streams: CliStreams, isJson: boolean) {
		this.#streams = streams;
		this.#isJson = isJson;
	}

	/** Writes a result: `value` as JSON, or else what `show` writes. */
	result(value: unknown, show: () => void): void {
		if (this.#isJson) this.line(JSON.stringify(value, null, "\t"));
		else show();
	}

	/** Writes a line. What came from data is made safe by {@link clean}. */
	line(text = ""): void {
		this.#streams.stdout.write(`${text}\n`);
	}

	/** Writes a line that is no result. */
	note(text: string): void {
		if (!this.#isJson) this.#streams.stderr.write(`${text}\n`);
	}

	/** Writes rows in columns, under a header. */
	table(header: readonly string[], rows: readonly (readonly Cell[])[]): void {
		const given = [header, ...rows.map((row) => row.map(cellOf))];
		const natural = header.map((_, index) => Math.max(...given.map((row) => stringWidth(row[index] ?? ""))));
		const widths = fitted(natural, this.#streams.stdout.isTTY === true ? this.#streams.stdout.columns : undefined);
		const cells = given.map((row) => row.map((cell, index) => shortened(cell, widths[index] ?? 0)));
		for (const [index, row] of cells.entries()) {
			this.line(
				row
					.map((cell, column) => pad(cell, widths[column] ?? 0))
					.join("  ")
					.trimEnd(),
			);
			if (index === 0) this.line(widths.map((width) => "─".repeat(width)).join("  "));
		}
		if (rows.length === 0) this.line("(none)");
	}

	/** Shows how far something is, on a terminal only. */
	progress(share: number | undefined, text: string): void {
		if (this.#isJson || this.#streams.stderr.isTTY !== true) return;
		const filled = Math.round((share ?? 0) * BAR);
		const bar = share === undefined ? "" : `${"█".repeat(filled)}${"░".repeat(BAR - filled)} ${percent(share)}  `;
		this.#streams.stderr.write(`\r\u001b[K${bar}${text}`);
	}

	/** Takes the progress away. */
	endProgress(): void {
		if (!this.#isJson && this.#streams.stderr.isTTY === true) this.#streams.stderr.write("\r\u001b[K");
	}
}

const BAR = 24;

function percent(share: number): string {
	return `${String(Math.floor(share * 100)).padStart(3)} %`;
}

/** A text in which nothing steers the terminal. */
export function clean(text: string): string {
	return text.replace(CONTROLS, "\ufffd");
}

/** A number as people read it. */
export function count(value: number): string {
	return value.toLocaleString("en-US");
}

function cellOf(value: Cell): string {
	if (value === null || value === undefined) return "";
	const text = clean(value instanceof Date ? value.toISOString() : String(value));
	const letters = Array.from(text);
	return letters.length <= MAX_CELL ? text : `${letters.slice(0, MAX_CELL - 1).join("")}…`;
}

/** Widths that fit into a terminal: the widest columns are cut, but not the last one, which is an id as a rule. */
function fitted(widths: readonly number[], terminal: number | undefined): readonly number[] {
	const fitting = [...widths];
	const last = fitting.length - 1;
	for (let over = total(fitting) - (terminal ?? Infinity); over > 0; over -= 1) {
		const widest = fitting
			.slice(0, last)
			.reduce((best, width, index) => (width > (fitting[best] ?? 0) ? index : best), 0);
		const width = fitting[widest] ?? 0;
		if (last < 1 || width <= MIN_WIDTH) return fitting;
		fitting[widest] = width - 1;
	}
	return fitting;
}

const MIN_WIDTH = 8;

function total(widths: readonly number[]): number {
	return widths.reduce((sum, width) => sum + width + 2, -2);
}

function shortened(text: string, width: number): string {
	if (stringWidth(text) <= width) return text;
	const letters = Array.from(text);
	while (letters.length > 0 && stringWidth(letters.join("")) >= width) letters.pop();
	return `${letters.join("")}…`;
}

function pad(text: string, width: number): string {
	return text + " ".repeat(Math.max(0, width - stringWidth(text)));
}

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
	/** `false`: it has enough for now, and says `drain` when it takes more. */
	write(text: string): unknown;
	once?(event: "drain", listener: () => void): unknown;
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

	/** Writes a sentence, broken between its words on a terminal. */
	sentence(text: string): void {
		this.line(wrapped(text, widthOf(this.#streams.stdout)));
	}

	/** Writes a sentence that is no result. */
	note(text: string): void {
		if (!this.#isJson) this.#streams.stderr.write(`${wrapped(text, widthOf(this.#streams.stderr))}\n`);
	}

	/** Writes rows in columns, under a header; on a terminal that is too narrow for that, a line for each cell. */
	table(header: readonly string[], rows: readonly (readonly Cell[])[]): void {
		const given = [header, ...rows.map((row) => row.map(cellOf))];
		const natural = header.map((_, index) => Math.max(...given.map((row) => stringWidth(row[index] ?? ""))));
		const terminal = widthOf(this.#streams.stdout);
		const widths = fitted(natural, terminal);
		if (rows.length > 0 && total(widths) > (terminal ?? Infinity)) {
			this.#list(header, given.slice(1));
			return;
		}
		const isNumeric = header.map((_, index) => given.slice(1).every((row) => NUMBER.test(row[index] ?? "")));
		const cells = given.map((row) => row.map((cell, index) => shortened(cell, widths[index] ?? 0)));
		for (const [index, row] of cells.entries()) {
			const padded = row.map((cell, column) => pad(cell, widths[column] ?? 0, isNumeric[column] === true));
			this.line(padded.join("  ").trimEnd());
			if (index === 0) this.line(widths.map((width) => "─".repeat(width)).join("  "));
		}
		if (rows.length === 0) this.line("(none)");
	}

	#list(header: readonly string[], rows: readonly (readonly string[])[]): void {
		const width = Math.max(...header.map((name) => stringWidth(name)));
		for (const [index, row] of rows.entries()) {
			if (index > 0) this.line();
			for (const [column, name] of header.entries()) {
				const cell = row[column] ?? "";
				if (cell !== "") this.line(`${pad(name, width, false)}  ${cell}`);
			}
		}
	}

	/** Shows how far something is, on a terminal only. */
	progress(share: number | undefined, text: string): void {
		if (this.#isJson || this.#streams.stderr.isTTY !== true) return;
		const filled = Math.round((share ?? 0) * BAR);
		const bar = share === undefined ? "" : `${"█".repeat(filled)}${"░".repeat(BAR - filled)} ${percent(share)}  `;
		// What is wider than the terminal cannot be written over.
		const room = (this.#streams.stderr.columns ?? 80) - 1;
		const line = stringWidth(bar + text) > room ? `${bar.slice(BAR).trimStart()}${text}` : bar + text;
		this.#streams.stderr.write(`\r\u001b[K${shortened(line, room)}`);
	}

	/** Takes the progress away. */
	endProgress(): void {
		if (!this.#isJson && this.#streams.stderr.isTTY === true) this.#streams.stderr.write("\r\u001b[K");
	}
}

const BAR = 24;

const NUMBER = /^(?:- )?[\d,]*$/;

/** How wide a terminal is; `undefined` where there is none. */
export function widthOf({ isTTY, columns }: CliOutput): number | undefined {
	return isTTY === true ? columns : undefined;
}

/** Breaks a text between its words into lines of a width, those after the first behind `indent` spaces. */
export function wrapped(text: string, width: number | undefined, indent = 0): string {
	if (width === undefined) return text;
	const lines: string[] = [];
	let line = "";
	for (const word of text.split(" ")) {
		const longer = line === "" ? word : `${line} ${word}`;
		if (line !== "" && stringWidth(longer) > width) {
			lines.push(line);
			line = word;
		} else line = longer;
	}
	return [...lines, line].join(`\n${" ".repeat(indent)}`);
}

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
	const text = clean(value instanceof Date ? `${value.toISOString().slice(0, 16)}Z` : String(value));
	const letters = Array.from(text);
	return letters.length <= MAX_CELL ? text : `${letters.slice(0, MAX_CELL - 1).join("")}…`;
}

/**
 * Widths that fit into a terminal: the widest columns are cut, but not the last one, which is an id as a rule, and none to
 * what nobody can read.
 */
function fitted(widths: readonly number[], terminal: number | undefined): readonly number[] {
	const fitting = [...widths];
	const last = fitting.length - 1;
	for (let over = total(fitting) - (terminal ?? Infinity); over > 0; over -= 1) {
		const widest = fitting
			.slice(0, last)
			.reduce((best, width, index) => (width > (fitting[best] ?? 0) ? index : best), 0);
		const width = fitting[widest] ?? 0;
		if (last < 1 || width <= MIN_WIDTH) return widths;
		fitting[widest] = width - 1;
	}
	return fitting;
}

const MIN_WIDTH = 12;

function total(widths: readonly number[]): number {
	return widths.reduce((sum, width) => sum + width + 2, -2);
}

function shortened(text: string, width: number): string {
	if (stringWidth(text) <= width) return text;
	const letters = Array.from(text);
	while (letters.length > 0 && stringWidth(letters.join("")) >= width) letters.pop();
	return `${letters.join("")}…`;
}

function pad(text: string, width: number, isRight: boolean): string {
	const spaces = " ".repeat(Math.max(0, width - stringWidth(text)));
	return isRight ? spaces + text : text + spaces;
}

import { Blob } from "node:buffer";
import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConvokeError } from "../src/errors.ts";
import { readCsvRows } from "../src/imports/read-rows.ts";
import type { CsvOptions } from "../src/imports/read-rows.ts";
import type { RefusedRow, TableRow } from "../src/imports/row.ts";
import type { CsvSource } from "../src/imports/source.ts";

type Line = readonly [line: number, ...cells: string[]] | string;

interface Outcome {
	/** Line and cells of a row, or `line: reason` of a refused one. */
	readonly rows: readonly Line[];
	readonly failure?: string;
	readonly message?: string;
}

function show(row: TableRow | RefusedRow): Line {
	if ("cells" in row) return [row.line, ...row.cells];
	return row.issues.map((issue) => `${issue.line}: ${issue.reason}`).join();
}

async function read(source: CsvSource, options?: CsvOptions): Promise<Outcome> {
	const rows: Line[] = [];
	try {
		for await (const row of readCsvRows(source, options)) rows.push(show(row));
	} catch (error) {
		if (!(error instanceof ConvokeError) || error.code !== "invalid_input") throw error;
		return { rows, failure: error.reason, message: error.message };
	}
	return { rows };
}

async function* stream<T>(...chunks: readonly T[]): AsyncGenerator<T> {
	for (const chunk of chunks) yield chunk;
}

/** Every byte for itself. */
function bytewise(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
	return stream(...Array.from(bytes, (byte) => Uint8Array.of(byte)));
}

function utf16be(text: string): Buffer {
	return Buffer.from(text, "utf16le").swap16();
}

function raw(...parts: readonly (string | readonly number[])[]): Buffer {
	return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))));
}

const PLAIN: readonly Line[] = [
	[1, "email", "name"],
	[2, "a@x.test", "Zoë"],
	[3, "b@x.test", "😀"],
];
const TEXT = "email,name\na@x.test,Zoë\nb@x.test,😀\n";

describe("sources", () => {
	test.each<readonly [string, () => CsvSource]>([
		["text", () => TEXT],
		["text with byte order mark", () => `\ufeff${TEXT}`],
		["bytes", () => Buffer.from(TEXT)],
		["Uint8Array", () => new TextEncoder().encode(TEXT)],
		["UTF-8 with byte order mark", () => Buffer.from(`\ufeff${TEXT}`)],
		["UTF-16LE with byte order mark", () => Buffer.from(`\ufeff${TEXT}`, "utf16le")],
		["UTF-16BE with byte order mark", () => utf16be(`\ufeff${TEXT}`)],
		["single bytes", () => bytewise(Buffer.from(TEXT))],
		["single bytes with byte order mark", () => bytewise(Buffer.from(`\ufeff${TEXT}`))],
		["single bytes of UTF-16LE", () => bytewise(Buffer.from(`\ufeff${TEXT}`, "utf16le"))],
		["single bytes of UTF-16BE", () => bytewise(utf16be(`\ufeff${TEXT}`))],
		["single UTF-16 code units", () => stream(...`\ufeff${TEXT}`.split(""))],
		["empty pieces", () => stream("", TEXT, "")],
		["Node stream", () => Readable.from([Buffer.from(TEXT)])],
		["Node stream of text", () => Readable.from([TEXT.slice(0, 5), TEXT.slice(5)])],
		["web stream", () => new Blob([TEXT]).stream()],
		["Blob", () => new Blob([TEXT])],
		["File", () => new File([TEXT], "a.csv")],
	])("%s", async (_, source) => {
		expect(await read(source())).toStrictEqual({ rows: PLAIN });
	});

	test("characters cut in two, far into the file", async () => {
		const names = Array.from({ length: 300 }, (_, index) => `${"x".repeat(index % 4)}ë漢😀`);
		const text = `\ufeff"email"\n${names.join("\n")}\n`;
		const rows = [[1, "email"], ...names.map((name, index) => [index + 2, name])];
		for (const data of [Buffer.from(text), Buffer.from(text, "utf16le"), utf16be(text)]) {
			expect(await read(data)).toStrictEqual({ rows });
			expect(await read(bytewise(data))).toStrictEqual({ rows });
		}
		expect(await read(stream(...text.split("")))).toStrictEqual({ rows });
	});

	test("declared encodings", async () => {
		expect(await read(Buffer.from(TEXT, "utf16le"), { encoding: "utf-16le" })).toStrictEqual({ rows: PLAIN });
		expect(await read(utf16be(TEXT), { encoding: "utf-16be" })).toStrictEqual({ rows: PLAIN });
		const windows = raw("email,name\na,", [0x5a, 0x6f, 0xeb, 0x20, 0x80, 0x92, 0x9f, 0x8d], "\n");
		expect(await read(windows, { encoding: "windows-1252" })).toStrictEqual({
			rows: [
				[1, "email", "name"],
				[2, "a", "Zoë €’Ÿ\u008d"],
			],
		});
		expect(await read(Buffer.from(`\ufeff${TEXT}`), { encoding: "windows-1252" })).toStrictEqual({ rows: PLAIN });
	});

	test.each<readonly [string, unknown]>([
		["number", 5],
		["null", null],
		["plain object", {}],
		["stream of numbers", stream(1)],
		["bytes, then text", stream<unknown>(Buffer.from(TEXT), TEXT)],
		["text, then bytes", stream<unknown>(TEXT, Buffer.from(TEXT))],
	])("refused: %s", async (_, source) => {
		expect(await read(source as CsvSource)).toMatchObject({ failure: "invalid_type" });
	});

	test("refused: unknown options", async () => {
		await expect(read(TEXT, { encoding: "ebcdic" as "utf-8" })).resolves.toMatchObject({ failure: "invalid_value" });
		await expect(read(TEXT, { delimiter: "x" as "," })).resolves.toMatchObject({ failure: "invalid_value" });
	});

	test("an error of the source is passed on, after the rows before", async () => {
		async function* broken(): AsyncGenerator<string> {
			yield `${TEXT}c`;
			throw new RangeError("disk");
		}
		const rows: Line[] = [];
		const reading = async () => {
			for await (const row of readCsvRows(broken())) rows.push(show(row));
		};
		await expect(reading()).rejects.toThrow(RangeError);
		expect(rows).toHaveLength(2);
	});
});

describe("whole files", () => {
	const files: readonly (readonly [string, string | Uint8Array, readonly Line[], string?])[] = [
		["header only", "email,name", [[1, "email", "name"]]],
		["header only, with line end", "email\r\n", [[1, "email"]]],
		["empty", "", [], "csv_empty"],
		["empty bytes", Buffer.alloc(0), [], "csv_empty"],
		["byte order mark only", Buffer.from("\ufeff"), [], "csv_empty"],
		["blank lines only", "\n  \r\n\t\n,,\n", [], "csv_empty"],
		[
			"blank lines before the header",
			"\n \r\n,,\r\nemail\na\n",
			[
				[4, "email"],
				[5, "a"],
			],
		],
		[
			"blank lines between",
			"email,n\n\na,1\n,\n  ,  \n\nb,2\n\n",
			[
				[1, "email", "n"],
				[3, "a", "1"],
				[7, "b", "2"],
			],
		],
		[
			"no last line end",
			"email\na",
			[
				[1, "email"],
				[2, "a"],
			],
		],
		[
			"quoted cell at the end",
			'email\n"a"',
			[
				[1, "email"],
				[2, "a"],
			],
		],
		[
			"a line of tabs before the header",
			"\t\t\t\nemail,n\na,1\n",
			[
				[2, "email", "n"],
				[3, "a", "1"],
			],
		],
		[
			"semicolons",
			"email;name\na;b,c\n",
			[
				[1, "email", "name"],
				[2, "a", "b,c"],
			],
		],
		[
			"tabs",
			"email\tname\na\tb;c\n",
			[
				[1, "email", "name"],
				[2, "a", "b;c"],
			],
		],
		[
			"bars",
			"email|name\na|b\n",
			[
				[1, "email", "name"],
				[2, "a", "b"],
			],
		],
		[
			"empty cells at tabs",
			"email\tname\tage\na\t\t5\n\tb\t\n",
			[
				[1, "email", "name", "age"],
				[2, "a", "", "5"],
				[3, "", "b", ""],
			],
		],
		[
			"quoted commas in a header of semicolons",
			'"name, all, of, it";email;x\na;b;c\n',
			[
				[1, "name, all, of, it", "email", "x"],
				[2, "a", "b", "c"],
			],
		],
		[
			"CRLF",
			"email\r\na\r\nb\r\n",
			[
				[1, "email"],
				[2, "a"],
				[3, "b"],
			],
		],
		[
			"CR only",
			"email\ra\rb\r",
			[
				[1, "email"],
				[2, "a"],
				[3, "b"],
			],
		],
		[
			"mixed line ends",
			"email\r\na\rb\n\rc\n",
			[
				[1, "email"],
				[2, "a"],
				[3, "b"],
				[5, "c"],
			],
		],
		[
			"quoted line ends",
			'email,n\r\n"a\r\n\r\nb",1\r\nc,2\r\n',
			[
				[1, "email", "n"],
				[2, "a\n\nb", "1"],
				[5, "c", "2"],
			],
		],
		[
			"quoted line ends in the header",
			'"e\nmail",n\na,1\n',
			[
				[1, "e\nmail", "n"],
				[3, "a", "1"],
			],
		],
		[
			"several quoted line ends, at the edges too",
			'email,n\n"\na\n","b\n\n"\nc,2\n',
			[
				[1, "email", "n"],
				[2, "a", "b"],
				[7, "c", "2"],
			],
		],
		[
			"quotes in quotes",
			'email,n\n"a ""b"" c",""""\n',
			[
				[1, "email", "n"],
				[2, 'a "b" c', '"'],
			],
		],
		[
			"spaces around",
			' email , n\n  a ,  "b, c" \n',
			[
				[1, "email", "n"],
				[2, "a", "b, c"],
			],
		],
		[
			"columns without name",
			"email,,\na,b,c\n",
			[
				[1, "email", "", ""],
				[2, "a", "b", "c"],
			],
		],
		["short row", "email,n\na\nb,2\n", [[1, "email", "n"], "2: csv_column_count", [3, "b", "2"]]],
		["long row", "email,n\na,1,2\n\nb,2\n", [[1, "email", "n"], "2: csv_column_count", [4, "b", "2"]]],
		["ragged row over lines", 'email,n\n"a\nb"\nc,2\n', [[1, "email", "n"], "2: csv_column_count", [4, "c", "2"]]],
		["NUL", "email,n\na,\0\nb,2\n", [[1, "email", "n"], "2: invalid_text", [3, "b", "2"]]],
		[
			"lone surrogate in a text",
			"email,n\na,\ud800\nb,\udc00x\nc,😀\n",
			[[1, "email", "n"], "2: invalid_text", "3: invalid_text", [4, "c", "😀"]],
		],
		["lone surrogate at the end", "email\na\ud800", [[1, "email"], "2: invalid_text"]],
		[
			"a replacement character is a character",
			Buffer.from("email\n\ufffd\n"),
			[
				[1, "email"],
				[2, "\ufffd"],
			],
		],
		[
			"quotes in the middle",
			'email,n\na,5" pipe "x"\nb,2\n\nc,6"\nd,"7"\n',
			[[1, "email", "n"], "2: csv_invalid_quote", [3, "b", "2"], "5: csv_invalid_quote", [6, "d", "7"]],
		],
		["quote in the middle of the header", 'email,5" x\na,1\n', [], "csv_invalid_quote"],
		[
			"text after a closing quote",
			'email,n\na,1\n"b"c,2\nd,3\n',
			[
				[1, "email", "n"],
				[2, "a", "1"],
			],
			"csv_invalid_quote",
		],
		["duplicate column", "email,name,email\na,b,c\n", [], "csv_duplicate_column"],
		["duplicate column, spaces aside", "email, email\na,b\n", [], "csv_duplicate_column"],
		["__proto__", "email,__proto__\na,b\n", [], "reserved_property_key"],
		["constructor", "email,constructor\na,b\n", [], "reserved_property_key"],
		["prototype", "email;prototype\na;b\n", [], "reserved_property_key"],
		["NUL in the header", "email,\0\na,b\n", [], "invalid_text"],
		["201 columns", `${Array.from({ length: 201 }, (_, index) => `c${index}`).join()}\n`, [], "csv_too_many_columns"],
		[".xlsx", raw([0x50, 0x4b, 0x03, 0x04, 0x14, 0, 6, 0]), [], "csv_not_text"],
		["gzip", raw([0x1f, 0x8b, 8, 0]), [], "csv_not_text"],
		["PDF", Buffer.from("%PDF-1.7\n%âãÏÓ\n"), [], "csv_not_text"],
		[".xls", raw([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]), [], "csv_not_text"],
		[".xlsx read as text", "PK\u0003\u0004\u0014\0", [], "csv_not_text"],
		["UTF-16LE without mark", Buffer.from("email\na@x.test\n", "utf16le"), [], "csv_encoding"],
		["UTF-16BE without mark", utf16be("email\na@x.test\n"), [], "csv_encoding"],
		["UTF-32", raw([0xff, 0xfe, 0, 0, 0x65, 0, 0, 0]), [], "csv_encoding"],
		[
			"cut UTF-8",
			raw("email\na\nb", [0xc3]),
			[
				[1, "email"],
				[2, "a"],
			],
			"csv_encoding",
		],
		["cut UTF-16", raw([0xff, 0xfe, 0x65, 0, 0x0a, 0, 0x61]), [[1, "e"]], "csv_encoding"],
		["lone surrogate in UTF-16", Buffer.from("\ufeffemail\nabc\ud800d\n", "utf16le"), [[1, "email"]], "csv_encoding"],
		["overlong UTF-8", raw("email\nabc", [0xc0, 0xaf], "\n"), [[1, "email"]], "csv_encoding"],
	];
	const cases = files.map(([name, source, rows, failure]) => ({ name, source, rows, failure }));
	test.each(cases)("$name", async ({ source, rows, failure }) => {
		const outcome = await read(source);
		expect(outcome.rows).toStrictEqual(rows);
		expect(outcome.failure).toBe(failure);
		const piecewise = typeof source === "string" ? stream(...source.split("")) : bytewise(source);
		expect(await read(piecewise)).toStrictEqual(outcome);
	});

	test.each<readonly [string, string | Uint8Array, string]>([
		["xlsx", raw([0x50, 0x4b, 0x03, 0x04, 0x14, 0, 6, 0]), "an .xlsx"],
		["gzip", raw([0x1f, 0x8b, 8, 0]), "gzip"],
		["PDF", Buffer.from("%PDF-1.7\n"), "PDF"],
	])("a file that is no text is told by what it looks like: %s (H107)", async (_, source, name) => {
		expect((await read(source)).message).toContain(name);
	});

	test("Latin-1 is refused with its line, whatever the pieces", async () => {
		const latin1 = Buffer.from("email,name\na@x.test,Zoë\nb@x.test,x\n", "latin1");
		for (const source of [latin1, bytewise(latin1)]) {
			const outcome = await read(source);
			expect(outcome).toMatchObject({ rows: [[1, "email", "name"]], failure: "csv_encoding" });
			expect(outcome.message).toMatch(/^Line 2 .*`encoding`/);
		}
		const far = Buffer.from(`email\n${"a@x.test\r\n".repeat(50_000)}ë\n`, "latin1");
		expect((await read(far)).message).toMatch(/^Line 50002 /);
	});

	test.each<readonly [string, string, number]>([
		["at once", 'email,n\na,1\n"b,2\nc,3\nd,4\n', 3],
		["after quoted and blank lines", 'email,n\n\n"a\nb",1\n\n\nc,"2\nd,3\n', 7],
		["at the very end", 'email,n\na,1\nb,"', 3],
	])("an unclosed quote is told by the line of its row: %s", async (_, source, line) => {
		const outcome = await read(source);
		expect(outcome.failure).toBe("csv_unclosed_quote");
		expect(outcome.message).toContain(`line ${line} `);
	});

	test("a declared delimiter wins", async () => {
		expect(await read("e,m,a;n\na;b\n", { delimiter: ";" })).toStrictEqual({
			rows: [
				[1, "e,m,a", "n"],
				[2, "a", "b"],
			],
		});
	});

	test("200 columns", async () => {
		const names = Array.from({ length: 200 }, (_, index) => `c${index}`);
		expect((await read(names.join(";"))).rows).toStrictEqual([[1, ...names]]);
	});

	test("no message holds what stands in the file", async () => {
		const secret = "secret@x.test";
		const faulty = [
			`${secret},${secret}`,
			`email,n\n${secret}`,
			`email,n\n"${secret}"x,1`,
			`email,n\n"${secret}`,
			`email,5"${secret}\n`,
			raw(`email,n\n${secret}`, [0xff]),
		];
		for (const file of faulty) expect(JSON.stringify((await read(file)).message ?? "")).not.toContain("secret");
	});
});

describe("limits", () => {
	function endless(
		start: string,
		filler: string,
	): { readonly source: AsyncGenerator<string>; readonly taken: () => number } {
		let taken = 0;
		async function* source(): AsyncGenerator<string> {
			yield start;
			for (;;) {
				taken += filler.length;
				yield filler;
			}
		}
		return { source: source(), taken: () => taken };
	}

	test.each<readonly [string, string, string, string]>([
		["header", "email", "x".repeat(50_000), "csv_record_too_large"],
		["quoted header", '"email', "x\n".repeat(25_000), "csv_record_too_large"],
		["header of commas", "email", ",".repeat(50_000), "csv_too_many_columns"],
		["cell", "email\n", "x".repeat(50_000), "csv_record_too_large"],
		["quoted cell", 'email\n"', "x\n".repeat(25_000), "csv_record_too_large"],
		["row of short cells", "email\n", "ab,".repeat(20_000), "csv_record_too_large"],
		["row of empty cells", "email\na\n", ",".repeat(50_000), "csv_record_too_large"],
		["row of quotes", "email\na\n", '"",'.repeat(20_000), "csv_record_too_large"],
	])("an endless %s ends", async (_, start, filler, reason) => {
		const { source, taken } = endless(start, filler);
		expect((await read(source)).failure).toBe(reason);
		expect(taken()).toBeLessThan(5_000_000);
	});

	test("a row of 1,000,000 characters, and many rows without one too large", async () => {
		const outcome = await read(`email,n\na,${"x".repeat(999_990)}\nb,c\n`);
		expect(outcome.rows).toHaveLength(3);
		expect(outcome.failure).toBeUndefined();
		expect(await read(`email\n${"\n".repeat(3_000_000)}a\n`)).toStrictEqual({
			rows: [
				[1, "email"],
				[3_000_002, "a"],
			],
		});
		expect((await read(`email,n\n${",\n".repeat(1_500_000)}a,b\n`)).rows).toHaveLength(2);
	});

	test("reads no more than is asked for, and ends the source when left", async () => {
		let taken = 0;
		let ended = false;
		async function* source(): AsyncGenerator<string> {
			try {
				yield "email\n";
				for (;;) {
					taken += 1;
					yield "a@x.test\n";
				}
			} finally {
				ended = true;
			}
		}
		let rows = 0;
		for await (const row of readCsvRows(source())) {
			expect("cells" in row).toBe(true);
			rows += 1;
			expect(taken).toBeLessThan(rows + 3);
			if (rows === 50) break;
		}
		expect(ended).toBe(true);
	});
});

describe("whatever comes", () => {
	const cell = fc.string({ unit: fc.constantFrom("a", "ë", "😀", '"', ",", ";", "\n", " ", "|", "\t"), maxLength: 6 });
	const rowOf = (columns: number) => fc.array(cell, { minLength: columns, maxLength: columns });
	const table = fc.integer({ min: 1, max: 4 }).chain((columns) =>
		fc.record({
			rows: fc.array(rowOf(columns), { maxLength: 6 }),
			lineEnd: fc.constantFrom("\n", "\r\n", "\r"),
			delimiter: fc.constantFrom<NonNullable<CsvOptions["delimiter"]>>(",", ";", "\t", "|"),
			columns: fc.constant(columns),
			cuts: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }),
		}),
	);

	function* cutAt(data: Uint8Array, cuts: readonly number[]): Generator<Uint8Array> {
		let at = 0;
		for (let turn = 0; at < data.length; turn += 1) {
			const size = cuts[turn % cuts.length] ?? 1;
			yield data.subarray(at, at + size);
			at += size;
		}
	}

	test("what was written is read, with its lines, in pieces of any size", async () => {
		await fc.assert(
			fc.asyncProperty(table, async ({ rows, lineEnd, delimiter, columns, cuts }) => {
				const header = Array.from({ length: columns }, (_, index) => `column ${index}`);
				const written = [header, ...rows].map((cells) =>
					cells.map((value) => `"${value.replaceAll("\n", lineEnd).replaceAll('"', '""')}"`).join(delimiter),
				);
				let line = 1;
				const expected: Line[] = [];
				for (const cells of [header, ...rows]) {
					const trimmed = cells.map((value) => value.trim());
					if (trimmed.some((value) => value !== "")) expected.push([line, ...trimmed]);
					line += 1 + cells.join("").split("\n").length - 1;
				}
				const data = Buffer.from(written.join(lineEnd) + lineEnd);
				expect(await read(stream(...cutAt(data, cuts)))).toStrictEqual({ rows: expected });
			}),
			{ numRuns: 500 },
		);
	});

	test("any bytes end in rows or an error of ours, the same in any pieces", async () => {
		const data = fc.oneof(
			fc.uint8Array({ maxLength: 200 }),
			fc
				.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r", " ", "\0", "ë"), maxLength: 200 })
				.map((text) => Buffer.from(text)),
		);
		await fc.assert(
			fc.asyncProperty(
				data,
				fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
				async (input, cuts) => {
					const whole = await read(input);
					expect(await read(stream(...cutAt(input, cuts)))).toStrictEqual(whole);
				},
			),
			{ numRuns: 1000 },
		);
	});
});

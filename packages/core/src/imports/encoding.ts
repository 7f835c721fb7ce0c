import { unreadable } from "./row.ts";

/** Encodings of files. `utf-8` gives way to what a byte order mark says. */
export type CsvEncoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

/** The encodings, for checking an option. */
export const CSV_ENCODINGS: readonly CsvEncoding[] = ["utf-8", "utf-16le", "utf-16be", "windows-1252"];

/** How many bytes at the start of a file `detectEncoding` looks at. */
export const HEAD_BYTES = 1024;

/** What the start of a file says about the rest. */
export interface DetectedEncoding {
	/** How the rest is encoded. */
	readonly encoding: CsvEncoding;
	/** How many bytes the byte order mark takes. */
	readonly markBytes: number;
}

const FORMATS: readonly (readonly [name: string, start: readonly number[]])[] = [
	["an .xlsx or another ZIP file", [0x50, 0x4b, 0x03, 0x04]],
	["a ZIP file", [0x50, 0x4b, 0x05, 0x06]],
	["a gzip file", [0x1f, 0x8b]],
	["a PDF file", [0x25, 0x50, 0x44, 0x46, 0x2d]],
	["an old .xls file", [0xd0, 0xcf, 0x11, 0xe0]],
];

const UTF_32LE = [0xff, 0xfe, 0x00, 0x00];

const MARKS: readonly (readonly [encoding: CsvEncoding, mark: readonly number[]])[] = [
	["utf-8", [0xef, 0xbb, 0xbf]],
	["utf-16le", [0xff, 0xfe]],
	["utf-16be", [0xfe, 0xff]],
];

/**
 * Tells a file's encoding from its first bytes.
 *
 * @param head its first 1,024 bytes, or all it has
 * @param declared what the caller says; a byte order mark says more
 * @throws `csv_not_text` for ZIP (.xlsx), gzip, PDF and .xls; `csv_encoding` for UTF-32 and for UTF-16 that neither a mark
 * nor the caller declares
 */
export function detectEncoding(head: Uint8Array, declared: CsvEncoding | undefined): DetectedEncoding {
	checkIsText(head);
	if (startsWith(head, UTF_32LE)) {
		throw unreadable("csv_encoding", "The file is in UTF-32; save it as UTF-8.");
	}
	const found = MARKS.find(([, mark]) => startsWith(head, mark));
	if (found !== undefined) return { encoding: found[0], markBytes: found[1].length };
	if (declared === undefined && looksLikeUtf16(head)) {
		const message = "The file looks like UTF-16 without byte order mark; save it as UTF-8, or give its `encoding`.";
		throw unreadable("csv_encoding", message);
	}
	return { encoding: declared ?? "utf-8", markBytes: 0 };
}

/** @throws `csv_not_text` when the first bytes are those of a format that is no text. */
export function checkIsText(head: Uint8Array): void {
	const format = FORMATS.find(([, start]) => startsWith(head, start));
	if (format !== undefined) {
		throw unreadable("csv_not_text", `The file is no CSV: it looks like ${format[0]}. Export it as CSV first.`);
	}
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
	return start.length <= bytes.length && start.every((byte, index) => bytes[index] === byte);
}

/** ASCII in UTF-16 has a zero in every second byte. */
function looksLikeUtf16(head: Uint8Array): boolean {
	const zeros = [0, 0];
	for (const [index, byte] of head.entries()) if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
	return Math.max(...zeros) >= head.length / 4 && head.length >= 4;
}

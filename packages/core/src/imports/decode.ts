import type { CsvEncoding } from "./encoding.ts";

/** A piece of a file as text. */
export interface DecodedPiece {
	/** The text, up to the first fault. */
	readonly text: string;
	/** Whether the piece is well-formed: if not, the text ends where the fault is. */
	readonly isValid: boolean;
}

/** Decodes piece by piece: what a piece ends in the middle of waits for the next one. `undefined` is the end. */
export type Decoder<Piece> = (piece: Piece | undefined) => DecodedPiece;

/** Makes the decoder of an encoding. It replaces nothing: bytes that do not fit are a fault. */
export function createByteDecoder(encoding: CsvEncoding): Decoder<Uint8Array> {
	let rest: Uint8Array = new Uint8Array();
	return (piece) => {
		const bytes = piece === undefined ? rest : Buffer.concat([rest, piece]);
		const end = piece === undefined ? bytes.length : bytes.length - countUnfinished(bytes, encoding);
		rest = bytes.slice(end);
		return decodeWhole(bytes.subarray(0, end), encoding);
	};
}

const LONE_SURROGATE = /\p{Surrogate}/gu;

/**
 * Makes the decoder of what is text already: it keeps surrogate pairs together.
 *
 * A lone surrogate becomes a NUL, which is refused in the same way: the parser works on bytes, and would turn it into a
 * U+FFFD without a word.
 */
export function createTextDecoder(): Decoder<string> {
	let rest = "";
	return (piece) => {
		const text = rest + (piece ?? "");
		const end =
			piece !== undefined && isHighSurrogate(text.charCodeAt(text.length - 1)) ? text.length - 1 : text.length;
		rest = text.slice(end);
		return { text: text.slice(0, end).replace(LONE_SURROGATE, "\0"), isValid: true };
	};
}

function isHighSurrogate(unit: number): boolean {
	return unit >= 0xd800 && unit <= 0xdbff;
}

/** How many bytes at the end belong to a character that is not complete. */
function countUnfinished(bytes: Uint8Array, encoding: CsvEncoding): number {
	if (encoding === "utf-8") return countUnfinishedUtf8(bytes);
	if (encoding === "windows-1252") return 0;
	const odd = bytes.length % 2;
	const upper = bytes[bytes.length - odd - (encoding === "utf-16le" ? 1 : 2)] ?? 0;
	return isHighSurrogate(upper << 8) ? odd + 2 : odd;
}

function countUnfinishedUtf8(bytes: Uint8Array): number {
	for (let back = 1; back <= 3; back += 1) {
		const byte = bytes[bytes.length - back] ?? 0;
		const isContinuation = (byte & 0xc0) === 0x80;
		if (!isContinuation) return back < utf8Length(byte) ? back : 0;
	}
	return 0;
}

function utf8Length(lead: number): number {
	if (lead >= 0xf0) return 4;
	if (lead >= 0xe0) return 3;
	return lead >= 0xc0 ? 2 : 1;
}

function decodeWhole(bytes: Uint8Array, encoding: CsvEncoding): DecodedPiece {
	if (encoding === "windows-1252") return { text: decodeWindows1252(bytes), isValid: true };
	const text = tryDecode(bytes, encoding, false);
	return text === undefined ? { text: decodePrefix(bytes, encoding), isValid: false } : { text, isValid: true };
}

/** What can be read before the first fault. */
function decodePrefix(bytes: Uint8Array, encoding: CsvEncoding): string {
	let text = "";
	let valid = 0;
	let invalid = bytes.length + 1;
	while (invalid - valid > 1) {
		const middle = (valid + invalid) >>> 1;
		const prefix = tryDecode(bytes.subarray(0, middle), encoding, true);
		if (prefix === undefined) {
			invalid = middle;
		} else {
			valid = middle;
			text = prefix;
		}
	}
	return text;
}

function tryDecode(bytes: Uint8Array, encoding: CsvEncoding, stream: boolean): string | undefined {
	try {
		return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes, { stream });
	} catch {
		return undefined;
	}
}

// What the bytes 0x80 to 0x9f stand for (https://encoding.spec.whatwg.org/index-windows-1252.txt).
const WINDOWS_1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

// Some releases of Node read windows-1252 as if it were Latin-1 (nodejs/node#56542), so not by TextDecoder.
function decodeWindows1252(bytes: Uint8Array): string {
	const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
	return latin1.replace(/[\u0080-\u009f]/g, (byte) => WINDOWS_1252.charAt(byte.charCodeAt(0) - 0x80));
}

import { Blob } from "node:buffer";
import { invalidInput } from "../errors.ts";
import { createByteDecoder, createTextDecoder } from "./decode.ts";
import type { DecodedPiece, Decoder } from "./decode.ts";
import { checkIsText, detectEncoding, HEAD_BYTES } from "./encoding.ts";
import type { CsvEncoding } from "./encoding.ts";
import { countLineEnds, createLineEnds } from "./line-ends.ts";
import { unreadable } from "./row.ts";

/**
 * A file: its text or its bytes, whole or as a stream of pieces of one sort (Node's and the web's streams are such), or a
 * Blob or File.
 */
export type CsvSource = string | Uint8Array | Blob | AsyncIterable<Uint8Array | string>;

/** Most characters, or bytes, handed on at once. */
export const PIECE_SIZE = 16_384;

/** How much of a text tells whether it is one. */
const HEAD_CHARACTERS = 8;

const NOTHING: DecodedPiece = { text: "", isValid: true };

/** A piece of a file as text, with LF as line end. */
export interface TextPiece {
	/** The text, without byte order mark; about 16 K characters at most. */
	readonly text: string;
	/** Why nothing can be read after this piece. */
	readonly fault: Error | undefined;
}

/**
 * Reads a file as text. Reads on only when the piece before has been taken, and ends the source when left early. Where the
 * bytes are not what the encoding says, the last piece ends, and its fault is `csv_encoding`.
 *
 * @param encoding what the bytes are, unless a byte order mark says otherwise. @default "utf-8"
 * @throws as `detectEncoding`; `invalid_type` for a source that is none, or a piece that is neither text nor bytes
 */
export async function* readText(source: CsvSource, encoding?: CsvEncoding): AsyncGenerator<TextPiece, void, void> {
	const toLines = createLineEnds();
	let line = 1;
	for await (const piece of decodePieces(source, encoding)) {
		const text = toLines(piece.text);
		line += countLineEnds(text);
		yield { text, fault: piece.isValid ? undefined : misencoded(line) };
		if (!piece.isValid) return;
	}
}

function misencoded(line: number): Error {
	const message = `Line ${line} is not valid in the file's encoding: save it as UTF-8, or give its \`encoding\`.`;
	return unreadable("csv_encoding", message, line);
}

async function* decodePieces(source: CsvSource, encoding: CsvEncoding | undefined): AsyncGenerator<DecodedPiece> {
	const decode = createFileDecoder(encoding);
	for await (const piece of readPieces(source)) yield decode(piece);
	yield decode(undefined);
}

async function* readPieces(source: CsvSource): AsyncGenerator<Uint8Array | string> {
	if (typeof source === "string" || source instanceof Uint8Array) {
		yield* cut(source);
		return;
	}
	const chunks: unknown = source instanceof Blob ? source.stream() : source;
	if (!isAsyncIterable(chunks)) {
		throw invalidInput("invalid_type", undefined, "The file must be text, bytes, a Blob or a stream of them.");
	}
	for await (const chunk of chunks) {
		if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) throw mixed();
		yield* cut(chunk);
	}
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
	return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function* cut(chunk: string | Uint8Array): Generator<Uint8Array | string> {
	for (let at = 0; at < chunk.length; at += PIECE_SIZE) {
		yield typeof chunk === "string" ? chunk.slice(at, at + PIECE_SIZE) : chunk.subarray(at, at + PIECE_SIZE);
	}
}

/** Decodes text or bytes, whichever the first piece is. */
function createFileDecoder(encoding: CsvEncoding | undefined): Decoder<Uint8Array | string> {
	let text: Decoder<string> | undefined;
	let bytes: Decoder<Uint8Array> | undefined;
	return (piece) => {
		if (typeof piece === "string") {
			if (bytes !== undefined) throw mixed();
			text ??= createTextFileDecoder();
			return text(piece);
		}
		if (text !== undefined) {
			if (piece !== undefined) throw mixed();
			return text(undefined);
		}
		bytes ??= createByteFileDecoder(encoding);
		return bytes(piece);
	};
}

function mixed(): Error {
	return invalidInput("invalid_type", undefined, "Every piece of the file must be bytes, or every piece must be text.");
}

/** Holds bytes back until their encoding can be told. */
function createByteFileDecoder(encoding: CsvEncoding | undefined): Decoder<Uint8Array> {
	let head: Uint8Array = new Uint8Array();
	let decode: Decoder<Uint8Array> | undefined;
	return (piece) => {
		if (decode !== undefined) return decode(piece);
		head = piece === undefined ? head : Buffer.concat([head, piece]);
		if (piece !== undefined && head.length < HEAD_BYTES) return NOTHING;
		const detected = detectEncoding(head, encoding);
		decode = createByteDecoder(detected.encoding);
		const first = decode(head.subarray(detected.markBytes));
		return piece === undefined && first.isValid ? join(first, decode(undefined)) : first;
	};
}

/** Holds text back until it is known to be text. */
function createTextFileDecoder(): Decoder<string> {
	let head = "";
	let decode: Decoder<string> | undefined;
	return (piece) => {
		if (decode !== undefined) return decode(piece);
		head += piece ?? "";
		if (piece !== undefined && head.length < HEAD_CHARACTERS) return NOTHING;
		checkIsText(Buffer.from(head.slice(0, HEAD_CHARACTERS), "latin1"));
		decode = createTextDecoder();
		const first = decode(head.startsWith("\ufeff") ? head.slice(1) : head);
		return piece === undefined ? join(first, decode(undefined)) : first;
	};
}

function join(first: DecodedPiece, last: DecodedPiece): DecodedPiece {
	return { text: first.text + last.text, isValid: last.isValid };
}

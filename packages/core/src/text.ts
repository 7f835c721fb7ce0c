import { invalidInput } from "./errors.ts";

/** The reasons a field has of its own, where the general ones would say too little. */
export interface TextReasons {
	/** Reason for a text over the limit: `subject_too_long`. */
	readonly tooLong?: string | undefined;
	/** Reason for a text that is empty or all white space; without it, such a text is fine. */
	readonly empty?: string | undefined;
}

/** What a text field accepts. */
export interface TextLimits extends TextReasons {
	/** Greatest length in UTF-16 code units, as `String.length` counts. */
	readonly max: number;
	/** Whether tabs and line ends are part of the text. @default false */
	readonly multiline?: boolean | undefined;
}

// With the `u` flag a surrogate that is half of a pair is no code point of its own, so only lone ones match.
const LONE_SURROGATE = /\p{Surrogate}/u;

// Cc without C1 (U+0080–U+009F): C0 and DEL.
const CONTROL = /[^\P{Cc}\u0080-\u009f]/u;
const CONTROL_BUT_TAB_AND_LINE_END = /[^\P{Cc}\u0080-\u009f\t\n\r]/u;

/**
 * Whether every storage keeps this text as it is: no NUL, no lone surrogate.
 *
 * Postgres refuses both (22021, 22P05), SQLite takes them and then miscounts.
 */
export function isStorableText(text: string): boolean {
	return !text.includes("\0") && !LONE_SURROGATE.test(text);
}

/**
 * Returns the text unchanged, if it may be stored and shown.
 *
 * @throws `invalid_type` when it is no string, `text_too_long` (or the caller's reason) over the limit, the caller's
 * reason for an empty text, `invalid_text` for NUL, lone surrogates and control characters (C0 and DEL; a multiline
 * text may hold tabs and line ends).
 */
export function checkText(value: unknown, field: string, limits: TextLimits): string {
	const text = checkLength(value, field, limits.max, limits.tooLong ?? "text_too_long");
	const control = limits.multiline === true ? CONTROL_BUT_TAB_AND_LINE_END : CONTROL;
	if (control.test(text) || LONE_SURROGATE.test(text)) {
		throw invalidInput("invalid_text", field, `\`${field}\` holds a control character or half a character.`);
	}
	return checkPresence(text, field, limits.empty);
}

/**
 * Returns the text unchanged, if it can stand in one message header: a subject, a display name, a header's value.
 *
 * Refused rather than cleaned: mail libraries turn `Hi\r\nBcc: …` into `Hi Bcc: …` without a word. Characters beyond
 * ASCII, U+0085, U+2028 and bidi controls among them, are fine: they travel encoded (RFC 2047).
 *
 * @param max greatest length in UTF-16 code units
 * @throws `invalid_type` when it is no string, `header_too_long` (or the caller's reason) over the limit, the caller's
 * reason for an empty text, `invalid_header` for C0 controls, DEL and lone surrogates (RFC 5322 section 2.2).
 */
export function checkHeaderText(value: unknown, field: string, max: number, reasons: TextReasons = {}): string {
	const text = checkLength(value, field, max, reasons.tooLong ?? "header_too_long");
	if (CONTROL.test(text) || LONE_SURROGATE.test(text)) {
		const message = `\`${field}\` holds a line break or another character that cannot stand in a message header.`;
		throw invalidInput("invalid_header", field, message);
	}
	return checkPresence(text, field, reasons.empty);
}

function checkLength(value: unknown, field: string, max: number, tooLong: string): string {
	if (typeof value !== "string") throw invalidInput("invalid_type", field, `\`${field}\` must be a string.`);
	if (value.length > max) throw invalidInput(tooLong, field, `\`${field}\` is longer than ${max} characters.`);
	return value;
}

function checkPresence(text: string, field: string, empty: string | undefined): string {
	if (empty !== undefined && text.trim() === "") throw invalidInput(empty, field, `\`${field}\` must not be empty.`);
	return text;
}

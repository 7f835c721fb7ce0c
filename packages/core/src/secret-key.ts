import { createSecretKey, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { invalidInput } from "./errors.ts";

/** The command that prints a good key. */
export const KEY_COMMAND = `node -e "console.log(require('node:crypto').randomBytes(32).toString('base64url'))"`;

/**
 * Makes a key for `links.keys` or `hashKey`: 32 random bytes in base64url. Keep it as you keep passwords, and make one
 * for each of the two.
 */
export function generateLinkKey(): string {
	return randomBytes(MIN_BYTES).toString("base64url");
}

const MIN_BYTES = 32;
// Of 32 random bytes about 30 differ; fewer than 16 is a chance of 1 in 10^15.
const MIN_DISTINCT_BYTES = 16;

const HEX = /^[0-9a-f]+$/i;
const SPACE = 0x20;
const TILDE = 0x7e;

/**
 * Reads a secret key and wraps it, so that no log or error can show it.
 *
 * A string is hex, base64url or base64, as `randomBytes(32).toString(…)` writes them, and stands for at least 32
 * bytes; white space around it is dropped. Bytes are taken as they are. Refused besides what is short or not encoded:
 * keys that repeat a few bytes, and text, encoded or not. That finds carelessness, not every guessable key.
 *
 * @param field the option that the key was given in
 * @param reason what to call a key that is not good enough
 * @throws `reason`, with the command that makes a good key
 */
export function parseSecretKey(key: string | Uint8Array, field: string, reason: string): KeyObject {
	const bytes = typeof key === "string" ? decodeKey(key.trim()) : key;
	if (!(bytes instanceof Uint8Array) || bytes.length < MIN_BYTES || isGuessable(bytes)) {
		const message = `A key in \`${field}\` is not 32 or more random bytes in base64url or hex. Make one with: ${KEY_COMMAND}`;
		throw invalidInput(reason, field, message);
	}
	return createSecretKey(bytes);
}

function decodeKey(key: string): Uint8Array | undefined {
	// Hex digits are base64 too, and would pass for more bytes than they are.
	if (HEX.test(key)) return key.length % 2 === 0 ? Buffer.from(key, "hex") : undefined;
	// A word or a passphrase in one case; 1 in 10^9 random keys has no capital or no small letter.
	if (key === key.toLowerCase() || key === key.toUpperCase()) return undefined;
	const bytes = Buffer.from(key, "base64url");
	return bytes.toString("base64url") === key || bytes.toString("base64") === key ? bytes : undefined;
}

function isGuessable(bytes: Uint8Array): boolean {
	return new Set(bytes).size < MIN_DISTINCT_BYTES || bytes.every((byte) => byte >= SPACE && byte <= TILDE);
}

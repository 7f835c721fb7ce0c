import { domainToASCII, domainToUnicode } from "node:url";
import { asciiLower } from "./ascii.ts";
import { invalidInput } from "./errors.ts";
import type { ConvokeError } from "./errors.ts";
import { checkHeaderText, isStorableText } from "./text.ts";

/** One e-mail address in the forms that the library needs, all worked out once. */
export interface EmailAddress {
	/** Where to send to: the local part as typed, the domain in ASCII (A-labels), lower case. */
	readonly address: string;
	/** What tells contacts apart: `address` with the ASCII letters of its local part in lower case. */
	readonly key: string;
	/** Whether the local part goes beyond ASCII, so that only a transport with SMTPUTF8 (RFC 6531) can reach it. */
	readonly needsSmtputf8: boolean;
}

/** A sender or a reply address, with the name that mail programs show for it. */
export interface Mailbox {
	/** The name as it reads, unquoted; null when there is none. */
	readonly name: string | null;
	/** The address, its domain in ASCII. */
	readonly address: string;
}

// RFC 5321 section 4.5.3.1: a local part has at most 64 octets, and a path 256 with its two angle brackets.
const MAX_ADDRESS = 254;
const MAX_LOCAL = 64;
// RFC 1035 section 2.3.4.
const MAX_LABEL = 63;
const MAX_NAME = 256;
// RFC 5322 section 2.1.1.
const MAX_LINE = 998;

// The rule of the HTML standard (https://html.spec.whatwg.org/#valid-e-mail-address), which has no quoted local parts,
// comments or address literals and lets dots stand anywhere; beyond ASCII the next pattern decides.
const LOCAL = /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~\u0080-\u{10ffff}-]+$/u;
// What nobody can see or type: controls, separators, format characters (bidi controls, zero-width spaces, byte order
// marks) except the two joiners that scripts are spelled with, private use, noncharacters. Compare RFC 8264 section
// 4.2.3.
const NOT_IN_LOCAL = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Z}\p{Noncharacter_Code_Point}]/u;
// `domainToASCII` reads a host of a URL: it would decode `%41`, drop what follows a `/`, and keep `_`.
const NOT_IN_DOMAIN = /(?![a-zA-Z0-9.-])\p{ASCII}/u;
const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const DIGITS = /^[0-9]+$/;
const BEYOND_ASCII = /\P{ASCII}/u;

// `Name <address>`, the name free of what would make it a list, a group, a second address or half a quotation.
const NAMED = /^([^"<>,;:@\\]*[^"<>,;:@\\ ]) *<([^<>]*)>$/;
const QUOTED = /^"((?:[^"\\]|\\.)*)" *<([^<>]*)>$/;
const ESCAPED = /\\(.)/gu;

/**
 * Reads one e-mail address: the form of the HTML standard, with local parts beyond ASCII as RFC 6531 has them, and a
 * domain of at least two labels, which may be internationalised.
 *
 * Spaces and tabs around the address are dropped. So `.a@x.test` and `a..b@x.test` are fine, `"a b"@x.test`,
 * `a@localhost`, `a@[127.0.0.1]` and `a@x.test.` are not. Only ASCII letters are folded in the key, never by Unicode
 * rules: a Kelvin sign is not a `k`. No normalisation either: what was typed is what the mail server gets.
 *
 * @throws `invalid_type` when it is no string, `email_too_long` over 254 octets (also as typed: 254 characters), a
 * local part over 64 octets or a label over 63, `invalid_text` for NUL or a lone surrogate, `invalid_email` for the rest.
 */
export function parseEmailAddress(input: unknown, field = "email"): EmailAddress {
	if (typeof input !== "string") throw invalidInput("invalid_type", field, `\`${field}\` must be a string.`);
	const text = trimBlanks(input);
	const at = text.lastIndexOf("@");
	// Before anything that looks at every character, so that a huge input costs nothing.
	if (text.length > MAX_ADDRESS) throw at < 0 ? invalid(field) : tooLong(field, "The address", MAX_ADDRESS);
	if (!isStorableText(text)) {
		throw invalidInput("invalid_text", field, `\`${field}\` holds a NUL or half a character.`);
	}
	if (at < 0) throw invalid(field);
	const local = checkLocal(text.slice(0, at), field);
	const domain = toAsciiDomain(text.slice(at + 1), field);
	const address = `${local}@${domain}`;
	if (Buffer.byteLength(address) > MAX_ADDRESS) throw tooLong(field, "The address", MAX_ADDRESS);
	return { address, key: `${asciiLower(local)}@${domain}`, needsSmtputf8: BEYOND_ASCII.test(local) };
}

/**
 * Reads exactly one mailbox, as `from` and `replyTo` are given: `a@x.test`, `Name <a@x.test>`,
 * `"Quoted, Name" <a@x.test>`, or `{ name, address }`, whose name is taken as it is (the transport quotes it).
 *
 * A name without quotes holds none of `" < > , ; : @ \`. An empty name is none. At most 256 characters of name.
 *
 * @throws `invalid_header` for C0 controls, DEL and lone surrogates anywhere, `header_too_long` for a longer name,
 * `invalid_email` for any other shape, else as `parseEmailAddress`.
 */
export function parseMailbox(input: unknown, field: string): Mailbox {
	if (typeof input === "string") return parseMailboxText(input, field);
	if (typeof input !== "object" || input === null) {
		const message = `\`${field}\` must be an address, a "Name <address>", or an object with name and address.`;
		throw invalidInput("invalid_type", field, message);
	}
	const name = "name" in input ? input.name : undefined;
	return toMailbox(name ?? null, "address" in input ? input.address : undefined, field);
}

/** What follows the `@` of an address. */
export function domainOf(address: string): string {
	return address.slice(address.lastIndexOf("@") + 1);
}

function parseMailboxText(input: string, field: string): Mailbox {
	if (!input.includes("<")) return toMailbox(null, input, field);
	const text = trimBlanks(checkHeaderText(input, field, MAX_LINE));
	const quoted = QUOTED.exec(text);
	if (quoted !== null) return toMailbox(quoted[1]?.replace(ESCAPED, "$1"), quoted[2], field);
	const named = NAMED.exec(text);
	if (named !== null) return toMailbox(named[1], named[2], field);
	const message = `\`${field}\` must be one address or one "Name <address>"; put a name with punctuation in quotes.`;
	throw invalidInput("invalid_email", field, message);
}

function toMailbox(name: unknown, address: unknown, field: string): Mailbox {
	const shown = name === null ? "" : checkHeaderText(name, field, MAX_NAME).trim();
	const mailable = typeof address === "string" ? checkHeaderText(address, field, Number.POSITIVE_INFINITY) : address;
	return { name: shown === "" ? null : shown, address: parseEmailAddress(mailable, field).address };
}

function checkLocal(local: string, field: string): string {
	if (Buffer.byteLength(local) > MAX_LOCAL) throw tooLong(field, "The part before the @", MAX_LOCAL);
	if (!LOCAL.test(local) || NOT_IN_LOCAL.test(local)) throw invalid(field);
	return local;
}

/** The domain in A-labels, as UTS #46 maps it: lower case, `。` as `.`, soft hyphens gone. */
function toAsciiDomain(domain: string, field: string): string {
	if (NOT_IN_DOMAIN.test(domain)) throw invalid(field);
	// Empty for what IDNA forbids; a number such as `0x7f.1` comes back as the IPv4 address that it is.
	const ascii = domainToASCII(domain);
	const labels = ascii.split(".");
	if (labels.some((label) => label.length > MAX_LABEL)) throw tooLong(field, "A label of the domain", MAX_LABEL);
	const isHostName =
		labels.length > 1 && labels.every((label) => LABEL.test(label)) && !DIGITS.test(labels.at(-1) ?? "");
	if (!isHostName || !hasTrueALabels(ascii)) throw invalid(field);
	return ascii;
}

/**
 * Whether each `xn--` label stands for a label beyond ASCII, in its one spelling (RFC 5890 section 2.3.2.1).
 *
 * Some releases of Node answer `xn--a`, which decodes to nothing, with `xn--a`, others with an empty string.
 */
function hasTrueALabels(ascii: string): boolean {
	if (!ascii.includes("xn--")) return true;
	const unicode = domainToUnicode(ascii);
	const decoded = unicode.split(".");
	const areDecoded = ascii
		.split(".")
		.every((label, i) => !label.startsWith("xn--") || BEYOND_ASCII.test(decoded[i] ?? ""));
	return areDecoded && domainToASCII(unicode) === ascii;
}

// A pattern for the end of the text would be quadratic in the blanks inside it.
function trimBlanks(text: string): string {
	let start = 0;
	let end = text.length;
	while (start < end && isBlank(text.charCodeAt(start))) start += 1;
	while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
	return text.slice(start, end);
}

function isBlank(unit: number): boolean {
	return unit === 0x20 || unit === 0x09;
}

function invalid(field: string): ConvokeError {
	return invalidInput("invalid_email", field, `\`${field}\` is not an e-mail address such as name@example.com.`);
}

function tooLong(field: string, part: string, max: number): ConvokeError {
	return invalidInput("email_too_long", field, `${part} in \`${field}\` is longer than ${max} octets.`);
}

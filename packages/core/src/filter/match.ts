import { asciiLower } from "../ascii.ts";
import type { ContactRecord, PropertyValue } from "../model/contact.ts";
import type { ExclusionReason } from "../model/recipient.ts";
import { searchWords } from "../search-words.ts";
import type { BoundFilter, BoundSubject, Comparison, DateField, FlagField, TextField, TextMatch } from "./filter.ts";
import type { BoundRule } from "./recipient-rules.ts";

/** What a filter may ask that no contact's record says. */
export interface MatchFacts {
	/** Whether the address with this hash is suppressed. */
	isSuppressed(addressHash: string): boolean;
	/** Whether the contact's recipient in this broadcast is `sent`. */
	hasReceived(broadcastId: string, contactId: string): boolean;
}

/** Says of one contact whether it matches. */
export type Match = (contact: ContactRecord) => boolean;

const NO_ONE: Match = () => false;
const EVERYONE: Match = () => true;

const TEXT: Readonly<Record<TextField, (contact: ContactRecord) => string | null>> = {
	email: (contact) => contact.email,
	addressKey: (contact) => contact.addressKey,
	externalId: (contact) => contact.externalId,
	firstName: (contact) => contact.firstName,
	lastName: (contact) => contact.lastName,
	confirmation: (contact) => contact.confirmation,
};

const INSTANT: Readonly<Record<DateField, (contact: ContactRecord) => number>> = {
	createdAt: (contact) => contact.createdAt.getTime(),
	updatedAt: (contact) => contact.updatedAt.getTime(),
};

/** The prime 2^31 - 1, modulo which samples are drawn. */
const MODULUS = 2_147_483_647;

/** Turns a bound filter into one function, so that a walk through many contacts reads the tree only once. */
export function compileMatch(filter: BoundFilter, facts: MatchFacts): Match {
	switch (filter.kind) {
		case "all":
			return compileAll(filter.of.map((part) => compileMatch(part, facts)));
		case "any":
			return compileAny(filter.of.map((part) => compileMatch(part, facts)));
		case "not": {
			const match = compileMatch(filter.of, facts);
			return (contact) => !match(contact);
		}
		case "flag":
			return compileFlag(filter.column, facts);
		case "set":
			return compileSet(filter.subject);
		case "compare":
			return compileCompare(filter.subject, filter.op, filter.value);
		case "match":
			return compileTextMatch(filter.subject, filter.op, filter.value);
		case "oneOf":
			return compileOneOf(filter.subject, filter.values);
		case "member": {
			const { segmentId } = filter;
			return (contact) => contact.segmentIds.includes(segmentId);
		}
		case "choice": {
			const { topicId, is } = filter;
			return (contact) => contact.choices[topicId] === is;
		}
		case "received": {
			const { broadcastId } = filter;
			return (contact) => facts.hasReceived(broadcastId, contact.id);
		}
		case "search":
			return compileSearch(filter.prefixes);
		case "sample":
			return compileSample(filter.multiplier, filter.offset, filter.below);
	}
}

/** Turns recipient rules into one function that gives the reason of the first rule that holds. */
export function compileRules(
	rules: readonly BoundRule[],
	facts: MatchFacts,
): (contact: ContactRecord) => ExclusionReason | undefined {
	const compiled = rules.map(({ reason, when }) => ({ reason, match: compileMatch(when, facts) }));
	return (contact) => {
		for (const rule of compiled) if (rule.match(contact)) return rule.reason;
		return undefined;
	};
}

/** What a sample draws by: the last 31 bits of the contact's id. */
export function sampleKey(contactId: string): number {
	return Number.parseInt(contactId.slice(-8), 16) & 0x7f_ff_ff_ff;
}

/** The order of two texts by code point: negative, zero or positive. */
export function compareCodePoints(a: string, b: string): number {
	if (a === b) return 0;
	const length = Math.min(a.length, b.length);
	for (let index = 0; index < length; index += 1) {
		const difference = rankOfUnit(a.charCodeAt(index)) - rankOfUnit(b.charCodeAt(index));
		if (difference !== 0) return difference;
	}
	return a.length - b.length;
}

// Surrogates stand for code points beyond U+FFFF, so they rank above the units U+E000 to U+FFFF.
function rankOfUnit(unit: number): number {
	if (unit < 0xd8_00) return unit;
	return unit < 0xe0_00 ? unit + 0x20_00 : unit - 0x8_00;
}

function compileAll(parts: readonly Match[]): Match {
	const [first, second] = parts;
	if (first === undefined) return EVERYONE;
	if (second === undefined) return first;
	if (parts.length === 2) return (contact) => first(contact) && second(contact);
	return (contact) => {
		for (const part of parts) if (!part(contact)) return false;
		return true;
	};
}

function compileAny(parts: readonly Match[]): Match {
	const [first, second] = parts;
	if (first === undefined) return NO_ONE;
	if (second === undefined) return first;
	if (parts.length === 2) return (contact) => first(contact) || second(contact);
	return (contact) => {
		for (const part of parts) if (part(contact)) return true;
		return false;
	};
}

function compileFlag(column: FlagField, facts: MatchFacts): Match {
	switch (column) {
		case "unsubscribed":
			return (contact) => contact.unsubscribed;
		case "needsSmtputf8":
			return (contact) => contact.needsSmtputf8;
		case "suppressed":
			return (contact) => facts.isSuppressed(contact.addressHash);
	}
}

function compileSet(subject: BoundSubject): Match {
	if ("property" in subject) {
		const { property } = subject;
		return (contact) => Object.hasOwn(contact.properties, property);
	}
	if (isInstant(subject.column)) return EVERYONE;
	const read = TEXT[subject.column];
	return (contact) => read(contact) !== null;
}

function compileCompare(subject: BoundSubject, op: Comparison, value: PropertyValue): Match {
	if (typeof value === "string") {
		const read = textOf(subject);
		if (op === "eq") return (contact) => read(contact) === value;
		const holds = ORDER[op];
		return (contact) => {
			const text = read(contact);
			return text !== undefined && holds(compareCodePoints(text, value));
		};
	}
	const read = numberOf(subject, value);
	const operand = Number(value);
	if (op === "eq") return (contact) => read(contact) === operand;
	const holds = ORDER[op];
	return (contact) => {
		const number = read(contact);
		return number !== undefined && holds(number - operand);
	};
}

const ORDER: Readonly<Record<Exclude<Comparison, "eq">, (difference: number) => boolean>> = {
	lt: (difference) => difference < 0,
	lte: (difference) => difference <= 0,
	gt: (difference) => difference > 0,
	gte: (difference) => difference >= 0,
};

function compileTextMatch(subject: BoundSubject, op: TextMatch, value: string): Match {
	const read = textOf(subject);
	return (contact) => {
		const text = read(contact);
		if (text === undefined) return false;
		const folded = asciiLower(text);
		if (op === "contains") return folded.includes(value);
		return op === "startsWith" ? folded.startsWith(value) : folded.endsWith(value);
	};
}

function compileOneOf(subject: BoundSubject, values: readonly PropertyValue[]): Match {
	const [sample] = values;
	if (sample === undefined) return NO_ONE;
	if (typeof sample === "string") {
		const read = textOf(subject);
		const texts = new Set<unknown>(values);
		return (contact) => texts.has(read(contact));
	}
	const read = numberOf(subject, sample);
	const numbers = new Set<unknown>(values.map(Number));
	return (contact) => numbers.has(read(contact));
}

function compileSearch(prefixes: readonly string[]): Match {
	return (contact) => {
		const words = searchWords(contact);
		return prefixes.every((prefix) => words.some((word) => word.startsWith(prefix)));
	};
}

function compileSample(multiplier: number, offset: number, below: number): Match {
	const factor = multiplier % MODULUS;
	const shift = offset % MODULUS;
	return (contact) => {
		// In two halves, for the whole product takes up to 62 bits, of which a number keeps 53.
		const key = sampleKey(contact.id);
		const high = ((key >>> 16) * factor) % MODULUS;
		return (high * 0x1_00_00 + (key & 0xff_ff) * factor + shift) % MODULUS < below;
	};
}

function isInstant(column: TextField | DateField): column is DateField {
	return column === "createdAt" || column === "updatedAt";
}

/** Reads a subject as text; `undefined` where it has none, or a value of another type. */
function textOf(subject: BoundSubject): (contact: ContactRecord) => string | undefined {
	if ("property" in subject) {
		if (subject.type !== "string") return () => undefined;
		const { property } = subject;
		return (contact) => {
			const value = contact.properties[property];
			return typeof value === "string" ? value : undefined;
		};
	}
	if (isInstant(subject.column)) return () => undefined;
	const read = TEXT[subject.column];
	return (contact) => read(contact) ?? undefined;
}

/** Reads a subject as the number that values of the operand's type compare by; `undefined` where it is of another. */
function numberOf(
	subject: BoundSubject,
	operand: number | boolean | Date,
): (contact: ContactRecord) => number | undefined {
	if ("column" in subject) {
		return isInstant(subject.column) && operand instanceof Date ? INSTANT[subject.column] : () => undefined;
	}
	const { property } = subject;
	const type = typeof operand;
	if (type === "object") {
		if (subject.type !== "date") return () => undefined;
		return (contact) => {
			const value = contact.properties[property];
			return value instanceof Date ? value.getTime() : undefined;
		};
	}
	if (subject.type !== type) return () => undefined;
	return (contact) => {
		const value = contact.properties[property];
		return typeof value === type ? Number(value) : undefined;
	};
}

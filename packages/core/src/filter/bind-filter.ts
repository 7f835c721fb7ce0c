import { createHash } from "node:crypto";
import { asciiLower } from "../ascii.ts";
import { parseEmailAddress } from "../email-address.ts";
import { ConvokeError, invalidInput } from "../errors.ts";
import { clampInstant, readInstant, readIsoInstant } from "../instant.ts";
import type { PropertyValue, Subscription } from "../model/contact.ts";
import type { PropertyType } from "../model/property.ts";
import { propertyTypeOf } from "../property-values.ts";
import { wordsOf } from "../search-words.ts";
import { FILTER_FIELDS, propertyKeyOf } from "./fields.ts";
import { EVERYONE } from "./filter.ts";
import type { BoundFilter, BoundSubject, Comparison, FieldFilter, Filter, FilterValue, FlagField } from "./filter.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The prime 2^31 - 1, modulo which samples are drawn. */
const MODULUS = 2_147_483_647;

/** The bound filter that no one matches. */
const NO_ONE: BoundFilter = { kind: "any", of: [] };

/** What the names in a filter stand for, at one moment. */
export interface BindNames {
	/** The instant that relative dates refer to. */
	readonly at: Date;
	/** The declared properties. */
	readonly properties: ReadonlyMap<string, PropertyType>;
	/** Default subscriptions by topic id: at least of those topics that the filter refers to and that exist. */
	readonly topics: ReadonlyMap<string, Subscription>;
	/** Filters by segment id: at least of those dynamic segments that the filter refers to, also through others. No cycles. */
	readonly segments?: ReadonlyMap<string, Filter> | undefined;
}

/** What a condition on anything but a flag looks at, once its name is resolved. */
interface ValueSubject {
	readonly bound: BoundSubject;
	readonly type: PropertyType;
	readonly isAddress: boolean;
}

/**
 * Makes a filter ready for a storage: the meanings that the docstrings of `Filter` give, worked out.
 *
 * A removed topic has no subscription in force: neither side of it matches anyone. What a removed segment or broadcast
 * matches, no one, is for the storage to find. A text that is no e-mail address equals nobody's address.
 *
 * @param filter as `checkFilter` answers, or made by the recipient rules
 * @param field where the filter stands in the caller's input
 * @throws `unknown_field` for a property that is not declared
 */
export function bindFilter(filter: Filter, names: BindNames, field = "filter"): BoundFilter {
	if ("and" in filter) return { kind: "all", of: bindAll(filter.and, names, `${field}.and`) };
	if ("or" in filter) return { kind: "any", of: bindAll(filter.or, names, `${field}.or`) };
	if ("not" in filter) return not(bindFilter(filter.not, names, `${field}.not`));
	if ("field" in filter) return bindCondition(filter, names, `${field}.field`);
	if ("segment" in filter) return bindSegment(filter.segment, names);
	if ("topic" in filter) return bindTopic(filter, names);
	if ("received" in filter) return { kind: "received", broadcastId: filter.received };
	if ("search" in filter) return { kind: "search", prefixes: [...new Set(wordsOf(filter.search))] };
	return bindSample(filter.sample, filter.seed);
}

function bindAll(filters: readonly Filter[], names: BindNames, field: string): readonly BoundFilter[] {
	return filters.map((filter, index) => bindFilter(filter, names, `${field}[${index}]`));
}

function not(of: BoundFilter): BoundFilter {
	return of.kind === "not" ? of.of : { kind: "not", of };
}

function bindCondition({ field: name, op, value }: FieldFilter, names: BindNames, field: string): BoundFilter {
	const known = FILTER_FIELDS.get(name);
	if (known?.kind === "flag") return bindFlag(known.column, op, value);
	const subject: ValueSubject =
		known === undefined
			? resolveProperty(name, names, field)
			: {
					bound: { column: known.column },
					type: known.kind === "date" ? "date" : "string",
					isAddress: known.kind === "email",
				};
	return op === "ne" ? not(bindComparison(subject, "eq", value, names)) : bindValue(subject, op, value, names);
}

function bindFlag(column: FlagField, op: FieldFilter["op"], value: FilterValue): BoundFilter {
	if (op === "isSet") return value === true ? EVERYONE : NO_ONE;
	return (op === "eq") === (value === true) ? { kind: "flag", column } : not({ kind: "flag", column });
}

function resolveProperty(name: string, { properties }: BindNames, field: string): ValueSubject {
	const key = propertyKeyOf(name);
	const type = key === undefined ? undefined : properties.get(key);
	if (key === undefined || type === undefined) {
		const message = `\`${field}\` names a property that is not declared: create the property first.`;
		throw invalidInput("unknown_field", field, message);
	}
	return { bound: { property: key, type }, type, isAddress: false };
}

function bindValue(
	subject: ValueSubject,
	op: Exclude<FieldFilter["op"], "ne">,
	value: FilterValue,
	names: BindNames,
): BoundFilter {
	if (op === "isSet") {
		const set: BoundFilter = { kind: "set", subject: subject.bound };
		return value === true ? set : not(set);
	}
	if (op === "in") {
		const listed = Array.isArray(value) ? value : [];
		const values = listed.flatMap((item: PropertyValue) => operandOf(subject, "eq", item, names) ?? []);
		return values.length === 0 ? NO_ONE : { kind: "oneOf", subject: subject.bound, values };
	}
	if (op === "contains" || op === "startsWith" || op === "endsWith") {
		if (subject.type !== "string" || typeof value !== "string") return NO_ONE;
		return { kind: "match", subject: subject.bound, op, value: asciiLower(value) };
	}
	return bindComparison(subject, op, value, names);
}

function bindComparison(subject: ValueSubject, op: Comparison, value: FilterValue, names: BindNames): BoundFilter {
	const operand = operandOf(subject, op, value, names);
	return operand === undefined ? NO_ONE : { kind: "compare", subject: subject.bound, op, value: operand };
}

/** The value as the subject's type has it; `undefined` when nothing can compare so with it. */
function operandOf(
	{ type, isAddress }: ValueSubject,
	op: Comparison,
	value: FilterValue,
	{ at }: BindNames,
): PropertyValue | undefined {
	const given = resolveValue(value, at);
	// A filter that was written as JSON has its instants as texts.
	const operand = type === "date" ? (readIsoInstant(given) ?? given) : given;
	if (operand === undefined || propertyTypeOf(operand) !== type) return undefined;
	// Databases disagree on whether false comes before true.
	if (type === "boolean" && op !== "eq") return undefined;
	if (!isAddress || typeof operand !== "string") return operand;
	return op === "eq" ? addressKeyOf(operand) : asciiLower(operand);
}

function resolveValue(value: FilterValue, at: Date): PropertyValue | undefined {
	if (typeof value !== "object") return value;
	if ("ago" in value) return shift(at, value.ago, -1);
	if ("ahead" in value) return shift(at, value.ahead, 1);
	return readInstant(value);
}

function shift(
	at: Date,
	span: { readonly days?: number | undefined; readonly hours?: number | undefined },
	sign: 1 | -1,
): Date {
	return clampInstant(at.getTime() + sign * ((span.days ?? 0) * DAY + (span.hours ?? 0) * HOUR));
}

function addressKeyOf(text: string): string | undefined {
	try {
		return parseEmailAddress(text).key;
	} catch (error) {
		if (ConvokeError.is(error)) return undefined;
		throw error;
	}
}

/** A dynamic segment is what its filter is. */
function bindSegment(id: string, names: BindNames): BoundFilter {
	const dynamic = names.segments?.get(id);
	return dynamic === undefined ? { kind: "member", segmentId: id } : bindFilter(dynamic, names);
}

function bindTopic({ topic, is, explicit }: Extract<Filter, { topic: string }>, { topics }: BindNames): BoundFilter {
	const defaultSubscription = topics.get(topic);
	if (defaultSubscription === undefined) return NO_ONE;
	if (explicit === true || is !== defaultSubscription) return { kind: "choice", topicId: topic, is };
	// Whoever made no choice has the default: everyone but those who chose the other.
	return not({ kind: "choice", topicId: topic, is: is === "opt_in" ? "opt_out" : "opt_in" });
}

function bindSample(percent: number, seed: string): BoundFilter {
	const digest = createHash("sha256").update(seed, "utf8").digest();
	return {
		kind: "sample",
		// Never 0, which would draw everyone or no one.
		multiplier: 1 + (digest.readUIntBE(0, 6) % (MODULUS - 1)),
		offset: digest.readUIntBE(6, 6) % MODULUS,
		below: Math.floor((percent / 100) * MODULUS),
	};
}

import { invalidInput } from "../errors.ts";
import { readInstant, readIsoInstant } from "../instant.ts";
import type { PropertyValue } from "../model/contact.ts";
import { readArray, readPlainObject } from "../plain-object.ts";
import { isStorableText } from "../text.ts";
import type { FilterField } from "./fields.ts";
import { CONFIRMATIONS } from "./filter.ts";
import type { FilterOperator, FilterValue, RelativeDate } from "./filter.ts";

const MAX_VALUES = 1000;
const MAX_TEXT = 1024;

/** What a condition compares: a kind of built-in field, or a property, whose type is not known here. */
export type FilterSubject = FilterField["kind"] | "property";

/** How a subject is compared, as far as values go. */
type Use = "equality" | "order";

const SCALARS: Readonly<Record<FilterSubject, (value: unknown, field: string, use: Use) => PropertyValue>> = {
	email: checkFilterText,
	text: checkFilterText,
	flag: checkBoolean,
	confirmation: checkConfirmation,
	date: checkDate,
	property: checkPropertyScalar,
};

/**
 * Returns what a condition compares with, if the operator takes such a value for the subject.
 *
 * @throws `invalid_filter_value`, `filter_too_large`, `invalid_text`
 */
export function checkFilterValue(
	value: unknown,
	subject: FilterSubject,
	op: FilterOperator,
	field: string,
): FilterValue {
	if (op === "isSet") return checkBoolean(value, field);
	if (op === "contains" || op === "startsWith" || op === "endsWith") return checkFilterText(value, field);
	if (op === "in") return checkList(value, subject, field);
	const relative = subject === "date" || subject === "property" ? readRelativeDate(value) : undefined;
	return relative ?? SCALARS[subject](value, field, op === "eq" || op === "ne" ? "equality" : "order");
}

/**
 * Returns a text of a filter.
 *
 * @throws `invalid_filter_value` when it is no string, `filter_too_large` over 1,024 characters (UTF-16 code units),
 * `invalid_text` for NUL or lone surrogates
 */
export function checkFilterText(value: unknown, field: string): string {
	if (typeof value !== "string") {
		throw invalidInput("invalid_filter_value", field, `\`${field}\` must be a string.`);
	}
	if (value.length > MAX_TEXT) {
		throw invalidInput("filter_too_large", field, `\`${field}\` is longer than 1,024 characters.`);
	}
	if (!isStorableText(value)) {
		throw invalidInput("invalid_text", field, `\`${field}\` holds a NUL or half a character.`);
	}
	return value;
}

function checkBoolean(value: unknown, field: string): boolean {
	if (typeof value !== "boolean") {
		throw invalidInput("invalid_filter_value", field, `\`${field}\` must be true or false.`);
	}
	return value;
}

function checkList(value: unknown, subject: FilterSubject, field: string): readonly PropertyValue[] {
	const values = readArray(value, MAX_VALUES);
	if (values === undefined) {
		throw invalidInput("invalid_filter_value", field, `\`${field}\` must be a list of values, as \`in\` takes.`);
	}
	if (values === "too_long") {
		throw invalidInput("filter_too_large", field, `\`${field}\` has more than 1,000 values.`);
	}
	return values.map((item, index) => SCALARS[subject](item, `${field}[${index}]`, "equality"));
}

function checkConfirmation(value: unknown, field: string): string {
	const known = CONFIRMATIONS.find((word) => word === value);
	if (known === undefined) {
		const message = `\`${field}\` must be one of ${CONFIRMATIONS.join(", ")}.`;
		throw invalidInput("invalid_filter_value", field, message);
	}
	return known;
}

function checkDate(value: unknown, field: string): Date {
	const date = readInstant(value) ?? readIsoInstant(value);
	if (date === undefined) {
		const message = `\`${field}\` must be a valid Date of the years 1 to 9999, such as "2026-01-31T09:00:00Z", or { ago } or { ahead } with days or hours.`;
		throw invalidInput("invalid_filter_value", field, message);
	}
	return date;
}

function checkPropertyScalar(value: unknown, field: string, use: Use): PropertyValue {
	if (typeof value === "string") return checkFilterText(value, field);
	if (typeof value === "number" && Number.isFinite(value)) return value + 0;
	// Databases disagree on whether false comes before true, so order is not defined for booleans.
	if (typeof value === "boolean" && use === "equality") return value;
	const date = readInstant(value);
	if (date === undefined) {
		const message = `\`${field}\` must be a string, finite number${use === "order" ? "" : ", boolean"} or valid Date, as the operator takes.`;
		throw invalidInput("invalid_filter_value", field, message);
	}
	return date;
}

function readRelativeDate(value: unknown): RelativeDate | undefined {
	const direction = readPlainObject(value);
	if (direction?.size !== 1) return undefined;
	const ago = readSpan(direction.get("ago"));
	if (ago !== undefined) return { ago };
	const ahead = readSpan(direction.get("ahead"));
	return ahead === undefined ? undefined : { ahead };
}

interface Span {
	readonly days?: number;
	readonly hours?: number;
}

function readSpan(value: unknown): Span | undefined {
	const entries = readPlainObject(value);
	if (entries === undefined) return undefined;
	const span: { days?: number; hours?: number } = {};
	for (const [unit, amount] of entries) {
		if (amount === undefined) continue;
		if (unit !== "days" && unit !== "hours") return undefined;
		if (typeof amount !== "number" || !Number.isFinite(amount) || amount < 0) return undefined;
		span[unit] = amount + 0;
	}
	return span.days === undefined && span.hours === undefined ? undefined : span;
}

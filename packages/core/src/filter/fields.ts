import type { DateField, FilterOperator, FlagField, TextField } from "./filter.ts";

/** A field of contacts as filters see it: how it compares, and the column that holds it. */
export type FilterField =
	| { readonly kind: "email"; readonly column: "addressKey" }
	| { readonly kind: "text"; readonly column: TextField }
	| { readonly kind: "confirmation"; readonly column: TextField }
	| { readonly kind: "date"; readonly column: DateField }
	| { readonly kind: "flag"; readonly column: FlagField };

/** Every built-in field, by its name in a filter. */
export const FILTER_FIELDS: ReadonlyMap<string, FilterField> = new Map<string, FilterField>([
	["email", { kind: "email", column: "addressKey" }],
	["externalId", { kind: "text", column: "externalId" }],
	["firstName", { kind: "text", column: "firstName" }],
	["lastName", { kind: "text", column: "lastName" }],
	["confirmation", { kind: "confirmation", column: "confirmation" }],
	["createdAt", { kind: "date", column: "createdAt" }],
	["updatedAt", { kind: "date", column: "updatedAt" }],
	["unsubscribed", { kind: "flag", column: "unsubscribed" }],
	["suppressed", { kind: "flag", column: "suppressed" }],
	["needsSmtputf8", { kind: "flag", column: "needsSmtputf8" }],
]);

/** Fields that only the recipient rules ask about: `checkFilter` does not know them, `bindFilter` does. */
export const INTERNAL_FIELDS: ReadonlySet<string> = new Set(["needsSmtputf8"]);

const EQUALITY = ["eq", "ne", "in"] as const;
const ORDER = ["lt", "lte", "gt", "gte"] as const;
const MATCHES = ["contains", "startsWith", "endsWith"] as const;
const TEXT_OPERATORS: readonly FilterOperator[] = [...EQUALITY, ...ORDER, ...MATCHES, "isSet"];

/** The operators that make sense for each kind of field. */
export const OPERATORS: Readonly<Record<FilterField["kind"] | "property", ReadonlySet<string>>> = {
	email: new Set(TEXT_OPERATORS),
	text: new Set(TEXT_OPERATORS),
	confirmation: new Set(EQUALITY),
	date: new Set([...EQUALITY, ...ORDER, "isSet"]),
	flag: new Set(["eq", "ne", "isSet"]),
	property: new Set(TEXT_OPERATORS),
};

const PROPERTY_PREFIX = "properties.";

/** What follows `properties.`, if the field is a property; it may be no key at all. */
export function propertyKeyOf(field: string): string | undefined {
	return field.startsWith(PROPERTY_PREFIX) ? field.slice(PROPERTY_PREFIX.length) : undefined;
}

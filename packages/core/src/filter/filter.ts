import type { Confirmation, PropertyValue, Subscription } from "../model/contact.ts";
import type { PropertyType } from "../model/property.ts";

/** Operators of a field condition. The set is closed: no regular expression, no SQL. */
export type FilterOperator =
	| "eq"
	| "ne"
	| "lt"
	| "lte"
	| "gt"
	| "gte"
	| "in"
	| "contains"
	| "startsWith"
	| "endsWith"
	| "isSet";

/** An instant relative to the moment the filter is used; one moment for a whole plan. */
export type RelativeDate =
	| { readonly ago: { readonly days?: number | undefined; readonly hours?: number | undefined } }
	| { readonly ahead: { readonly days?: number | undefined; readonly hours?: number | undefined } };

/** What a field condition compares with. */
export type FilterValue = PropertyValue | RelativeDate | readonly PropertyValue[];

/** A condition on one field of a contact. */
export interface FieldFilter {
	/**
	 * `email`, `externalId`, `firstName`, `lastName`, `createdAt`, `updatedAt`, `unsubscribed`, `confirmation`,
	 * `suppressed`, or `properties.<key>` of a declared property.
	 */
	readonly field: string;
	/** How to compare. */
	readonly op: FilterOperator;
	/** What to compare with: of the field's type, a list for `in`, a boolean for `isSet`. */
	readonly value: FilterValue;
}

/**
 * Which contacts: a typed tree of data, the one language for lists, counts, segments, broadcasts and the recipient
 * rules. Bounds: 8 levels, 200 nodes, 1,000 values of an `in`, 1,024 characters of a string.
 *
 * - `and` of nothing matches everyone, `or` of nothing no one.
 * - A condition on a missing value is false, but for `ne`, which is the negation of `eq`, and `isSet: false`.
 * - Strings compare by code point; `contains`, `startsWith` and `endsWith` ignore the case of ASCII letters only.
 *   `email` compares as addresses do: ASCII case aside.
 * - A property compared with a value of another type matches no one (`ne`: everyone).
 * - `topic` asks for the subscription in force: the choice, else the topic's default; with `explicit` for the choice
 *   alone.
 * - `received` asks whether the contact's recipient in that broadcast is `sent`.
 * - `sample` takes a stable share of all contacts: the same contacts for the same seed.
 * - `search` takes those in whom every word of the text begins a word of the address or the names, whatever the case and
 *   the accents.
 * - `segment` asks for the members of a static segment, or for whom a dynamic one's filter matches.
 * - All of it can be written as JSON: an instant then is ISO 8601 text with a zone.
 */
export type Filter =
	| { readonly and: readonly Filter[] }
	| { readonly or: readonly Filter[] }
	| { readonly not: Filter }
	| FieldFilter
	| { readonly segment: string }
	| { readonly topic: string; readonly is: Subscription; readonly explicit?: true | undefined }
	| { readonly received: string }
	| { readonly sample: number; readonly seed: string }
	| { readonly search: string };

/** Fields of a contact that hold text. */
export type TextField = "email" | "addressKey" | "externalId" | "firstName" | "lastName" | "confirmation";
/** Fields of a contact that hold an instant. */
export type DateField = "createdAt" | "updatedAt";
/** Fields of a contact that are true or false. */
export type FlagField = "unsubscribed" | "suppressed" | "needsSmtputf8";

/** How two values compare, once a filter is bound. */
export type Comparison = "eq" | "lt" | "lte" | "gt" | "gte";
/** How a text is searched, once a filter is bound. */
export type TextMatch = "contains" | "startsWith" | "endsWith";

/** What a bound condition looks at: a column of the contact, or a property by key and declared type. */
export type BoundSubject =
	| { readonly column: TextField | DateField }
	| { readonly property: string; readonly type: PropertyType };

/**
 * A filter ready for a storage: checked, names resolved, relative dates turned into instants, `ne` into `not eq`,
 * default subscriptions into choices. Storages evaluate or compile this form only, and every node is plainly true or
 * false: a missing value makes a condition false.
 */
export type BoundFilter =
	| { readonly kind: "all"; readonly of: readonly BoundFilter[] }
	| { readonly kind: "any"; readonly of: readonly BoundFilter[] }
	| { readonly kind: "not"; readonly of: BoundFilter }
	| { readonly kind: "flag"; readonly column: FlagField }
	| {
			/** Has a value, of whatever type. */
			readonly kind: "set";
			readonly subject: BoundSubject;
	  }
	| {
			readonly kind: "compare";
			readonly subject: BoundSubject;
			readonly op: Comparison;
			/** Of the subject's type. */
			readonly value: PropertyValue;
	  }
	| {
			readonly kind: "match";
			readonly subject: BoundSubject;
			readonly op: TextMatch;
			/** ASCII letters in lower case. */
			readonly value: string;
	  }
	| {
			readonly kind: "oneOf";
			readonly subject: BoundSubject;
			/** Of the subject's type. */
			readonly values: readonly PropertyValue[];
	  }
	| { readonly kind: "member"; readonly segmentId: string }
	| { readonly kind: "choice"; readonly topicId: string; readonly is: Subscription }
	| { readonly kind: "received"; readonly broadcastId: string }
	| {
			/** Each begins one of the contact's `searchWords`. */
			readonly kind: "search";
			/** At least one, folded. */
			readonly prefixes: readonly string[];
	  }
	| {
			/** `(sampleKey(contact id) * multiplier + offset) mod 2147483647 < below`, all in integers below 2^62. */
			readonly kind: "sample";
			readonly multiplier: number;
			readonly offset: number;
			readonly below: number;
	  };

/** The bound filter that everyone matches. */
export const EVERYONE: BoundFilter = { kind: "all", of: [] };

/** Values that `confirmation` may have, for checking a filter's value. */
export const CONFIRMATIONS: readonly Confirmation[] = ["none", "pending", "confirmed"];

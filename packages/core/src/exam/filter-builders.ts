import type { BoundFilter, BoundSubject, Comparison, TextMatch } from "../filter/filter.ts";
import type { PropertyValue } from "../model/contact.ts";
import type { PropertyType } from "../model/property.ts";
import type { Question } from "./filter-questions.ts";

/** A text that contacts may lack. */
export const FIRST_NAME: BoundSubject = { column: "firstName" };

/** A comparison. */
export function compare(subject: BoundSubject, op: Comparison, value: PropertyValue): BoundFilter {
	return { kind: "compare", subject, op, value };
}

/** A search in a text. */
export function search(op: TextMatch, value: string, subject: BoundSubject = FIRST_NAME): BoundFilter {
	return { kind: "match", subject, op, value };
}

/** Whether the subject is one of these. */
export function oneOf(subject: BoundSubject, ...values: readonly PropertyValue[]): BoundFilter {
	return { kind: "oneOf", subject, values };
}

/** The opposite. */
export function not(of: BoundFilter): BoundFilter {
	return { kind: "not", of };
}

/** A property, `p` unless named. */
export function property(type: PropertyType, key = "p"): BoundSubject {
	return { property: key, type };
}

/** All five comparisons with one value: what matches each. */
export function comparisons(
	subject: BoundSubject,
	value: PropertyValue,
	letters: Readonly<Record<Comparison, string>>,
): readonly Question[] {
	const { eq, lt, lte, gt, gte } = letters;
	return [
		[compare(subject, "eq", value), eq],
		[compare(subject, "lt", value), lt],
		[compare(subject, "lte", value), lte],
		[compare(subject, "gt", value), gt],
		[compare(subject, "gte", value), gte],
	];
}

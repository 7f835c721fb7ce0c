import type { BoundFilter, BoundSubject, PropertyType, PropertyValue } from "@convoke/core";
import fc from "fast-check";

/** What filters are made from: names and values that the audience has, or nearly has. */
export interface FilterPool {
	readonly texts: readonly string[];
	readonly numbers: readonly number[];
	readonly instants: readonly Date[];
	readonly segmentIds: readonly string[];
	readonly topicIds: readonly string[];
	readonly broadcastIds: readonly string[];
	/** Of words, folded. */
	readonly prefixes: readonly string[];
	/** Declared types by key. */
	readonly properties: Readonly<Record<string, PropertyType>>;
}

const TEXT_COLUMNS = ["email", "addressKey", "externalId", "firstName", "lastName", "confirmation"] as const;
const MATCHES = ["contains", "startsWith", "endsWith"] as const;
const COMPARISONS = ["eq", "lt", "lte", "gt", "gte"] as const;

/** Bound filters of every kind, up to four levels deep. */
export function boundFilters(pool: FilterPool): fc.Arbitrary<BoundFilter> {
	const leaf = leaves(pool);
	return fc.letrec<{ filter: BoundFilter }>((tie) => {
		const several = fc.array(tie("filter"), { maxLength: 3 });
		const joined = (kind: "all" | "any"): fc.Arbitrary<BoundFilter> => several.map((of) => ({ kind, of }));
		return {
			filter: fc.oneof(
				{ maxDepth: 3 },
				{ weight: 4, arbitrary: leaf },
				{ weight: 1, arbitrary: joined("all") },
				{ weight: 2, arbitrary: joined("any") },
				{ weight: 2, arbitrary: tie("filter").map((of): BoundFilter => ({ kind: "not", of })) },
			),
		};
	}).filter;
}

function leaves(pool: FilterPool): fc.Arbitrary<BoundFilter> {
	return fc.oneof(
		{ weight: 6, arbitrary: valueLeaves(pool) },
		{ weight: 2, arbitrary: relationLeaves(pool) },
		{ weight: 1, arbitrary: samples },
	);
}

function relationLeaves({ segmentIds, topicIds, broadcastIds, prefixes }: FilterPool): fc.Arbitrary<BoundFilter> {
	const flags = ["unsubscribed", "suppressed", "needsSmtputf8"] as const;
	return fc.oneof(
		fc.constantFrom(...flags).map((column): BoundFilter => ({ kind: "flag", column })),
		fc.constantFrom(...segmentIds).map((segmentId): BoundFilter => ({ kind: "member", segmentId })),
		fc
			.tuple(fc.constantFrom(...topicIds), fc.constantFrom("opt_in" as const, "opt_out" as const))
			.map(([topicId, is]): BoundFilter => ({ kind: "choice", topicId, is })),
		fc.constantFrom(...broadcastIds).map((broadcastId): BoundFilter => ({ kind: "received", broadcastId })),
		fc
			.array(fc.constantFrom(...prefixes), { minLength: 1, maxLength: 3 })
			.map((of): BoundFilter => ({ kind: "search", prefixes: of })),
	);
}

const samples: fc.Arbitrary<BoundFilter> = fc
	.tuple(fc.integer({ min: 1, max: 2 ** 31 - 2 }), fc.nat(2 ** 31 - 2), fc.nat(2 ** 31 - 1))
	.map(([multiplier, offset, below]) => ({ kind: "sample", multiplier, offset, below }));

function valueLeaves(pool: FilterPool): fc.Arbitrary<BoundFilter> {
	const { subjects, valuesFor, texts } = valuesOf(pool);
	const compared = subjects.chain((subject) =>
		fc
			.tuple(fc.constantFrom(...COMPARISONS), valuesFor(subject))
			.map(
				([op, value]): BoundFilter => ({ kind: "compare", subject, op: typeof value === "boolean" ? "eq" : op, value }),
			),
	);
	const matched = fc
		.tuple(subjects, fc.constantFrom(...MATCHES), texts, fc.nat(20), fc.integer({ min: 1, max: 4 }))
		.map(([subject, op, text, start, length]): BoundFilter => {
			const letters = Array.from(text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
			const from =
				op === "endsWith" ? Math.max(0, letters.length - length) : op === "contains" ? start % (letters.length + 1) : 0;
			return { kind: "match", subject, op, value: letters.slice(from, from + length).join("") };
		});
	const listed = subjects.chain((subject) => {
		const ofOneType = (values: readonly PropertyValue[]): BoundFilter => ({
			kind: "oneOf",
			subject,
			values: values.filter((value) => typeof value === typeof values[0]),
		});
		return fc.array(valuesFor(subject), { maxLength: 6 }).map(ofOneType);
	});
	const set = subjects.map((subject): BoundFilter => ({ kind: "set", subject }));
	return fc.oneof(
		{ weight: 4, arbitrary: compared },
		{ weight: 3, arbitrary: matched },
		{ weight: 2, arbitrary: listed },
		{ weight: 1, arbitrary: set },
	);
}

/** Subjects, and values that are of their type most of the time. */
function valuesOf({ texts, numbers, instants, properties }: FilterPool) {
	const byType: Readonly<Record<PropertyType, fc.Arbitrary<PropertyValue>>> = {
		string: fc.constantFrom(...texts),
		number: fc.oneof(
			fc.constantFrom(...numbers),
			fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
		),
		boolean: fc.boolean(),
		date: fc.constantFrom(...instants),
	};
	const subjects: fc.Arbitrary<BoundSubject> = fc.oneof(
		{ weight: 4, arbitrary: fc.constantFrom(...TEXT_COLUMNS).map((column) => ({ column })) },
		{ weight: 1, arbitrary: fc.constantFrom("createdAt" as const, "updatedAt" as const).map((column) => ({ column })) },
		{
			weight: 5,
			arbitrary: fc.constantFrom(...Object.entries(properties)).map(([property, type]) => ({ property, type })),
		},
	);
	const any = fc.oneof(...Object.values(byType));
	const valuesFor = (subject: BoundSubject): fc.Arbitrary<PropertyValue> =>
		fc.oneof({ weight: 9, arbitrary: byType[typeOf(subject)] }, { weight: 1, arbitrary: any });
	return { subjects, valuesFor, texts: fc.constantFrom(...texts) };
}

function typeOf(subject: BoundSubject): PropertyType {
	if ("property" in subject) return subject.type;
	return subject.column === "createdAt" || subject.column === "updatedAt" ? "date" : "string";
}

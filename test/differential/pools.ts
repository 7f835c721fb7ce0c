import type { BoundFilter, BoundRule, NewEvent, PageRequest, PropertyType, PropertyValue } from "@convoke/core";
import fc from "fast-check";
import { boundFilters } from "./bound-filters.ts";

// Few ids, addresses and names, the same for both tenants, so that operations meet what others left.

/** Whose storage it is. */
export const TENANTS = ["north", "south"] as const;
/** The instant that all others are near to. */
export const START = Date.parse("2026-03-01T09:00:00Z");
/** Contacts, not in the order of their ids. */
export const CONTACT_IDS = ids("c1", 12);
/** Segments. */
export const SEGMENT_IDS = ids("5e", 4);
/** Topics. */
export const TOPIC_IDS = ids("70", 4);
/** Properties. */
export const PROPERTY_IDS = ids("9a", 4);
/** Broadcasts. */
export const BROADCAST_IDS = ids("b1", 3);
/** Suppressions. */
export const SUPPRESSION_IDS = ids("50", 5);
/** Imports. */
export const IMPORT_IDS = ids("1a", 3);
/** The host's ids. */
export const EXTERNAL_IDS = ["user-1", "user-2", "", "Ü%_'\\", "user-5"] as const;
/** How many addresses there are. */
export const ADDRESSES = 12;
/** Types by key; the last one is of contacts only, never declared. */
export const PROPERTIES: Readonly<Record<string, PropertyType>> = {
	plan: "string",
	seats: "number",
	trial: "boolean",
	since: "date",
	stray: "string",
};

const texts = ["Ada", "ada", "", "Zoë 🦊", "100%_\\", 'O\'Hara "x"', "\uffee", "🦊"];
const numbers = [0, 1, -1.5, 0.1, 1e21, 2 ** 53 - 1];

/** Texts that are easily confused. */
export const someText: fc.Arbitrary<string> = fc.constantFrom(...texts);
/** Instants a few minutes apart. */
export const instants: fc.Arbitrary<Date> = fc.nat(10).map((minutes) => new Date(START + minutes * 60_000));
/** Values of any type. */
export const values: fc.Arbitrary<PropertyValue> = fc.oneof(
	someText,
	fc.constantFrom(...numbers),
	fc.boolean(),
	instants,
);

/** Which contacts. */
export const filters: fc.Arbitrary<BoundFilter> = boundFilters({
	texts,
	numbers,
	instants: [0, 3, 7].map((minutes) => new Date(START + minutes * 60_000)),
	segmentIds: SEGMENT_IDS,
	topicIds: TOPIC_IDS,
	broadcastIds: BROADCAST_IDS,
	prefixes: ["a", "ada", "z", "x", "contact", "nobody"],
	properties: PROPERTIES,
});

const [topicId = ""] = TOPIC_IDS;

/** Who is left out. */
export const rules: fc.Arbitrary<readonly BoundRule[]> = fc.constantFrom(
	[],
	[
		{ reason: "suppressed", when: { kind: "flag", column: "suppressed" } },
		{ reason: "unsubscribed", when: { kind: "flag", column: "unsubscribed" } },
		{ reason: "topic_opted_out", when: { kind: "choice", topicId, is: "opt_out" } },
	],
	[
		{
			reason: "unconfirmed",
			when: { kind: "compare", subject: { column: "confirmation" }, op: "eq", value: "pending" },
		},
		{ reason: "address_needs_smtputf8", when: { kind: "flag", column: "needsSmtputf8" } },
	],
);

/** The address with this number. */
export function addressOf(number: number): { email: string; addressKey: string; addressHash: string } {
	const addressKey = `person${number}@x.test`;
	return { email: addressKey.toUpperCase(), addressKey, addressHash: `hash-${number}` };
}

/** Addresses' hashes. */
export const hashes: fc.Arbitrary<string> = fc.nat(ADDRESSES - 1).map((number) => addressOf(number).addressHash);

/** A page of rows with these ids. */
export function pages(cursors: readonly string[]): fc.Arbitrary<PageRequest> {
	const limit = fc.integer({ min: 1, max: 6 });
	const cursor = fc.constantFrom(...cursors);
	return fc.oneof(fc.record({ limit }), fc.record({ limit, after: cursor }), fc.record({ limit, before: cursor }));
}

/** Things that happened. */
export const events: fc.Arbitrary<readonly NewEvent[]> = fc.array(
	fc.record<NewEvent>({
		type: fc.constantFrom("contact.updated", "contact.unsubscribed", "topic.opted_out", "suppression.added"),
		contactId: fc.option(fc.constantFrom(...CONTACT_IDS), { freq: 4 }),
		topicId: fc.option(fc.constantFrom(...TOPIC_IDS)),
		segmentId: fc.option(fc.constantFrom(...SEGMENT_IDS)),
		broadcastId: fc.option(fc.constantFrom(...BROADCAST_IDS)),
		source: fc.constantFrom("api", "page", "one_click", "retained"),
		actor: fc.option(someText),
		textVersion: fc.option(someText),
		at: instants,
	}),
	{ maxLength: 2 },
);

// Tails that rise and fall, for samples draw by them.
function ids(kind: string, count: number): readonly string[] {
	return Array.from({ length: count }, (_, index) => {
		const tail = ((index * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, "0");
		return `0197${kind}${((index * 7) % 16).toString(16)}0-0000-7000-8000-0000${tail}`;
	});
}

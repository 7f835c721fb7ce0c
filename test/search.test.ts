import type { BoundFilter, ContactRecord, Storage } from "@convoke/core";
import { describe, expect, test } from "vitest";
import { CONTENDERS, REFERENCE } from "./differential/contenders.ts";
import { VirtualClock } from "./support/virtual-clock.ts";

// Searches among so many contacts that they are found in every way there is: by few entries of the index, by some words
// that many have, by very many words, and by all contacts.

const CONTACTS = 6_000;
const TENANT = "north";
const SEGMENT = "01975e00-0000-7000-8000-000000000000";
const NAMES = ["Ada", "Adam", "Adele", "Bob", "Zoë", "用户", "Åsa"];

function contactOf(index: number): ContactRecord {
	const place = index.toString(16).padStart(12, "0");
	const email = `user${index}@${index % 3 === 0 ? "mail" : "post"}.example`;
	const at = new Date(Date.parse("2026-03-01T09:00:00Z"));
	return {
		id: `0197c100-0000-7000-8000-${place}`,
		email,
		addressKey: email,
		addressHash: email,
		externalId: null,
		// Those who joined last have another name, so that a search is far from its first match.
		firstName: index > 5_000 ? "Late" : (NAMES[index % NAMES.length] ?? null),
		lastName: index % 500 === 0 ? "Rarebit" : null,
		properties: {},
		unsubscribed: index % 10 === 0,
		confirmation: "none",
		confirmationRequest: null,
		needsSmtputf8: false,
		segmentIds: index % 7 === 0 ? [SEGMENT] : [],
		choices: {},
		createdAt: at,
		updatedAt: at,
	};
}

async function fill(storage: Storage): Promise<void> {
	const tenant = storage.forTenant(TENANT);
	await tenant.insertSegment({ id: SEGMENT, name: "S", filter: null, uses: [], createdAt: new Date(0) });
	for (let start = 0; start < CONTACTS; start += 200) {
		const contacts = Array.from({ length: 200 }, (_, index) => contactOf(start + index));
		await tenant.changeContacts(
			contacts.map(({ id }) => ({ key: { id } })),
			() => ({ contacts: contacts.map((write) => ({ write, retain: [], events: [] })) }),
		);
	}
}

const search = (...prefixes: readonly string[]): BoundFilter => ({ kind: "search", prefixes });
const member: BoundFilter = { kind: "member", segmentId: SEGMENT };
const unsubscribed: BoundFilter = { kind: "flag", column: "unsubscribed" };
const all = (...of: readonly BoundFilter[]): BoundFilter => ({ kind: "all", of });

const FILTERS: readonly BoundFilter[] = [
	...["u", "us", "use", "user", "user1", "user12", "user123", "user1234", "user12345"].map((word) => search(word)),
	...["a", "ad", "ada", "adam", "adel", "late", "rare", "nobody", "m", "mail", "用", "用户", "asa"].map((word) =>
		search(word),
	),
	search("ada", "post"),
	search("user1", "ada"),
	search("user", "rare"),
	search("late", "ada"),
	member,
	unsubscribed,
	all(member, unsubscribed),
	all(search("ada"), unsubscribed),
	all(search("user"), { kind: "not", of: unsubscribed }),
	all(search("user1"), all(member, unsubscribed)),
	all(search("rare"), member),
	all(search("mail"), { kind: "compare", subject: { column: "firstName" }, op: "eq", value: "Bob" }),
	{ kind: "any", of: [search("rare"), search("user5999")] },
	{ kind: "not", of: search("user") },
];

async function idsOf(storage: Storage, filter: BoundFilter, page: { limit: number; after?: string; before?: string }) {
	return (await storage.forTenant(TENANT).pageContacts(filter, page)).map(({ id }) => id);
}

describe.each(CONTENDERS)("$name, among many contacts", ({ open }) => {
	test("finds whom memory finds, page by page and both ways", { timeout: 120_000 }, async () => {
		const clock = new VirtualClock();
		const [reference, storage] = [await REFERENCE.open(clock), await open(clock)];
		await fill(reference);
		await fill(storage);
		for (const filter of FILTERS) {
			const label = JSON.stringify(filter);
			const expected = await idsOf(reference, filter, { limit: CONTACTS });
			expect(await storage.forTenant(TENANT).countContacts(filter), label).toBe(expected.length);
			expect(await idsOf(storage, filter, { limit: CONTACTS }), label).toEqual(expected);
			expect(await idsOf(storage, filter, { limit: 21 }), label).toEqual(expected.slice(0, 21));
			const middle = expected[Math.floor(expected.length / 2)];
			if (middle === undefined) continue;
			for (const limit of [1, 21, 3_000]) {
				for (const page of [
					{ limit, after: middle },
					{ limit, before: middle },
				]) {
					expect(await idsOf(storage, filter, page), label).toEqual(await idsOf(reference, filter, page));
				}
			}
		}
		await storage.close();
	});
});

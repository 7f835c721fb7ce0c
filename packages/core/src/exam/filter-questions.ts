import assert from "node:assert/strict";
import type { BoundFilter } from "../filter/filter.ts";
import { EVERYONE } from "../filter/filter.ts";
import type { ContactRecord } from "../model/contact.ts";
import type { TenantStorage } from "../ports/storage.ts";
import { put } from "./contact-acts.ts";
import { examCase, type StorageCase, type World } from "./storage-case.ts";
import { survey } from "./sending-acts.ts";

/** Contacts by a letter, with what sets them apart. */
export type People = Readonly<Record<string, Partial<ContactRecord>>>;

/** A filter, and the letters of the contacts it is to match, in order. */
export type Question = readonly [filter: BoundFilter, letters: string];

/** Makes a case that puts questions about contacts to every verb that takes a filter. */
export function filterCase(name: string, people: People, questions: readonly Question[]): StorageCase {
	return examCase(`filter: ${name}`, async (world) => {
		await askAll(world.tenant, await settle(world, people), questions);
	});
}

/** Writes people and answers their contacts by letter. Another tenant has the same, so that nothing is taken from it. */
export async function settle({ both, make }: World, people: People): Promise<ReadonlyMap<string, ContactRecord>> {
	const contacts = new Map(Object.entries(people).map(([letter, fields]) => [letter, make.contact(fields)]));
	await both((tenant) => put(tenant, ...contacts.values()));
	return contacts;
}

/** Proves each question's answer. */
export async function askAll(
	tenant: TenantStorage,
	contacts: ReadonlyMap<string, ContactRecord>,
	questions: readonly Question[],
): Promise<void> {
	const letters = new Map([...contacts].map(([letter, { id }]) => [id, letter]));
	for (const [filter, expected] of questions) {
		const label = JSON.stringify(filter);
		const page = await tenant.pageContacts(filter, { limit: 1_000 });
		const matched = page.map(({ id }) => letters.get(id) ?? "?").toReversed();
		assert.equal(matched.join(""), expected, label);
		assert.equal(await tenant.countContacts(filter), expected.length, label);
		const asTarget = await survey(tenant, { target: filter, rules: [] });
		assert.equal(asTarget.candidates, expected.length, label);
		const asRule = await survey(tenant, { target: EVERYONE, rules: [{ reason: "unconfirmed", when: filter }] });
		assert.equal(asRule.excluded.unconfirmed ?? 0, expected.length, label);
	}
}

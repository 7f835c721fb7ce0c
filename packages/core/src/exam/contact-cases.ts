import assert from "node:assert/strict";
import { EVERYONE } from "../filter/filter.ts";
import type { ContactRecord } from "../model/contact.ts";
import type { TenantStorage } from "../ports/storage.ts";
import { contactOf, decideOne, entryOf, NOTHING, put, remove, rename } from "./contact-acts.ts";
import { handOver, idsOf, provesCopies, provesPages } from "./proofs.ts";
import type { Records } from "./records.ts";
import { addressOf, minutes, named, START } from "./records.ts";
import { examCase, type StorageCase } from "./storage-case.ts";

/** A contact with something in every field, and the segments and topics it refers to. */
async function fullContact(tenant: TenantStorage, make: Records): Promise<ContactRecord> {
	const segments = [make.segment(), make.segment()];
	const topics = [make.topic(), make.topic()];
	for (const segment of segments) assert.equal(await tenant.insertSegment(segment), true);
	for (const topic of topics) assert.equal(await tenant.insertTopic(topic), true);
	const [first = "", second = ""] = idsOf(topics);
	return make.contact({
		externalId: "user_42",
		firstName: "Zoë 😀",
		lastName: "O'Neill \\ \"%_",
		unsubscribed: true,
		confirmation: "confirmed",
		confirmationRequest: { id: make.id(), topicIds: [second, first], textVersion: "2026-03 'é'" },
		needsSmtputf8: true,
		segmentIds: idsOf(segments),
		choices: { [first]: "opt_in", [second]: "opt_out" },
		properties: {
			text: "pro",
			empty: "",
			looks_like_a_date: "2026-03-04T05:06:07.089Z",
			looks_like_a_number: "12",
			number: -12.5,
			zero: 0,
			greatest: Number.MAX_SAFE_INTEGER,
			yes: true,
			no: false,
			date: START,
			first_date: new Date("0001-01-01T00:00:00.000Z"),
			last_date: new Date("9999-12-31T23:59:59.999Z"),
		},
		createdAt: minutes(-60),
	});
}

const writing: readonly StorageCase[] = [
	examCase("changeContacts: inserts a contact with everything it has", async ({ tenant, alone, make }) => {
		const neighbour = make.contact();
		await put(tenant, neighbour);
		const contact = await fullContact(tenant, make);
		assert.equal(await contactOf(tenant, contact), undefined);
		await alone(() => put(tenant, contact));
		assert.deepEqual(await contactOf(tenant, contact), contact);
		assert.deepEqual(await contactOf(tenant, neighbour), neighbour);
		assert.equal(await tenant.countContacts(EVERYONE), 2);
	}),

	examCase("changeContacts: replaces the contact with a known id", async ({ tenant, both, alone, make }) => {
		const neighbour = make.contact();
		const plain = make.contact({ externalId: "user_1" });
		await both((each) => put(each, plain, neighbour));
		const full = { ...(await fullContact(tenant, make)), id: plain.id };
		await alone(() => put(tenant, full));
		assert.deepEqual(await contactOf(tenant, plain), full);
		const { addressKey, addressHash } = plain;
		const former = [{ addressKey }, { addressHash }, { externalId: "user_1" }];
		assert.deepEqual(await tenant.findContacts(former), [undefined, undefined, undefined]);
		await alone(() => put(tenant, plain));
		assert.deepEqual(await contactOf(tenant, plain), plain);
		assert.deepEqual(await contactOf(tenant, neighbour), neighbour);
		assert.equal(await tenant.countContacts(EVERYONE), 2);
	}),

	examCase("changeContacts: leaves out segments and topics that do not exist", async ({ tenant, bystander, make }) => {
		const segments = [make.segment(), make.segment()];
		const topics = [make.topic(), make.topic()];
		const [segment, topic] = [make.segment(), make.topic()];
		await tenant.insertSegment(segment);
		await tenant.insertTopic(topic);
		// Those of another tenant do not exist either.
		for (const one of segments) await bystander.insertSegment(one);
		for (const one of topics) await bystander.insertTopic(one);
		const choices = Object.fromEntries([topic, ...topics].map(({ id }) => [id, "opt_out" as const]));
		const contact = make.contact({ segmentIds: idsOf([...segments, segment]), choices });
		await put(tenant, contact);
		const expected = { ...contact, segmentIds: [segment.id], choices: { [topic.id]: "opt_out" } };
		assert.deepEqual(await contactOf(tenant, contact), expected);
	}),

	examCase("changeContacts: removes a contact with its segments and choices", async ({ tenant, both, alone, make }) => {
		const neighbour = make.contact();
		const contact = await fullContact(tenant, make);
		await both((each) => put(each, contact, neighbour));
		assert.deepEqual(await contactOf(tenant, contact), contact);
		await alone(() => remove(tenant, contact));
		const { id, addressKey, addressHash } = contact;
		const keys = [{ id }, { addressKey }, { addressHash }, { externalId: "user_42" }];
		assert.deepEqual(await tenant.findContacts(keys), [undefined, undefined, undefined, undefined]);
		assert.deepEqual(await tenant.pageContacts(EVERYONE, { limit: 10 }), [neighbour]);
		const again = { ...contact, segmentIds: [], choices: {} };
		await put(tenant, again);
		assert.deepEqual(await contactOf(tenant, contact), again);
	}),

	examCase("changeContacts: writes several contacts in one unit", async ({ tenant, both, alone, make }) => {
		const [kept, changed, removed] = [make.contact(), make.contact(), make.contact()];
		await both((each) => put(each, kept, changed, removed));
		const [added, moved] = [make.contact(), { ...changed, firstName: "Ada", ...addressOf("ada") }];
		await alone(() =>
			tenant.changeContacts([entryOf(added), { key: { id: removed.id } }, entryOf(moved), entryOf(kept)], () => ({
				contacts: [
					{ ...NOTHING, write: added },
					{ ...NOTHING, remove: removed.id },
					{ ...NOTHING, write: moved },
					NOTHING,
				],
			})),
		);
		assert.deepEqual(await tenant.pageContacts(EVERYONE, { limit: 10 }), [added, moved, kept]);
	}),

	examCase("changeContacts: keeps no tie to what it was given", async ({ tenant, make }) => {
		const contact = await fullContact(tenant, make);
		const kept = await handOver(contact, (given) => put(tenant, given));
		assert.deepEqual(await contactOf(tenant, contact), kept);
	}),

	examCase("changeContacts: lets another tenant have the same contact", async ({ tenant, bystander, make }) => {
		const contact = make.contact({ externalId: "user_1" });
		await put(bystander, contact);
		const namesake = { ...contact, firstName: "Other" };
		await put(tenant, namesake);
		assert.deepEqual(await contactOf(bystander, contact), contact);
		assert.deepEqual(await contactOf(tenant, contact), namesake);
		await remove(tenant, contact);
		assert.deepEqual(await contactOf(bystander, contact), contact);
		assert.equal(await contactOf(tenant, contact), undefined);
	}),
];

const reading: readonly StorageCase[] = [
	examCase("findContacts: answers in the order of the keys", async ({ tenant, bystander, make }) => {
		const contacts = [make.contact({ externalId: "a" }), make.contact({ externalId: "A" }), make.contact()];
		const stranger = make.contact({ externalId: "b" });
		await put(bystander, stranger);
		await put(tenant, ...contacts);
		const [first, second, third] = contacts.map(({ id, addressKey, addressHash }) => ({ id, addressKey, addressHash }));
		const keys = [
			{ addressHash: third?.addressHash ?? "" },
			{ externalId: "A" },
			{ id: make.id() },
			{ addressKey: first?.addressKey ?? "" },
			{ id: second?.id ?? "" },
			{ externalId: "a" },
			{ id: second?.id ?? "" },
		];
		const [one, two, three] = contacts;
		assert.deepEqual(await tenant.findContacts(keys), [three, two, undefined, one, two, one, two]);
		const { id, addressKey, addressHash } = stranger;
		const strange = [{ id }, { addressKey }, { addressHash }, { externalId: "b" }];
		assert.deepEqual(await tenant.findContacts(strange), [undefined, undefined, undefined, undefined]);
		assert.deepEqual(await tenant.findContacts([]), []);
	}),

	examCase("findContacts: answers by value", async ({ tenant, make }) => {
		const contact = await fullContact(tenant, make);
		await put(tenant, contact);
		await provesCopies(() => tenant.findContacts([{ id: contact.id }, { addressKey: contact.addressKey }]));
	}),

	examCase("pageContacts: leads through the contacts that match", async ({ tenant, bystander, make }) => {
		const all = make.contacts(12).map((contact, index) => rename(contact, index % 2 === 0 ? "Ada" : "Bob"));
		const strangers = make.contacts(3).map((contact) => rename(contact, "Ada"));
		await put(bystander, ...strangers);
		// In no order, as by hosts that bring their own history along.
		await put(tenant, ...all.slice(6));
		await put(tenant, ...all.slice(0, 6).toReversed());
		await provesPages(
			all,
			({ id }) => id,
			(page) => tenant.pageContacts(EVERYONE, page),
		);
		const matching = all.filter(({ firstName }) => firstName === "Ada");
		await provesPages(
			matching,
			({ id }) => id,
			(page) => tenant.pageContacts(named("Ada"), page),
		);
	}),

	examCase("pageContacts: takes a cursor of a contact that is gone", async ({ tenant, make }) => {
		const contacts = make.contacts(5);
		const [first, second, third, fourth, fifth] = contacts;
		await put(tenant, ...contacts);
		if (third !== undefined) await remove(tenant, third);
		const after = third?.id;
		assert.deepEqual(await tenant.pageContacts(EVERYONE, { limit: 9, after }), [second, first]);
		assert.deepEqual(await tenant.pageContacts(EVERYONE, { limit: 9, before: after }), [fifth, fourth]);
	}),

	examCase("pageContacts: answers by value", async ({ tenant, make }) => {
		await put(tenant, await fullContact(tenant, make));
		await provesCopies(() => tenant.pageContacts(EVERYONE, { limit: 5 }));
	}),

	examCase("countContacts: counts those that match", async ({ tenant, bystander, alone, make }) => {
		assert.equal(await tenant.countContacts(EVERYONE), 0);
		const contacts = make.contacts(7).map((contact, index) => rename(contact, index < 3 ? "Ada" : "Bob"));
		await put(bystander, make.contact({ firstName: "Ada" }));
		await alone(() => put(tenant, ...contacts));
		assert.equal(await tenant.countContacts(EVERYONE), 7);
		assert.equal(await tenant.countContacts(named("Ada")), 3);
		const [first] = contacts;
		if (first !== undefined) await remove(tenant, first);
		assert.equal(await tenant.countContacts(named("Ada")), 2);
	}),

	examCase("countContacts: sees all of a unit or nothing of it", async ({ tenant, make }) => {
		const contacts = make.contacts(16);
		const [count] = await Promise.all([tenant.countContacts(EVERYONE), put(tenant, ...contacts)]);
		assert.ok(count === 0 || count === contacts.length, `it counted ${count} of ${contacts.length}`);
	}),

	examCase("findLastContactId: is the largest id, whatever came last", async ({ tenant, bystander, make }) => {
		assert.equal(await tenant.findLastContactId(), undefined);
		const [first, second, third, stranger] = make.contacts(4);
		assert.ok(first && second && third && stranger);
		await put(bystander, stranger);
		assert.equal(await tenant.findLastContactId(), undefined);
		await put(tenant, third);
		await put(tenant, first);
		await put(tenant, second);
		assert.equal(await tenant.findLastContactId(), third.id);
		await remove(tenant, third);
		assert.equal(await tenant.findLastContactId(), second.id);
		await decideOne(tenant, entryOf(second), { write: rename(second, "Ada") });
		assert.equal(await tenant.findLastContactId(), second.id);
	}),
];

/** What a storage does with contacts. */
export const contactCases: readonly StorageCase[] = [...writing, ...reading];

import assert from "node:assert/strict";
import { ConvokeError } from "../errors.ts";
import { EVERYONE } from "../filter/filter.ts";
import type { ContactRecord } from "../model/contact.ts";
import type { ContactDecisions } from "../ports/storage.ts";
import { contactOf, decideOne, entryOf, look, NOTHING, put, remove, rename, retain } from "./contact-acts.ts";
import { present } from "./proofs.ts";
import { addressOf, minutes } from "./records.ts";
import { examCase, type StorageCase, type World } from "./storage-case.ts";
import { tamper } from "./tenant-state.ts";

/** What a storage lets a unit know before it decides. */
const finding: readonly StorageCase[] = [
	examCase("changeContacts: finds a contact by each kind of key", async ({ tenant, both, make }) => {
		const contact = make.contact({ externalId: "user_1" });
		await both((each) => put(each, make.contact(), contact));
		const { id, addressKey, addressHash } = contact;
		for (const key of [{ id }, { addressKey }, { addressHash }, { externalId: "user_1" }]) {
			assert.deepEqual((await look(tenant, { key })).contact, contact);
		}
		const strangers = [{ id: make.id() }, { addressKey: "x@example.com" }, { addressHash: "x" }, { externalId: "x" }];
		for (const key of strangers) {
			const nothing = {
				contact: undefined,
				addressHolder: undefined,
				externalIdHolder: undefined,
				retained: [],
				former: [],
			};
			assert.deepEqual(await look(tenant, { key }), nothing);
		}
	}),

	examCase("changeContacts: tells who holds the address and the external id", async ({ tenant, bystander, make }) => {
		const [addressee, user] = [make.contact(), make.contact({ externalId: "user_1" })];
		await put(tenant, addressee, user);
		const { addressKey: key, addressHash: hash } = addressee;
		const entry = { key: { id: make.id() }, address: { key, hash }, externalId: "user_1" };
		const found = await look(tenant, entry);
		assert.equal(found.contact, undefined);
		assert.equal(found.addressHolder, addressee.id);
		assert.equal(found.externalIdHolder, user.id);
		const elsewhere = await look(bystander, entry);
		assert.equal(elsewhere.addressHolder, undefined);
		assert.equal(elsewhere.externalIdHolder, undefined);
		const own = await look(tenant, { key: { id: user.id }, externalId: "user_1" });
		assert.equal(own.externalIdHolder, user.id);
		assert.equal(own.addressHolder, undefined);
		const blank = make.contact({ externalId: "" });
		await put(tenant, blank);
		const entries = [{ key: { id: user.id } }, { key: { id: addressee.id }, externalId: "" }];
		let holders: readonly unknown[] = [];
		await tenant.changeContacts(entries, (both) => {
			holders = both.map(({ externalIdHolder }) => externalIdHolder);
			return { contacts: [NOTHING, NOTHING] };
		});
		assert.deepEqual(holders, [undefined, blank.id], "no external id is not the empty one");
	}),

	examCase("changeContacts: tells what was retained for the address", async ({ tenant, bystander, make }) => {
		const [hash, otherHash] = ["hash_one", "hash_two"];
		const topics = [make.topic(), make.topic()];
		for (const topic of topics) await tenant.insertTopic(topic);
		const rows = [
			make.retained({ addressHash: hash, unsubscribed: false, topicIds: topics.map(({ id }) => id) }),
			make.retained({ addressHash: hash }),
		];
		const other = make.retained({ addressHash: otherHash });
		await retain(bystander, make.retained({ addressHash: hash }));
		await retain(tenant, present(rows[1]), other, present(rows[0]));
		const address = { key: "one@example.com", hash };
		assert.deepEqual((await look(tenant, { key: { id: make.id() }, address })).retained, rows);
		assert.deepEqual((await look(tenant, { key: { addressHash: hash } })).retained, rows);
		assert.deepEqual((await look(tenant, { key: { addressHash: otherHash }, address })).retained, rows);
		assert.deepEqual((await look(tenant, { key: { addressHash: otherHash } })).retained, [other]);
		assert.deepEqual((await look(tenant, { key: { id: make.id() } })).retained, []);
	}),

	examCase("changeContacts: tells what was retained for a contact", async ({ tenant, bystander, make }) => {
		const contactId = make.id();
		const rows = [make.retained({ contactId, addressHash: "a" }), make.retained({ contactId, addressHash: "b" })];
		await retain(bystander, make.retained({ contactId, addressHash: "c" }));
		await retain(tenant, present(rows[1]), make.retained({ addressHash: "a" }), present(rows[0]));
		const found = await look(tenant, { key: { id: contactId } });
		assert.deepEqual(found.former, rows);
		assert.deepEqual(found.retained, []);
		assert.deepEqual((await look(tenant, { key: { addressHash: "a" } })).former, []);
	}),

	examCase("changeContacts: tells of no topic that is gone", async ({ tenant, bystander, make }) => {
		const [kept, gone] = [make.topic(), make.topic()];
		await tenant.insertTopic(kept);
		for (const each of [tenant, bystander]) await each.insertTopic(gone);
		const row = make.retained({ topicIds: [kept.id, gone.id] });
		await retain(tenant, row);
		await tenant.deleteTopic(gone.id);
		const left = [{ ...row, topicIds: [kept.id] }];
		assert.deepEqual((await look(tenant, { key: { addressHash: row.addressHash } })).retained, left);
		assert.deepEqual((await look(tenant, { key: { id: row.contactId } })).former, left);
	}),

	examCase("changeContacts: replaces a retained row of the same address and contact", async (world) => {
		const { tenant, bystander, both, make } = world;
		const topic = make.topic();
		await both((each) => each.insertTopic(topic));
		const row = make.retained({ topicIds: [topic.id] });
		const neighbour = make.retained({ addressHash: row.addressHash });
		await both((each) => retain(each, row, neighbour));
		const changed = { ...row, unsubscribed: false, topicIds: [], at: minutes(9) };
		const given = structuredClone(changed);
		await world.alone(() => retain(tenant, given));
		tamper(given);
		const { addressHash } = row;
		assert.deepEqual((await look(tenant, { key: { addressHash } })).retained, [changed, neighbour]);
		assert.deepEqual((await look(bystander, { key: { addressHash } })).retained, [row, neighbour]);
	}),

	examCase("changeContacts: finds by value", async ({ tenant, make }) => {
		const contact = make.contact({ properties: { since: minutes(0) } });
		await put(tenant, contact);
		const topic = make.topic();
		await tenant.insertTopic(topic);
		const row = make.retained({ addressHash: contact.addressHash, topicIds: [topic.id] });
		await retain(tenant, row);
		const { addressHash } = contact;
		tamper(await look(tenant, { key: { addressHash } }));
		const found = await look(tenant, { key: { addressHash } });
		assert.deepEqual(found.contact, contact);
		assert.deepEqual(found.retained, [row]);
	}),

	examCase("changeContacts: answers with what it wrote, entry by entry", async ({ tenant, make }) => {
		const [first, second] = [make.contact(), make.contact()];
		await put(tenant, second);
		const seen: (string | undefined)[] = [];
		const decisions: ContactDecisions = {
			contacts: [
				{ ...NOTHING, write: first, events: [make.event({ contactId: first.id })] },
				{ ...NOTHING, write: rename(second, "Ada"), retain: [make.retained()] },
			],
		};
		const answer = await tenant.changeContacts([entryOf(first), entryOf(second)], (found) => {
			seen.splice(0, seen.length, ...found.map(({ contact }) => contact?.id));
			return structuredClone(decisions);
		});
		assert.deepEqual(seen, [undefined, second.id]);
		assert.deepEqual(answer, decisions);
	}),
];

/** What makes a unit one. */
const atomicity: readonly StorageCase[] = [
	examCase("changeContacts: writes nothing when it is decided to stop", async ({ tenant, both, inert, make }) => {
		const contact = make.contact();
		await both((each) => put(each, contact));
		const stop = new Error("stop");
		await inert(() =>
			assert.rejects(
				tenant.changeContacts([entryOf(contact)], ([found]) => {
					tamper(found);
					throw stop;
				}),
				(error) => error === stop,
			),
		);
		await put(tenant, rename(contact, "Ada"));
		assert.deepEqual(await contactOf(tenant, contact), rename(contact, "Ada"));
	}),

	examCase("changeContacts: writes nothing of a unit that takes another's address", async (world) => {
		await provesRefused(world, (contact, holder) => ({
			...contact,
			addressKey: holder.addressKey,
			addressHash: holder.addressHash,
		}));
	}),

	examCase("changeContacts: writes nothing of a unit that takes another's external id", async (world) => {
		await provesRefused(world, (contact, holder) => ({ ...contact, externalId: holder.externalId }));
	}),

	examCase("changeContacts: writes nothing of a unit with one address twice", async ({ tenant, inert, make }) => {
		await put(tenant, make.contact());
		const [first, namesake] = [make.contact(addressOf("same")), make.contact(addressOf("same"))];
		await inert(() => assert.rejects(put(tenant, first, namesake), isUniquenessViolation));
		await put(tenant, first);
		assert.deepEqual(await contactOf(tenant, first), first);
	}),

	examCase("changeContacts: frees an address and an external id with their contact", async ({ tenant, make }) => {
		const former = make.contact({ externalId: "user_1" });
		await put(tenant, former);
		await remove(tenant, former);
		const successor = { ...former, id: make.id() };
		await put(tenant, successor);
		assert.deepEqual(await tenant.findContacts([{ externalId: "user_1" }]), [successor]);
		const moved = { ...successor, ...addressOf("moved"), externalId: null };
		await put(tenant, moved);
		const next = { ...former, id: make.id() };
		await put(tenant, next);
		assert.deepEqual(await tenant.pageContacts(EVERYONE, { limit: 9 }), [next, moved]);
	}),

	examCase("changeContacts: lets nothing come between finding and writing", async ({ tenant, both, alone, make }) => {
		const contact = make.contact({ properties: { visits: 0 } });
		await both((each) => put(each, contact));
		const visit = (): Promise<unknown> =>
			tenant.changeContacts([{ key: { id: contact.id } }], ([found]) => {
				const { properties, ...rest } = present(found?.contact);
				const write = { ...rest, properties: { visits: Number(properties["visits"]) + 1 } };
				return { contacts: [{ ...NOTHING, write, events: [make.event({ contactId: contact.id })] }] };
			});
		await alone(() => Promise.all(Array.from({ length: 8 }, visit)));
		assert.deepEqual((await contactOf(tenant, contact))?.properties, { visits: 8 });
		assert.equal((await tenant.listEvents(undefined, 100)).length, 8);
	}),

	examCase("changeContacts: lets one of two units have an address", async ({ tenant, make }) => {
		const rivals = [make.contact(addressOf("wanted")), make.contact(addressOf("wanted"))];
		const outcomes = await Promise.all(
			rivals.map((rival) =>
				tenant.changeContacts([entryOf(rival)], ([found]) => ({
					contacts: [found?.addressHolder === undefined ? { ...NOTHING, write: rival } : NOTHING],
				})),
			),
		);
		const written = outcomes.flatMap(({ contacts }) => contacts[0]?.write ?? []);
		assert.equal(written.length, 1);
		assert.deepEqual(await tenant.pageContacts(EVERYONE, { limit: 9 }), written);
	}),

	examCase("pageContacts: sees all of a unit or nothing of it", async ({ tenant, make }) => {
		const contacts = make.contacts(16);
		const [page] = await Promise.all([tenant.pageContacts(EVERYONE, { limit: 100 }), put(tenant, ...contacts)]);
		assert.ok(page.length === 0 || page.length === contacts.length, `it read ${page.length} of ${contacts.length}`);
	}),

	examCase("findContacts: sees all of a unit or nothing of it", async ({ tenant, make }) => {
		const contacts = make.contacts(16);
		await put(tenant, ...contacts);
		const renamed = contacts.map((contact) => rename(contact, "Ada"));
		const keys = contacts.map(({ id }) => ({ id }));
		const [found] = await Promise.all([tenant.findContacts(keys), put(tenant, ...renamed)]);
		const names = new Set(found.map((contact) => contact?.firstName));
		assert.equal(names.size, 1, "it read a part of the unit");
	}),
];

/** Proves that nothing is left of a unit whose last contact collides with another one. */
async function provesRefused(
	{ tenant, both, inert, make }: World,
	collide: (contact: ContactRecord, holder: ContactRecord) => ContactRecord,
): Promise<void> {
	const [holder, changed, removed] = [make.contact({ externalId: "taken" }), make.contact(), make.contact()];
	await both((each) => put(each, holder, changed, removed));
	const [added, colliding] = [make.contact(), collide(make.contact(), holder)];
	const row = make.retained();
	const unit = (): Promise<unknown> =>
		tenant.changeContacts(
			[entryOf(added), entryOf(changed), { key: { id: removed.id } }, { key: { id: colliding.id } }],
			() => ({
				contacts: [
					{ write: added, retain: [row], events: [make.event({ contactId: added.id })] },
					{ ...NOTHING, write: rename(changed, "Ada") },
					{ ...NOTHING, remove: removed.id },
					{ ...NOTHING, write: colliding },
				],
			}),
		);
	await inert(() => assert.rejects(unit(), isUniquenessViolation));
	assert.deepEqual((await look(tenant, { key: { addressHash: row.addressHash } })).retained, []);
	await inert(() => assert.rejects(decideOne(tenant, entryOf(colliding), { write: colliding }), isUniquenessViolation));
	await put(tenant, { ...holder, firstName: "Own" });
	assert.equal((await contactOf(tenant, holder))?.firstName, "Own");
}

function isUniquenessViolation(error: unknown): boolean {
	return ConvokeError.is(error) && error.code === "storage_failed" && error.reason === "uniqueness_violated";
}

/** What a storage does with units of contacts. */
export const contactUnitCases: readonly StorageCase[] = [...finding, ...atomicity];

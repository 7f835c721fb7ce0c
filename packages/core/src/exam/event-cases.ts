import assert from "node:assert/strict";
import { append, decideOne, put, remove } from "./contact-acts.ts";
import { handOver, present, provesCopies } from "./proofs.ts";
import { minutes } from "./records.ts";
import { examCase, type StorageCase } from "./storage-case.ts";

/** What a storage does with events. */
export const eventCases: readonly StorageCase[] = [
	examCase("listEvents: tells every event whole, in the order written", async ({ tenant, alone, make }) => {
		assert.deepEqual(await tenant.listEvents(undefined, 10), []);
		const contact = make.contact();
		const events = [
			make.event({ type: "contact.created", contactId: contact.id, at: minutes(9) }),
			make.event({ type: "topic.opted_out", contactId: contact.id, topicId: make.id(), broadcastId: make.id() }),
			make.event({ type: "contact.confirmed", contactId: make.id(), source: "page", textVersion: "2026-03 😀" }),
			make.event({ type: "segment.added", contactId: make.id(), segmentId: make.id(), source: "import" }),
			make.event({ type: "contact.unsubscribed", source: "one_click", actor: "Zoë 😀 (support)", at: minutes(-9) }),
		];
		await alone(() => decideOne(tenant, { key: { id: contact.id } }, { write: contact, events: events.slice(0, 2) }));
		await alone(() => append(tenant, events.slice(2)));
		const written = await tenant.listEvents(undefined, 10);
		assert.deepEqual(
			written,
			events.map((event, index) => ({ ...event, cursor: written[index]?.cursor })),
		);
		assert.equal(new Set(written.map(({ cursor }) => cursor)).size, 5);
	}),

	examCase("listEvents: goes on after a cursor", async ({ tenant, bystander, make }) => {
		const actors = Array.from({ length: 13 }, (_, index) => `actor ${index}`);
		for (const actor of actors) {
			await append(tenant, [make.event({ actor })]);
			await append(bystander, [make.event({ actor: "other" })]);
		}
		const seen: (string | null)[] = [];
		let after: string | undefined;
		for (const size of [5, 5, 3, 0]) {
			const events = await tenant.listEvents(after, 5);
			assert.equal(events.length, size);
			seen.push(...events.map(({ actor }) => actor));
			after = events.at(-1)?.cursor ?? after;
		}
		assert.deepEqual(seen, actors);
		await append(tenant, [make.event({ actor: "newest" })]);
		assert.deepEqual(
			(await tenant.listEvents(after, 5)).map(({ actor }) => actor),
			["newest"],
		);
	}),

	examCase("listEvents: keeps the events of a removed contact", async ({ tenant, make }) => {
		const contact = make.contact();
		await put(tenant, contact);
		await append(tenant, [make.event({ contactId: contact.id })]);
		await remove(tenant, contact);
		assert.equal((await tenant.listEvents(undefined, 10)).length, 1);
		assert.equal((await tenant.pageContactEvents(contact.id, { limit: 10 })).length, 1);
	}),

	examCase("listEvents: answers and takes events by value", async ({ tenant, make }) => {
		const kept = await handOver([make.event({ actor: "kept" })], (events) => append(tenant, events));
		const [event] = await tenant.listEvents(undefined, 1);
		assert.deepEqual(event, { ...present(kept[0]), cursor: event?.cursor });
		await provesCopies(() => tenant.listEvents(undefined, 5));
	}),

	examCase("pageContactEvents: leads through one contact's events, newest first", async ({ tenant, both, make }) => {
		const [contactId, neighbourId] = [make.id(), make.id()];
		for (const actor of ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]) {
			const own = make.event({ contactId, actor });
			await append(tenant, [own, make.event({ contactId: neighbourId, actor: "neighbour" })]);
			await append(tenant, [make.event({ actor: "nobody" })]);
		}
		await both((each) => append(each, [make.event({ contactId: neighbourId, actor: "both" })]));
		const all = await tenant.pageContactEvents(contactId, { limit: 100 });
		const actors = all.map(({ actor }) => actor);
		assert.deepEqual(actors, ["11", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1"]);
		const first = await tenant.pageContactEvents(contactId, { limit: 4 });
		assert.deepEqual(first, all.slice(0, 4));
		const after = first.at(-1)?.cursor;
		assert.deepEqual(await tenant.pageContactEvents(contactId, { limit: 4, after }), all.slice(4, 8));
		assert.deepEqual(await tenant.pageContactEvents(contactId, { limit: 100, after }), all.slice(4));
		const listed = await tenant.listEvents(undefined, 100);
		assert.deepEqual(
			all.toReversed(),
			listed.filter((event) => event.contactId === contactId),
		);
		assert.deepEqual(await tenant.pageContactEvents(make.id(), { limit: 4 }), []);
	}),

	examCase("pageContactEvents: answers by value, and only this tenant's", async ({ tenant, bystander, make }) => {
		const contactId = make.id();
		await append(bystander, [make.event({ contactId, actor: "bystander" })]);
		assert.deepEqual(await tenant.pageContactEvents(contactId, { limit: 9 }), []);
		await append(tenant, [make.event({ contactId, actor: "own" })]);
		assert.deepEqual(
			(await tenant.pageContactEvents(contactId, { limit: 9 })).map(({ actor }) => actor),
			["own"],
		);
		await provesCopies(() => tenant.pageContactEvents(contactId, { limit: 9 }));
	}),
];

import assert from "node:assert/strict";
import type { ContactRecord, PropertyValue } from "../model/contact.ts";
import type { PropertyType } from "../model/property.ts";
import type { SegmentRecord } from "../model/segment.ts";
import type { Topic } from "../model/topic.ts";
import type { TenantStorage } from "../ports/storage.ts";
import { contactOf, put } from "./contact-acts.ts";
import { handOver, idsOf, present, provesCopies, provesOneWon, provesPages } from "./proofs.ts";
import { START } from "./records.ts";
import { examCase, type StorageCase } from "./storage-case.ts";

const FALLBACKS: readonly (readonly [PropertyType, PropertyValue | null])[] = [
	["string", "2026-03-04T05:06:07.089Z"],
	["string", ""],
	["number", -0.5],
	["boolean", false],
	["date", START],
	["date", null],
];

const properties: readonly StorageCase[] = [
	examCase("insertProperty: keeps a property of each type", async ({ tenant, alone, make }) => {
		const kept: unknown[] = [];
		for (const [type, fallback] of FALLBACKS) {
			const property = make.property({ type, fallback });
			kept.push(
				await handOver(property, async (given) => {
					assert.equal(await alone(() => tenant.insertProperty(given)), true);
				}),
			);
		}
		assert.deepEqual(await tenant.listProperties(), kept);
	}),

	examCase("insertProperty: refuses a key that is taken", async ({ tenant, bystander, inert, make }) => {
		const property = make.property({ key: "plan" });
		assert.equal(await bystander.insertProperty(property), true);
		assert.equal(await tenant.insertProperty(property), true);
		assert.equal(await inert(() => tenant.insertProperty(make.property({ key: "plan", type: "number" }))), false);
		assert.equal(await tenant.insertProperty(make.property({ key: "PLAN" })), true);
		const rivals = [make.property({ key: "seats" }), make.property({ key: "seats" })];
		provesOneWon(await Promise.all(rivals.map((rival) => tenant.insertProperty(rival))));
	}),

	examCase("listProperties: is in the order of the keys", async ({ tenant, bystander, make }) => {
		assert.deepEqual(await tenant.listProperties(), []);
		const [first, second, third, fourth, fifth] = ["Z", "_a", "a", "a1", "b"].map((key) => make.property({ key }));
		assert.ok(first && second && third && fourth && fifth);
		await bystander.insertProperty(make.property({ key: "c" }));
		for (const property of [fourth, fifth, second, first, third]) await tenant.insertProperty(property);
		assert.deepEqual(await tenant.listProperties(), [first, second, third, fourth, fifth]);
		await provesCopies(() => tenant.listProperties());
	}),

	examCase("updateProperty: changes the fallback of one property", async ({ tenant, both, alone, inert, make }) => {
		const [property, neighbour] = [
			make.property({ key: "a", type: "date" }),
			make.property({ key: "b", fallback: "x" }),
		];
		await both(async (each) => [await each.insertProperty(property), await each.insertProperty(neighbour)]);
		for (const fallback of [START, null]) {
			await handOver({ fallback }, async (given) => {
				assert.equal(await alone(() => tenant.updateProperty(property.id, given)), true);
			});
			assert.deepEqual(await tenant.listProperties(), [{ ...property, fallback }, neighbour]);
		}
		assert.equal(await inert(() => tenant.updateProperty(make.id(), { fallback: "y" })), false);
	}),

	examCase("deleteProperty: takes its values from every contact", async ({ tenant, both, alone, inert, make }) => {
		const [property, neighbour] = [make.property({ key: "plan" }), make.property({ key: "plan_b" })];
		const contacts = [
			make.contact({ properties: { plan: "pro", plan_b: "x" } }),
			make.contact({ properties: { plan_b: "plan" } }),
			make.contact({ properties: { plan: START } }),
		];
		await both(async (each) => [await each.insertProperty(property), await each.insertProperty(neighbour)]);
		await both((each) => put(each, ...contacts));
		assert.equal(await inert(() => tenant.deleteProperty(make.id())), "missing");
		assert.equal(await alone(() => tenant.deleteProperty(property.id)), "deleted");
		assert.deepEqual(await tenant.listProperties(), [neighbour]);
		const [first, second, third] = contacts;
		const cleared = [{ ...first, properties: { plan_b: "x" } }, second, { ...third, properties: {} }];
		assert.deepEqual(await tenant.findContacts(idsOf(contacts).map((id) => ({ id }))), cleared);
		assert.equal(await inert(() => tenant.deleteProperty(property.id)), "missing");
		assert.equal(await tenant.insertProperty(make.property({ key: "plan", type: "number" })), true);
		assert.deepEqual((await contactOf(tenant, present(first)))?.properties, { plan_b: "x" });
	}),

	examCase("deleteProperty: refuses while a broadcast is under way with it", async (world) => {
		const { tenant, bystander, inert, alone, make } = world;
		const uses = ["properties.plan"];
		for (const status of ["scheduled", "queued", "sending", "paused"] as const) {
			const property = make.property({ key: "plan" });
			await tenant.insertProperty(property);
			await put(tenant, make.contact({ properties: { plan: "pro" } }));
			const broadcast = make.broadcast({ status, uses });
			await tenant.insertBroadcast(broadcast);
			assert.equal(await inert(() => tenant.deleteProperty(property.id)), "in_use", status);
			await tenant.moveBroadcast({ id: broadcast.id, from: [status], changes: { uses: [] } });
			assert.equal(await alone(() => tenant.deleteProperty(property.id)), "deleted", status);
		}
		for (const status of ["draft", "sent", "canceled", "failed"] as const) {
			const property = make.property({ key: "plan" });
			await tenant.insertProperty(property);
			await tenant.insertBroadcast(make.broadcast({ status, uses }));
			await tenant.insertBroadcast(make.broadcast({ status: "sending", uses: ["properties.plan_b"] }));
			await bystander.insertBroadcast(make.broadcast({ status: "sending", uses }));
			assert.equal(await alone(() => tenant.deleteProperty(property.id)), "deleted", status);
		}
	}),
];

/** The verbs that segments and topics have alike, for asking both the same. */
interface Kind<Row extends SegmentRecord | Topic> {
	readonly noun: "Segment" | "Topic";
	readonly make: (records: { segment(): SegmentRecord; topic(): Topic }) => Row;
	readonly insert: (tenant: TenantStorage, row: Row) => Promise<boolean>;
	readonly find: (tenant: TenantStorage, ids: readonly string[]) => Promise<readonly (Row | undefined)[]>;
	readonly page: (tenant: TenantStorage, page: Parameters<TenantStorage["pageTopics"]>[0]) => Promise<readonly Row[]>;
	readonly rename: (tenant: TenantStorage, id: string, name: string) => Promise<boolean>;
	readonly remove: (tenant: TenantStorage, id: string) => Promise<"deleted" | "in_use" | "missing">;
	/** What a contact has that refers to these rows. */
	readonly refer: (...ids: readonly string[]) => Partial<ContactRecord>;
}

const SEGMENTS: Kind<SegmentRecord> = {
	noun: "Segment",
	make: (records) => records.segment(),
	insert: (tenant, row) => tenant.insertSegment(row),
	find: (tenant, ids) => tenant.findSegments(ids),
	page: (tenant, page) => tenant.pageSegments(page),
	rename: (tenant, id, name) => tenant.updateSegment(id, { name }),
	remove: (tenant, id) => tenant.deleteSegment(id),
	refer: (...segmentIds) => ({ segmentIds }),
};

const TOPICS: Kind<Topic> = {
	noun: "Topic",
	make: (records) => records.topic(),
	insert: (tenant, row) => tenant.insertTopic(row),
	find: (tenant, ids) => tenant.findTopics(ids),
	page: (tenant, page) => tenant.pageTopics(page),
	rename: (tenant, id, name) => tenant.updateTopic(id, { name }),
	remove: (tenant, id) => tenant.deleteTopic(id),
	refer: (...ids) => ({ choices: Object.fromEntries(ids.map((id) => [id, "opt_out" as const])) }),
};

function keepingCases<Row extends SegmentRecord | Topic>(kind: Kind<Row>): readonly StorageCase[] {
	const { noun, insert, find, page, rename } = kind;
	return [
		examCase(`insert${noun}: keeps one`, async ({ tenant, alone, inert, make }) => {
			const [row, neighbour] = [kind.make(make), kind.make(make)];
			await insert(tenant, neighbour);
			assert.deepEqual(await find(tenant, [row.id]), [undefined]);
			await handOver(row, async (given) => {
				assert.equal(await alone(() => insert(tenant, given)), true);
			});
			assert.deepEqual(await find(tenant, [row.id, neighbour.id]), [row, neighbour]);
			assert.equal(await inert(() => insert(tenant, { ...row, name: "Other" })), false);
		}),

		examCase(`insert${noun}: lets one of two have an id`, async ({ tenant, bystander, make }) => {
			const row = kind.make(make);
			assert.equal(await insert(bystander, row), true);
			provesOneWon(await Promise.all([insert(tenant, row), insert(tenant, { ...row, name: "Other" })]));
		}),

		examCase(`find${noun}s: answers in the order of the ids, by value`, async ({ tenant, bystander, make }) => {
			const [first, second, stranger] = [kind.make(make), kind.make(make), kind.make(make)];
			await insert(bystander, stranger);
			await insert(tenant, first);
			await insert(tenant, second);
			const ids = [second.id, stranger.id, first.id, second.id, make.id()];
			assert.deepEqual(await find(tenant, ids), [second, undefined, first, second, undefined]);
			assert.deepEqual(await find(tenant, []), []);
			await provesCopies(() => find(tenant, [first.id]));
		}),

		examCase(`page${noun}s: leads through all of them`, async ({ tenant, bystander, make }) => {
			const rows = Array.from({ length: 6 }, () => kind.make(make));
			await insert(bystander, kind.make(make));
			for (const row of [...rows.slice(3), ...rows.slice(0, 3)]) await insert(tenant, row);
			await provesPages(
				rows,
				({ id }) => id,
				(request) => page(tenant, request),
			);
			await provesCopies(() => page(tenant, { limit: 3 }));
		}),

		examCase(`update${noun}: changes the name of one`, async ({ tenant, both, alone, inert, make }) => {
			const [row, neighbour] = [kind.make(make), kind.make(make)];
			await both(async (each) => [await insert(each, row), await insert(each, neighbour)]);
			assert.equal(await alone(() => rename(tenant, row.id, "Renamed")), true);
			assert.deepEqual(await find(tenant, [row.id, neighbour.id]), [{ ...row, name: "Renamed" }, neighbour]);
			assert.equal(await inert(() => rename(tenant, make.id(), "Renamed")), false);
		}),
	];
}

function removalCases<Row extends SegmentRecord | Topic>(kind: Kind<Row>): readonly StorageCase[] {
	const { noun, insert, find, refer } = kind;
	return [
		examCase(`delete${noun}: takes it from every contact`, async ({ tenant, both, alone, inert, make }) => {
			const [row, neighbour] = [kind.make(make), kind.make(make)];
			await both(async (each) => [await insert(each, row), await insert(each, neighbour)]);
			const contacts = [
				make.contact(refer(row.id, neighbour.id)),
				make.contact(refer(neighbour.id)),
				make.contact(refer(row.id)),
			];
			await both((each) => put(each, ...contacts));
			assert.deepEqual(await tenant.findContacts(idsOf(contacts).map((id) => ({ id }))), contacts);
			assert.equal(await inert(() => kind.remove(tenant, make.id())), "missing");
			assert.equal(await alone(() => kind.remove(tenant, row.id)), "deleted");
			assert.deepEqual(await find(tenant, [row.id, neighbour.id]), [undefined, neighbour]);
			const [first, second, third] = contacts;
			const left = [{ ...first, ...refer(neighbour.id) }, second, { ...third, ...refer() }];
			assert.deepEqual(await tenant.findContacts(idsOf(contacts).map((id) => ({ id }))), left);
			assert.equal(await inert(() => kind.remove(tenant, row.id)), "missing");
			// A new one by the same id starts empty.
			await insert(tenant, row);
			assert.deepEqual(await tenant.findContacts(idsOf(contacts).map((id) => ({ id }))), left);
		}),

		examCase(`delete${noun}: refuses while a broadcast is under way with it`, async (world) => {
			const { tenant, bystander, inert, alone, make } = world;
			for (const status of ["scheduled", "queued", "sending", "paused"] as const) {
				const [other, row] = [kind.make(make), kind.make(make)];
				await insert(tenant, other);
				await insert(tenant, row);
				await put(tenant, make.contact(refer(row.id)));
				const uses = [other.id, row.id];
				const broadcast = make.broadcast({ status, uses });
				await tenant.insertBroadcast(broadcast);
				assert.equal(await inert(() => kind.remove(tenant, row.id)), "in_use", status);
				await tenant.moveBroadcast({ id: broadcast.id, from: [status], changes: { uses: [other.id] } });
				assert.equal(await alone(() => kind.remove(tenant, row.id)), "deleted", status);
			}
			for (const status of ["draft", "sent", "canceled", "failed"] as const) {
				const row = kind.make(make);
				await insert(tenant, row);
				await tenant.insertBroadcast(make.broadcast({ status, uses: [row.id] }));
				await bystander.insertBroadcast(make.broadcast({ status: "sending", uses: [row.id] }));
				assert.equal(await alone(() => kind.remove(tenant, row.id)), "deleted", status);
			}
		}),
	];
}

const topics: readonly StorageCase[] = [
	examCase("updateTopic: changes what is given and nothing else", async ({ tenant, both, alone, make }) => {
		const [topic, neighbour] = [make.topic({ description: "Before" }), make.topic()];
		await both(async (each) => [await each.insertTopic(topic), await each.insertTopic(neighbour)]);
		for (const changes of [{ description: "After" }, { visibility: "private" as const }, { description: null }]) {
			const [before] = await tenant.findTopics([topic.id]);
			assert.equal(await alone(() => tenant.updateTopic(topic.id, changes)), true);
			assert.deepEqual(await tenant.findTopics([topic.id, neighbour.id]), [{ ...before, ...changes }, neighbour]);
		}
		const answers = await Promise.all([
			tenant.updateTopic(topic.id, { name: "Together" }),
			tenant.updateTopic(topic.id, { description: "At once" }),
		]);
		assert.deepEqual(answers, [true, true]);
		const [after] = await tenant.findTopics([topic.id]);
		assert.deepEqual(after, { ...topic, name: "Together", description: "At once", visibility: "private" });
	}),
];

/** What a storage does with properties, segments and topics. */
export const catalogueCases: readonly StorageCase[] = [
	...properties,
	...keepingCases(SEGMENTS),
	...removalCases(SEGMENTS),
	...keepingCases(TOPICS),
	...removalCases(TOPICS),
	...topics,
];

import assert from "node:assert/strict";
import type { Filter } from "../filter/filter.ts";
import type { TenantStorage } from "../ports/storage.ts";
import { propertyUse } from "../rules/broadcast-moves.ts";
import { present } from "./proofs.ts";
import type { Records } from "./records.ts";
import { examCase, type StorageCase } from "./storage-case.ts";

/** What a storage does with the filters of segments, and with what those use. */
export const segmentCases: readonly StorageCase[] = [
	examCase("insertSegment: keeps a filter as it is", async ({ tenant, make }) => {
		const filter: Filter = {
			and: [
				{ field: "createdAt", op: "gte", value: new Date("2026-01-31T09:30:00.001Z") },
				{ field: "properties.seats", op: "in", value: [1, 2.5] },
				{
					or: [
						{ not: { search: "Zo\u00eb \u{1f98a}" } },
						{ field: "createdAt", op: "lt", value: { ago: { days: 3 } } },
					],
				},
			],
		};
		const segment = make.segment({ filter });
		assert.equal(await tenant.insertSegment(segment), true);
		assert.deepEqual(await tenant.findSegments([segment.id]), [segment]);
		assert.deepEqual(await tenant.pageSegments({ limit: 1 }), [segment]);
	}),

	examCase(
		"insertSegment: refuses one that uses what does not exist",
		async ({ tenant, inert, alone, make, ...world }) => {
			for (const { use, insert } of usable(make)) {
				const segment = make.segment({ uses: [use] });
				await insert(world.bystander);
				assert.equal(await inert(() => tenant.insertSegment(segment)), false, use);
				await insert(tenant);
				assert.equal(await alone(() => tenant.insertSegment(segment)), true, use);
				assert.deepEqual(await tenant.findSegments([segment.id]), [segment]);
			}
		},
	),

	examCase(
		"updateSegment: refuses to make one use what does not exist",
		async ({ tenant, inert, alone, make, ...world }) => {
			for (const { use, insert } of usable(make)) {
				const segment = make.segment();
				await tenant.insertSegment(segment);
				await insert(world.bystander);
				assert.equal(await inert(() => tenant.updateSegment(segment.id, { name: "Other", uses: [use] })), false, use);
				await insert(tenant);
				assert.equal(await alone(() => tenant.updateSegment(segment.id, { uses: [use] })), true, use);
				assert.deepEqual(await tenant.findSegments([segment.id]), [{ ...segment, uses: [use] }]);
			}
		},
	),

	examCase("updateSegment: changes the filter of one", async ({ tenant, alone, make }) => {
		const segment = make.segment({ filter: { and: [] } });
		await tenant.insertSegment(segment);
		const filter: Filter = { field: "firstName", op: "eq", value: "Ada" };
		assert.equal(await alone(() => tenant.updateSegment(segment.id, { filter })), true);
		assert.deepEqual(await tenant.findSegments([segment.id]), [{ ...segment, filter }]);
	}),

	...(["Segment", "Topic", "Property"] as const).map((noun, kind) =>
		examCase(`delete${noun}: refuses while a segment uses it`, async ({ tenant, both, inert, alone, make }) => {
			const wanted = present(usable(make)[kind]);
			const [outer, other] = [make.segment({ uses: [wanted.use] }), make.segment()];
			await both(async (each) => {
				await wanted.insert(each);
				for (const one of [outer, other]) await each.insertSegment(one);
			});
			assert.equal(await inert(() => wanted.remove(tenant)), "in_use");
			assert.equal(await alone(() => tenant.deleteSegment(outer.id)), "deleted");
			assert.equal(await alone(() => wanted.remove(tenant)), "deleted");
		}),
	),
];

/** What a segment may use: a segment, a topic and a property. */
function usable(make: Records): readonly {
	readonly use: string;
	readonly insert: (tenant: TenantStorage) => Promise<boolean>;
	readonly remove: (tenant: TenantStorage) => Promise<"deleted" | "in_use" | "missing">;
}[] {
	const [segment, topic, property] = [make.segment(), make.topic(), make.property()];
	return [
		{
			use: segment.id,
			insert: (tenant) => tenant.insertSegment(segment),
			remove: (tenant) => tenant.deleteSegment(segment.id),
		},
		{
			use: topic.id,
			insert: (tenant) => tenant.insertTopic(topic),
			remove: (tenant) => tenant.deleteTopic(topic.id),
		},
		{
			use: propertyUse(property.key),
			insert: (tenant) => tenant.insertProperty(property),
			remove: (tenant) => tenant.deleteProperty(property.id),
		},
	];
}

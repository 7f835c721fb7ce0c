import assert from "node:assert/strict";
import { createWorld, UNUSED } from "./audience.ts";
import { compare, peakMemory } from "./measure.ts";
import type { Bench } from "./measure.ts";

/** Counts contacts by three conditions. */
export const countBench: Bench = {
	name: "count",
	about: [
		"count  contacts.count({ filter }) of two properties and a segment over n contacts, in ms. Limit: one select",
		"       count(*) with the same conditions.",
	],
	n: 100_000,
	storages: ["memory", "sqlite", "postgres"],
	async run(settings) {
		const world = await createWorld(settings, UNUSED);
		const { byHand, audience } = world;
		const filter = {
			and: [
				{ field: "properties.plan", op: "eq", value: "pro" },
				{ field: "properties.seats", op: "gte", value: 25 },
				{ segment: world.segmentId },
			],
		} as const;
		const expected = await byHand.count();
		const { ours, limit, stretch } = await compare(
			async (time) => assert.equal(await time(() => audience.contacts.count({ filter })), expected),
			async (time) => assert.equal(await time(() => byHand.count()), expected),
			settings,
		);
		await world.close();
		return [
			{ name: "count", value: ours, unit: "ms", limit },
			{ name: "count_worst_stretch", value: stretch, unit: "ms", limit: null },
			{ name: "count_peak_rss", value: peakMemory(), unit: "MB", limit: null },
		];
	},
};

import assert from "node:assert/strict";
import { createWorld, UNUSED } from "./audience.ts";
import { compare, peakMemory } from "./measure.ts";
import type { Bench } from "./measure.ts";

const PAGES = 200;

/** Reads pages of contacts from the middle of many. */
export const pageBench: Bench = {
	name: "page",
	about: [
		"page  contacts.list({ limit: 100, after }) from the middle of n contacts, in ms for a page. Limit: one select",
		"      of the contacts' own rows. That pages cost the same at any n is for two runs with different --n to show.",
	],
	n: 20_000,
	storages: ["memory", "sqlite", "postgres"],
	async run(settings) {
		const world = await createWorld(settings, UNUSED);
		const { byHand, audience } = world;
		const after = world.middleId;
		const { ours, limit, stretch } = await compare(
			(time) =>
				time(async () => {
					for (let page = 0; page < PAGES; page += 1) {
						const { data } = await audience.contacts.list({ limit: 100, after });
						assert.equal(data.length, 100);
					}
				}),
			(time) =>
				time(async () => {
					for (let page = 0; page < PAGES; page += 1) assert.equal(await byHand.page(after), 100);
				}),
			settings,
		);
		await world.close();
		return [
			{ name: "page", value: ours / PAGES, unit: "ms", limit: limit / PAGES },
			{ name: "page_worst_stretch", value: stretch, unit: "ms", limit: null },
			{ name: "page_peak_rss", value: peakMemory(), unit: "MB", limit: null },
		];
	},
};

import assert from "node:assert/strict";
import { createWorld, UNUSED } from "./audience.ts";
import { compare, peakMemory } from "./measure.ts";
import type { Bench, Figure } from "./measure.ts";

const TIMES = 20;

/** What somebody may type, from the first letter on: found in many, in some, in one and in nobody; one word and two. */
const TYPED = ["f", "fi", "first", "first1", "first12", "first123", "person1", "person12345", "o last", "nobody"];

/** Looks for contacts as a search box does. */
export const searchBench: Bench = {
	name: "search",
	about: [
		"search  contacts.list({ search }) among n contacts, in ms for a page of 20, for each of several texts typed.",
		"        Limit: contacts.list({ after }) of as many, by the primary key.",
	],
	n: 10_000,
	storages: ["memory", "sqlite", "postgres"],
	async run(settings) {
		const world = await createWorld(settings, UNUSED);
		const { audience, middleId: after } = world;
		const figures: Figure[] = [];
		for (const search of TYPED) {
			const { ours, limit, stretch } = await compare(
				(time) =>
					time(async () => {
						for (let index = 0; index < TIMES; index += 1) await audience.contacts.list({ search });
					}),
				(time) =>
					time(async () => {
						for (let index = 0; index < TIMES; index += 1) {
							assert.equal((await audience.contacts.list({ after })).data.length, 20);
						}
					}),
				{ ...settings, log: (line) => settings.log(`${search}: ${line}`) },
			);
			const name = `search_${search.replace(" ", "_")}`;
			figures.push({ name, value: ours / TIMES, unit: "ms", limit: limit / TIMES });
			figures.push({ name: `${name}_worst_stretch`, value: stretch, unit: "ms", limit: null });
		}
		await world.close();
		return [...figures, { name: "search_peak_rss", value: peakMemory(), unit: "MB", limit: null }];
	},
};

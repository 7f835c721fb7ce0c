import { randomBytes } from "node:crypto";
import { createWorld, UNUSED } from "./audience.ts";
import type { PersonByHand } from "./by-hand.ts";
import { compare, peakMemory } from "./measure.ts";
import type { Bench } from "./measure.ts";

const CHUNK = 1000;
const UNIT = 200;

/** Creates contacts. */
export const insertBench: Bench = {
	name: "insert",
	about: [
		"insert  contacts.createMany of n contacts with two properties and a segment, 1,000 at a time, in contacts/s.",
		"        Limit: inserts of the same rows, events included, in transactions of 200 contacts: prepared ones on SQLite,",
		"        on Postgres an upsert of all rows of a table.",
	],
	n: 20_000,
	storages: ["memory", "sqlite", "postgres"],
	async run(settings) {
		const world = await createWorld({ ...settings, n: 1000 }, UNUSED);
		const hashKey = randomBytes(32);
		let round = 0;
		const newPeople = (): readonly PersonByHand[] => {
			round += 1;
			return Array.from({ length: settings.n }, (_, index) => ({
				email: `person${index}@round${round}.test`,
				firstName: "First",
				lastName: "Last",
				properties: { plan: "pro", seats: 5 },
			}));
		};
		const { ours, limit, stretch } = await compare(
			async (time) => {
				const people = newPeople();
				await time(async () => {
					for (let start = 0; start < people.length; start += CHUNK) {
						const segments = [{ id: world.segmentId }];
						const chunk = people.slice(start, start + CHUNK);
						await world.audience.contacts.createMany(chunk.map((person) => ({ ...person, segments })));
					}
				});
			},
			async (time) => {
				const people = newPeople();
				await time(async () => {
					for (let start = 0; start < people.length; start += UNIT) {
						await world.byHand.insert(people.slice(start, start + UNIT), hashKey);
					}
				});
			},
			settings,
		);
		await world.close();
		const rate = (ms: number): number => (settings.n * 1000) / ms;
		return [
			{ name: "insert", value: rate(ours), unit: "contacts/s", limit: rate(limit) },
			{ name: "insert_worst_stretch", value: stretch, unit: "ms", limit: null },
			{ name: "insert_peak_rss", value: peakMemory(), unit: "MB", limit: null },
		];
	},
};

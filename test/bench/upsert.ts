import { createWorld, UNUSED } from "./audience.ts";
import { compare, peakMemory } from "./measure.ts";
import type { Bench } from "./measure.ts";

const CHUNK = 1000;

/** Writes contacts that are there already. */
export const upsertBench: Bench = {
	name: "upsert",
	about: [
		"upsert  contacts.createMany of n contacts that are there, with another value of a property, 1,000 at a time, in",
		"        contacts/s. Limit: upserts of the same rows, events included, in transactions of 200 contacts.",
	],
	n: 20_000,
	storages: ["memory", "sqlite", "postgres"],
	async run(settings) {
		const world = await createWorld({ ...settings, n: 1000 }, UNUSED);
		const emails = Array.from({ length: settings.n }, (_, index) => `person${index}@upsert.test`);
		for (let start = 0; start < emails.length; start += CHUNK) {
			await world.audience.contacts.createMany(emails.slice(start, start + CHUNK).map((email) => ({ email })));
		}
		let seats = 0;
		const { ours, limit, stretch } = await compare(
			async (time) => {
				seats += 1;
				await time(async () => {
					for (let start = 0; start < emails.length; start += CHUNK) {
						await world.audience.contacts.createMany(
							emails.slice(start, start + CHUNK).map((email) => ({ email, properties: { seats } })),
						);
					}
				});
			},
			async (time) => {
				seats += 1;
				await time(() => world.byHand.upsert(emails, seats));
			},
			settings,
		);
		await world.close();
		const rate = (ms: number): number => (settings.n * 1000) / ms;
		return [
			{ name: "upsert", value: rate(ours), unit: "contacts/s", limit: rate(limit) },
			{ name: "upsert_worst_stretch", value: stretch, unit: "ms", limit: null },
			{ name: "upsert_peak_rss", value: peakMemory(), unit: "MB", limit: null },
		];
	},
};

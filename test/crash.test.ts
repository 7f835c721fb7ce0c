import { expect, test } from "vitest";
import { EXPERIMENTS } from "./crash/experiments.ts";
import type { Settings, StorageName } from "./crash/settings.ts";

// Short forms; `pnpm crash` runs them in full.
const SHORT: Readonly<Record<string, Short>> = {
	plan: { kills: 1, recipients: 30_000, workers: 1, storages: ["sqlite", "postgres"] },
	kill: { kills: 2, recipients: 300, workers: 3, storages: ["sqlite", "postgres"] },
	"kill-idempotent": { kills: 1, recipients: 200, workers: 1, storages: ["sqlite"] },
	"kill-hold": { kills: 1, recipients: 200, workers: 1, storages: ["sqlite"] },
	stop: { kills: 1, recipients: 100, workers: 2, storages: ["sqlite"] },
	term: { kills: 2, recipients: 200, workers: 1, storages: ["sqlite", "postgres"] },
	optout: { kills: 1, recipients: 300, workers: 2, storages: ["sqlite", "postgres"] },
	pause: { kills: 4, recipients: 200, workers: 1, storages: ["sqlite"] },
	import: { kills: 2, recipients: 20_000, workers: 1, storages: ["sqlite", "postgres"] },
	restart: { kills: 1, recipients: 200, workers: 1, storages: ["postgres"] },
};

interface Short extends Pick<Settings, "kills" | "recipients" | "workers"> {
	readonly storages: readonly StorageName[];
}

const CASES = Object.entries(SHORT).flatMap(([name, { storages, ...short }]) =>
	storages.map((storage) => ({ name, storage, ...short })),
);

test("every experiment that this process may do anywhere has a short form", () => {
	const special = ["disk", "disk-faults"];
	expect([...Object.keys(SHORT), ...special].toSorted()).toEqual(EXPERIMENTS.map(({ name }) => name).toSorted());
});

test.each(CASES)(
	"crash $name on $storage loses nobody, and repeats no more than the promise allows",
	async ({ name, ...short }) => {
		const experiment = EXPERIMENTS.find((each) => each.name === name);
		const seed = Math.floor(Math.random() * 2 ** 31);
		console.log(`crash ${name}, ${short.storage}: seed ${seed}`);
		const finding = await experiment?.run({ concurrency: 8, seed, log: () => undefined, ...short });
		expect(finding).toMatchObject({ crash: name, kills: short.kills, lost: 0, problems: [] });
	},
	120_000,
);

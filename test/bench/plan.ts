import type { PlanCounts, Storage } from "@convoke/core";
import assert from "node:assert/strict";
import { createWorld, UNUSED } from "./audience.ts";
import type { World } from "./audience.ts";
import { compare, peakMemory } from "./measure.ts";
import type { Bench, Comparison, Figure, Settings } from "./measure.ts";

/** Says who gets a broadcast and who does not, over all contacts of a segment. */
export const planBench: Bench = {
	name: "plan",
	about: [
		"Who gets a broadcast: one segment with all n contacts, 5 % unsubscribed, 10 % opted out of the topic.",
		"plan_dry     broadcasts.plan(id) of a draft, in ms. Limit: a bare loop over the same records that",
		"             counts by reason; on a database, one select.",
		"plan_frozen  broadcasts.send(id) of a text, and a worker that writes the plan and sends nothing, in ms.",
		"             Limit: the same loop, pushing one recipient object per candidate into an array; on a",
		"             database, one insert … select into the same columns and indexes.",
	],
	n: 100_000,
	storages: ["memory", "sqlite", "postgres"],
	async run(settings) {
		const world = await createWorld(settings, UNUSED);
		const dry = await compareDry(world, settings);
		const frozen = await compareFrozen(world, settings);
		await world.close();
		return [
			...figuresOf("plan_dry", dry),
			...figuresOf("plan_frozen", frozen),
			{ name: "plan_peak_rss", value: peakMemory(), unit: "MB", limit: null },
		];
	},
};

const CONTENT = { subject: "News", text: "News" };

function figuresOf(name: string, { ours, limit, stretch }: Comparison): readonly Figure[] {
	return [
		{ name, value: ours, unit: "ms", limit },
		{ name: `${name}_worst_stretch`, value: stretch, unit: "ms", limit: null },
	];
}

async function compareDry(world: World, settings: Settings): Promise<Comparison> {
	const id = await world.draft(CONTENT);
	const agreement = new Agreement();
	return compare(
		async (time) => agreement.check(countsOf(await time(() => world.audience.broadcasts.plan(id)))),
		async (time) => agreement.check(await time(() => world.byHand.countPlan())),
		settings,
	);
}

async function compareFrozen(world: World, settings: Settings): Promise<Comparison> {
	const { broadcasts } = world.audience;
	const planner = world.on(planningOnly(world.storage)).worker();
	const agreement = new Agreement();
	return compare(
		async (time) => {
			const id = await world.draft(CONTENT);
			await time(async () => {
				await broadcasts.send(id);
				await planner.run();
			});
			const plan = await broadcasts.plan(id);
			assert.ok(plan.complete);
			agreement.check(countsOf(plan));
			await world.discard(id);
		},
		async (time) => agreement.check(await (await time(() => world.byHand.writePlan())).counted()),
		settings,
	);
}

function countsOf({ candidates, planned, excluded }: PlanCounts): PlanCounts {
	return { candidates, planned, excluded };
}

/** Makes sure that both sides count the same: otherwise they did not do the same work. */
class Agreement {
	#first: PlanCounts | undefined;

	check(counts: PlanCounts): void {
		this.#first ??= counts;
		assert.deepEqual(counts, this.#first);
	}
}

/** The storage for a worker that plans and finds nothing to send. */
function planningOnly(storage: Storage): Storage {
	return {
		migrate: () => storage.migrate(),
		close: () => storage.close(),
		now: () => storage.now(),
		forTenant: (tenantId) => storage.forTenant(tenantId),
		findTenant: (owner) => storage.findTenant(owner),
		findDue: (at, limit) => storage.findDue(at, limit),
		claimSlice: () => Promise.resolve(undefined),
		takePermits: (request) => storage.takePermits(request),
		measureBacklog: () => storage.measureBacklog(),
	};
}

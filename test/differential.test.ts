import { ConvokeError } from "@convoke/core";
import type { Clock, Storage } from "@convoke/core";
import fc from "fast-check";
import assert from "node:assert/strict";
import { afterAll, describe, expect, test } from "vitest";
import { broadcastOperations } from "./differential/broadcast-operations.ts";
import { catalogueInsertions, catalogueOperations } from "./differential/catalogue-operations.ts";
import { changeContacts, contactOperations } from "./differential/contact-operations.ts";
import { CONTENDERS, REFERENCE } from "./differential/contenders.ts";
import type { Contender } from "./differential/contenders.ts";
import { FACTS, factsOf, isTelling } from "./differential/facts.ts";
import type { Outcome } from "./differential/facts.ts";
import { importOperations, insertImport } from "./differential/import-operations.ts";
import type { Operation, Side } from "./differential/operation.ts";
import { TENANTS } from "./differential/pools.ts";
import { rootOperations } from "./differential/root-operations.ts";
import { launches, sendingOperations, works } from "./differential/sending-operations.ts";
import { dump } from "./support/dump.ts";
import { recordStorage, VERBS } from "./support/recorded-storage.ts";
import { VirtualClock } from "./support/virtual-clock.ts";
import { readFuzz } from "./support/fuzz.ts";

// The same operations on every storage: each must answer what the one in memory answers, and keep what it keeps.
// DIFFERENTIAL_RUNS: how many sequences; 500 are the full form. DIFFERENTIAL_SEED: the seed to repeat a run with.

const { runs: RUNS, seed: SEED } = readFuzz("DIFFERENTIAL", 20);
const FULL_RUNS = 500;
const FULL_CALLS = 1_000;

/** An operation, and how much time passes before it. */
interface Turn {
	readonly operation: Operation;
	readonly lapse: number;
}

const operations = fc.oneof(
	...contactOperations,
	...catalogueOperations,
	...broadcastOperations,
	...sendingOperations,
	...importOperations,
	...rootOperations,
);

const lapses = fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.constantFrom(1, 2, 59_999, 120_000));

/** Gives the later operations something to work on. */
const openings: fc.Arbitrary<readonly Operation[]> = fc
	.tuple(
		fc.array(catalogueInsertions, { minLength: 16, maxLength: 24, size: "max" }),
		fc.array(insertImport, { maxLength: 4 }),
		fc.array(changeContacts, { minLength: 8, maxLength: 16, size: "max" }),
		launches,
	)
	.map((groups) => groups.flat());

const groups: fc.Arbitrary<readonly Operation[]> = fc.oneof(
	{ weight: 40, arbitrary: operations.map((operation) => [operation]) },
	{ weight: 3, arbitrary: launches },
	{ weight: 6, arbitrary: works },
);

const sequences: fc.Arbitrary<readonly Turn[]> = fc
	.tuple(
		openings.map((first) => first.map((operation) => ({ operation, lapse: 0 }))),
		fc
			.array(fc.tuple(groups, lapses), { minLength: 150, maxLength: 230, size: "max" })
			.map((all) => all.flatMap(([group, lapse]) => group.map((operation) => ({ operation, lapse })))),
	)
	.map((parts) => parts.flat());

const calls = new Map<string, number>(VERBS.map((verb) => [verb, 0]));
const telling = new Map<string, number>();
const facts = new Map<string, number>(FACTS.map((fact) => [fact, 0]));

function note(operation: Operation, outcome: Outcome): void {
	if (isTelling(outcome)) add(telling, operation.verb, 1);
	for (const fact of factsOf(operation, outcome)) add(facts, fact, 1);
}

async function open({ open: make }: Contender, clock: VirtualClock): Promise<Side> {
	return { storage: await make(clock satisfies Clock), clock, leases: [], marks: [], slices: 0 };
}

/** The answer, or what was thrown. */
async function outcomeOf({ perform }: Operation, side: Side): Promise<Outcome> {
	try {
		return { answer: await perform(side) };
	} catch (error) {
		if (!ConvokeError.is(error)) throw error;
		return { code: error.code, reason: error.reason };
	}
}

async function compare(turns: readonly Turn[]): Promise<void> {
	const clock = new VirtualClock();
	const base = await open(REFERENCE, clock);
	const recorded = recordStorage(base.storage);
	const reference = { ...base, storage: recorded.storage };
	const others = await Promise.all(CONTENDERS.map(async (kind) => ({ kind, side: await open(kind, clock) })));
	for (const { operation, lapse } of turns) {
		clock.advance(lapse);
		const expected = await outcomeOf(operation, reference);
		note(operation, expected);
		for (const { kind, side } of others) {
			assert.deepEqual(await outcomeOf(operation, side), expected, `${kind.name}: ${fc.stringify(operation)}`);
		}
	}
	const kept = await dump(base.storage, TENANTS);
	for (const { kind, side } of others) assert.deepEqual(await dump(side.storage, TENANTS), kept, kind.name);
	await expectClosed(reference.storage);
	for (const { side } of others) await expectClosed(side.storage);
	const { reads, writes, tenants } = recorded.calls;
	for (const verb of [...reads, ...writes]) add(calls, verb, 1);
	add(calls, "forTenant", tenants.length);
}

function add(counts: Map<string, number>, key: string, times: number): void {
	counts.set(key, (counts.get(key) ?? 0) + times);
}

async function expectClosed(storage: Storage): Promise<void> {
	await storage.close();
	await storage.close();
	await expect(storage.now()).rejects.toMatchObject({ code: "storage_unavailable", reason: "storage_closed" });
	await expect(storage.forTenant(TENANTS[0]).listProperties()).rejects.toMatchObject({ reason: "storage_closed" });
}

describe("all storages", () => {
	test("answer and keep the same, whatever is done to them", { timeout: 3_600_000 }, async () => {
		await fc.assert(
			fc.asyncProperty(fc.noBias(sequences), (turns) => compare(turns)),
			{ numRuns: RUNS, seed: SEED },
		);
	});

	test.skipIf(RUNS < FULL_RUNS)(`every verb was called ${FULL_CALLS} times, and everything has come up`, () => {
		expect([...calls].filter(([, count]) => count < FULL_CALLS)).toEqual([]);
		expect([...facts].filter(([, count]) => count === 0)).toEqual([]);
	});

	afterAll(() => {
		const rows = [...calls].toSorted(([, a], [, b]) => a - b);
		const lines = rows.map(([verb, count]) => `${pad(count)} ${pad(telling.get(verb) ?? 0)}  ${verb}`);
		console.log([`${pad("calls")} ${pad("telling")}  verb`, ...lines].join("\n"));
		console.log([...facts].map(([fact, count]) => `${pad(count)}  ${fact}`).join("\n"));
	});
});

function pad(cell: number | string): string {
	return String(cell).padStart(8);
}

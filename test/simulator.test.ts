import { describe, expect, test } from "vitest";
import { readFuzz } from "./support/fuzz.ts";
import { BUGS } from "./simulator/bugs.ts";
import { simulate } from "./simulator/simulation.ts";

const { runs, seed: first } = readFuzz("SIMULATOR", 300);

test("whatever goes wrong, nobody is lost, mailed twice for no reason or after leaving, and the records are true", async () => {
	for (let seed = first; seed < first + runs; seed += 1) {
		expect({ seed, problems: (await simulate(seed)).problems }).toEqual({ seed, problems: [] });
	}
}, 600_000);

test("a seed always comes to the same", async () => {
	const [one, other] = [await simulate(first), await simulate(first)];
	expect(one).toEqual(other);
});

describe("a worker that", () => {
	test.each(BUGS)(
		"$name is found out",
		async (bug) => {
			let found = false;
			for (let seed = first; seed < first + 2000 && !found; seed += 1) {
				found = (await simulate(seed, { bug })).problems.length > 0;
			}
			expect(found).toBe(true);
		},
		120_000,
	);
});

// Every call that a worker makes while it plans, sends and records, before and after it is done, and what befalls it there.
const CALLS = [
	"findDue",
	"freezeChunk",
	"moveBroadcast",
	"claimSlice",
	"findBroadcast",
	"findContent",
	"advanceSlice",
	"send",
];
const POINTS = CALLS.flatMap((call) => (["before", "after"] as const).map((when) => ({ call, when })));

describe.each(POINTS)("$when $call", (point) => {
	test.each(["kill", "fail", "hang"] as const)("a %s leaves everything sound in the end", async (blow) => {
		let struck = 0;
		for (let seed = 1; seed <= 8; seed += 1) {
			const { problems, isStruck } = await simulate(seed, { blow: { point, blow } });
			if (isStruck) struck += 1;
			expect({ seed, problems }).toEqual({ seed, problems: [] });
		}
		expect(struck).toBeGreaterThan(0);
	});
});

import { parseArgs } from "node:util";
import { BUGS } from "./bugs.ts";
import { simulate } from "./simulation.ts";

// Simulates broadcasts in which everything goes wrong that can, and prints one JSON line per kind of worker.

const { values } = parseArgs({
	args: process.argv.slice(2).filter((arg) => arg !== "--"),
	options: {
		seeds: { type: "string", default: "20000" },
		first: { type: "string", default: "1" },
		bugs: { type: "boolean", default: false },
		json: { type: "boolean", default: false },
	},
});
const first = Number(values.first);
const seeds = Number(values.seeds);

if (values.bugs) {
	for (const bug of BUGS) {
		let seed = first;
		let found: readonly string[] = [];
		for (; seed < first + 2000 && found.length === 0; seed += 1) found = (await simulate(seed, { bug })).problems;
		console.log(JSON.stringify({ bug: bug.name, seeds: seed - first, found: found[0] ?? null }));
		if (found.length === 0) process.exitCode = 1;
	}
} else {
	const began = performance.now();
	const sum = { seeds, violations: 0, messages: 0, kills: 0 };
	for (let seed = first; seed < first + seeds; seed += 1) {
		const { problems, copies, kills } = await simulate(seed);
		sum.messages += copies;
		sum.kills += kills;
		if (problems.length > 0) {
			sum.violations += 1;
			process.exitCode = 1;
			console.error(`seed ${seed}: ${problems[0]}`);
		}
		if (!values.json && seed % 1000 === 0)
			console.error(`${seed} seeds, ${((performance.now() - began) / 1000).toFixed(0)} s`);
	}
	console.log(JSON.stringify(sum));
}

import { parseArgs } from "node:util";
import { EXPERIMENTS } from "./experiments.ts";
import { STORAGE_NAMES } from "./settings.ts";
import type { Experiment, Settings, StorageName } from "./settings.ts";

// Does to workers what production does to them, and prints one JSON line per experiment on stdout.

const USAGE = `Usage: pnpm crash [name] [options]

Sends a broadcast through workers in processes of their own and does things to them. Prints one JSON line per experiment
on stdout; how far it is goes to stderr. Ends with 1 if anything was that must not be.

  {"crash", "storage", "kills", "recipients", "concurrency", "workers", "lost", "duplicates", "allowed", "maxCopies",
   "uncertain"}

allowed    how many duplicates the promise allows: the messages in flight each time, or none
maxCopies  the most copies that one recipient got
uncertain  recipients held because nobody knows whether they got it

Experiments:
${EXPERIMENTS.map(({ name, usual, about }) => `\n${name} (${usual.kills} times, ${usual.recipients} recipients, workers: ${usual.workers})\n${about.map((line) => `  ${line}\n`).join("")}`).join("")}
Options:
  --storage S        ${STORAGE_NAMES.join(", ")} (default: ${STORAGE_NAMES.join(" and ")}, one after the other)
  --kills K          how often it is done (default: as above)
  --recipients N     (default: as above)
  --concurrency C    messages that each worker hands over at once (default: 8)
  --workers W        processes (default: as above)
  --seed S           what chance goes by (default: any)
  --help             this text
`;

const { values, positionals } = parseArgs({
	// pnpm hands on the `--` of `pnpm crash -- kill`.
	args: process.argv.slice(2).filter((arg) => arg !== "--"),
	allowPositionals: true,
	options: {
		storage: { type: "string" },
		kills: { type: "string" },
		recipients: { type: "string" },
		concurrency: { type: "string", default: "8" },
		workers: { type: "string" },
		seed: { type: "string" },
		help: { type: "boolean", default: false },
	},
});

const known = (name: string): Experiment => {
	const found = EXPERIMENTS.find((each) => each.name === name);
	if (found === undefined) throw new Error(`No experiment is called ${name}; see pnpm crash --help.`);
	return found;
};

if (values.help) {
	process.stdout.write(USAGE);
} else {
	const chosen = positionals.length === 0 ? EXPERIMENTS : positionals.map(known);
	const storages = STORAGE_NAMES.filter((name) => values.storage === undefined || values.storage === name);
	if (storages.length === 0) throw new Error(`No storage is called ${values.storage}; see pnpm crash --help.`);
	for (const experiment of chosen) {
		const { storages: about = STORAGE_NAMES } = experiment;
		for (const storage of storages.filter((name) => about.includes(name))) await run(experiment, storage);
	}
}

async function run(experiment: Experiment, storage: StorageName): Promise<void> {
	const { usual } = experiment;
	const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
	const settings: Settings = {
		storage,
		kills: Number(values.kills ?? usual.kills),
		recipients: Number(values.recipients ?? usual.recipients),
		concurrency: Number(values.concurrency),
		workers: Number(values.workers ?? usual.workers),
		seed,
		log: (line) => console.error(`${experiment.name}, ${storage}: ${line}`),
	};
	settings.log(`seed ${seed}`);
	const began = performance.now();
	const { problems, ...finding } = await experiment.run(settings);
	console.log(JSON.stringify(finding));
	settings.log(`${((performance.now() - began) / 1000).toFixed(0)} s`);
	for (const problem of new Set(problems)) {
		settings.log(problem);
		process.exitCode = 1;
	}
}

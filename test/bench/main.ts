import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { countBench } from "./count.ts";
import { hangBench } from "./hang.ts";
import { importBench } from "./import.ts";
import { insertBench } from "./insert.ts";
import type { Bench, Figure, Settings } from "./measure.ts";
import { pageBench } from "./page.ts";
import { planBench } from "./plan.ts";
import { renderBench } from "./render.ts";
import { searchBench } from "./search.ts";
import { sendBench } from "./send.ts";
import { smtpBench } from "./smtp.ts";
import { STORAGE_NAMES } from "./storages.ts";
import { upsertBench } from "./upsert.ts";

// Measures, and prints one JSON line per figure on stdout.

const BENCHES: readonly Bench[] = [
	planBench,
	renderBench,
	sendBench,
	smtpBench,
	hangBench,
	insertBench,
	upsertBench,
	importBench,
	pageBench,
	countBench,
	searchBench,
];

const USAGE = `Usage: pnpm bench [name] [options]

Measures, and prints one JSON line per figure on stdout; how far it is goes to stderr. Without name every bench runs,
each in a process of its own.

  {"bench", "storage", "n", "concurrency"?, "value", "unit", "limit", "ratio"}

value  the median over all runs
limit  the figure of the smallest hand-written code for the same work, in the same process and in turn with ours; null
       where there is none
ratio  value / limit. Of a time (unit ms): how many times as long as the limit we take, less is better. Of a rate
       (messages/s): which share of the limit's rate we reach, more is better.

*_worst_stretch is the longest that a run of ours kept the event loop from its timers, in ms, garbage collection and
whatever else the machine did included. *_peak_rss is the most memory that the process has held, in MB, the limit included unless it has a process of its own; what
a database holds was made by a process of its own.

Benches:
${BENCHES.map(({ name, n, about }) => `\n${name} (n = ${n})\n${about.map((line) => `  ${line}\n`).join("")}`).join("")}
Options:
  --n N              contacts (default: as above)
  --storage S        ${STORAGE_NAMES.join(", ")} (default: memory)
  --runs R           runs that count (default: 5)
  --concurrency C    messages handed over at once, for benches that send (default: 32)
  --json             JSON lines alone, nothing on stderr
  --help             this text

Examples:
  pnpm bench plan
  pnpm bench plan --n 1000000 --runs 3
  pnpm bench send --concurrency 100
  pnpm --silent bench --json > figures.jsonl
`;

/** Wrong arguments. */
class UsageError extends Error {}

interface Wanted {
	readonly bench: Bench;
	readonly settings: Settings;
}

try {
	await main(process.argv.slice(2));
} catch (error) {
	if (!(error instanceof UsageError)) throw error;
	process.stderr.write(`${error.message}\nSee pnpm bench --help.\n`);
	process.exitCode = 2;
}

async function main(given: readonly string[]): Promise<void> {
	// pnpm hands on the `--` of `pnpm bench -- plan`.
	const args = given[0] === "--" ? given.slice(1) : given;
	const { positionals, values } = parse(args);
	if (values.help === true) {
		process.stdout.write(USAGE);
		return;
	}
	if (positionals.length > 1) throw new UsageError(`Name one bench, not ${positionals.length}.`);
	const wanted = BENCHES.filter(({ name }) => positionals.length === 0 || name === positionals[0]).map((bench) =>
		prepare(bench, values),
	);
	const [first, second] = wanted;
	if (first === undefined) {
		throw new UsageError(
			`There is no bench \`${positionals[0]}\`, only ${BENCHES.map(({ name }) => name).join(", ")}.`,
		);
	}
	if (second === undefined) await run(first);
	else for (const { bench } of wanted) runApart([bench.name, ...args]);
}

async function run({ bench, settings }: Wanted): Promise<void> {
	for (const figure of await bench.run(settings)) process.stdout.write(`${JSON.stringify(lineOf(figure, settings))}\n`);
}

/** In a process of its own, so that no bench measures what another one left behind. */
function runApart(args: readonly string[]): void {
	const { status } = spawnSync(process.execPath, [...process.execArgv, import.meta.filename, ...args], {
		stdio: "inherit",
	});
	if (status !== 0) process.exitCode = 1;
}

function lineOf({ name, concurrency, value, unit, limit }: Figure, { storage, n }: Settings) {
	return {
		bench: name,
		storage,
		n,
		...(concurrency !== undefined && { concurrency }),
		value: rounded(value),
		unit,
		limit: limit === null ? null : rounded(limit),
		ratio: limit === null ? null : rounded(value / limit),
	};
}

function prepare(bench: Bench, values: ReturnType<typeof parse>["values"]): Wanted {
	const { storage = "memory", json = false } = values;
	if (!bench.storages.includes(storage)) {
		throw new UsageError(`\`${bench.name}\` has no storage \`${storage}\`, only ${bench.storages.join(", ")}.`);
	}
	const settings = {
		storage,
		n: readNumber("n", values.n, bench.n, 10_000_000),
		runs: readNumber("runs", values.runs, 5, 1000),
		concurrency: readNumber("concurrency", values.concurrency, 32, 1000),
		log: (line: string) => void (json || process.stderr.write(`${bench.name}: ${line}\n`)),
	};
	return { bench, settings };
}

function parse(args: readonly string[]) {
	try {
		return parseArgs({
			args: [...args],
			allowPositionals: true,
			options: {
				n: { type: "string" },
				storage: { type: "string" },
				runs: { type: "string" },
				concurrency: { type: "string" },
				json: { type: "boolean" },
				help: { type: "boolean" },
			},
		});
	} catch (error) {
		throw new UsageError(error instanceof Error ? error.message : String(error));
	}
}

function readNumber(name: string, given: string | undefined, otherwise: number, max: number): number {
	if (given === undefined) return otherwise;
	const number = Number(given);
	if (/^\d+$/.test(given) && number >= 1 && number <= max) return number;
	throw new UsageError(`--${name} takes a whole number from 1 to ${max}, not \`${given}\`.`);
}

/** To three digits behind the point. */
function rounded(value: number): number {
	return Math.round(value * 1000) / 1000;
}

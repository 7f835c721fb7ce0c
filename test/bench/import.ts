import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fill, openAudience, UNUSED } from "./audience.ts";
import { median } from "./measure.ts";
import type { Bench, Settings } from "./measure.ts";
import { createStorage } from "./storages.ts";

const ROW_BYTES = 100;

/** How the convoke command runs. */
const COMMAND_FLAGS = ["--max-semi-space-size=8", "--max-old-space-size=1024"];

/** What the program of a side prints. */
export interface ImportedSide {
	readonly ms: number;
	readonly stretch: number;
	readonly peak: number;
}

/** Imports a CSV file. */
export const importBench: Bench = {
	name: "import",
	about: [
		"import  contacts.imports.create of a CSV file of n rows, 100 bytes each, with names, three properties and a segment",
		"        for everyone, in rows/s. Limit: csv-parse and inserts of the same rows, words and events included, 1,000 a",
		"        transaction: prepared ones on SQLite, on Postgres of many rows. Each in processes and databases of its own, with",
		"        the flags that the convoke command has for memory.",
	],
	n: 20_000,
	storages: ["memory", "sqlite", "postgres"],
	async run(settings) {
		const folder = mkdtempSync(join(tmpdir(), "convoke-bench-"));
		const file = join(folder, "people.csv");
		writePeople(file, settings.n);
		const [ours, limit]: [ImportedSide[], ImportedSide[]] = [[], []];
		for (let run = 1; run <= settings.runs; run += 1) {
			const order = run % 2 === 1 ? (["ours", "limit"] as const) : (["limit", "ours"] as const);
			for (const side of order) {
				const done = await importApart(settings, side, file);
				(side === "ours" ? ours : limit).push(done);
				settings.log(`run ${run} of ${settings.runs}: ${side} ${JSON.stringify(done)}`);
			}
		}
		rmSync(folder, { recursive: true });
		const rate = (sides: readonly ImportedSide[]): number => (settings.n * 1000) / median(sides.map(({ ms }) => ms));
		const stretch = median(ours.map((each) => each.stretch));
		const peak = (sides: readonly ImportedSide[]): number => Math.max(...sides.map((each) => each.peak));
		return [
			{ name: "import", value: rate(ours), unit: "rows/s", limit: rate(limit) },
			{ name: "import_worst_stretch", value: stretch, unit: "ms", limit: null },
			{ name: "import_peak_rss", value: peak(ours), unit: "MB", limit: peak(limit) },
		];
	},
};

async function importApart(
	{ storage: name, n }: Settings,
	side: "ours" | "limit",
	file: string,
): Promise<ImportedSide> {
	const measured = await createStorage(name);
	const { segmentId } = await fill(openAudience(measured.storage, UNUSED), 0, () => {});
	const program = join(import.meta.dirname, "import-side.ts");
	const args = [...process.execArgv, ...COMMAND_FLAGS, program, side, file, measured.place ?? "", segmentId, String(n)];
	const { status, stdout } = spawnSync(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
	await measured.close();
	if (status !== 0) throw new Error(`The import by ${side} ended with ${status}.`);
	return JSON.parse(stdout.toString()) as ImportedSide;
}

function writePeople(file: string, n: number): void {
	const descriptor = openSync(file, "w");
	writeSync(descriptor, "email,firstName,lastName,plan,seats,company\n");
	for (let start = 0; start < n; start += 1000) {
		const rows = Array.from({ length: Math.min(1000, n - start) }, (_, index) => rowOf(start + index));
		writeSync(descriptor, rows.join(""));
	}
	closeSync(descriptor);
}

function rowOf(index: number): string {
	const person = `person${index}@example${index % 97}.test,First${index % 1009},O'Last${index % 2003}`;
	const values = `${person},${index % 3 === 0 ? "pro" : "free"},${index % 50},"Company ${index % 499}, `;
	return `${values.padEnd(ROW_BYTES - 2, "and Sons, ")}"\n`;
}

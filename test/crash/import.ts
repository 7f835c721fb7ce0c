import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import type { Audience } from "@convoke/core";
import { openAudience } from "./audience.ts";
import type { Place } from "./audience.ts";
import { makeDatabase } from "./database.ts";
import type { ImportOrder } from "./programs/import.ts";
import { createRandom } from "../support/random.ts";
import type { Experiment, Settings } from "./settings.ts";

const PROGRAM = join(import.meta.dirname, "programs", "import.ts");

/** How many of the kills come while the process starts, or reads over what is done; the others, while it writes. */
const EARLY_SHARE = 0.25;

/** Milliseconds in which an early kill comes. */
const EARLY_MS = 1_500;

/** Milliseconds in which a unit is written, or two. */
const UNIT_MS = 30;

/** What an import has left behind. */
interface Imported {
	readonly counts: unknown;
	readonly contacts: number;
	/** Of the values of all contacts. */
	readonly values: string;
	/** How often each type of event stands in the log. */
	readonly events: Readonly<Record<string, number>>;
	/** Of all issues. */
	readonly issues: string;
}

/** kill -9 while a file is imported. */
export const importExperiment: Experiment = {
	name: "import",
	about: [
		"kill -9 of a process that imports a file of so many rows, again and again; another one goes on each time. Everything",
		"is as after an import that was not killed: contacts, their values, counts, events, and what was wrong with which row.",
		"lost and duplicates are contacts too few and too many.",
	],
	usual: { kills: 20, recipients: 1_000_000, workers: 1 },
	async run(settings) {
		const { storage, recipients: rows, concurrency, workers, log } = settings;
		const folder = mkdtempSync(join(tmpdir(), "convoke-crash-import-"));
		const file = join(folder, "people.csv");
		writePeople(file, rows);
		const whole = await onDatabase(settings, async (place) => {
			await runImport(place, file, () => false).ended;
		});
		log(`without kills: ${JSON.stringify(whole)}`);
		let kills = 0;
		const found = await onDatabase(settings, async (place) => {
			kills = await importAndKill(settings, place, file);
		});
		rmSync(folder, { recursive: true });
		const problems = (Object.keys(whole) as (keyof Imported)[])
			.filter((name) => JSON.stringify(found[name]) !== JSON.stringify(whole[name]))
			.map((name) => `${name}: ${JSON.stringify(found[name])}, without kills ${JSON.stringify(whole[name])}.`);
		return {
			crash: "import",
			storage,
			kills,
			recipients: rows,
			concurrency,
			workers,
			lost: Math.max(0, whole.contacts - found.contacts),
			duplicates: Math.max(0, found.contacts - whole.contacts),
			allowed: 0,
			maxCopies: 1,
			uncertain: 0,
			problems,
		};
	},
};

async function onDatabase({ storage }: Settings, act: (place: Place) => Promise<void>): Promise<Imported> {
	const database = await makeDatabase(storage);
	const place: Place = { storage, at: database.at, provider: "smtp://127.0.0.1:1", durability: "full", concurrency: 1 };
	const audience = openAudience(place);
	try {
		await audience.migrate();
		// Whoever is out already stays out, however often a row is read.
		await audience.contacts.create({ email: "c1@example.com", unsubscribed: true });
		await act(place);
		return await look(audience);
	} finally {
		await audience.close();
		await database.drop();
	}
}

/** Kills and goes on until all kills are done, and lets the last process come to the end. Answers how many there were. */
async function importAndKill({ kills, recipients, seed, log }: Settings, place: Place, file: string): Promise<number> {
	const random = createRandom(seed);
	const late = Array.from({ length: kills }, () => (random() < EARLY_SHARE ? undefined : random() * recipients * 0.95));
	const totals = late.filter((total) => total !== undefined).toSorted((a, b) => a - b);
	let done = 0;
	let total = 0;
	for (const each of late) {
		const target = each === undefined ? undefined : (totals.shift() ?? 0);
		const delay = random();
		const running = runImport(place, file, (now) => {
			total = now;
			return target !== undefined && now >= target;
		});
		await (target === undefined ? wait(delay * EARLY_MS) : running.reached);
		if (target !== undefined) await wait(delay * UNIT_MS);
		if (running.kill()) done += 1;
		await running.ended;
		log(`kill ${done} at ${total} rows${target === undefined ? ", early" : ""}`);
	}
	await runImport(place, file, () => false).ended;
	return done;
}

/** A process that imports. */
interface ImportProcess {
	/** Resolves when `isReached` says so of the rows that are done, or the process has ended. */
	readonly reached: Promise<void>;
	readonly ended: Promise<void>;
	/** `false`: it has ended already. */
	readonly kill: () => boolean;
}

function runImport(place: Place, file: string, isReached: (total: number) => boolean): ImportProcess {
	const order: ImportOrder = { place, file };
	const args = ["--conditions=@convoke/source", PROGRAM, JSON.stringify(order)];
	const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
	let hasEnded = false;
	const ended = once(child, "close").then(([code, signal]) => {
		hasEnded = true;
		if (code !== 0 && signal !== "SIGKILL") throw new Error(`An import ended with ${code}.`);
		return undefined;
	});
	const reached = new Promise<void>((resolve, reject) => {
		createInterface({ input: child.stdout }).on("line", (line) => {
			if (isReached(Number(line))) resolve();
		});
		ended.then(resolve, reject);
	});
	return { reached, ended, kill: () => !hasEnded && child.kill("SIGKILL") };
}

async function look(audience: Audience): Promise<Imported> {
	const [last] = (await audience.contacts.imports.list({ limit: 1 })).data;
	const columns = ["email", "firstName", "unsubscribed", "properties.number"];
	return {
		counts: { ...last?.counts, status: last?.status },
		contacts: await audience.contacts.count(),
		values: await digestOf(audience.contacts.export({ columns, format: "jsonl" })),
		events: await countEvents(audience),
		issues: await digestOf(audience.contacts.imports.exportIssues(last?.id ?? "")),
	};
}

/** Of the lines, whatever their order. */
async function digestOf(pieces: AsyncIterable<string>): Promise<string> {
	let sum = 0n;
	for await (const piece of pieces) {
		for (const line of piece.trimEnd().split("\n")) sum += createHash("sha256").update(line).digest().readBigUInt64BE();
	}
	return BigInt.asUintN(64, sum).toString(16);
}

async function countEvents(audience: Audience): Promise<Readonly<Record<string, number>>> {
	const counts = new Map<string, number>();
	for (let cursor: string | undefined; ; ) {
		const { data } = await audience.events.since(cursor, { limit: 1_000 });
		for (const { type } of data) counts.set(type, (counts.get(type) ?? 0) + 1);
		cursor = data.at(-1)?.cursor;
		if (cursor === undefined) break;
	}
	return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Rows of which some are bad, and some about the same people. */
function writePeople(file: string, rows: number): void {
	const descriptor = openSync(file, "w");
	writeSync(descriptor, "email,name,out,number\n");
	const people = Math.ceil(rows * 0.9);
	for (let start = 0; start < rows; start += 1000) {
		const indexes = Array.from({ length: Math.min(1000, rows - start) }, (_, index) => start + index);
		const lines = indexes.map((index) =>
			index % 97 === 5
				? `nobody,,,${index}\n`
				: `c${index % people}@example.com,"Name, the ${index}th",${index % 31 === 0 ? "yes" : "no"},${index}\n`,
		);
		writeSync(descriptor, lines.join(""));
	}
	closeSync(descriptor);
}

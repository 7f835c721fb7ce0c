import { createMemoryStorage } from "@convoke/core";
import type { Storage } from "@convoke/core";
import { createPostgresStorage } from "@convoke/postgres";
import { createSqliteStorage } from "@convoke/sqlite";
import { parse } from "csv-parse";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { openAudience, UNUSED } from "./audience.ts";
import type { ByHand, PersonByHand } from "./by-hand.ts";
import type { ImportedSide } from "./import.ts";
import { peakMemory, timed } from "./measure.ts";
import { MemoryByHand } from "./memory-by-hand.ts";
import { PostgresByHand } from "./postgres-by-hand.ts";
import { SqliteByHand } from "./sqlite-by-hand.ts";

// Imports the CSV file of the second argument into the database of the third (a file, a URL, or empty for memory) and the
// segment of the fourth, as the first says: by `ours`, or by hand. The fifth is the number of rows. Prints what it took.

const UNIT = 1000;

const [side = "", file = "", place = "", segmentId = "", rows] = process.argv.slice(2);
const done = await timed((time) => (side === "ours" ? ours(time) : byHand(time)));
const imported: ImportedSide = { ...done, peak: peakMemory() };
process.stdout.write(JSON.stringify(imported));

type Time = (work: () => Promise<void>) => Promise<void>;

async function ours(time: Time): Promise<void> {
	const storage = openStorage();
	const audience = openAudience(storage, UNUSED);
	const segments = place === "" ? [] : [{ id: segmentId }];
	await time(async () => {
		const { counts } = await audience.contacts.imports.create({ file: createReadStream(file), segments });
		assert.deepEqual(counts, { total: Number(rows), created: Number(rows), updated: 0, skipped: 0, failed: 0 });
	});
	await storage.close();
}

function openStorage(): Storage {
	if (place === "") return createMemoryStorage();
	if (place.startsWith("postgres:")) return createPostgresStorage({ connectionString: place });
	return createSqliteStorage({ filename: place });
}

async function byHand(time: Time): Promise<void> {
	const loader = await openByHand();
	const hashKey = randomBytes(32);
	await loader.relax();
	await time(async () => {
		let people: PersonByHand[] = [];
		for await (const row of createReadStream(file).pipe(parse({ columns: true }))) {
			people.push(personOf(row as Readonly<Record<string, string>>));
			if (people.length < UNIT) continue;
			await loader.insert(people, hashKey);
			people = [];
		}
		if (people.length > 0) await loader.insert(people, hashKey);
	});
	await loader.close();
}

async function openByHand(): Promise<ByHand> {
	if (place === "") return MemoryByHand.of(createMemoryStorage(), segmentId, "");
	if (place.startsWith("postgres:")) return PostgresByHand.connect(place, segmentId, "");
	return new SqliteByHand(place, segmentId, "");
}

function personOf(row: Readonly<Record<string, string>>): PersonByHand {
	const { email = "", firstName = "", lastName = "", plan = "", seats, company = "" } = row;
	return { email, firstName, lastName, properties: { plan, seats: Number(seats), company } };
}

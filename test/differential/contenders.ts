import { createMemoryStorage } from "@convoke/core";
import type { Clock, Storage } from "@convoke/core";
import { createPostgresStorage } from "@convoke/postgres";
import { createSqliteStorage } from "@convoke/sqlite";
import { createDatabase } from "postgres-for-tests";
import type { TestDatabase } from "postgres-for-tests";
import { afterAll, inject } from "vitest";

/** A kind of storage that is compared with the one in memory. */
export interface Contender {
	/** For the reports. */
	readonly name: string;
	/** Makes an empty one, ready for use; of each Postgres only one is in use at a time. */
	readonly open: (clock: Clock) => Promise<Storage>;
}

/** What the others are compared with. */
export const REFERENCE: Contender = { name: "memory", open: async (clock) => createMemoryStorage({ clock }) };

/** All that must behave like the reference. */
export const CONTENDERS: readonly Contender[] = [
	{
		name: "sqlite",
		open: async (clock) => {
			const storage = createSqliteStorage({ filename: ":memory:", clock });
			await storage.migrate();
			return storage;
		},
	},
	{ name: "postgres", open: (clock) => openPostgres(clock) },
	{ name: "postgres, icu", open: (clock) => openPostgres(clock, "en-US") },
];

/** By locale, as they are needed. */
const databases = new Map<string, Promise<TestDatabase>>();

afterAll(async () => {
	for (const database of databases.values()) await (await database).drop();
});

async function openPostgres(clock: Clock, icu?: string): Promise<Storage> {
	const made = databases.get(icu ?? "") ?? createDatabase(inject("postgresUrl"), { icu });
	databases.set(icu ?? "", made);
	const database = await made;
	const storage = createPostgresStorage({ pool: database.pool, clock });
	await storage.migrate();
	await database.empty();
	return storage;
}

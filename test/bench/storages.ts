import { createMemoryStorage } from "@convoke/core";
import type { Storage } from "@convoke/core";
import { createSqliteStorage } from "@convoke/sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByHand } from "./by-hand.ts";
import { createPostgresStorage } from "@convoke/postgres";
import { createDatabase, startPostgres } from "postgres-for-tests";
import { PostgresByHand } from "./postgres-by-hand.ts";
import { MemoryByHand } from "./memory-by-hand.ts";
import { SqliteByHand } from "./sqlite-by-hand.ts";

/** A storage to measure, and the limit on the same data. */
export interface MeasuredStorage {
	readonly storage: Storage;
	/** Its file or URL, if other processes can get to it. */
	readonly place: string | undefined;
	/** Opens the limit, once the audience is there. */
	byHand(segmentId: string, topicId: string): Promise<ByHand>;
	/** Closes the storage and leaves nothing behind. */
	close(): Promise<void>;
}

const STORAGES = new Map<string, () => MeasuredStorage | Promise<MeasuredStorage>>([
	["memory", createMemory],
	["sqlite", createSqlite],
	["postgres", createPostgres],
]);

/** The storages there are, by name. */
export const STORAGE_NAMES: readonly string[] = [...STORAGES.keys()];

/** Makes an empty storage. */
export async function createStorage(name: string): Promise<MeasuredStorage> {
	const create = STORAGES.get(name);
	if (create === undefined) throw new Error(`There is no storage \`${name}\`.`);
	return await create();
}

function createMemory(): MeasuredStorage {
	const storage = createMemoryStorage();
	return {
		storage,
		place: undefined,
		byHand: (segmentId, topicId) => MemoryByHand.of(storage, segmentId, topicId),
		close: () => storage.close(),
	};
}

function createSqlite(): MeasuredStorage {
	const { folder, filename } = temporaryFile();
	const storage = createSqliteStorage({ filename });
	return {
		storage,
		place: filename,
		byHand: async (segmentId, topicId) => new SqliteByHand(filename, segmentId, topicId),
		close: async () => {
			await storage.close();
			rmSync(folder, { recursive: true });
		},
	};
}

/** Set up as a server is that has a gigabyte to itself, and as sure that what was committed stays. */
const SERVER = ["shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=30min"];

async function createPostgres(): Promise<MeasuredStorage> {
	const server = await startPostgres(SERVER);
	const database = await createDatabase(server.url);
	const storage = createPostgresStorage({ pool: database.pool });
	return {
		storage,
		place: database.url,
		byHand: async (segmentId, topicId) => {
			// What autovacuum would have done by and by.
			await database.pool.query("vacuum analyze");
			return PostgresByHand.connect(database.url, segmentId, topicId);
		},
		close: async () => {
			await storage.close();
			await database.drop();
			await server.stop();
		},
	};
}

/** A file for an audience, in a folder of its own. */
function temporaryFile(): { readonly folder: string; readonly filename: string } {
	const folder = mkdtempSync(join(tmpdir(), "convoke-bench-"));
	return { folder, filename: join(folder, "audience.db") };
}

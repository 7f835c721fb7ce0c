import { createMemoryStorage } from "@convoke/core";
import type { Storage } from "@convoke/core";
import { createSqliteStorage } from "@convoke/sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByHand } from "./by-hand.ts";
import { MemoryByHand } from "./memory-by-hand.ts";
import { SqliteByHand } from "./sqlite-by-hand.ts";

/** A storage to measure, and the limit on the same data. */
export interface MeasuredStorage {
	readonly storage: Storage;
	/** Its file, if it has one. */
	readonly filename: string | undefined;
	/** Opens the limit, once the audience is there. */
	byHand(segmentId: string, topicId: string): Promise<ByHand>;
	/** Closes the storage and leaves nothing behind. */
	close(): Promise<void>;
}

const STORAGES: ReadonlyMap<string, () => MeasuredStorage> = new Map([
	["memory", createMemory],
	["sqlite", createSqlite],
]);

/** The storages there are, by name. */
export const STORAGE_NAMES: readonly string[] = [...STORAGES.keys()];

/** Makes an empty storage. */
export function createStorage(name: string): MeasuredStorage {
	const create = STORAGES.get(name);
	if (create === undefined) throw new Error(`There is no storage \`${name}\`.`);
	return create();
}

function createMemory(): MeasuredStorage {
	const storage = createMemoryStorage();
	return {
		storage,
		filename: undefined,
		byHand: (segmentId, topicId) => MemoryByHand.of(storage, segmentId, topicId),
		close: () => storage.close(),
	};
}

function createSqlite(): MeasuredStorage {
	const { folder, filename } = temporaryFile();
	const storage = createSqliteStorage({ filename });
	return {
		storage,
		filename,
		byHand: async (segmentId, topicId) => new SqliteByHand(filename, segmentId, topicId),
		close: async () => {
			await storage.close();
			rmSync(folder, { recursive: true });
		},
	};
}

/** A file for an audience, in a folder of its own. */
function temporaryFile(): { readonly folder: string; readonly filename: string } {
	const folder = mkdtempSync(join(tmpdir(), "convoke-bench-"));
	return { folder, filename: join(folder, "audience.db") };
}

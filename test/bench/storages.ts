import { createMemoryStorage } from "@convoke/core";
import type { Storage } from "@convoke/core";

const STORAGES: ReadonlyMap<string, () => Storage> = new Map([["memory", () => createMemoryStorage()]]);

/** The storages there are, by name. */
export const STORAGE_NAMES: readonly string[] = [...STORAGES.keys()];

/** Makes an empty storage. */
export function createStorage(name: string): Storage {
	const create = STORAGES.get(name);
	if (create === undefined) throw new Error(`There is no storage \`${name}\`.`);
	return create();
}

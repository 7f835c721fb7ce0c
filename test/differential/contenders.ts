import { createMemoryStorage } from "@convoke/core";
import type { Clock, Storage } from "@convoke/core";
import { createSqliteStorage } from "@convoke/sqlite";

/** A kind of storage that is compared with the one in memory. */
export interface Contender {
	/** For the reports. */
	readonly name: string;
	/** Makes an empty one, ready for use. */
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
];

/** What an experiment runs with. */
export interface Settings {
	readonly storage: StorageName;
	/** How often something is done to the workers. */
	readonly kills: number;
	readonly recipients: number;
	/** Of each worker. */
	readonly concurrency: number;
	readonly workers: number;
	readonly seed: number;
	/** Says how far it is. */
	readonly log: (line: string) => void;
}

/** Storages that outlive a process. */
export type StorageName = "sqlite" | "postgres";

/** All of them. */
export const STORAGE_NAMES: readonly StorageName[] = ["sqlite", "postgres"];

/** What an experiment found. */
export interface Finding {
	readonly crash: string;
	readonly storage: StorageName;
	readonly kills: number;
	readonly recipients: number;
	readonly concurrency: number;
	readonly workers: number;
	/** Recipients who are said to have got the message and did not, or of whom nothing is known. */
	readonly lost: number;
	/** Copies beyond the first of each recipient. */
	readonly duplicates: number;
	/** How many of those the promise allows for what was done. */
	readonly allowed: number;
	/** The most copies that one recipient got. */
	readonly maxCopies: number;
	/** Recipients held because nobody knows whether they got it. */
	readonly uncertain: number;
	/** What must not be, a sentence each. */
	readonly problems: readonly string[];
}

/** One experiment. */
export interface Experiment {
	readonly name: string;
	/** For the usage, a line each. */
	readonly about: readonly string[];
	/** Those that it is about. @default all */
	readonly storages?: readonly StorageName[] | undefined;
	/** How it is run unless said otherwise. */
	readonly usual: { readonly kills: number; readonly recipients: number; readonly workers: number };
	run(settings: Settings): Promise<Finding>;
}

import { systemClock } from "@convoke/core";
import type { Database } from "better-sqlite3";
import { once } from "node:events";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";

/** Pages in the write-ahead log from which on they are moved into the file; SQLite's own default for its commits. */
const DUE_PAGES = 1_000;

/** Pages from which on the work waits until the log can begin anew: 32 MB. */
const MOST_PAGES = 8_000;

/** How long the thread stays when nothing is due, in milliseconds. */
const IDLE_MS = 1_000;

/** The thread's program. As text, so that no bundler has to find a file. */
const PROGRAM = `
const { parentPort, workerData } = require("node:worker_threads");
const SqliteDatabase = require(workerData.driver);
const database = new SqliteDatabase(workerData.filename, { fileMustExist: true });
database.pragma("synchronous = normal");
parentPort.on("message", () => parentPort.postMessage(database.pragma("wal_checkpoint(passive)")));
`;

/** What `pragma wal_checkpoint` answers: pages in the log, and those of them that are in the file. */
interface Log {
	readonly log: number;
	readonly checkpointed: number;
}

/**
 * Moves what large work leaves in the write-ahead log into the file, on a thread of its own that lasts as long as there is
 * such work. A commit that moves it waits for the disk, and everything else of the process with it: pages of large tables
 * stand far apart, and a thousand of them take tens of milliseconds.
 */
export class Checkpoints {
	readonly #database: Database;
	#worker: Worker | undefined;
	#moving: Promise<void> | undefined;
	#idle: NodeJS.Timeout | undefined;
	/** Where there is no thread to be had, commits do it. */
	#isOff: boolean;

	constructor(database: Database) {
		this.#database = database;
		this.#isOff = database.memory;
	}

	/** Lets pages be moved, after a unit of large work. Resolves at once, unless the log has grown long. */
	async afterUnit(): Promise<void> {
		if (this.#isOff) return;
		this.#begin();
		const { log, checkpointed } = this.#look();
		if (log - checkpointed >= DUE_PAGES) void this.#move();
		if (log < MOST_PAGES) return;
		// With all of it in the file, the next write begins the log anew.
		await this.#moveAll();
	}

	/** Ends the thread. */
	async close(): Promise<void> {
		await this.#end();
		this.#isOff = true;
	}

	#look(): Log {
		const [found] = this.#database.pragma("wal_checkpoint(noop)") as readonly Log[];
		return found ?? { log: 0, checkpointed: 0 };
	}

	async #moveAll(): Promise<void> {
		await this.#moving;
		// And what was written meanwhile.
		await this.#move();
	}

	#move(): Promise<void> {
		return (this.#moving ??= this.#ask());
	}

	async #ask(): Promise<void> {
		try {
			// To start a thread takes a moment, and the unit has taken one already.
			await systemClock.pause();
			const worker = (this.#worker ??= this.#start());
			// Only while it is waited for does it keep the process alive.
			worker.ref();
			worker.postMessage("move");
			await once(worker, "message");
			worker.unref();
		} catch {
			// The process may have no threads, or the file is gone.
			this.#isOff = true;
			void this.#end();
		} finally {
			this.#moving = undefined;
		}
	}

	#start(): Worker {
		const driver = createRequire(import.meta.url).resolve("better-sqlite3");
		const worker = new Worker(PROGRAM, {
			eval: true,
			execArgv: [],
			workerData: { driver, filename: this.#database.name },
			resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
		});
		// Whoever waits for an answer hears of it.
		worker.on("error", () => {});
		return worker;
	}

	/** Keeps commits from moving pages, as long as large work goes on. */
	#begin(): void {
		if (this.#idle !== undefined) {
			this.#idle.refresh();
			return;
		}
		this.#database.pragma(`wal_autocheckpoint = ${4 * MOST_PAGES}`);
		this.#idle = setTimeout(() => void this.#end(), IDLE_MS).unref();
	}

	async #end(): Promise<void> {
		clearTimeout(this.#idle);
		this.#idle = undefined;
		// The next commit is not to move it all.
		if (this.#worker !== undefined && !this.#isOff) await this.#moveAll();
		// There is such work again.
		if (this.#idle !== undefined) return;
		const worker = this.#worker;
		this.#worker = undefined;
		if (this.#database.open) this.#database.pragma(`wal_autocheckpoint = ${DUE_PAGES}`);
		await worker?.terminate();
	}
}

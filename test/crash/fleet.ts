import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { WorkOrder } from "./programs/work.ts";

/** A worker in a process of its own. */
export interface WorkerProcess {
	/** Whom the storage knows as the holder of its leases. */
	readonly owner: string;
	/** Sends it a signal. */
	signal(name: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): void;
	/** Resolves when it has ended. */
	readonly ended: Promise<void>;
}

const PROGRAM = join(import.meta.dirname, "programs", "work.ts");

/** Starts a worker, by a program that starts others if need be; resolves when it works. */
async function startWorker(order: WorkOrder, starter: readonly string[]): Promise<WorkerProcess> {
	const program = [process.execPath, "--conditions=@convoke/source", PROGRAM, JSON.stringify(order)];
	const [command = "", ...args] = [...starter, ...program];
	const child: ChildProcessByStdio<null, Readable, null> = spawn(command, args, {
		stdio: ["ignore", "pipe", "inherit"],
	});
	const ended = once(child, "close").then(() => undefined);
	const owner = await Promise.race([once(child.stdout, "data").then(String), ended]);
	if (owner === undefined) throw new Error("A worker ended before it worked.");
	return { owner, signal: (name) => child.kill(name), ended };
}

/** Several workers, of which one or the other is replaced. */
export class Fleet {
	readonly #order: WorkOrder;
	readonly #random: () => number;
	readonly #working = new Set<WorkerProcess>();
	readonly #starting = new Set<Promise<void>>();
	#deserters = 0;

	constructor(order: WorkOrder, random: () => number) {
		this.#order = order;
		this.#random = random;
	}

	/** Workers that have ended though nobody told them to. */
	get deserters(): number {
		return this.#deserters;
	}

	/** Starts so many; `starter`: a program that starts them, and its arguments. */
	async start(count: number, starter: readonly string[] = []): Promise<void> {
		await Promise.all(Array.from({ length: count }, () => this.#startOne(starter)));
	}

	/** One of those that work, by chance. */
	async pick(): Promise<WorkerProcess> {
		while (this.#working.size === 0) await Promise.race(this.#starting);
		const worker = [...this.#working][Math.floor(this.#random() * this.#working.size)];
		if (worker === undefined) throw new Error("The fleet has no worker.");
		return worker;
	}

	/**
	 * Ends one by a signal, waits for its end and lets `act` look. Another one takes its place; the rest go on meanwhile, and
	 * may be ended before it works.
	 */
	async replace(signal: "SIGKILL" | "SIGTERM", act: (gone: WorkerProcess) => Promise<void>): Promise<void> {
		const worker = await this.pick();
		this.#working.delete(worker);
		worker.signal(signal);
		await worker.ended;
		await act(worker);
		void this.#startOne();
	}

	/** Ends all of them, at once or when they are ready. */
	async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
		await Promise.all(this.#starting);
		const workers = [...this.#working];
		this.#working.clear();
		for (const worker of workers) {
			worker.signal("SIGCONT");
			worker.signal(signal);
		}
		await Promise.all(workers.map(({ ended }) => ended));
	}

	async #startOne(starter: readonly string[] = []): Promise<void> {
		const starting = startWorker(this.#order, starter).then((worker) => {
			this.#working.add(worker);
			void worker.ended.then(() => {
				if (this.#working.delete(worker)) this.#deserters += 1;
				return undefined;
			});
			return undefined;
		});
		this.#starting.add(starting);
		await starting;
		this.#starting.delete(starting);
	}
}

import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { WorkOrder } from "./programs/work.ts";

/** A worker in a process of its own. */
export interface WorkerProcess {
	/** Sends it a signal. */
	signal(name: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): void;
	/** Resolves when it has ended. */
	readonly ended: Promise<void>;
	/** When it was started, in milliseconds since 1970. */
	readonly since: number;
}

const PROGRAM = join(import.meta.dirname, "programs", "work.ts");

/** Starts a worker; resolves when it works. */
async function startWorker(order: WorkOrder): Promise<WorkerProcess> {
	const since = Date.now();
	const args = ["--conditions=@convoke/source", PROGRAM, JSON.stringify(order)];
	const child: ChildProcessByStdio<null, Readable, null> = spawn(process.execPath, args, {
		stdio: ["ignore", "pipe", "inherit"],
	});
	const ended = once(child, "close").then(() => undefined);
	await Promise.race([once(child.stdout, "data"), ended]);
	return { signal: (name) => child.kill(name), ended, since };
}

/** Several workers, of which one or the other is replaced. */
export class Fleet {
	readonly #order: WorkOrder;
	readonly #workers: WorkerProcess[] = [];

	constructor(order: WorkOrder) {
		this.#order = order;
	}

	/** Starts so many. */
	async start(count: number): Promise<void> {
		const started = await Promise.all(Array.from({ length: count }, () => startWorker(this.#order)));
		this.#workers.push(...started);
	}

	/** One of them. */
	worker(index: number): WorkerProcess {
		const worker = this.#workers[index % this.#workers.length];
		if (worker === undefined) throw new Error("The fleet has no worker.");
		return worker;
	}

	/** Ends one by a signal, waits for its end, and lets `act` look before another takes its place. */
	async replace(
		index: number,
		signal: "SIGKILL" | "SIGTERM",
		act: (gone: WorkerProcess) => Promise<void>,
	): Promise<void> {
		const at = index % this.#workers.length;
		const worker = this.worker(at);
		worker.signal(signal);
		await worker.ended;
		await act(worker);
		this.#workers[at] = await startWorker(this.#order);
	}

	/** Ends all of them, at once or when they are ready. */
	async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
		for (const worker of this.#workers) {
			worker.signal("SIGCONT");
			worker.signal(signal);
		}
		await Promise.all(this.#workers.map(({ ended }) => ended));
	}
}

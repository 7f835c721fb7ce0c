import { setImmediate as nextTurn } from "node:timers/promises";

/** Where core takes its time from. Nothing else in core reads a clock or sets a timer. */
export interface Clock {
	/** The present instant. */
	now(): Date;
	/** Milliseconds of a clock that never steps back, for deadlines inside one process. */
	monotonic(): number;
	/** Resolves after `ms` milliseconds, or as soon as `signal` aborts; never rejects. */
	sleep(ms: number, signal?: AbortSignal): Promise<void>;
	/** Lets the process do its other work for a moment. */
	pause(): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
	now: () => new Date(),
	monotonic: () => performance.now(),
	// By hand, for there is one sleep per message: the promised timer of Node makes an error of each that is cut short.
	sleep: (ms, signal) =>
		new Promise((resolve) => {
			if (signal?.aborted === true) {
				resolve();
				return;
			}
			const end = (): void => {
				clearTimeout(timer);
				signal?.removeEventListener("abort", end);
				resolve();
			};
			const timer = setTimeout(end, ms);
			signal?.addEventListener("abort", end);
		}),
	pause: () => nextTurn(),
};

import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";

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
	async sleep(ms, signal) {
		try {
			await wait(ms, undefined, { signal });
		} catch {
			// An aborted sleep is a short one: the caller looks at its signal itself.
		}
	},
	pause: () => nextTurn(),
};

import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What a bench is run with. */
export interface Settings {
	/** How many contacts there are. */
	readonly n: number;
	/** Which storage keeps them. */
	readonly storage: string;
	/** How many runs the medians are made of. */
	readonly runs: number;
	/** Messages handed over at once. */
	readonly concurrency: number;
	/** Says how far the bench is. */
	readonly log: (line: string) => void;
}

/** One line of a bench's result. */
export interface Figure {
	/** Of a run without limit, such as a peak: the value alone. */
	readonly name: string;
	/** Ours. */
	readonly value: number;
	/** Of `value` and `limit`. */
	readonly unit: string;
	/** The same of the smallest hand-written code for the same work; `null`: there is none. */
	readonly limit: number | null;
	/** Set where the bench hands messages over. */
	readonly concurrency?: number;
}

/** A bench. */
export interface Bench {
	/** As given on the command line. */
	readonly name: string;
	/** What is measured and against what, for the usage; lines of at most 100 characters. */
	readonly about: readonly string[];
	/** How many contacts it takes unless told otherwise. */
	readonly n: number;
	/** The storages it runs on. */
	readonly storages: readonly string[];
	run(settings: Settings): Promise<readonly Figure[]>;
}

/** Times the part of a run that counts; what is around it is preparation. */
export type Stopwatch = <T>(work: () => T | Promise<T>) => Promise<T>;

/** One side of a comparison: prepares, has its work timed exactly once, cleans up. */
export type Side = (time: Stopwatch) => Promise<void>;

/** What comparing gives. */
export interface Comparison {
	/** Median time of ours, in milliseconds. */
	readonly ours: number;
	/** Median time of the limit, in milliseconds. */
	readonly limit: number;
	/** The longest that a run of ours kept the event loop from its timers, in milliseconds; the median of all runs. */
	readonly stretch: number;
}

/**
 * Runs both sides in turn, and who is first in turn as well: what slows the machine down for a while hits both.
 *
 * Garbage is collected before either side. That also throws compiled code away, which would cost a bare loop of a few
 * milliseconds more than it costs us; so each side does its work once for nothing, and then for the clock.
 */
export async function compare(ours: Side, limit: Side, { runs, log }: Settings): Promise<Comparison> {
	const times: { readonly ours: number[]; readonly limit: number[] } = { ours: [], limit: [] };
	const stretches: number[] = [];
	for (let run = 1; run <= runs; run += 1) {
		const order = run % 2 === 1 ? (["ours", "limit"] as const) : (["limit", "ours"] as const);
		for (const side of order) {
			collectGarbage();
			const work = side === "ours" ? ours : limit;
			const first = await timed(work);
			const second = await timed(work);
			times[side].push(second.ms);
			if (side === "ours") stretches.push(Math.max(first.stretch, second.stretch));
		}
		log(`run ${run} of ${runs}: ${times.ours.at(-1)?.toFixed(1)} ms, limit ${times.limit.at(-1)?.toFixed(1)} ms`);
	}
	return { ours: median(times.ours), limit: median(times.limit), stretch: median(stretches) };
}

/** The most memory the process has held so far, in MB: the contacts, the limit's copy of them, and all garbage between. */
export function peakMemory(): number {
	return process.resourceUsage().maxRSS / 1024;
}

/** MB that the heap holds once its garbage is collected. */
export function heapUsed(): number {
	collectGarbage();
	return process.memoryUsage().heapUsed / 2 ** 20;
}

/** The value in the middle; of an even number of values, the mean of the two there. */
export function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const [low = Number.NaN, high = low] = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
	return (low + high) / 2;
}

/** Runs one side: how long it took, and how long at most it kept the event loop from its timers, in milliseconds. */
export async function timed(side: Side): Promise<{ readonly ms: number; readonly stretch: number }> {
	let taken: { readonly ms: number; readonly stretch: number } | undefined;
	await side(async (work) => {
		if (taken !== undefined) throw new Error("A side of a comparison was timed twice.");
		const stopWatching = await watchEventLoop();
		const start = performance.now();
		const result = await work();
		const ms = performance.now() - start;
		taken = { ms, stretch: await stopWatching() };
		return result;
	});
	if (taken === undefined) throw new Error("A side of a comparison was not timed.");
	return taken;
}

/** Milliseconds between two looks at the event loop. */
const RESOLUTION = 1;

/**
 * Watches for the longest stretch in which the event loop came to no timer. The histogram holds the time between two
 * timers, so the resolution is taken off again: what is left is late by up to that much.
 */
async function watchEventLoop(): Promise<() => Promise<number>> {
	const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
	delays.enable();
	// The first timer only sets the time that the next one is compared with.
	await wait(5 * RESOLUTION);
	delays.reset();
	await wait(5 * RESOLUTION);
	return async () => {
		await wait(5 * RESOLUTION);
		delays.disable();
		return Math.max(0, delays.max / 1e6 - RESOLUTION);
	};
}

function collectGarbage(): void {
	setFlagsFromString("--expose-gc");
	// Only contexts made after the flag have it.
	const collect: unknown = runInNewContext("gc");
	if (typeof collect === "function") collect();
}

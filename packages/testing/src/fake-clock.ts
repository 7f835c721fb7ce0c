import { invalidInput } from "@convoke/core";
import type { Clock } from "@convoke/core";
import { setImmediate as nextTurn } from "node:timers/promises";

/** A length of time; its parts add up. */
export interface Duration {
	/** Of 24 hours each. */
	readonly days?: number | undefined;
	/** Of 60 minutes each. */
	readonly hours?: number | undefined;
	/** Of 60 seconds each. */
	readonly minutes?: number | undefined;
	/** Of 1,000 milliseconds each. */
	readonly seconds?: number | undefined;
	/** Milliseconds. */
	readonly ms?: number | undefined;
}

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
	/**
	 * Lets time pass. Sleeps that end by then resolve, the earliest first, all at the new time; what goes on after them
	 * runs when the test next awaits something. A number is milliseconds.
	 *
	 * @throws `invalid_input` with `invalid_duration` for what is negative, no number, or of another unit.
	 */
	advance(by: Duration | number): void;
	/**
	 * Moves to an instant. Forward, it is the same as `advance`; back, it is like a machine whose clock was put right:
	 * sleeps and `monotonic` do not notice.
	 *
	 * @throws `invalid_input` with `invalid_date`.
	 */
	set(instant: Date | string): void;
}

interface Sleeper {
	/** By the monotonic clock. */
	readonly until: number;
	readonly wake: () => void;
}

const UNITS: ReadonlyMap<string, number> = new Map([
	["days", 86_400_000],
	["hours", 3_600_000],
	["minutes", 60_000],
	["seconds", 1000],
	["ms", 1],
]);

// A time without a zone would mean another instant on each developer's machine; a day alone is UTC.
const DAY_OR_ZONED = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/**
 * Makes a clock that stands still until a test moves it. Nothing really sleeps by it.
 *
 * @param start a `Date`, a day in UTC (`2030-01-31`) or ISO 8601 with a zone. @default 2030-01-01T09:00:00Z
 * @throws `invalid_input` with `invalid_date`.
 */
export function createFakeClock(start: Date | string = "2030-01-01T09:00:00Z"): FakeClock {
	let now = readTime(start);
	let elapsed = 0;
	let sleepers: readonly Sleeper[] = [];

	function pass(ms: number): void {
		elapsed += ms;
		const due = sleepers.filter(({ until }) => until <= elapsed).toSorted((a, b) => a.until - b.until);
		sleepers = sleepers.filter(({ until }) => until > elapsed);
		for (const { wake } of due) wake();
	}

	return {
		now: () => new Date(now),
		monotonic: () => elapsed,
		sleep(ms, signal) {
			if (ms <= 0 || signal?.aborted === true) return Promise.resolve();
			return new Promise((resolve) => {
				const abort = (): void => {
					sleepers = sleepers.filter((each) => each !== sleeper);
					resolve();
				};
				const wake = (): void => {
					signal?.removeEventListener("abort", abort);
					resolve();
				};
				const sleeper: Sleeper = { until: elapsed + ms, wake };
				signal?.addEventListener("abort", abort, { once: true });
				sleepers = [...sleepers, sleeper];
			});
		},
		pause: () => nextTurn(),
		advance(by) {
			const ms = readDuration(by);
			now = checkTime(now + ms, "advance");
			pass(ms);
		},
		set(instant) {
			const time = readTime(instant);
			const ms = time - now;
			now = time;
			if (ms > 0) pass(ms);
		},
	};
}

function readTime(instant: Date | string): number {
	if (typeof instant === "string" && !DAY_OR_ZONED.test(instant)) return checkTime(Number.NaN, "instant");
	return checkTime(new Date(instant).getTime(), "instant");
}

function checkTime(time: number, field: string): number {
	if (!Number.isNaN(new Date(time).getTime())) return time;
	const message = "The clock takes a Date, a day such as 2030-01-31, or ISO 8601 with a zone: 2030-01-31T09:00:00Z.";
	throw invalidInput("invalid_date", field, message);
}

function readDuration(by: Duration | number): number {
	let sum = 0;
	for (const [unit, amount] of Object.entries(typeof by === "number" ? { ms: by } : by)) {
		if (amount === undefined) continue;
		const length = UNITS.get(unit);
		if (length === undefined || !Number.isFinite(amount) || amount < 0) {
			const message =
				"Time passes by days, hours, minutes, seconds and ms, none of them negative; use `set` to go back.";
			throw invalidInput("invalid_duration", unit, message);
		}
		sum += amount * length;
	}
	return sum;
}

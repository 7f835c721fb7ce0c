import { expect, test } from "vitest";
import { CircuitBreaker } from "../src/delivery/circuit-breaker.ts";
import type { TransportOutcome } from "../src/ports/transport.ts";

const well: TransportOutcome = { kind: "accepted" };
const refused: TransportOutcome = { kind: "rejected", reason: "unknown_recipient" };
const problem: TransportOutcome = { kind: "account_problem", reason: "authentication_failed" };
const throttled: TransportOutcome = { kind: "account_problem", reason: "throttled", retryAfterMs: 7000 };
const unreached: TransportOutcome = { kind: "deferred", reason: "connection_failed", unreached: true };
const later: TransportOutcome = { kind: "deferred", reason: "try_later" };
const doubt: TransportOutcome = { kind: "uncertain", reason: "timed_out" };

/** Hands messages over one after the other; answers with the reasons to pause. */
function run(breaker: CircuitBreaker, outcomes: readonly TransportOutcome[], now = 0): readonly (string | undefined)[] {
	return outcomes.map((outcome) => breaker.end(breaker.begin(), outcome, now));
}

test("any number goes while all is well, also where each recipient is refused", () => {
	const breaker = new CircuitBreaker();
	expect(
		run(
			breaker,
			Array.from({ length: 500 }, () => refused),
		).every((reason) => reason === undefined),
	).toBe(true);
	expect(
		run(
			breaker,
			Array.from({ length: 500 }, () => later),
		).every((reason) => reason === undefined),
	).toBe(true);
	expect(breaker.allows(0)).toBe(Number.POSITIVE_INFINITY);
});

test("the fifth problem in a row trips it, with probes of one in between", () => {
	const breaker = new CircuitBreaker();
	for (let problems = 1; problems < 5; problems += 1) {
		expect(run(breaker, [problem])).toEqual([undefined]);
		expect(breaker.allows(0)).toBe(1);
		const probe = breaker.begin();
		expect(breaker.allows(0)).toBe(0);
		if (problems < 4) expect(breaker.end(probe, problems % 2 === 0 ? later : well, 0)).toBeUndefined();
		else expect(breaker.end(probe, problem, 0)).toBeUndefined();
		if (problems < 4) expect(breaker.allows(0)).toBe(Number.POSITIVE_INFINITY);
	}
	expect(run(breaker, [problem, problem, problem])).toEqual([undefined, undefined, "authentication_failed"]);
	// Whoever resumes is believed, but for the first message.
	expect(breaker.allows(0)).toBe(1);
	expect(run(breaker, [well])).toEqual([undefined]);
	expect(breaker.allows(0)).toBe(Number.POSITIVE_INFINITY);
});

test("what was in flight when the trouble began counts once", () => {
	const breaker = new CircuitBreaker();
	const window = Array.from({ length: 32 }, () => breaker.begin());
	expect(window.map((begun) => breaker.end(begun, problem, 0)).filter((reason) => reason !== undefined)).toEqual([]);
	expect(breaker.allows(0)).toBe(1);
	expect(run(breaker, [problem, problem, problem])).toEqual([undefined, undefined, undefined]);
	expect(run(breaker, [problem])).toEqual(["authentication_failed"]);
});

test("a server that is not reached is asked less and less often, and sending is paused after a quarter of an hour", () => {
	const breaker = new CircuitBreaker();
	const waits: number[] = [];
	let now = 0;
	for (let reason: string | undefined; reason === undefined; ) {
		[reason] = run(breaker, [unreached], now);
		if (reason !== undefined) expect(reason).toBe("connection_failed");
		else waits.push(breaker.openUntil - now);
		expect(reason !== undefined || breaker.allows(breaker.openUntil - 1) === 0).toBe(true);
		now = Math.max(now, breaker.openUntil);
	}
	expect(waits.slice(0, 8)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
	expect(waits).toHaveLength(19);
	expect(now).toBeGreaterThan(14 * 60_000);
});

test("a throttled account is left alone for as long as it asks", () => {
	const breaker = new CircuitBreaker();
	run(breaker, [throttled], 100);
	expect([breaker.openUntil, breaker.allows(7099), breaker.allows(7100)]).toEqual([7100, 0, 1]);
});

test("more than half of a hundred hand-overs gone wrong trip it", () => {
	const breaker = new CircuitBreaker();
	const mixed = Array.from({ length: 150 }, (_, index) => (index % 20 < 11 ? doubt : well));
	const reasons = run(breaker, mixed);
	expect(reasons.findIndex((reason) => reason !== undefined)).toBe(100);
	expect(reasons[100]).toBe("too_many_failures");
	const half = Array.from({ length: 500 }, (_, index) => (index % 2 === 0 ? doubt : well));
	expect(run(new CircuitBreaker(), half).every((reason) => reason === undefined)).toBe(true);
});

test("what was in flight when it tripped is no probe, and leaves one to whoever resumes", () => {
	const breaker = new CircuitBreaker();
	const window = Array.from({ length: 101 }, () => breaker.begin());
	const reasons = window.map((begun) => breaker.end(begun, doubt, 0));
	expect(reasons.filter((reason) => reason !== undefined)).toEqual(["too_many_failures"]);
	expect(breaker.allows(0)).toBe(1);
	breaker.begin();
	expect(breaker.allows(0)).toBe(0);
});

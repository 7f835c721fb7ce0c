import { createFakeClock } from "@convoke/testing";
import { getEventListeners } from "node:events";
import { expect, test } from "vitest";

/** What has resolved by the time the process has nothing else to do. */
async function settledOf(sleeps: Readonly<Record<string, Promise<void>>>): Promise<readonly string[]> {
	const settled: string[] = [];
	for (const [name, sleep] of Object.entries(sleeps)) void sleep.then(() => settled.push(name));
	await new Promise((resolve) => setImmediate(resolve));
	return settled;
}

test("time stands still until it is advanced", async () => {
	const clock = createFakeClock("2030-01-31T09:00:00Z");
	await clock.pause();
	expect(clock.now()).toEqual(new Date("2030-01-31T09:00:00Z"));
	clock.advance({ days: 1, hours: 2, minutes: 3, seconds: 4, ms: 5 });
	expect(clock.now()).toEqual(new Date("2030-02-01T11:03:04.005Z"));
	clock.advance(995);
	expect(clock.now()).toEqual(new Date("2030-02-01T11:03:05Z"));
});

test("two clocks made alike tell the same time", () => {
	expect(createFakeClock().now()).toEqual(createFakeClock().now());
});

test("who changes the answer of `now` does not move the clock", () => {
	const clock = createFakeClock("2030-01-31");
	clock.now().setFullYear(1999);
	expect(clock.now()).toEqual(new Date("2030-01-31T00:00:00Z"));
});

test("a sleep ends when time has passed it, and not a millisecond earlier", async () => {
	const clock = createFakeClock();
	const sleep = clock.sleep(1000);
	clock.advance(999);
	expect(await settledOf({ sleep })).toEqual([]);
	clock.advance(1);
	expect(await settledOf({ sleep })).toEqual(["sleep"]);
});

test("sleeps end in the order of their ends, those that end together in the order they began", async () => {
	const clock = createFakeClock();
	const order: string[] = [];
	const sleeps = [
		clock.sleep(3000).then(() => order.push("third")),
		clock.sleep(1000).then(() => order.push("first")),
		clock.sleep(1000).then(() => order.push("second")),
	];
	clock.advance({ minutes: 1 });
	await Promise.all(sleeps);
	expect(order).toEqual(["first", "second", "third"]);
});

test("a sleep of no length ends at once", async () => {
	const clock = createFakeClock();
	expect(await settledOf({ none: clock.sleep(0), negative: clock.sleep(-1) })).toEqual(["none", "negative"]);
});

test("an abort ends its sleep alone, without an error", async () => {
	const clock = createFakeClock();
	const abort = new AbortController();
	const sleeps = { woken: clock.sleep(1000, abort.signal), other: clock.sleep(1000) };
	abort.abort();
	expect(await settledOf(sleeps)).toEqual(["woken"]);
	expect(await settledOf({ late: clock.sleep(1000, abort.signal) })).toEqual(["late"]);
	clock.advance(1000);
	expect(await settledOf(sleeps)).toEqual(["woken", "other"]);
});

test("a sleep that has ended listens for no abort any more", async () => {
	const clock = createFakeClock();
	const { signal } = new AbortController();
	const sleep = clock.sleep(1000, signal);
	expect(getEventListeners(signal, "abort")).toHaveLength(1);
	clock.advance(1000);
	await sleep;
	expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("a sleep that goes on sleeping when it wakes is woken by the next advance", async () => {
	const clock = createFakeClock();
	const twice = clock.sleep(10).then(() => clock.sleep(10));
	clock.advance(10);
	expect(await settledOf({ twice })).toEqual([]);
	clock.advance(10);
	expect(await settledOf({ twice })).toEqual(["twice"]);
});

test("set moves forward as advance does", async () => {
	const clock = createFakeClock("2030-01-01");
	const sleep = clock.sleep(1000);
	clock.set(new Date("2030-01-02T00:00:00Z"));
	expect(clock.now()).toEqual(new Date("2030-01-02T00:00:00Z"));
	expect(clock.monotonic()).toBe(86_400_000);
	expect(await settledOf({ sleep })).toEqual(["sleep"]);
});

test("a clock put back steps back, but its monotonic time and its sleeps do not", async () => {
	const clock = createFakeClock("2030-01-02");
	clock.advance(500);
	const sleep = clock.sleep(1000);
	clock.set("2030-01-01T00:00:00+01:00");
	expect(clock.now()).toEqual(new Date("2029-12-31T23:00:00Z"));
	expect(clock.monotonic()).toBe(500);
	clock.advance(1000);
	expect(await settledOf({ sleep })).toEqual(["sleep"]);
});

test("a pause lets what is waiting for the event loop go first", async () => {
	const clock = createFakeClock();
	let turned = false;
	setImmediate(() => (turned = true));
	await clock.pause();
	expect(turned).toBe(true);
});

test.each([
	["a time without a zone, which differs from machine to machine", "2030-01-31T09:00"],
	["words", "tomorrow"],
	["a day that is none", "2030-13-01"],
	["an invalid Date", new Date(Number.NaN)],
])("%s is no instant", (_, instant) => {
	expect(() => createFakeClock(instant)).toThrow(expect.objectContaining({ reason: "invalid_date" }));
	const clock = createFakeClock("2030-01-31");
	expect(() => clock.set(instant)).toThrow(expect.objectContaining({ reason: "invalid_date" }));
	expect(clock.now()).toEqual(new Date("2030-01-31"));
});

test.each([
	["a negative number", -1],
	["no number", Number.NaN],
	["a negative part", { days: 1, hours: -1 }],
])("%s is no time to pass", (_, by) => {
	const clock = createFakeClock("2030-01-31");
	expect(() => clock.advance(by)).toThrow(expect.objectContaining({ reason: "invalid_duration" }));
	expect(clock.now()).toEqual(new Date("2030-01-31"));
});

test("a unit that the clock does not know is no time to pass", () => {
	// @ts-expect-error -- nor does the type
	expect(() => createFakeClock().advance({ weeks: 1 })).toThrow(
		expect.objectContaining({ reason: "invalid_duration" }),
	);
});

test("time does not pass the end of time", () => {
	const clock = createFakeClock("2030-01-31");
	expect(() => clock.advance({ days: 1e12 })).toThrow(expect.objectContaining({ reason: "invalid_date" }));
	expect(clock.now()).toEqual(new Date("2030-01-31"));
	expect(clock.monotonic()).toBe(0);
});

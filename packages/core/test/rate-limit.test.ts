import fc from "fast-check";
import { expect, test } from "vitest";
import { FULL_BUCKET, takePermits } from "../src/rules/rate-limit.ts";

const NOW = Date.parse("2026-03-01T09:00:00Z");

test("permits come steadily, and none that nobody took makes a burst", () => {
	const limit = { perSecond: 10, perDay: undefined };
	const first = takePermits(limit, FULL_BUCKET, 5, NOW);
	expect([first.granted, first.waitMs]).toEqual([1, 100]);
	expect(takePermits(limit, first.bucket, 5, NOW + 99)).toMatchObject({ granted: 0, waitMs: 1 });
	const second = takePermits(limit, first.bucket, 5, NOW + 100);
	expect(second.granted).toBe(1);
	expect(takePermits(limit, second.bucket, 50, NOW + 60_000).granted).toBe(1);
	expect(takePermits({ perSecond: 1000, perDay: undefined }, FULL_BUCKET, 500, NOW).granted).toBe(100);
});

test("a day's permits are those of a day in UTC", () => {
	const limit = { perSecond: undefined, perDay: 10 };
	const noon = takePermits(limit, FULL_BUCKET, 12, NOW);
	expect([noon.granted, noon.waitMs]).toEqual([10, 15 * 3_600_000]);
	expect(takePermits(limit, noon.bucket, 1, NOW + 15 * 3_600_000 - 1)).toMatchObject({ granted: 0, waitMs: 1 });
	expect(takePermits(limit, noon.bucket, 3, NOW + 15 * 3_600_000)).toMatchObject({ granted: 3, waitMs: 0 });
});

test("permits that nobody needs go back to the day they are of, and to no second", () => {
	const limit = { perSecond: 1000, perDay: 10 };
	const { bucket } = takePermits(limit, FULL_BUCKET, 10, NOW);
	const unused = { count: 7, ageMs: 1000 };
	expect(takePermits(limit, bucket, 10, NOW + 1000, unused)).toMatchObject({ granted: 7 });
	expect(takePermits(limit, bucket, 0, NOW + 1000, unused)).toMatchObject({
		granted: 0,
		waitMs: 0,
		bucket: { used: 3 },
	});
	const midnight = NOW + 15 * 3_600_000;
	const next = takePermits(limit, bucket, 10, midnight, unused);
	expect(next.granted).toBe(10);
	expect(takePermits(limit, next.bucket, 1, midnight + 999, unused).granted).toBe(0);
	expect(takePermits(limit, next.bucket, 1, midnight + 1000, unused).granted).toBe(1);
	const slow = { perSecond: 1, perDay: 10 };
	const one = takePermits(slow, FULL_BUCKET, 1, NOW);
	expect(takePermits(slow, one.bucket, 1, NOW + 1, { count: 1, ageMs: 1 }).granted).toBe(0);
});

test("in any second at most a tenth more than the rate is granted, and over time no less than it", () => {
	const asks = fc.array(fc.record({ want: fc.integer({ min: 1, max: 40 }), after: fc.integer({ min: 0, max: 400 }) }), {
		minLength: 50,
		maxLength: 300,
	});
	fc.assert(
		fc.property(fc.constantFrom(0.5, 3, 10, 95, 1000), asks, (perSecond, sequence) => {
			const given: { readonly at: number; readonly granted: number }[] = [];
			let bucket = FULL_BUCKET;
			let now = NOW;
			for (const { want, after } of sequence) {
				now += after;
				const taken = takePermits({ perSecond, perDay: undefined }, bucket, want, now);
				bucket = taken.bucket;
				given.push({ at: now, granted: taken.granted });
				if (taken.granted === want) continue;
				// What it says is true: a permit is there after the wait, and none much sooner.
				expect(takePermits({ perSecond, perDay: undefined }, bucket, 1, now + taken.waitMs).granted).toBe(1);
				expect(takePermits({ perSecond, perDay: undefined }, bucket, 1, now + taken.waitMs - 2).granted).toBe(0);
			}
			for (const { at } of given) {
				const second = given.filter((each) => each.at >= at && each.at < at + 1000);
				const sum = second.reduce((total, { granted }) => total + granted, 0);
				expect(sum).toBeLessThanOrEqual(Math.ceil(perSecond) + Math.max(1, Math.ceil(perSecond / 10)));
			}
		}),
		{ numRuns: 100 },
	);
});

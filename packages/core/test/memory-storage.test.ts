import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Clock } from "../src/clock.ts";
import { systemClock } from "../src/clock.ts";
import { put } from "../src/exam/contact-acts.ts";
import { minutes, Records, START } from "../src/exam/records.ts";
import { claim, sendingTo, step, walkTo } from "../src/exam/sending-acts.ts";
import { createMemoryStorage } from "../src/memory/memory-storage.ts";
import { OrderedRows } from "../src/memory/ordered-rows.ts";
import { checkPlanAdds } from "../src/storage-errors.ts";

describe("time", () => {
	test("is the injected clock's, for `now` and for leases", async () => {
		let time = START;
		const clock: Clock = { ...systemClock, now: () => time };
		const storage = createMemoryStorage({ clock });
		expect(await storage.now()).toEqual(START);
		const [tenant, make] = [storage.forTenant("a"), new Records()];
		await sendingTo(tenant, make, make.contacts(1));
		const lease = await claim(storage, "first", 60_000);
		expect(await storage.measureBacklog()).toMatchObject({ oldestLease: minutes(1) });
		time = new Date(minutes(1).getTime() - 1);
		expect(await storage.claimSlice({ owner: "second", leaseMs: 1, at: minutes(9) })).toBeUndefined();
		time = minutes(1);
		expect(await claim(storage, "second")).toMatchObject({ owner: "second", claim: 2 });
		expect(await tenant.advanceSlice(step(lease))).toMatchObject({ held: false });
	});
});

describe("a walk", () => {
	test("passes few enough contacts at a time to stay responsive, candidates or not", async () => {
		const [tenant, make] = [createMemoryStorage().forTenant("a"), new Records()];
		const contacts = make.contacts(20_001);
		await put(tenant, ...contacts);
		const upTo = (await tenant.findLastContactId()) ?? "";
		const nobody = { kind: "any", of: [] } as const;
		const first = await tenant.surveyChunk(walkTo(upTo, { target: nobody }));
		expect(first).toMatchObject({ complete: false, candidates: 0, through: contacts.at(-2)?.id });
		const second = await tenant.surveyChunk(walkTo(upTo, { target: nobody, after: first.through }));
		expect(second).toMatchObject({ complete: true, candidates: 0, through: upTo });
	});

	test("fails when the rules do not account for everyone in the target", () => {
		expect(() => checkPlanAdds(3, 1, new Map([["suppressed", 2]]))).not.toThrow();
		const mismatch = { code: "storage_failed", reason: "plan_mismatch" };
		expect(() => checkPlanAdds(3, 1, new Map([["suppressed", 1]]))).toThrow(expect.objectContaining(mismatch));
		expect(() => checkPlanAdds(3, 4, new Map())).toThrow(expect.objectContaining(mismatch));
	});
});

describe("rows in order", () => {
	const id = fc.integer({ min: 0, max: 400 }).map((number) => number.toString(16).padStart(4, "0"));
	const change = fc.record({ id, isDeletion: fc.boolean() });

	test("are those that were set and not deleted, whatever came between", () => {
		fc.assert(
			fc.property(fc.array(change, { maxLength: 1_000, size: "max" }), id, (changes, cursor) => {
				const rows = new OrderedRows<{ readonly id: string; readonly version: number }>();
				const expected = new Map<string, number>();
				for (const [version, one] of changes.entries()) {
					if (one.isDeletion) {
						expect(rows.delete(one.id)).toBe(expected.delete(one.id));
					} else {
						rows.set({ id: one.id, version });
						expected.set(one.id, version);
					}
				}
				const ascending = [...expected]
					.map(([rowId, version]) => ({ id: rowId, version }))
					.toSorted((a, b) => (a.id < b.id ? -1 : 1));
				const newest = ascending.toReversed();
				expect(rows.size).toBe(expected.size);
				expect(rows.last()).toEqual(newest[0]);
				expect(rows.page({ limit: 9_999 })).toEqual(newest);
				const older = newest.filter((row) => row.id < cursor);
				const newer = newest.filter((row) => row.id > cursor);
				expect(rows.page({ limit: 3, after: cursor })).toEqual(older.slice(0, 3));
				expect(rows.page({ limit: 3, before: cursor })).toEqual(newer.slice(-3));
				expect(rows.get(cursor)).toEqual(newest.find((row) => row.id === cursor));
				const walked = Array.from({ length: rows.end - rows.positionAfter(cursor) }, (_, offset) =>
					rows.at(rows.positionAfter(cursor) + offset),
				);
				expect(walked.filter((row) => row !== undefined)).toEqual(newer.toReversed());
			}),
		);
	});

	test("move together when most were deleted", () => {
		const rows = new OrderedRows<{ readonly id: string }>();
		const ids = Array.from({ length: 1_000 }, (_, index) => String(index).padStart(4, "0"));
		for (const one of ids) rows.set({ id: one });
		for (const one of ids.slice(0, 990)) rows.delete(one);
		expect(rows.size).toBe(10);
		expect(rows.end).toBeLessThan(200);
		expect(rows.last()).toEqual({ id: "0999" });
	});
});

import assert from "node:assert/strict";
import type { Permits, Storage } from "../ports/storage.ts";
import { examCase, type StorageCase } from "./storage-case.ts";

/** So slow that no permit comes back while a case runs. */
const SLOW = { key: "slow", perSecond: 0.001 } as const;

const take = (storage: Storage, key: string, perDay: number, want: number): Promise<Permits> =>
	storage.takePermits({ key, perDay, want });

/** How a storage keeps limits that workers share. */
export const permitCases: readonly StorageCase[] = [
	examCase("takePermits: gives no more in a day than there are", async ({ storage, inert }) => {
		assert.deepEqual(await take(storage, "a", 10, 4), { granted: 4, waitMs: 0 });
		const { granted, waitMs } = await inert(() => take(storage, "a", 10, 9));
		assert.equal(granted, 6);
		assert.ok(waitMs > 0 && waitMs <= 86_400_000, `${waitMs} ms are no rest of a day`);
		assert.equal((await take(storage, "a", 10, 1)).granted, 0);
		assert.deepEqual(await take(storage, "a", 12, 2), { granted: 2, waitMs: 0 });
		assert.deepEqual(await take(storage, "b", 10, 10), { granted: 10, waitMs: 0 });
	}),

	examCase("takePermits: gives them one after the other, and says when the next one comes", async ({ storage }) => {
		assert.deepEqual(await storage.takePermits({ ...SLOW, want: 1 }), { granted: 1, waitMs: 0 });
		const next = await storage.takePermits({ ...SLOW, want: 1 });
		assert.equal(next.granted, 0);
		assert.ok(next.waitMs > 900_000 && next.waitMs <= 1_000_000, `${next.waitMs} ms until the next`);
		assert.deepEqual(await storage.takePermits({ ...SLOW, key: "other", want: 1 }), { granted: 1, waitMs: 0 });
		assert.deepEqual(await storage.takePermits({ key: "slow", want: 7 }), { granted: 7, waitMs: 0 });
	}),

	examCase("takePermits: takes back what nobody needs", async ({ storage }) => {
		assert.equal((await take(storage, "a", 10, 10)).granted, 10);
		const unused = { count: 4, ageMs: 0 };
		assert.deepEqual(await storage.takePermits({ key: "a", perDay: 10, want: 0, unused }), { granted: 0, waitMs: 0 });
		assert.equal((await take(storage, "a", 10, 5)).granted, 4);
	}),

	examCase("takePermits: gives each permit to one of many", async ({ storage }) => {
		const taken = await Promise.all(Array.from({ length: 8 }, () => take(storage, "shared", 10, 3)));
		assert.equal(
			taken.reduce((sum, { granted }) => sum + granted, 0),
			10,
		);
	}),
];

import { createAudience, createMemoryStorage } from "@convoke/core";
import type { Storage, TenantStorage, Transport } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { expect, test } from "vitest";
import { bound } from "./support/bound.ts";
import { VirtualClock } from "./support/virtual-clock.ts";
import { KEYS } from "./support/keys.ts";

/** The same storage, whose steps of sending take a while until they are there and a while to answer. */
function slow(storage: Storage, clock: VirtualClock, stepped: () => Promise<void>): Storage {
	const advanceSlice =
		(tenant: TenantStorage): TenantStorage["advanceSlice"] =>
		async (step) => {
			await clock.sleep(20);
			const turn = await tenant.advanceSlice(step);
			await stepped();
			await clock.sleep(20);
			return turn;
		};
	const forTenant = (id: string): TenantStorage => {
		const tenant = storage.forTenant(id);
		return bound(tenant, { advanceSlice: advanceSlice(tenant) });
	};
	return bound(storage, { forTenant });
}

/** An audience with twelve broadcasts to ten contacts each, on a storage that takes its time. */
async function scene(timeOf: (index: number) => number) {
	const clock = new VirtualClock();
	const memory = createMemoryStorage({ clock });
	const ids: string[] = [];
	const seen = { most: 0, sent: 0, lastBegun: 0 };
	const countSending = async (): Promise<void> => {
		const counts = await Promise.all(ids.map((id) => memory.forTenant("default").tallyBroadcast(id)));
		seen.most = Math.max(
			seen.most,
			counts.reduce((sum, { sending }) => sum + sending, 0),
		);
	};
	const transport: Transport = {
		name: "slow",
		smtputf8: false,
		idempotent: false,
		async send() {
			seen.sent += 1;
			seen.lastBegun = clock.monotonic();
			await clock.sleep(timeOf(seen.sent));
			return { kind: "accepted" };
		},
		async close() {},
	};
	const audience = createAudience({
		storage: slow(memory, clock, countSending),
		renderer: createRenderer(),
		transport,
		...KEYS,
		clock,
	});
	const contacts = Array.from({ length: 10 }, (_, index) => ({ email: `c${index}@example.com` }));
	await audience.contacts.createMany(contacts);
	for (let number = 1; number <= 12; number += 1) {
		const { id } = await audience.broadcasts.create({
			everyone: true,
			from: "news@example.com",
			subject: `Issue ${number}`,
			text: "Hi",
		});
		await audience.broadcasts.send(id);
		ids.push(id);
	}
	return { audience, clock, seen };
}

test("at no moment are more recipients `sending` than the worker's concurrency, also on a slow storage", async () => {
	// Those that end while a step of another slice is being taken.
	const { audience, seen } = await scene((index) => (index * 37) % 150);
	expect(await audience.worker({ concurrency: 8 }).run()).toEqual({ sent: 120, remaining: 0 });
	expect(seen).toMatchObject({ most: 8, sent: 120 });
});

test("one slow recipient keeps nobody waiting until the next poll", async () => {
	const minutes = 4 * 60_000;
	const { audience, clock, seen } = await scene((index) => (index === 1 ? minutes : 10));
	const start = clock.monotonic();
	const worker = audience.worker({ concurrency: 8, pollSeconds: 3600 });
	expect(await worker.run()).toEqual({ sent: 120, remaining: 0 });
	expect(seen.lastBegun - start).toBeLessThan(minutes / 2);
});

import assert from "node:assert/strict";
import type { BroadcastRecord, BroadcastStatus } from "../model/broadcast.ts";
import type { SliceLease, Storage } from "../ports/storage.ts";
import { put } from "./contact-acts.ts";
import { present } from "./proofs.ts";
import { minutes } from "./records.ts";
import { accepted, claim, markAll, passLease, sendingTo, sliceIdOf, startSending, step } from "./sending-acts.ts";
import { BYSTANDER, examCase, type StorageCase, TENANT } from "./storage-case.ts";

const OWNER = "worker";

function leaseOf(broadcast: BroadcastRecord, number: number, fields: Partial<SliceLease> = {}): SliceLease {
	return {
		tenantId: TENANT,
		broadcastId: broadcast.id,
		sliceId: sliceIdOf(broadcast, number),
		owner: OWNER,
		claim: 1,
		...fields,
	};
}

async function tryClaim(storage: Storage, at: Date = minutes(6), owner = OWNER): Promise<SliceLease | undefined> {
	return storage.claimSlice({ owner, leaseMs: 60_000, at });
}

/** How a storage leases slices. */
export const claimCases: readonly StorageCase[] = [
	examCase("claimSlice: leases one slice after the other, each once", async ({ storage, tenant, make }) => {
		assert.equal(await tryClaim(storage), undefined);
		const broadcast = await sendingTo(tenant, make, make.contacts(5), 2);
		for (const number of [1, 2, 3]) {
			const owner = `worker ${number}`;
			assert.deepEqual(await tryClaim(storage, minutes(6), owner), leaseOf(broadcast, number, { owner }));
		}
		assert.equal(await tryClaim(storage), undefined);
	}),

	examCase("claimSlice: serves the oldest broadcast first, whosever it is", async (world) => {
		const { storage, tenant, bystander, make } = world;
		const contacts = make.contacts(2);
		const last = present(contacts.at(-1)).id;
		await world.both((each) => put(each, ...contacts));
		const [first, second, third] = [make.queued(last), make.queued(last), make.queued(last)];
		await startSending(tenant, third);
		await startSending(bystander, second);
		await startSending(tenant, first);
		assert.deepEqual(await tryClaim(storage), leaseOf(first, 1));
		assert.deepEqual(await tryClaim(storage), leaseOf(second, 1, { tenantId: BYSTANDER }));
		assert.deepEqual(await tryClaim(storage), leaseOf(third, 1));
		assert.equal(await tryClaim(storage), undefined);
	}),

	examCase("claimSlice: leases nothing of a broadcast that is not sending", async ({ storage, tenant, make }) => {
		const broadcast = await sendingTo(tenant, make, make.contacts(1));
		const move = async (from: BroadcastStatus, status: BroadcastStatus): Promise<void> => {
			assert.equal(await tenant.moveBroadcast({ id: broadcast.id, from: [from], changes: { status } }), true);
		};
		for (const status of ["queued", "paused", "sent", "failed", "canceled", "draft", "scheduled"] as const) {
			await move("sending", status);
			assert.equal(await tryClaim(storage), undefined, status);
			await move(status, "sending");
		}
		assert.deepEqual(await tryClaim(storage), leaseOf(broadcast, 1));
	}),

	examCase("claimSlice: leases a slice anew when its lease has ended", async ({ storage, tenant, make }) => {
		const broadcast = await sendingTo(tenant, make, make.contacts(1));
		assert.deepEqual(await claim(storage, "a", 1), leaseOf(broadcast, 1, { owner: "a" }));
		await passLease(storage);
		assert.deepEqual(await claim(storage, "b"), leaseOf(broadcast, 1, { owner: "b", claim: 2 }));
		assert.equal(await tryClaim(storage), undefined);
	}),

	examCase("claimSlice: leases a slice anew when it was given back", async ({ storage, tenant, make }) => {
		const broadcast = await sendingTo(tenant, make, make.contacts(1));
		const lease = await claim(storage);
		assert.equal((await tenant.advanceSlice(step(lease, { leaseMs: 0 }))).held, true);
		assert.equal((await tenant.advanceSlice(step(lease))).held, false);
		assert.deepEqual(await tryClaim(storage), leaseOf(broadcast, 1, { claim: 2 }));
	}),

	examCase("claimSlice: goes by what is pending and due", async ({ storage, tenant, make }) => {
		const contacts = make.contacts(3);
		const broadcast = await sendingTo(tenant, make, contacts);
		const lease = await markAll(storage, tenant);
		const [first, second, third] = contacts.map((contact, index) =>
			accepted(contact, { state: "pending", reason: "busy", retryAt: minutes([20, 10, 30][index] ?? 0) }),
		);
		assert.ok(first && second && third);
		await tenant.advanceSlice(step(lease, { outcomes: [first, second, third], leaseMs: 0 }));
		assert.equal(await tryClaim(storage, minutes(6)), undefined);
		assert.equal(await tryClaim(storage, new Date(minutes(10).getTime() - 1)), undefined);
		assert.deepEqual(await tryClaim(storage, minutes(10)), leaseOf(broadcast, 1, { claim: 2 }));
	}),

	examCase("claimSlice: goes by what an earlier claim left sending", async ({ storage, tenant, make }) => {
		const contacts = make.contacts(2);
		const broadcast = await sendingTo(tenant, make, contacts, 1);
		const [first, second] = contacts;
		assert.ok(first && second);
		const lease = await markAll(storage, tenant);
		await tenant.advanceSlice(step(lease, { leaseMs: 0 }));
		assert.deepEqual(await tryClaim(storage), leaseOf(broadcast, 1, { claim: 2 }));
		await tenant.advanceSlice(step(lease, { outcomes: [accepted(first)] }));
		await tenant.advanceSlice(step({ ...lease, claim: 2 }, { leaseMs: 0 }));
		assert.deepEqual(await tryClaim(storage), leaseOf(broadcast, 2));
		assert.equal(await tryClaim(storage), undefined);
	}),

	examCase("claimSlice: leases nothing where everyone is settled", async ({ storage, tenant, make }) => {
		const contacts = make.contacts(5);
		const excluded = { ...present(contacts[4]), unsubscribed: true };
		const broadcast = await sendingTo(tenant, make, [...contacts.slice(0, 4), excluded]);
		const lease = await markAll(storage, tenant);
		const states = ["sent", "failed", "uncertain"] as const;
		const outcomes = states.map((state, index) => accepted(present(contacts[index]), { state }));
		const fourth = accepted(present(contacts[3]), { state: "pending" });
		await tenant.advanceSlice(step(lease, { leaseMs: 0, outcomes: [...outcomes, fourth] }));
		const move = { broadcastId: broadcast.id, from: "pending" as const, to: "skipped" as const, reason: "canceled" };
		assert.equal(await tenant.moveRecipients({ ...move, at: minutes(8), limit: 9 }), 1);
		assert.equal(await tryClaim(storage), undefined);
		const retry = { broadcastId: broadcast.id, from: "failed" as const, to: "pending" as const, reason: null };
		assert.equal(await tenant.moveRecipients({ ...retry, at: minutes(9), limit: 9 }), 1);
		assert.deepEqual(await tryClaim(storage), leaseOf(broadcast, 1, { claim: 2 }));
	}),

	examCase("claimSlice: leases of one broadcast, or of all but some", async (world) => {
		const { storage, tenant, bystander, make } = world;
		const contacts = make.contacts(2);
		const last = present(contacts.at(-1)).id;
		await world.both((each) => put(each, ...contacts));
		const [first, second, third] = [make.queued(last), make.queued(last), make.queued(last)];
		await startSending(tenant, first, { limit: 1 });
		await startSending(bystander, second);
		await startSending(tenant, third);
		const wanted = { owner: OWNER, leaseMs: 60_000, at: minutes(6) };
		const of = (broadcastId: string, tenantId: string = TENANT) =>
			storage.claimSlice({ ...wanted, of: { tenantId, broadcastId } });
		assert.equal(await of(second.id), undefined);
		assert.equal(await of(make.id()), undefined);
		assert.deepEqual(await of(third.id), leaseOf(third, 1));
		assert.equal(await of(third.id), undefined);
		assert.deepEqual(
			await storage.claimSlice({ ...wanted, except: [first.id, make.id()] }),
			leaseOf(second, 1, { tenantId: BYSTANDER }),
		);
		assert.equal(await storage.claimSlice({ ...wanted, except: [first.id] }), undefined);
		assert.deepEqual(await storage.claimSlice({ ...wanted, except: [] }), leaseOf(first, 1));
		assert.deepEqual(await of(first.id), leaseOf(first, 2));
	}),

	examCase("claimSlice: gives a slice to one of many", async ({ storage, tenant, make }) => {
		const broadcast = await sendingTo(tenant, make, make.contacts(3), 1);
		const owners = ["a", "b", "c", "d", "e"];
		const leases = await Promise.all(owners.map((owner) => tryClaim(storage, minutes(6), owner)));
		const got = leases.flatMap((lease) => lease ?? []);
		assert.deepEqual(
			got.map(({ sliceId }) => sliceId).toSorted((a, b) => (a < b ? -1 : 1)),
			[1, 2, 3].map((n) => sliceIdOf(broadcast, n)),
		);
	}),
];

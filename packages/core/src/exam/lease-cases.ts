import assert from "node:assert/strict";
import { put, remove } from "./contact-acts.ts";
import { present } from "./proofs.ts";
import { minutes } from "./records.ts";
import {
	accepted,
	claim,
	markAll,
	marks,
	passLease,
	pendingRecipient,
	provesTally,
	sendingTo,
	step,
} from "./sending-acts.ts";
import { examCase, type StorageCase } from "./storage-case.ts";

/** What a storage does when leases end and workers die. */
export const leaseCases: readonly StorageCase[] = [
	examCase("advanceSlice: marks nothing without the lease", async ({ storage, tenant, make }) => {
		const broadcast = await sendingTo(tenant, make, make.contacts(2));
		const lease = await claim(storage, "worker", 1);
		for (const stolen of [
			{ ...lease, owner: "thief" },
			{ ...lease, claim: 2 },
			{ ...lease, claim: 0 },
		]) {
			const turn = await tenant.advanceSlice(step(stolen, { mark: 9, leaseMs: 3_600_000 }));
			assert.deepEqual([turn.held, turn.marked, turn.open, turn.status], [false, [], 2, "sending"]);
		}
		assert.equal((await provesTally(tenant, broadcast)).pending, 2);
		await passLease(storage);
		const next = await claim(storage, "next");
		assert.equal((await tenant.advanceSlice(step(lease, { mark: 9, leaseMs: 0 }))).held, false);
		assert.equal(await storage.claimSlice({ owner: "third", leaseMs: 1, at: minutes(6) }), undefined);
		assert.equal((await tenant.advanceSlice(step(next, { mark: 9 }))).marked.length, 2);
	}),

	examCase(
		"advanceSlice: goes on after the lease's end if nobody else has claimed",
		async ({ storage, tenant, make }) => {
			const contacts = make.contacts(2);
			await sendingTo(tenant, make, contacts);
			const lease = await claim(storage, "worker", 1);
			await passLease(storage);
			const turn = await tenant.advanceSlice(step(lease, { mark: 1 }));
			assert.equal(turn.held, true);
			assert.deepEqual(marks(turn), [[present(contacts[0]).id, 1]]);
			assert.equal(await storage.claimSlice({ owner: "other", leaseMs: 1, at: minutes(6) }), undefined);
		},
	),

	examCase("advanceSlice: lets the lease last from each step on", async ({ storage, tenant, make }) => {
		await sendingTo(tenant, make, make.contacts(1));
		const lease = await claim(storage, "worker", 1);
		await tenant.advanceSlice(step(lease, { leaseMs: 3_600_000 }));
		await passLease(storage);
		assert.equal(await storage.claimSlice({ owner: "other", leaseMs: 1, at: minutes(6) }), undefined);
		await tenant.advanceSlice(step(lease, { leaseMs: 1 }));
		await passLease(storage);
		assert.equal((await claim(storage, "other")).claim, 2);
	}),

	examCase("advanceSlice: records an outcome though the lease is lost", async ({ storage, tenant, make }) => {
		const contacts = make.contacts(2);
		const [first, second] = contacts;
		assert.ok(first && second);
		const broadcast = await sendingTo(tenant, make, contacts);
		const lost = await claim(storage, "lost", 1);
		await tenant.advanceSlice(step(lost, { mark: 2, leaseMs: 1 }));
		await passLease(storage);
		const next = await claim(storage, "next");
		const turn = await tenant.advanceSlice(step(lost, { outcomes: [accepted(first)], mark: 9 }));
		assert.deepEqual([turn.held, turn.late, turn.marked, turn.open], [false, 0, [], 1]);
		assert.equal((await tenant.findRecipient(broadcast.id, first.id))?.state, "sent");
		assert.deepEqual(marks(await tenant.advanceSlice(step(next, { mark: 9 }))), [[second.id, 2]]);
		// The first attempt's outcome no longer counts: the message is on its way again.
		const late = await tenant.advanceSlice(step(lost, { outcomes: [accepted(second, { state: "failed" })] }));
		assert.deepEqual([late.held, late.late], [false, 1]);
		assert.equal((await tenant.findRecipient(broadcast.id, second.id))?.state, "sending");
		await tenant.advanceSlice(step(next, { outcomes: [accepted(second, { attempt: 2 })] }));
		const { sent } = await provesTally(tenant, broadcast);
		assert.equal(sent, 2);
	}),

	examCase("advanceSlice: ignores what a lost lease says of an attempt whose number was given again", async (world) => {
		const { storage, tenant, make } = world;
		const contacts = make.contacts(2);
		const [first, second] = contacts;
		assert.ok(first && second);
		const broadcast = await sendingTo(tenant, make, contacts);
		const lost = await markAll(storage, tenant, "lost");
		const untried = { state: "pending", untried: true } as const;
		const outcomes = [accepted(first, untried), accepted(second, untried)];
		await tenant.advanceSlice(step(lost, { outcomes, leaseMs: 0 }));
		const next = await claim(storage, "next");
		assert.deepEqual(marks(await tenant.advanceSlice(step(next, { mark: 9 }))), [
			[first.id, 1],
			[second.id, 1],
		]);
		// As from a worker that has not heard that it was recorded.
		const turn = await tenant.advanceSlice(step(lost, { outcomes: [accepted(first, untried), accepted(second)] }));
		assert.deepEqual([turn.held, turn.late, turn.open], [false, 2, 2]);
		assert.equal((await provesTally(tenant, broadcast)).sending, 2);
		await tenant.advanceSlice(step(next, { outcomes: [accepted(first), accepted(second)] }));
		assert.equal((await provesTally(tenant, broadcast)).sent, 2);
	}),

	examCase("advanceSlice: marks again what an earlier claim left sending, before others", async (world) => {
		const { storage, tenant, make } = world;
		const contacts = make.contacts(6);
		const [first, second, third, fourth, fifth, sixth] = contacts;
		assert.ok(first && second && third && fourth && fifth && sixth);
		const broadcast = await sendingTo(tenant, make, contacts);
		const dead = await claim(storage, "dead", 60_000);
		await tenant.advanceSlice(step(dead, { mark: 5 }));
		const back = [accepted(first, { state: "pending" }), accepted(second, { state: "pending" })];
		await tenant.advanceSlice(step(dead, { outcomes: back, leaseMs: 0 }));
		const next = await claim(storage, "next");
		assert.deepEqual(marks(await tenant.advanceSlice(step(next, { mark: 2 }))), [
			[third.id, 2],
			[fourth.id, 2],
		]);
		assert.equal((await tenant.findRecipient(broadcast.id, fifth.id))?.attempts, 1);
		const mixed = await tenant.advanceSlice(step(next, { mark: 2 }));
		assert.deepEqual(marks(mixed), [
			[first.id, 2],
			[fifth.id, 2],
		]);
		assert.deepEqual(marks(await tenant.advanceSlice(step(next, { mark: 9 }))), [
			[second.id, 2],
			[sixth.id, 1],
		]);
		assert.deepEqual(marks(await tenant.advanceSlice(step(next, { mark: 9 }))), []);
		assert.equal((await provesTally(tenant, broadcast)).sending, 6);
	}),

	examCase("advanceSlice: holds what an earlier claim left sending, if so told", async ({ storage, tenant, make }) => {
		const contacts = make.contacts(3);
		const [first, second, third] = contacts;
		assert.ok(first && second && third);
		const broadcast = await sendingTo(tenant, make, contacts);
		const dead = await claim(storage, "dead");
		await tenant.advanceSlice(step(dead, { mark: 2 }));
		await tenant.advanceSlice(step(dead, { leaseMs: 0 }));
		const next = await claim(storage, "next");
		const turn = await tenant.advanceSlice(step(next, { mark: 9, onInterrupted: "hold", at: minutes(9) }));
		assert.deepEqual([marks(turn), turn.open], [[[third.id, 1]], 1]);
		const held = { state: "uncertain", reason: "interrupted", attempts: 1, updatedAt: minutes(9) };
		for (const contact of [first, second]) {
			const expected = { ...pendingRecipient(broadcast, contact), ...held };
			assert.deepEqual(await tenant.findRecipient(broadcast.id, contact.id), expected);
		}
		const own = await tenant.advanceSlice(step(next, { mark: 9, onInterrupted: "hold" }));
		assert.deepEqual([own.marked, own.open], [[], 1]);
		assert.equal((await tenant.advanceSlice(step(dead, { outcomes: [accepted(first)] }))).late, 1);
		assert.equal((await provesTally(tenant, broadcast)).uncertain, 2);
	}),

	examCase("advanceSlice: is uncertain about who was left sending and may not be mailed", async (world) => {
		const { storage, tenant, make } = world;
		const contacts = make.contacts(4);
		const [optedOut, removed, third, fourth] = contacts;
		assert.ok(optedOut && removed && third && fourth);
		const broadcast = await sendingTo(tenant, make, contacts);
		const dead = await claim(storage, "dead");
		await tenant.advanceSlice(step(dead, { mark: 3 }));
		await tenant.advanceSlice(step(dead, { leaseMs: 0 }));
		await put(tenant, { ...optedOut, unsubscribed: true }, { ...fourth, unsubscribed: true });
		await remove(tenant, removed);
		const next = await claim(storage, "next");
		const turn = await tenant.advanceSlice(step(next, { mark: 9, at: minutes(9) }));
		assert.deepEqual([marks(turn), turn.open], [[[third.id, 2]], 1]);
		const states = [
			[optedOut, { state: "uncertain", reason: "unsubscribed", attempts: 1 }],
			[removed, { state: "uncertain", reason: "removed", attempts: 1 }],
			[fourth, { state: "skipped", reason: "unsubscribed", attempts: 0 }],
		] as const;
		for (const [contact, state] of states) {
			const expected = { ...pendingRecipient(broadcast, contact), ...state, updatedAt: minutes(9) };
			assert.deepEqual(await tenant.findRecipient(broadcast.id, contact.id), expected);
		}
		await provesTally(tenant, broadcast);
	}),

	examCase("advanceSlice: leaves alone what was left sending while the broadcast is paused", async (world) => {
		const { storage, tenant, make } = world;
		const contact = make.contact();
		const broadcast = await sendingTo(tenant, make, [contact]);
		const dead = await markAll(storage, tenant, "dead");
		await tenant.advanceSlice(step(dead, { leaseMs: 0 }));
		const next = await claim(storage, "next");
		await tenant.moveBroadcast({ id: broadcast.id, from: ["sending"], changes: { status: "paused" } });
		for (const onInterrupted of ["resend", "hold"] as const) {
			const turn = await tenant.advanceSlice(step(next, { mark: 9, onInterrupted }));
			assert.deepEqual([turn.held, turn.marked, turn.open, turn.status], [true, [], 1, "paused"]);
		}
		assert.equal((await tenant.findRecipient(broadcast.id, contact.id))?.state, "sending");
	}),
];

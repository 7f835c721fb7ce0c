import assert from "node:assert/strict";
import type { Recipient } from "../model/recipient.ts";
import type { RecipientOutcome } from "../ports/storage.ts";
import { contactOf, put, remove } from "./contact-acts.ts";
import { handOver, present, provesCopies } from "./proofs.ts";
import { minutes } from "./records.ts";
import {
	accepted,
	claim,
	markAll,
	marks,
	pendingRecipient,
	provesTally,
	sendingTo,
	sliceIdOf,
	startSending,
	step,
} from "./sending-acts.ts";
import { examCase, type StorageCase, TENANT } from "./storage-case.ts";

const marking: readonly StorageCase[] = [
	examCase("advanceSlice: marks recipients by ascending id, at most as many as asked", async (world) => {
		const { storage, tenant, alone, make } = world;
		const contacts = make.contacts(5);
		const [first, second, third, fourth, fifth] = contacts;
		assert.ok(first && second && third && fourth && fifth);
		const broadcast = make.queued(fifth.id);
		await world.both(async (each) => {
			await put(each, ...contacts);
			await startSending(each, broadcast, { limit: 4 });
		});
		const leases = [await claim(storage), await claim(storage), await claim(storage), await claim(storage)];
		const lease = present(
			leases.find(({ tenantId, sliceId }) => tenantId === TENANT && sliceId === sliceIdOf(broadcast, 1)),
		);
		const turn = await alone(() => tenant.advanceSlice(step(lease, { mark: 3 })));
		assert.deepEqual(turn, {
			held: true,
			marked: [first, second, third].map((contact) => ({ contact, attempt: 1, tries: 1 })),
			late: 0,
			open: 4,
			nextRetryAt: undefined,
			status: "sending",
		});
		const sending = { ...pendingRecipient(broadcast, third), state: "sending", attempts: 1, updatedAt: minutes(7) };
		assert.deepEqual(await tenant.findRecipient(broadcast.id, third.id), sending);
		assert.deepEqual(await tenant.findRecipient(broadcast.id, fourth.id), pendingRecipient(broadcast, fourth));
		const { sending: counted, pending } = await provesTally(tenant, broadcast);
		assert.deepEqual([counted, pending], [3, 2]);
		assert.deepEqual(marks(await tenant.advanceSlice(step(lease, { mark: 3 }))), [[fourth.id, 1]]);
		assert.deepEqual(marks(await tenant.advanceSlice(step(lease, { mark: 3 }))), []);
		assert.deepEqual(await tenant.findRecipient(broadcast.id, fifth.id), pendingRecipient(broadcast, fifth));
	}),

	examCase("advanceSlice: answers with the contact as it is now, by value", async ({ storage, tenant, make }) => {
		const contact = make.contact({ properties: { since: minutes(1), plan: "free" } });
		await sendingTo(tenant, make, [contact]);
		const changed = { ...contact, firstName: "Ada", properties: { since: minutes(2), plan: "pro" } };
		await put(tenant, changed);
		const markOnce = async (): Promise<unknown> => {
			const lease = await claim(storage);
			const { marked } = await tenant.advanceSlice(step(lease, { mark: 1 }));
			await provesCopies(() => tenant.advanceSlice(step(lease)));
			await tenant.advanceSlice(step(lease, { leaseMs: 0 }));
			return marked[0]?.contact;
		};
		assert.deepEqual(await markOnce(), changed);
		await provesCopies(markOnce);
		assert.deepEqual(await contactOf(tenant, contact), changed);
	}),

	examCase("advanceSlice: asks the rules again", async ({ storage, tenant, bystander, make }) => {
		const contacts = make.contacts(6);
		const [kept, suppressed, unsubscribed, unconfirmed, removed, last] = contacts;
		assert.ok(kept && suppressed && unsubscribed && unconfirmed && removed && last);
		const broadcast = await sendingTo(tenant, make, contacts);
		const pending = { ...unconfirmed, confirmation: "pending" as const };
		await put(tenant, { ...unsubscribed, unsubscribed: true }, pending);
		await bystander.insertSuppression(make.suppression({ addressHash: kept.addressHash }), []);
		await tenant.insertSuppression(make.suppression({ addressHash: suppressed.addressHash }), []);
		await tenant.insertSuppression(make.suppression({ addressHash: unsubscribed.addressHash }), []);
		await remove(tenant, removed);
		const turn = await tenant.advanceSlice(step(await claim(storage), { mark: 2 }));
		assert.deepEqual(marks(turn), [
			[kept.id, 1],
			[last.id, 1],
		]);
		assert.equal(turn.open, 2);
		const reasons = new Map([
			[suppressed, "suppressed"],
			[unsubscribed, "suppressed"],
			[unconfirmed, "unconfirmed"],
			[removed, "removed"],
		]);
		for (const [contact, reason] of reasons) {
			const skipped = { ...pendingRecipient(broadcast, contact), state: "skipped", reason, updatedAt: minutes(7) };
			assert.deepEqual(await tenant.findRecipient(broadcast.id, contact.id), skipped);
		}
		assert.equal((await provesTally(tenant, broadcast)).skipped, 4);
	}),

	examCase("advanceSlice: marks nothing unless the broadcast is sending", async ({ storage, tenant, make }) => {
		const contacts = make.contacts(2);
		const broadcast = await sendingTo(tenant, make, contacts);
		const lease = await claim(storage);
		const [first, second] = contacts;
		assert.ok(first && second);
		await tenant.advanceSlice(step(lease, { mark: 1 }));
		for (const status of ["paused", "canceled", "failed"] as const) {
			await tenant.moveBroadcast({ id: broadcast.id, from: ["sending"], changes: { status } });
			const turn = await tenant.advanceSlice(step(lease, { mark: 2 }));
			assert.deepEqual(turn, { held: true, marked: [], late: 0, open: 2, nextRetryAt: undefined, status });
			await tenant.moveBroadcast({ id: broadcast.id, from: [status], changes: { status: "sending" } });
		}
		await tenant.moveBroadcast({ id: broadcast.id, from: ["sending"], changes: { status: "paused" } });
		assert.equal((await tenant.advanceSlice(step(lease, { outcomes: [accepted(first)] }))).open, 1);
		assert.equal((await tenant.findRecipient(broadcast.id, first.id))?.state, "sent");
		assert.deepEqual(await tenant.findRecipient(broadcast.id, second.id), pendingRecipient(broadcast, second));
	}),

	examCase("advanceSlice: marks each recipient for one of many steps", async ({ storage, tenant, make }) => {
		const contacts = make.contacts(9);
		const broadcast = await sendingTo(tenant, make, contacts);
		const lease = await claim(storage);
		const turns = await Promise.all([1, 2, 3].map(() => tenant.advanceSlice(step(lease, { mark: 3 }))));
		const ids = turns.flatMap(({ marked }) => marked.map(({ contact }) => contact.id));
		assert.equal(ids.length, 9);
		assert.equal(new Set(ids).size, 9);
		assert.equal((await provesTally(tenant, broadcast)).sending, 9);
	}),
];

const recording: readonly StorageCase[] = [
	examCase("advanceSlice: records outcomes", async ({ storage, tenant, alone, make }) => {
		const contacts = make.contacts(5);
		const broadcast = await sendingTo(tenant, make, contacts);
		const lease = await markAll(storage, tenant);
		const outcomes: readonly Partial<RecipientOutcome>[] = [
			{ state: "sent", providerId: "provider-1" },
			{ state: "failed", reason: "no_such_user", providerId: "provider-2" },
			{ state: "pending", reason: "busy", retryAt: minutes(30) },
			{ state: "uncertain", reason: "timeout" },
		];
		const given = outcomes.map((outcome, index) => accepted(present(contacts[index]), outcome));
		const at = minutes(11);
		await handOver(step(lease, { outcomes: given, at }), async (handed) => {
			const turn = await alone(() => tenant.advanceSlice(handed));
			assert.deepEqual(turn, { held: true, marked: [], late: 0, open: 2, nextRetryAt: minutes(30), status: "sending" });
		});
		for (const { contactId, attempt: attempts, ...outcome } of given) {
			const expected = { broadcastId: broadcast.id, contactId, attempts, ...outcome, updatedAt: at };
			assert.deepEqual(await tenant.findRecipient(broadcast.id, contactId), expected);
		}
		const { pending, sending, sent, failed, uncertain } = await provesTally(tenant, broadcast);
		assert.deepEqual([pending, sending, sent, failed, uncertain], [1, 1, 1, 1, 1]);
	}),

	examCase("advanceSlice: fills the places that its outcomes free", async ({ storage, tenant, make }) => {
		const contacts = make.contacts(4);
		const [first, second, third] = contacts;
		assert.ok(first && second && third);
		await sendingTo(tenant, make, contacts);
		const lease = await claim(storage);
		await tenant.advanceSlice(step(lease, { mark: 2 }));
		const turn = await tenant.advanceSlice(step(lease, { outcomes: [accepted(second)], mark: 1 }));
		assert.deepEqual(marks(turn), [[third.id, 1]]);
		const retry = accepted(first, { state: "pending" });
		assert.deepEqual(marks(await tenant.advanceSlice(step(lease, { outcomes: [retry], mark: 1 }))), [[first.id, 2]]);
	}),

	examCase("advanceSlice: tries again when it is time", async ({ storage, tenant, make }) => {
		const contacts = make.contacts(3);
		const [first, second, third] = contacts;
		assert.ok(first && second && third);
		const broadcast = await sendingTo(tenant, make, contacts);
		const lease = await markAll(storage, tenant);
		const outcomes = [
			accepted(first, { state: "pending", reason: "busy", retryAt: minutes(30) }),
			accepted(second, { state: "pending", reason: "busy", retryAt: minutes(20) }),
			accepted(third),
		];
		const early = await tenant.advanceSlice(step(lease, { outcomes, mark: 9, at: minutes(19) }));
		assert.deepEqual([early.marked, early.open, early.nextRetryAt], [[], 2, minutes(20)]);
		const due = await tenant.advanceSlice(step(lease, { at: minutes(20) }));
		assert.equal(due.nextRetryAt, undefined);
		const turn = await tenant.advanceSlice(step(lease, { mark: 9, at: minutes(20) }));
		assert.deepEqual([marks(turn), turn.open, turn.nextRetryAt], [[[second.id, 2]], 2, minutes(30)]);
		const again = { state: "sending", attempts: 2, updatedAt: minutes(20) };
		const expected = { ...pendingRecipient(broadcast, second), ...again };
		assert.deepEqual(await tenant.findRecipient(broadcast.id, second.id), expected);
		assert.deepEqual(marks(await tenant.advanceSlice(step(lease, { mark: 9, at: minutes(31) }))), [[first.id, 2]]);
	}),

	examCase("advanceSlice: does not count an attempt that nobody made", async ({ storage, tenant, make }) => {
		const contacts = make.contacts(2);
		const [first, second] = contacts;
		assert.ok(first && second);
		const broadcast = await sendingTo(tenant, make, contacts);
		const lease = await markAll(storage, tenant);
		const again = { state: "pending", reason: "quota", untried: true } as const;
		await tenant.advanceSlice(
			step(lease, { outcomes: [accepted(first, again), accepted(second, { state: "pending" })] }),
		);
		const untried = { ...pendingRecipient(broadcast, first), reason: "quota", updatedAt: minutes(7) };
		assert.deepEqual(await tenant.findRecipient(broadcast.id, first.id), untried);
		assert.deepEqual(marks(await tenant.advanceSlice(step(lease, { mark: 9 }))), [
			[first.id, 1],
			[second.id, 2],
		]);
	}),

	examCase("advanceSlice: tries nobody again whose broadcast is canceled", async ({ storage, tenant, make }) => {
		const contacts = make.contacts(3);
		const [first, second, third] = contacts;
		assert.ok(first && second && third);
		const broadcast = await sendingTo(tenant, make, contacts);
		const lease = await markAll(storage, tenant);
		const later = { state: "pending", reason: "busy", retryAt: minutes(30), providerId: "provider-1" } as const;
		await tenant.moveBroadcast({ id: broadcast.id, from: ["sending"], changes: { status: "paused" } });
		await tenant.advanceSlice(step(lease, { outcomes: [accepted(first, later)] }));
		assert.equal((await tenant.findRecipient(broadcast.id, first.id))?.state, "pending");
		await tenant.moveBroadcast({ id: broadcast.id, from: ["paused"], changes: { status: "canceled" } });
		const outcomes = [accepted(second, later), accepted(third)];
		const turn = await tenant.advanceSlice(step(lease, { outcomes }));
		assert.deepEqual([turn.late, turn.open, turn.status], [0, 1, "canceled"]);
		const skipped = { state: "skipped", reason: "canceled", attempts: 1, providerId: "provider-1" };
		assert.deepEqual(await tenant.findRecipient(broadcast.id, second.id), {
			...pendingRecipient(broadcast, second),
			...skipped,
			updatedAt: minutes(7),
		});
		assert.equal((await tenant.findRecipient(broadcast.id, third.id))?.state, "sent");
		await provesTally(tenant, broadcast);
	}),

	examCase("advanceSlice: ignores outcomes that come too late", async ({ storage, tenant, make }) => {
		const contacts = make.contacts(4);
		const [first, second, third, fourth] = contacts;
		assert.ok(first && second && third && fourth);
		const broadcast = await sendingTo(tenant, make, contacts.slice(0, 3));
		const lease = await claim(storage);
		await tenant.advanceSlice(step(lease, { mark: 2 }));
		await tenant.advanceSlice(step(lease, { outcomes: [accepted(first, { state: "pending" })] }));
		await tenant.advanceSlice(step(lease, { mark: 1 }));
		const before = await tenant.pageRecipients(broadcast.id, {}, { limit: 9 });
		const late = [
			accepted(first, { state: "failed", attempt: 1 }),
			accepted(first, { attempt: 3 }),
			accepted(third),
			accepted(fourth),
		];
		const turn = await tenant.advanceSlice(step(lease, { outcomes: late }));
		assert.equal(turn.late, 4);
		assert.deepEqual(await tenant.pageRecipients(broadcast.id, {}, { limit: 9 }), before);
		const mixed = [accepted(second), accepted(second, { state: "failed" }), accepted(first, { attempt: 2 })];
		assert.equal((await tenant.advanceSlice(step(lease, { outcomes: mixed }))).late, 1);
		const states = (await tenant.pageRecipients(broadcast.id, {}, { limit: 9 })).map((row: Recipient) => row.state);
		assert.deepEqual(states, ["pending", "sent", "sent"]);
		await provesTally(tenant, broadcast);
	}),

	examCase("advanceSlice: knows no slice of another tenant, and none that is gone", async (world) => {
		const { storage, tenant, bystander, make } = world;
		const contact = make.contact();
		const broadcast = await sendingTo(tenant, make, [contact]);
		const lease = await markAll(storage, tenant);
		const outcomes = [accepted(contact)];
		const strange = await bystander.advanceSlice(step(lease, { outcomes, mark: 9 }));
		assert.deepEqual([strange.held, strange.marked, strange.late, strange.open], [false, [], 1, 0]);
		const unknown = { ...lease, sliceId: sliceIdOf(broadcast, 9) };
		const missing = await tenant.advanceSlice(step(unknown, { outcomes, mark: 9 }));
		assert.deepEqual([missing.held, missing.marked, missing.late, missing.open], [false, [], 1, 0]);
		assert.equal((await tenant.findRecipient(broadcast.id, contact.id))?.state, "sending");
	}),
];

/** How a storage sends a slice, as long as its worker lives. */
export const sendingCases: readonly StorageCase[] = [...marking, ...recording];

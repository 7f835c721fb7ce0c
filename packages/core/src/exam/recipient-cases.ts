import assert from "node:assert/strict";
import type { RecipientState } from "../model/recipient.ts";
import type { RecipientMove } from "../ports/storage.ts";
import { put, remove } from "./contact-acts.ts";
import { handOver, present, provesCopies, provesPages } from "./proofs.ts";
import { minutes } from "./records.ts";
import {
	accepted,
	claim,
	markAll,
	passLease,
	pendingRecipient,
	provesTally,
	sendingTo,
	startSending,
	step,
} from "./sending-acts.ts";
import { examCase, type StorageCase, TENANT, type World } from "./storage-case.ts";
import type { BroadcastRecord } from "../model/broadcast.ts";
import type { ContactRecord } from "../model/contact.ts";

/** Two broadcasts to the same twelve contacts, in both tenants, in slices of about five. */
async function twoBroadcasts(world: World): Promise<{
	readonly contacts: readonly ContactRecord[];
	readonly broadcast: BroadcastRecord;
	readonly neighbour: BroadcastRecord;
}> {
	const { make } = world;
	const contacts = make
		.contacts(12)
		.map((contact, index) => ({ ...contact, unsubscribed: index === 3 || index === 9 }));
	const last = present(contacts.at(-1)).id;
	const [broadcast, neighbour] = [make.queued(last), make.queued(last)];
	await world.both(async (each) => {
		await put(each, ...contacts);
		await startSending(each, broadcast, { limit: 5 });
		await startSending(each, neighbour, { limit: 5 });
	});
	return { contacts, broadcast, neighbour };
}

const reading: readonly StorageCase[] = [
	examCase("findRecipient: answers by value, and only this tenant's", async ({ tenant, bystander, make }) => {
		const contact = make.contact();
		const broadcast = await sendingTo(tenant, make, [contact]);
		const recipient = pendingRecipient(broadcast, contact);
		assert.deepEqual(await tenant.findRecipient(broadcast.id, contact.id), recipient);
		assert.equal(await bystander.findRecipient(broadcast.id, contact.id), undefined);
		assert.equal(await tenant.findRecipient(broadcast.id, make.id()), undefined);
		assert.equal(await tenant.findRecipient(make.id(), contact.id), undefined);
		await provesCopies(() => tenant.findRecipient(broadcast.id, contact.id));
		await remove(tenant, contact);
		assert.deepEqual(await tenant.findRecipient(broadcast.id, contact.id), recipient);
	}),

	examCase("pageRecipients: leads through recipients by state and reason", async (world) => {
		const { tenant, bystander, make } = world;
		const { contacts, broadcast } = await twoBroadcasts(world);
		const all = (await tenant.pageRecipients(broadcast.id, {}, { limit: 99 })).toReversed();
		assert.deepEqual(
			all.map(({ contactId }) => contactId),
			contacts.map(({ id }) => id),
		);
		const cursorOf = ({ contactId }: { readonly contactId: string }): string => contactId;
		await provesPages(all, cursorOf, (page) => tenant.pageRecipients(broadcast.id, {}, page));
		const pending = all.filter(({ state }) => state === "pending");
		await provesPages(pending, cursorOf, (page) => tenant.pageRecipients(broadcast.id, { state: "pending" }, page));
		const excluded = all.filter(({ state }) => state === "excluded").toReversed();
		assert.equal(excluded.length, 2);
		const unsubscribed = { state: "excluded" as const, reason: "unsubscribed" };
		for (const where of [{ state: "excluded" as const }, { reason: "unsubscribed" }, unsubscribed]) {
			assert.deepEqual(await tenant.pageRecipients(broadcast.id, where, { limit: 9 }), excluded);
		}
		for (const where of [
			{ state: "sent" as const },
			{ reason: "suppressed" },
			{ ...unsubscribed, state: "pending" as const },
		]) {
			assert.deepEqual(await tenant.pageRecipients(broadcast.id, where, { limit: 9 }), []);
		}
		assert.deepEqual(await tenant.pageRecipients(make.id(), {}, { limit: 9 }), []);
		await provesCopies(() => tenant.pageRecipients(broadcast.id, {}, { limit: 3 }));
		await bystander.deleteBroadcast(broadcast.id, ["sending"]);
		assert.deepEqual(await tenant.pageRecipients(broadcast.id, {}, { limit: 99 }), all.toReversed());
		assert.deepEqual(await bystander.pageRecipients(broadcast.id, {}, { limit: 99 }), []);
	}),

	examCase("pageContactRecipients: tells one contact's broadcasts, the latest first", async (world) => {
		const { tenant, bystander, make } = world;
		const { contacts, broadcast, neighbour } = await twoBroadcasts(world);
		const contact = present(contacts[7]);
		const third = make.queued(contact.id);
		await startSending(tenant, third);
		const expected = [third, neighbour, broadcast].map((one) => pendingRecipient(one, contact));
		assert.deepEqual(await tenant.pageContactRecipients(contact.id, 9), expected);
		assert.deepEqual(await tenant.pageContactRecipients(contact.id, 2), expected.slice(0, 2));
		assert.deepEqual(await bystander.pageContactRecipients(contact.id, 9), expected.slice(1));
		assert.deepEqual(await tenant.pageContactRecipients(make.id(), 9), []);
		await provesCopies(() => tenant.pageContactRecipients(contact.id, 9));
		await remove(tenant, contact);
		assert.deepEqual(await tenant.pageContactRecipients(contact.id, 9), expected);
	}),
];

const counting: readonly StorageCase[] = [
	examCase("tallyBroadcast: is what the rows say, all along", async (world) => {
		const { storage, tenant, bystander } = world;
		const { contacts, broadcast } = await twoBroadcasts(world);
		const none = { sending: 0, sent: 0, failed: 0, skipped: 0, uncertain: 0 };
		const frozen = { candidates: 12, excluded: { unsubscribed: 2 }, pending: 10, ...none };
		assert.deepEqual(await provesTally(tenant, broadcast), frozen);
		await bystander.moveBroadcast({ id: broadcast.id, from: ["sending"], changes: { status: "paused" } });
		const lease = await claim(storage);
		const { marked } = await tenant.advanceSlice(step(lease, { mark: 3 }));
		assert.equal((await provesTally(tenant, broadcast)).sending, 3);
		const [first, second, third] = marked.map(({ contact }) => contact);
		assert.ok(first && second && third);
		const outcomes = [accepted(first), accepted(second, { state: "failed" }), accepted(third, { state: "pending" })];
		await tenant.advanceSlice(step(lease, { outcomes }));
		await put(tenant, { ...third, unsubscribed: true });
		await tenant.advanceSlice(step(lease, { mark: 1 }));
		const { candidates, excluded, ...delivery } = await provesTally(tenant, broadcast);
		assert.deepEqual([candidates, excluded], [12, { unsubscribed: 2 }]);
		assert.deepEqual(delivery, { pending: 6, sending: 1, sent: 1, failed: 1, skipped: 1, uncertain: 0 });
		assert.deepEqual(await bystander.tallyBroadcast(broadcast.id), frozen);
		await remove(tenant, present(contacts[0]));
		assert.equal((await provesTally(tenant, broadcast)).candidates, 12);
		await provesCopies(() => tenant.tallyBroadcast(broadcast.id));
	}),

	examCase("tallyReasons: counts those in a state by reason", async (world) => {
		const { storage, tenant, bystander, alone } = world;
		const { broadcast, neighbour } = await twoBroadcasts(world);
		const lease = await claim(storage);
		const of = lease.tenantId === TENANT ? tenant : bystander;
		const { marked } = await of.advanceSlice(step(lease, { mark: 4 }));
		const reasons = ["full", "unknown", null, "full"];
		const outcomes = marked.map(({ contact }, index) =>
			accepted(contact, { state: index === 2 ? "sent" : "failed", reason: reasons[index] ?? null }),
		);
		await of.advanceSlice(step(lease, { outcomes }));
		const { id } = [broadcast, neighbour].find((one) => one.id === lease.broadcastId) ?? broadcast;
		const found = async (state: RecipientState): Promise<ReadonlyMap<string | null, number>> =>
			new Map((await of.tallyReasons(id, state)).map(({ reason, count }) => [reason, count]));
		const failed = new Map<string | null, number>([
			["full", 2],
			["unknown", 1],
		]);
		assert.deepEqual(await found("failed"), failed);
		assert.deepEqual(await found("sent"), new Map([[null, 1]]));
		assert.deepEqual(await found("excluded"), new Map([["unsubscribed", 2]]));
		assert.deepEqual(await found("uncertain"), new Map());
		const { id: other } = id === broadcast.id ? neighbour : broadcast;
		assert.deepEqual(await of.tallyReasons(other, "failed"), []);
		const foreign = of === tenant ? bystander : tenant;
		assert.deepEqual(await foreign.tallyReasons(id, "failed"), []);
		await alone(() => tenant.tallyReasons(id, "failed"));
		await provesCopies(() => of.tallyReasons(id, "failed"));
	}),

	examCase("recountBroadcast: counts the rows of one broadcast", async (world) => {
		const { tenant, bystander, make } = world;
		const { broadcast, neighbour } = await twoBroadcasts(world);
		await bystander.deleteBroadcast(broadcast.id, ["sending"]);
		await tenant.deleteBroadcast(neighbour.id, ["sending"]);
		const none = { sending: 0, sent: 0, failed: 0, skipped: 0, uncertain: 0 };
		const counts = { candidates: 12, excluded: { unsubscribed: 2 }, pending: 10, ...none };
		const nobody = { candidates: 0, excluded: {}, pending: 0, ...none };
		assert.deepEqual(await tenant.recountBroadcast(broadcast.id), counts);
		assert.deepEqual(await tenant.recountBroadcast(neighbour.id), nobody);
		assert.deepEqual(await bystander.recountBroadcast(broadcast.id), nobody);
		assert.deepEqual(await tenant.recountBroadcast(make.id()), nobody);
		assert.deepEqual(await tenant.tallyBroadcast(make.id()), nobody);
		await provesCopies(() => tenant.recountBroadcast(broadcast.id));
	}),
];

const moving: readonly StorageCase[] = [
	examCase("moveRecipients: moves at most so many, and says how many", async (world) => {
		const { tenant, alone, inert, make } = world;
		const { broadcast, neighbour } = await twoBroadcasts(world);
		const cancel = (limit: number): RecipientMove => ({
			broadcastId: broadcast.id,
			from: "pending",
			to: "skipped",
			reason: "canceled",
			at: minutes(20),
			limit,
		});
		assert.equal(await inert(() => tenant.moveRecipients({ ...cancel(9), from: "failed" })), 0);
		assert.equal(await inert(() => tenant.moveRecipients({ ...cancel(9), broadcastId: make.id() })), 0);
		await handOver(cancel(7), async (given) => {
			assert.equal(await alone(() => tenant.moveRecipients(given)), 7);
		});
		const { skipped, pending } = await provesTally(tenant, broadcast);
		assert.deepEqual([skipped, pending], [7, 3]);
		assert.equal(await alone(() => tenant.moveRecipients(cancel(7))), 3);
		assert.equal(await inert(() => tenant.moveRecipients(cancel(7))), 0);
		const moved = await tenant.pageRecipients(broadcast.id, { state: "skipped" }, { limit: 99 });
		assert.equal(moved.length, 10);
		for (const { contactId, ...row } of moved) {
			const expected = { ...pendingRecipient(broadcast, { id: contactId }), state: "skipped", reason: "canceled" };
			assert.deepEqual({ contactId, ...row }, { ...expected, updatedAt: minutes(20) });
		}
		assert.equal((await provesTally(tenant, broadcast)).excluded.unsubscribed, 2);
		assert.equal((await provesTally(tenant, neighbour)).pending, 10);
	}),

	examCase("moveRecipients: moves one contact's recipient", async (world) => {
		const { tenant, alone, inert, make } = world;
		const { contacts, broadcast } = await twoBroadcasts(world);
		const [fifth, excluded] = [present(contacts[4]), present(contacts[3])];
		const move = {
			broadcastId: broadcast.id,
			from: "pending" as const,
			to: "uncertain" as const,
			reason: null,
			at: minutes(20),
			limit: 9,
		};
		assert.equal(await inert(() => tenant.moveRecipients({ ...move, contactId: excluded.id })), 0);
		assert.equal(await inert(() => tenant.moveRecipients({ ...move, contactId: make.id() })), 0);
		assert.equal(await alone(() => tenant.moveRecipients({ ...move, contactId: fifth.id })), 1);
		const expected = { ...pendingRecipient(broadcast, fifth), state: "uncertain", updatedAt: minutes(20) };
		assert.deepEqual(await tenant.findRecipient(broadcast.id, fifth.id), expected);
		assert.deepEqual((await provesTally(tenant, broadcast)).uncertain, 1);
	}),

	examCase("moveRecipients: leaves alone what is being sent under a lease", async (world) => {
		const { storage, tenant, inert, make } = world;
		const contacts = make.contacts(3);
		const broadcast = await sendingTo(tenant, make, contacts, 1);
		const [ended, returned, held] = [
			await markAll(storage, tenant),
			await markAll(storage, tenant),
			await markAll(storage, tenant),
		];
		const end = { from: "sending", to: "uncertain", reason: "interrupted" } as const;
		const move: RecipientMove = { broadcastId: broadcast.id, ...end, at: minutes(20), limit: 9 };
		assert.equal(await inert(() => tenant.moveRecipients(move)), 0);
		await tenant.advanceSlice(step(ended, { leaseMs: 1 }));
		await tenant.advanceSlice(step(returned, { leaseMs: 0 }));
		await tenant.advanceSlice(step(held, { leaseMs: 3_600_000 }));
		await passLease(storage);
		assert.equal(await tenant.moveRecipients(move), 2);
		const [first, , third] = contacts;
		assert.ok(first && third);
		assert.equal((await tenant.findRecipient(broadcast.id, third.id))?.state, "sending");
		const { state, reason, attempts } = present(await tenant.findRecipient(broadcast.id, first.id));
		assert.deepEqual([state, reason, attempts], ["uncertain", "interrupted", 1]);
		const late = await tenant.advanceSlice(step(ended, { outcomes: [accepted(first)] }));
		assert.deepEqual([late.late, late.open], [1, 0]);
		await provesTally(tenant, broadcast);
	}),

	examCase("moveRecipients: makes failed and uncertain ones due again", async ({ storage, tenant, make }) => {
		const contacts = make.contacts(3);
		const [first, second, third] = contacts;
		assert.ok(first && second && third);
		const broadcast = await sendingTo(tenant, make, contacts);
		const lease = await markAll(storage, tenant);
		const outcomes = [
			accepted(first, { state: "failed", reason: "no_such_user", providerId: "provider-1" }),
			accepted(second, { state: "uncertain", reason: "timeout" }),
			accepted(third, { state: "pending", reason: "busy", retryAt: minutes(90) }),
		];
		await tenant.advanceSlice(step(lease, { outcomes }));
		const move = { broadcastId: broadcast.id, to: "pending" as const, reason: null, at: minutes(20), limit: 9 };
		assert.equal(await tenant.moveRecipients({ ...move, from: "failed" }), 1);
		assert.equal(await tenant.moveRecipients({ ...move, from: "uncertain" }), 1);
		const retried = {
			...pendingRecipient(broadcast, first),
			attempts: 1,
			providerId: "provider-1",
			updatedAt: minutes(20),
		};
		assert.deepEqual(await tenant.findRecipient(broadcast.id, first.id), retried);
		assert.equal(await tenant.moveRecipients({ ...move, from: "pending", contactId: third.id }), 1);
		assert.equal((await tenant.findRecipient(broadcast.id, third.id))?.retryAt, null);
		const turn = await tenant.advanceSlice(step(lease, { mark: 9 }));
		assert.deepEqual(
			turn.marked.map(({ attempt, tries }) => [attempt, tries]),
			[
				[2, 1],
				[2, 1],
				[2, 1],
			],
		);
	}),

	examCase(
		"moveRecipients: moves those with a reason, and keeps tries of others",
		async ({ storage, tenant, make }) => {
			const contacts = make.contacts(3);
			const [first, second, third] = contacts;
			assert.ok(first && second && third);
			const broadcast = await sendingTo(tenant, make, contacts);
			const lease = await markAll(storage, tenant);
			const outcomes = [
				accepted(first, { state: "failed", reason: "full" }),
				accepted(second, { state: "failed", reason: "unknown" }),
				accepted(third, { state: "pending", reason: "busy" }),
			];
			await tenant.advanceSlice(step(lease, { outcomes }));
			const move = { broadcastId: broadcast.id, to: "pending" as const, reason: null, at: minutes(20), limit: 9 };
			assert.equal(await tenant.moveRecipients({ ...move, from: "failed", withReason: "gone" }), 0);
			assert.equal(await tenant.moveRecipients({ ...move, from: "failed", withReason: "full" }), 1);
			assert.equal((await tenant.findRecipient(broadcast.id, second.id))?.state, "failed");
			const turn = await tenant.advanceSlice(step(lease, { mark: 9 }));
			assert.deepEqual(
				turn.marked.map(({ contact, attempt, tries }) => [contact.id, attempt, tries]),
				[
					[first.id, 2, 1],
					[third.id, 2, 2],
				],
			);
			const back = [accepted(third, { attempt: 2, state: "pending", untried: true })];
			await tenant.advanceSlice(step(lease, { outcomes: back }));
			const again = await tenant.advanceSlice(step(lease, { mark: 9 }));
			assert.deepEqual(
				again.marked.map(({ attempt, tries }) => [attempt, tries]),
				[[2, 2]],
			);
			await provesTally(tenant, broadcast);
		},
	),

	examCase("moveRecipients: goes by the broadcast's state, and opens it again", async (world) => {
		const { storage, tenant, make, alone, inert } = world;
		const segment = make.segment();
		await world.both((each) => each.insertSegment(segment));
		const contacts = make.contacts(2);
		const broadcast = await sendingTo(tenant, make, contacts);
		const lease = await markAll(storage, tenant);
		await tenant.advanceSlice(
			step(lease, { leaseMs: 0, outcomes: contacts.map((one) => accepted(one, { state: "failed" })) }),
		);
		const status = async (): Promise<unknown> => (await tenant.findBroadcast(broadcast.id))?.status;
		const changes = { status: "sent" as const, statusReason: "why", uses: [segment.id] };
		await tenant.moveBroadcast({ id: broadcast.id, from: ["sending"], changes });
		const retry = { broadcastId: broadcast.id, from: "failed", to: "pending", reason: null, limit: 1 } as const;
		const move = { ...retry, at: minutes(20), reopen: true } as const;
		assert.equal(await inert(() => tenant.moveRecipients({ ...move, whileIn: ["sending", "paused"] })), 0);
		assert.equal(await inert(() => tenant.moveRecipients({ ...move, from: "uncertain" })), 0);
		assert.equal(await alone(() => tenant.moveRecipients({ ...move, whileIn: ["sent"] })), 1);
		const { status: now, statusReason, updatedAt } = present(await tenant.findBroadcast(broadcast.id));
		assert.deepEqual([now, statusReason, updatedAt], ["sending", null, minutes(20)]);
		// Of one that goes on, the state stays.
		await tenant.moveBroadcast({ id: broadcast.id, from: ["sending"], changes: { status: "paused" } });
		assert.equal(await tenant.moveRecipients(move), 1);
		assert.equal(await status(), "paused");
		await tenant.moveRecipients({ ...move, from: "pending", to: "failed", limit: 9 });
		assert.equal(await status(), "paused");
		await tenant.moveBroadcast({ id: broadcast.id, from: ["paused"], changes: { status: "sent" } });
		assert.equal(await tenant.deleteSegment(segment.id), "deleted");
		assert.equal(await inert(() => tenant.moveRecipients(move)), 0);
		// Without `reopen` it is the recipients alone.
		const { reopen: _reopen, ...closed } = move;
		assert.equal(await tenant.moveRecipients(closed), 1);
		assert.equal(await status(), "sent");
	}),
];

/** What a storage does with recipients outside of sending. */
export const recipientCases: readonly StorageCase[] = [...reading, ...counting, ...moving];

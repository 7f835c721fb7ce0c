import assert from "node:assert/strict";
import type { BoundFilter } from "../filter/filter.ts";
import { EVERYONE } from "../filter/filter.ts";
import type { BroadcastRecord } from "../model/broadcast.ts";
import type { ContactRecord } from "../model/contact.ts";
import type { RecipientCounts } from "../model/recipient.ts";
import type {
	RecipientOutcome,
	SliceLease,
	SliceStep,
	SliceTurn,
	Storage,
	TenantStorage,
	Walk,
	WalkChunk,
} from "../ports/storage.ts";
import { put } from "./contact-acts.ts";
import { present } from "./proofs.ts";
import { minutes, type Records, RULES } from "./records.ts";

/** A walk over everyone. */
export function walkTo(upTo: string, fields: Partial<Walk> = {}): Walk {
	return { target: EVERYONE, rules: RULES, upTo, limit: 1_000, ...fields };
}

/** Surveys a whole walk to the largest contact id. */
export async function survey(
	tenant: TenantStorage,
	fields: Partial<Walk> = {},
): Promise<Pick<WalkChunk, "candidates" | "included" | "excluded">> {
	const upTo = present(fields.upTo ?? (await tenant.findLastContactId()));
	const sum = { candidates: 0, included: 0, excluded: new Map<string, number>() };
	let { after } = fields;
	for (;;) {
		const chunk = await tenant.surveyChunk(walkTo(upTo, { ...fields, after }));
		sum.candidates += chunk.candidates;
		sum.included += chunk.included;
		for (const [reason, count] of Object.entries(chunk.excluded)) {
			sum.excluded.set(reason, (sum.excluded.get(reason) ?? 0) + count);
		}
		if (chunk.complete) return { ...sum, excluded: Object.fromEntries(sum.excluded) };
		assert.ok(after === undefined || chunk.through > after, "the walk stands still");
		after = chunk.through;
	}
}

/** Freezes the whole plan of a queued broadcast, in slices of at most `limit` candidates, and sends it off. */
export async function startSending(
	tenant: TenantStorage,
	broadcast: BroadcastRecord,
	{ target = EVERYONE, limit = 1_000 }: { readonly target?: BoundFilter; readonly limit?: number } = {},
): Promise<void> {
	assert.equal(await tenant.insertBroadcast(broadcast), true);
	const upTo = present(broadcast.plan?.upTo ?? undefined);
	let after: string | undefined;
	for (let chunk = 1; ; chunk += 1) {
		assert.ok(chunk < 200, "the walk does not end");
		const slice = { id: sliceIdOf(broadcast, chunk), at: minutes(5) };
		const passed = present(await tenant.freezeChunk(broadcast.id, walkTo(upTo, { target, limit, after }), slice));
		if (passed.complete) break;
		after = passed.through;
	}
	const move = { id: broadcast.id, from: ["queued" as const], changes: { status: "sending" as const } };
	assert.equal(await tenant.moveBroadcast(move), true);
}

/** The id of a broadcast's slice by its number, from 1. */
export function sliceIdOf({ id }: { readonly id: string }, number: number): string {
	return `02${number.toString(16).padStart(2, "0")}${id.slice(4)}`;
}

/** Contacts and a broadcast to them that is being sent. */
export async function sendingTo(
	tenant: TenantStorage,
	make: Records,
	contacts: readonly ContactRecord[],
	limit?: number,
): Promise<BroadcastRecord> {
	await put(tenant, ...contacts);
	const broadcast = make.queued(present(contacts.at(-1)).id);
	await startSending(tenant, broadcast, limit === undefined ? {} : { limit });
	return broadcast;
}

/** Leases a slice, for a minute unless said otherwise. */
export async function claim(storage: Storage, owner = "worker", leaseMs = 60_000): Promise<SliceLease> {
	return present(await storage.claimSlice({ owner, leaseMs, at: minutes(6) }));
}

/** A step that marks nothing and records nothing. */
export function step(lease: SliceLease, fields: Partial<SliceStep> = {}): SliceStep {
	return {
		lease,
		leaseMs: 60_000,
		outcomes: [],
		mark: 0,
		rules: RULES,
		onInterrupted: "resend",
		at: minutes(7),
		...fields,
	};
}

/** The outcome of a first attempt that the transport accepted. */
export function accepted({ id }: { readonly id: string }, fields: Partial<RecipientOutcome> = {}): RecipientOutcome {
	return { contactId: id, attempt: 1, state: "sent", reason: null, retryAt: null, providerId: null, ...fields };
}

/** Who a step marked, by id and attempt. */
export function marks({ marked }: SliceTurn): readonly (readonly [id: string, attempt: number])[] {
	return marked.map(({ contact, attempt }) => [contact.id, attempt]);
}

/** Marks all recipients of the next slice as sending, and answers the lease. */
export async function markAll(storage: Storage, tenant: TenantStorage, owner = "worker"): Promise<SliceLease> {
	const lease = await claim(storage, owner);
	const { marked } = await tenant.advanceSlice(step(lease, { mark: 1_000 }));
	assert.ok(marked.length > 0, "nothing was marked");
	return lease;
}

/** Lets the storage's own time pass the end of a lease of one millisecond, without sleeping. */
export async function passLease(storage: Storage): Promise<void> {
	const start = (await storage.now()).getTime();
	for (let look = 0; look < 200_000; look += 1) if ((await storage.now()).getTime() > start + 1) return;
	assert.fail("the storage's clock stands still");
}

/** Proves that the counts kept on the slices are those of the rows, and answers them. */
export async function provesTally(tenant: TenantStorage, { id }: BroadcastRecord): Promise<RecipientCounts> {
	const tally = await tenant.tallyBroadcast(id);
	assert.deepEqual(tally, await tenant.recountBroadcast(id), "tally and recount differ");
	const { candidates, excluded, ...delivery } = tally;
	const parts = [...Object.values(excluded), ...Object.values(delivery)];
	assert.equal(
		parts.reduce((sum, count) => sum + count, 0),
		candidates,
		"the figures do not add up",
	);
	return tally;
}

/** A recipient as it is before anything was sent to it. */
export function pendingRecipient(broadcast: { readonly id: string }, contact: { readonly id: string }): object {
	return {
		broadcastId: broadcast.id,
		contactId: contact.id,
		state: "pending",
		reason: null,
		attempts: 0,
		retryAt: null,
		providerId: null,
		updatedAt: minutes(5),
	};
}

import { compileRules } from "../filter/match.ts";
import type { BroadcastStatus } from "../model/broadcast.ts";
import type { MarkedRecipient, SliceStep, SliceTurn } from "../ports/storage.ts";
import { copyContact } from "./contact-rows.ts";
import type { RecipientRow, Slice } from "./recipient-rows.ts";
import { changeRow, isLeased, openIn, positionOf } from "./recipient-rows.ts";
import type { TenantTables } from "./tenant-tables.ts";

/** Leases a slice to a worker if there is something to do in it, and says whether. `now` and `at` in milliseconds. */
export function claimSlice(slice: Slice, owner: string, leaseMs: number, at: number, now: number): boolean {
	if (isLeased(slice, now) || !hasWork(slice, at)) return false;
	slice.claim += 1;
	slice.owner = owner;
	slice.leaseEnd = now + leaseMs;
	slice.interrupted = slice.counts.sending;
	return true;
}

/** Takes one step of sending a slice; see `TenantStorage.advanceSlice`. `now` in milliseconds. */
export function advanceSlice(tables: TenantTables, step: SliceStep, now: number): SliceTurn {
	const { broadcastId, sliceId, owner, claim } = step.lease;
	const status = tables.broadcasts.peek(broadcastId)?.status;
	const slice = tables.recipientsOf(broadcastId).slice(sliceId);
	if (status === undefined || slice === undefined) {
		const late = step.outcomes.length;
		return { held: false, marked: [], late, open: 0, nextRetryAt: undefined, status: status ?? "canceled" };
	}
	const late = recordOutcomes(slice, step, status);
	const held = slice.owner === owner && slice.claim === claim;
	if (held) {
		slice.owner = step.leaseMs > 0 ? owner : undefined;
		slice.leaseEnd = now + step.leaseMs;
	}
	const marked = held && status === "sending" ? fillPlaces(tables, slice, step) : [];
	return { held, marked, late, open: openIn(slice), nextRetryAt: nextRetryAt(slice, step.at.getTime()), status };
}

/** What becomes of a recipient that would be tried again, had its broadcast not been canceled. */
const CANCELED = { state: "skipped", reason: "canceled", retryAt: null } as const;

function hasWork(slice: Slice, at: number): boolean {
	if (slice.counts.sending > 0) return true;
	return slice.counts.pending > 0 && slice.rows.some((row) => isDue(row, at));
}

function isDue(row: RecipientRow, at: number): boolean {
	return row.state === "pending" && (row.retryAt === null || row.retryAt <= at);
}

/** Records what counts, and says how many outcomes came too late. */
function recordOutcomes(slice: Slice, { lease, outcomes, at }: SliceStep, status: BroadcastStatus): number {
	let late = 0;
	for (const outcome of outcomes) {
		const { contactId, attempt, providerId, untried } = outcome;
		const { state, reason, retryAt } = status === "canceled" && outcome.state === "pending" ? CANCELED : outcome;
		const position = positionOf(slice, contactId);
		const row = position === undefined ? undefined : slice.rows[position];
		const isOwn = row?.state === "sending" && row.attempts === attempt && row.claim === lease.claim;
		if (position === undefined || !isOwn) {
			late += 1;
			continue;
		}
		const retry = state === "pending" && retryAt !== null ? retryAt.getTime() : null;
		const back = untried === true ? 1 : 0;
		const tried = { attempts: attempt - back, tries: row.tries - back };
		changeRow(slice, position, { state, reason, ...tried, retryAt: retry, providerId, updatedAt: at.getTime() });
	}
	return late;
}

/** Marks recipients, those that an earlier claim left `sending` first. */
function fillPlaces(tables: TenantTables, slice: Slice, step: SliceStep): readonly MarkedRecipient[] {
	const reasonFor = compileRules(step.rules, tables);
	const updatedAt = step.at.getTime();
	const marked: MarkedRecipient[] = [];
	const settle = (position: number, row: RecipientRow, otherwise: "skipped" | "uncertain"): void => {
		const contact = tables.contacts.peek({ id: row.contactId });
		const reason = contact === undefined ? "removed" : reasonFor(contact);
		if (contact === undefined || reason !== undefined) {
			changeRow(slice, position, { state: otherwise, reason: reason ?? null, retryAt: null, updatedAt });
			return;
		}
		const attempts = row.attempts + 1;
		const tries = row.tries + 1;
		changeRow(slice, position, {
			state: "sending",
			reason: null,
			retryAt: null,
			attempts,
			tries,
			updatedAt,
			claim: slice.claim,
		});
		marked.push({ contact: copyContact(contact), attempt: attempts, tries });
	};
	for (let at = slice.firstOpen; slice.interrupted > 0 && at < slice.rows.length; at += 1) {
		const row = slice.rows[at];
		if (row?.state !== "sending" || row.claim === slice.claim) continue;
		if (step.onInterrupted === "hold") {
			changeRow(slice, at, { state: "uncertain", reason: "interrupted", updatedAt });
		} else if (marked.length < step.mark) {
			settle(at, row, "uncertain");
		} else {
			break;
		}
	}
	for (let at = slice.firstOpen; marked.length < step.mark && at < slice.rows.length; at += 1) {
		const row = slice.rows[at];
		if (row !== undefined && isDue(row, updatedAt)) settle(at, row, "skipped");
	}
	return marked.toSorted((a, b) => (a.contact.id < b.contact.id ? -1 : 1));
}

/** The earliest of all retries, unless something is due now. */
function nextRetryAt(slice: Slice, at: number): Date | undefined {
	if (slice.counts.pending === 0) return undefined;
	let earliest = Infinity;
	for (let position = slice.firstOpen; position < slice.rows.length; position += 1) {
		const row = slice.rows[position];
		if (row?.state !== "pending") continue;
		if (isDue(row, at)) return undefined;
		earliest = Math.min(earliest, row.retryAt ?? Infinity);
	}
	return new Date(earliest);
}

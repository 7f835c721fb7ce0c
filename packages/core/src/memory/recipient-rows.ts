import type { ReasonCount, Recipient, RecipientCounts, RecipientState } from "../model/recipient.ts";
import type { PageRequest, RecipientMove } from "../ports/storage.ts";
import type { MutableCounts } from "./counts.ts";
import { addRecipient, countIn, noCounts, sumCounts } from "./counts.ts";

/** One recipient as it is kept: instants as numbers, for there are many. */
export interface RecipientRow {
	readonly contactId: string;
	state: RecipientState;
	reason: string | null;
	attempts: number;
	/** Attempts since it was moved to `pending` from outside. */
	tries: number;
	retryAt: number | null;
	providerId: string | null;
	updatedAt: number;
	/** Number of the claim that marked it last. */
	claim: number;
}

/** What a change of a recipient sets. */
export type RecipientChange = Partial<Omit<RecipientRow, "contactId">> & Pick<RecipientRow, "state" | "updatedAt">;

/** A range of recipients, by ascending contact id, and who holds it. */
export interface Slice {
	readonly id: string;
	readonly rows: readonly RecipientRow[];
	readonly counts: MutableCounts;
	/** Who claimed it last; `undefined`: nobody yet, or it was given back. */
	owner: string | undefined;
	/** When the lease ends. */
	leaseEnd: number;
	/** Number of the last claim. */
	claim: number;
	/** How many are `sending` by an earlier claim than the last. */
	interrupted: number;
	/** No row before this position is `pending` or `sending`. */
	firstOpen: number;
}

/** The recipients of one broadcast. */
export class RecipientRows {
	readonly #broadcastId: string;
	readonly #slices: Slice[] = [];

	constructor(broadcastId: string) {
		this.#broadcastId = broadcastId;
	}

	/** The slices in the order of the plan. */
	get slices(): readonly Slice[] {
		return this.#slices;
	}

	/** How many are `pending` or `sending`. */
	get open(): number {
		return this.#slices.reduce((sum, slice) => sum + openIn(slice), 0);
	}

	/** Appends a slice; its rows are beyond those of the slices before. */
	append(id: string, rows: readonly RecipientRow[]): void {
		const counts = noCounts();
		for (const row of rows) addRecipient(counts, row);
		this.#slices.push({ id, rows, counts, owner: undefined, leaseEnd: 0, claim: 0, interrupted: 0, firstOpen: 0 });
	}

	/** One slice. */
	slice(id: string): Slice | undefined {
		return this.#slices.find((slice) => slice.id === id);
	}

	/** The row of a contact, to look at. */
	peek(contactId: string): RecipientRow | undefined {
		const slice = this.#sliceOf(contactId);
		return slice?.rows[positionOf(slice, contactId) ?? -1];
	}

	/** One recipient. */
	find(contactId: string): Recipient | undefined {
		const row = this.peek(contactId);
		return row === undefined ? undefined : this.#asRecipient(row);
	}

	/** A page, by descending contact id. */
	page(
		where: { readonly state?: RecipientState | undefined; readonly reason?: string | undefined },
		page: PageRequest,
	): readonly Recipient[] {
		const { limit, after, before } = page;
		const found: Recipient[] = [];
		const slices = this.#slices.filter((slice) => where.state === undefined || countIn(slice.counts, where.state) > 0);
		for (const row of before === undefined ? descending(slices, after) : ascending(slices, before)) {
			if (found.length >= limit) break;
			if (where.state !== undefined && row.state !== where.state) continue;
			if (where.reason !== undefined && row.reason !== where.reason) continue;
			found.push(this.#asRecipient(row));
		}
		return before === undefined ? found : found.toReversed();
	}

	/** Moves recipients, by ascending contact id, and says how many. `now` in milliseconds. */
	move(
		{ contactId, withReason, from, to, reason, at, limit }: Omit<RecipientMove, "broadcastId">,
		now: number,
	): number {
		let moved = 0;
		for (const slice of contactId === undefined ? this.#slices : [this.#sliceOf(contactId)]) {
			if (slice === undefined || countIn(slice.counts, from) === 0) continue;
			if (from === "sending" && isLeased(slice, now)) continue;
			for (const [position, row] of slice.rows.entries()) {
				if (moved >= limit) return moved;
				if (row.state !== from || (contactId !== undefined && row.contactId !== contactId)) continue;
				if (withReason !== undefined && row.reason !== withReason) continue;
				const tries = to === "pending" ? 0 : row.tries;
				changeRow(slice, position, { state: to, reason, retryAt: null, tries, updatedAt: at.getTime() });
				moved += 1;
			}
		}
		return moved;
	}

	/** How many are in a state, by reason. */
	reasons(state: RecipientState): readonly ReasonCount[] {
		const counts = new Map<string | null, number>();
		for (const slice of this.#slices) {
			if (countIn(slice.counts, state) === 0) continue;
			for (const row of slice.rows) if (row.state === state) counts.set(row.reason, (counts.get(row.reason) ?? 0) + 1);
		}
		return [...counts].map(([reason, count]) => ({ reason, count }));
	}

	/** Counts as kept on the slices. */
	tally(): RecipientCounts {
		return sumCounts(this.#slices.map((slice) => slice.counts));
	}

	/** The same counts, made anew from the rows. */
	recount(): RecipientCounts {
		const counts = noCounts();
		for (const slice of this.#slices) for (const row of slice.rows) addRecipient(counts, row);
		return sumCounts([counts]);
	}

	#sliceOf(contactId: string): Slice | undefined {
		let low = 0;
		let high = this.#slices.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			const last = this.#slices[middle]?.rows.at(-1)?.contactId;
			if (last !== undefined && last < contactId) low = middle + 1;
			else high = middle;
		}
		return this.#slices[low];
	}

	#asRecipient(row: RecipientRow): Recipient {
		return {
			broadcastId: this.#broadcastId,
			contactId: row.contactId,
			state: row.state,
			reason: row.reason,
			attempts: row.attempts,
			retryAt: row.retryAt === null ? null : new Date(row.retryAt),
			providerId: row.providerId,
			updatedAt: new Date(row.updatedAt),
		};
	}
}

/** How many of a slice are `pending` or `sending`. */
export function openIn({ counts }: Slice): number {
	return counts.pending + counts.sending;
}

/** Whether a lease of the slice is in force. `now` in milliseconds. */
export function isLeased({ owner, leaseEnd }: Slice, now: number): boolean {
	return owner !== undefined && leaseEnd > now;
}

/** Where a contact's row is in a slice. */
export function positionOf({ rows }: Slice, contactId: string): number | undefined {
	let low = 0;
	let high = rows.length - 1;
	while (low <= high) {
		const middle = (low + high) >>> 1;
		const there = rows[middle]?.contactId;
		if (there === contactId) return middle;
		if (there !== undefined && there < contactId) low = middle + 1;
		else high = middle - 1;
	}
	return undefined;
}

/** Changes a row, and with it everything that the slice keeps about its rows. */
export function changeRow(slice: Slice, position: number, change: RecipientChange): void {
	const row = slice.rows[position];
	if (row === undefined) return;
	if (row.state === "sending" && row.claim < slice.claim) slice.interrupted -= 1;
	addRecipient(slice.counts, row, -1);
	Object.assign(row, change);
	addRecipient(slice.counts, row);
	if (isOpen(row)) slice.firstOpen = Math.min(slice.firstOpen, position);
	while (slice.firstOpen < slice.rows.length && !isOpen(slice.rows[slice.firstOpen])) slice.firstOpen += 1;
}

function isOpen(row: RecipientRow | undefined): boolean {
	return row !== undefined && (row.state === "pending" || row.state === "sending");
}

function* ascending(slices: readonly Slice[], beyond: string): Generator<RecipientRow, void> {
	for (const slice of slices) {
		const last = slice.rows.at(-1);
		if (last === undefined || last.contactId <= beyond) continue;
		for (const row of slice.rows) if (row.contactId > beyond) yield row;
	}
}

function* descending(slices: readonly Slice[], below: string | undefined): Generator<RecipientRow, void> {
	for (const slice of slices.toReversed()) {
		const first = slice.rows[0];
		if (below !== undefined && first !== undefined && first.contactId >= below) continue;
		for (const row of slice.rows.toReversed()) if (below === undefined || row.contactId < below) yield row;
	}
}

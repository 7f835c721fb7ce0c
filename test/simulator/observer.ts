import { RECIPIENT_MOVES } from "@convoke/core";
import type { Recipient, RecipientState, SliceLease, Storage, TenantStorage } from "@convoke/core";
import { bound } from "../support/bound.ts";
import type { SimulatedProcess } from "./process.ts";

/** One mark, as the storage made it. */
export interface Mark {
	readonly contactId: string;
	readonly attempt: number;
	readonly lease: SliceLease;
	readonly process: SimulatedProcess | undefined;
}

/** Watches a storage from behind, where nothing is lost or late, and says what must not be. */
export class Observer {
	readonly problems: string[] = [];
	readonly marks: Mark[] = [];
	readonly #memory: Storage;
	readonly #broadcastId: () => string;
	readonly #sliceSize: number;
	/** Contacts that may not be mailed any more. */
	readonly optedOut = new Set<string>();
	/** Whether somebody has paused the broadcast. */
	isPaused = false;
	#states = new Map<string, Recipient>();

	/** @param sliceSize the most recipients that a plan puts into a slice: so few contacts would all be in one */
	constructor(memory: Storage, broadcastId: () => string, sliceSize: number) {
		this.#memory = memory;
		this.#broadcastId = broadcastId;
		this.#sliceSize = sliceSize;
	}

	/** The storage under watch, as a process sees it. */
	watched(process?: SimulatedProcess): Storage {
		const forTenant = (tenantId: string): TenantStorage => this.#watch(this.#memory.forTenant(tenantId), process);
		return bound(this.#memory, { forTenant });
	}

	/** The last mark of a contact. */
	lastMark(contactId: string): Mark | undefined {
		return this.marks.findLast((mark) => mark.contactId === contactId);
	}

	#watch(tenant: TenantStorage, process: SimulatedProcess | undefined): TenantStorage {
		return bound(tenant, {
			freezeChunk: (id, walk, slice) => tenant.freezeChunk(id, { ...walk, limit: this.#sliceSize }, slice),
			advanceSlice: async (step) => {
				const status = (await tenant.findBroadcast(step.lease.broadcastId))?.status;
				for (const { contactId, attempt, untried, state, retryAt, reason } of step.outcomes) {
					const isOwn = this.marks.some(
						(mark) => mark.contactId === contactId && mark.attempt === attempt && isSame(mark.lease, step.lease),
					);
					if (!isOwn) this.say("An outcome is recorded for an attempt that its worker did not make.");
					if (reason === "quota_exceeded" && untried !== true) this.say("An account problem counts as an attempt.");
					if (state === "pending" && untried !== true && retryAt === null) {
						this.say("A message is to be tried again at once.");
					}
				}
				const turn = await tenant.advanceSlice(step);
				for (const { contact, attempt } of turn.marked) {
					if (this.isPaused) this.say("A recipient is marked while the broadcast is paused.");
					if (status !== "sending") this.say(`A recipient of a broadcast that is ${status} is marked.`);
					if (this.optedOut.has(contact.id)) this.say("A contact is marked after the opt-out.");
					this.marks.push({ contactId: contact.id, attempt, lease: step.lease, process });
				}
				await this.#look(tenant);
				return turn;
			},
			moveRecipients: async (move) => {
				const moved = await tenant.moveRecipients(move);
				await this.#look(tenant);
				return moved;
			},
		});
	}

	/** Compares recipients with what they were. */
	async #look(tenant: TenantStorage): Promise<void> {
		const rows = await tenant.pageRecipients(this.#broadcastId(), {}, { limit: 100 });
		for (const row of rows) {
			const before = this.#states.get(row.contactId);
			if (before !== undefined && !isMove(before, row))
				this.say(`A recipient goes from ${before.state} to ${row.state}.`);
		}
		this.#states = new Map(rows.map((row) => [row.contactId, row]));
	}

	/** Says what must not be. */
	say(problem: string): void {
		this.problems.push(problem);
	}
}

/** One unit may record an outcome and mark again: two moves at once. */
function isMove(before: Recipient, after: Recipient): boolean {
	const may = (from: RecipientState, to: RecipientState): boolean => RECIPIENT_MOVES[from].includes(to);
	if (before.state === after.state) return true;
	return may(before.state, after.state) || RECIPIENT_MOVES[before.state].some((state) => may(state, after.state));
}

function isSame(one: SliceLease, other: SliceLease): boolean {
	return one.sliceId === other.sliceId && one.owner === other.owner && one.claim === other.claim;
}

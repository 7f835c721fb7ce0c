import { BROADCAST_MOVES, RECIPIENT_MOVES } from "@convoke/core";
import type { BroadcastAct, BroadcastStatus, RecipientState } from "@convoke/core";

/** Contacts of the audience, in the order of their ids, and what becomes of a message to each. */
export const PEOPLE = ["accepted", "rejected", "uncertain", "accepted"] as const;

/** What a person says of an uncertain recipient, as a state. */
export const RESOLVED = { sent: "sent", failed: "failed", retry: "pending" } as const;

/** One broadcast as the tables of moves would have it. */
export interface ModelBroadcast {
	status: BroadcastStatus;
	scheduledAt: number | undefined;
	/** None before the plan is written. */
	recipients: RecipientState[];
}

/** Broadcasts and the worker, told by the tables of moves and nothing else. */
export class Model {
	readonly broadcasts: ModelBroadcast[] = [];
	/** Hours that have passed. */
	now = 0;
	/** Whether everybody accepts. */
	isKind = false;

	/** Whether an act is allowed. */
	allows(act: BroadcastAct, { status }: ModelBroadcast): boolean {
		return BROADCAST_MOVES[act].includes(status);
	}

	/** Moves a broadcast's recipients from one state to another; answers how many. */
	moveAll(broadcast: ModelBroadcast, from: RecipientState, to: RecipientState): number {
		let moved = 0;
		for (const [index, state] of broadcast.recipients.entries()) {
			if (state !== from) continue;
			this.#moveOne(broadcast, index, to);
			moved += 1;
		}
		return moved;
	}

	/** Does what a worker's run does; `most` messages at most. */
	work(most: number): void {
		for (let begun = 0; begun < most; ) {
			const next = this.broadcasts.find(
				({ status, recipients }) => status === "sending" && recipients.includes("pending"),
			);
			if (next !== undefined) {
				this.#send(next);
				begun += 1;
			} else if (!this.#doDue()) {
				break;
			}
		}
		for (const broadcast of this.broadcasts) this.#settle(broadcast);
	}

	#send(broadcast: ModelBroadcast): void {
		const index = broadcast.recipients.indexOf("pending");
		const ends = { accepted: "sent", rejected: "failed", uncertain: "uncertain" } as const;
		this.#moveOne(broadcast, index, "sending");
		this.#moveOne(broadcast, index, this.isKind ? "sent" : ends[PEOPLE[index] ?? "accepted"]);
	}

	/** Looks at what is due, each once; answers whether anything was done. */
	#doDue(): boolean {
		let isAny = false;
		const due = this.broadcasts.map((broadcast) => ({ broadcast, status: broadcast.status }));
		for (const { broadcast, status } of due) {
			if (status === "queued") {
				broadcast.status = "sending";
				broadcast.recipients = PEOPLE.map(() => "pending");
				isAny = true;
			} else if (status === "scheduled" && (broadcast.scheduledAt ?? 0) <= this.now) {
				broadcast.status = "queued";
				isAny = true;
			} else if (this.#settle(broadcast)) {
				isAny = true;
			}
		}
		return isAny;
	}

	#settle(broadcast: ModelBroadcast): boolean {
		if (broadcast.status !== "sending" || broadcast.recipients.includes("pending")) return false;
		broadcast.status = "sent";
		return true;
	}

	#moveOne(broadcast: ModelBroadcast, index: number, to: RecipientState): void {
		const from = broadcast.recipients[index];
		if (from === undefined || !RECIPIENT_MOVES[from].includes(to)) throw new Error(`No move from ${from} to ${to}.`);
		broadcast.recipients[index] = to;
	}
}

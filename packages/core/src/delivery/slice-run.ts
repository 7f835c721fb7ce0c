import { ConvokeError } from "../errors.ts";
import type { MarkedRecipient, RecipientOutcome, SliceLease, SliceTurn } from "../ports/storage.ts";
import { toContact } from "../resources/contact-units.ts";
import type { TransportOutcome } from "../ports/transport.ts";
import type { DomainGate } from "./domain-gate.ts";
import type { SenderGate } from "./sender-gate.ts";
import { handOver } from "./hand-over.ts";
import type { PreparedBroadcast } from "./prepared-broadcast.ts";
import { recipientOutcome, unrenderable, untried } from "./recipient-outcome.ts";
import type { WorkerSettings } from "./worker-options.ts";

/** What a step did. */
export interface StepReport {
	/** Messages that the transport has accepted, recorded in this step. */
	readonly sent: number;
	/** Messages that were begun in this step. */
	readonly begun: number;
}

/** What a run tells the worker. */
export interface SliceRunEvents {
	/** A hand-over has ended: there is a place free and something to record. */
	settled(): void;
	/** The account, or the server, refuses everything. */
	troubled(reason: string): void;
	/** It has done so for too long: sending through it is to be paused. */
	tripped(reason: string): void;
}

/** What bounds a run besides the window. */
export interface Gates {
	/** Of the sender. */
	readonly sender: SenderGate;
	/** Of recipients' domains, if they are bounded. */
	readonly domains: DomainGate | undefined;
}

/**
 * One worker's work on one leased slice: a part of the rolling window. Recipients are marked just before they are handed
 * over, so that at any moment at most as many are `sending` as the window has places.
 */
export class SliceRun {
	readonly #broadcast: PreparedBroadcast;
	readonly #lease: SliceLease;
	readonly #settings: WorkerSettings;
	readonly #events: SliceRunEvents;
	readonly #gates: Gates;
	readonly #settled: RecipientOutcome[] = [];
	#inFlight = 0;
	#leaseEnd: number;
	#drained = false;
	#stopped = false;
	#held = true;
	#released = false;

	constructor(
		broadcast: PreparedBroadcast,
		lease: SliceLease,
		leaseEnd: number,
		settings: WorkerSettings,
		gates: Gates,
		events: SliceRunEvents,
	) {
		this.#broadcast = broadcast;
		this.#lease = lease;
		this.#leaseEnd = leaseEnd;
		this.#settings = settings;
		this.#events = events;
		this.#gates = gates;
	}

	/** The broadcast that it sends. */
	get broadcast(): PreparedBroadcast {
		return this.#broadcast;
	}

	/** What decides how many messages may be begun. */
	get gate(): SenderGate {
		return this.#gates.sender;
	}

	/** Hand-overs that have not ended. */
	get inFlight(): number {
		return this.#inFlight;
	}

	/** Recipients that are `sending` in the storage: also those whose hand-over has ended unrecorded. */
	get sending(): number {
		return this.#inFlight + this.#settled.length;
	}

	/** Whether the broadcast is not to be sent for now. */
	get stopped(): boolean {
		return this.#stopped;
	}

	/** Whether the slice has nothing left to mark for now. */
	get drained(): boolean {
		return this.#drained || !this.#held;
	}

	/** Whether there is something to record, or the lease should be prolonged. */
	get needsStep(): boolean {
		const { clock } = this.#broadcast.context;
		return this.#settled.length > 0 || clock.monotonic() > this.#leaseEnd - (this.#settings.leaseMs * 2) / 3;
	}

	/** Whether nothing is left to do but to record what has ended and to give the slice back. */
	get ended(): boolean {
		return this.drained && this.#inFlight === 0;
	}

	/** Records what has ended and fills up to `places` free places. */
	async step(places: number): Promise<StepReport> {
		return this.#advance(this.#drained ? 0 : places, this.#settings.leaseMs);
	}

	/** Marks nothing more; what is being handed over ends by itself. */
	drain(): void {
		this.#drained = true;
	}

	/** The same, for the broadcast is not to be sent for now. */
	stop(): void {
		this.#drained = true;
		this.#stopped = true;
	}

	/** Records the last outcomes and gives the slice back. */
	async release(): Promise<StepReport> {
		this.#drained = true;
		if (this.#released) return { sent: 0, begun: 0 };
		const report = await this.#advance(0, 0);
		this.#released = true;
		return report;
	}

	async #advance(mark: number, leaseMs: number): Promise<StepReport> {
		const { context, rules, transport } = this.#broadcast;
		const outcomes = this.#settled.splice(0);
		const before = context.clock.monotonic();
		try {
			const turn = await context.tenant.advanceSlice({
				lease: this.#lease,
				leaseMs,
				outcomes,
				mark,
				rules,
				onInterrupted: transport.idempotent ? "resend" : this.#settings.onUncertain,
				at: context.clock.now(),
			});
			this.#follow(turn, mark, before);
			return { sent: outcomes.filter(({ state }) => state === "sent").length, begun: turn.marked.length };
		} catch (error) {
			// Kept for the next step: what a storage did not take must not be forgotten.
			this.#settled.unshift(...outcomes);
			throw error;
		}
	}

	#follow(turn: SliceTurn, mark: number, before: number): void {
		this.#held = turn.held;
		// Measured from before the call: the storage's lease began no earlier.
		this.#leaseEnd = before + this.#settings.leaseMs;
		if (turn.marked.length < mark) this.#drained = true;
		if (turn.status !== "sending") this.stop();
		for (const recipient of turn.marked) void this.#send(recipient);
	}

	async #send(recipient: MarkedRecipient): Promise<void> {
		this.#inFlight += 1;
		const outcome = await this.#attempt(recipient);
		this.#inFlight -= 1;
		this.#settled.push(outcome);
		this.#events.settled();
	}

	async #attempt({ contact, attempt, tries }: MarkedRecipient): Promise<RecipientOutcome> {
		const { clock } = this.#broadcast.context;
		const tried = { contactId: contact.id, attempt };
		const began = clock.monotonic();
		if (began >= this.#leaseEnd) return untried(tried);
		const delay = this.#gates.domains?.begin(contact.email, this.#broadcast.broadcastId, began);
		if (delay !== undefined) return untried(tried, null, new Date(clock.now().getTime() + delay));
		try {
			return await this.#handOver({ contact, attempt, tries });
		} finally {
			const now = clock.monotonic();
			this.#gates.domains?.end(contact.email, now - began, now);
		}
	}

	async #handOver({ contact, attempt, tries }: MarkedRecipient): Promise<RecipientOutcome> {
		const { context, transport, message } = this.#broadcast;
		const { clock } = context;
		const tried = { contactId: contact.id, attempt };
		let finished: ReturnType<typeof message>;
		try {
			finished = message(toContact(contact));
		} catch (error) {
			return unrenderable(tried, ConvokeError.is(error) ? error.reason : "render_failed");
		}
		const { sender } = this.#gates;
		const begun = sender.begin();
		const handedOver = clock.monotonic();
		const answer = await handOver(transport, finished, clock, this.#settings.sendTimeoutMs);
		const tripped = sender.end(begun, answer);
		this.#announce(tried, answer, clock.monotonic() - handedOver);
		if (tripped !== undefined) this.#events.tripped(tripped);
		else if (isTrouble(answer)) this.#events.troubled(answer.reason);
		const retryUncertain = transport.idempotent || this.#settings.onUncertain === "resend";
		const { retryMs } = this.#settings;
		const chance = context.random();
		return recipientOutcome(answer, { ...tried, tries, retryMs, chance, at: clock.now(), retryUncertain });
	}

	#announce(
		{ contactId, attempt }: Pick<RecipientOutcome, "contactId" | "attempt">,
		answer: TransportOutcome,
		ms: number,
	): void {
		const { context, broadcastId } = this.#broadcast;
		const { announcer, tenantId } = context;
		const reason = "reason" in answer ? answer.reason : null;
		announcer?.announce({ type: `message.${answer.kind}`, tenantId, broadcastId, contactId, attempt, reason, ms });
	}
}

/** Whether an answer is about the account or the server, and not about the recipient. */
function isTrouble(
	answer: TransportOutcome,
): answer is Extract<TransportOutcome, { readonly kind: "account_problem" | "deferred" }> {
	return answer.kind === "account_problem" || (answer.kind === "deferred" && answer.unreached === true);
}

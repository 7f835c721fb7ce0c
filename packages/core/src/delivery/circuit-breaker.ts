import type { TransportOutcome } from "../ports/transport.ts";

/** Account problems one after the other after which it is pointless to go on. */
const MAX_PROBLEMS = 5;
/** Waits one after the other after which it is pointless to go on: about a quarter of an hour of them. */
const MAX_WAITS = 20;
/** Milliseconds to wait after a server was not reached; doubled each time. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** Hand-overs looked back on, of which more than half may not have gone wrong. */
const WINDOW = 100;

/** What hand-overs say about the account and server behind a transport, and not about a recipient. */
type Sign = "well" | "problem" | "wait" | "doubt";

/**
 * Keeps a worker from handing over what will be refused. As soon as one hand-over shows trouble with the account or the
 * server, messages go one at a time, as probes, until one of them shows that all is well; after some that do not, sending
 * is to be paused. What was in flight when the trouble began says nothing more than the first of it.
 */
export class CircuitBreaker {
	#problems = 0;
	#waits = 0;
	#openUntil = Number.NEGATIVE_INFINITY;
	/** Rises with each trouble: what was begun before tells nothing new. */
	#epoch = 0;
	#isTroubled = false;
	#probes = 0;
	#recent: boolean[] = [];

	/** How many messages may be begun at `now`, a monotonic time in milliseconds. */
	allows(now: number): number {
		if (!this.#isTroubled) return Number.POSITIVE_INFINITY;
		return now < this.#openUntil ? 0 : Math.max(0, 1 - this.#probes);
	}

	/** Until when nothing may be begun. */
	get openUntil(): number {
		return this.#openUntil;
	}

	/** A message is being handed over. What it answers goes to {@link end}. */
	begin(): number {
		if (this.#isTroubled) this.#probes += 1;
		return this.#epoch;
	}

	/** A hand-over has ended; answers with a reason to pause sending, if there is one. */
	end(begun: number, outcome: TransportOutcome, now: number): string | undefined {
		const isCurrent = begun === this.#epoch;
		if (isCurrent && this.#isTroubled) this.#probes -= 1;
		const sign = signOf(outcome);
		if (sign === "well") {
			if (isCurrent) this.#recover();
			this.#remember(true);
			return undefined;
		}
		if (!isCurrent) return undefined;
		this.#remember(false);
		const reason = "reason" in outcome ? outcome.reason : "unspecified";
		if (sign !== "doubt") this.#trouble(sign, outcome, now);
		if (this.#problems >= MAX_PROBLEMS || this.#waits >= MAX_WAITS) return this.#trip(reason);
		const failed = this.#recent.filter((isWell) => !isWell).length;
		return this.#recent.length === WINDOW && failed * 2 > WINDOW ? this.#trip("too_many_failures") : undefined;
	}

	#trouble(sign: "problem" | "wait", outcome: TransportOutcome, now: number): void {
		this.#epoch += 1;
		this.#probes = 0;
		this.#isTroubled = true;
		if (sign === "problem") {
			this.#problems += 1;
			return;
		}
		const asked = "retryAfterMs" in outcome ? outcome.retryAfterMs : undefined;
		this.#openUntil = now + (asked ?? Math.min(FIRST_WAIT_MS * 2 ** this.#waits, LONGEST_WAIT_MS));
		this.#waits += 1;
	}

	#recover(): void {
		this.#isTroubled = false;
		this.#problems = 0;
		this.#waits = 0;
		this.#probes = 0;
	}

	/** Whoever resumes is believed, but for the first message, which is a probe; what is in flight says nothing more. */
	#trip(reason: string): string {
		this.#epoch += 1;
		this.#probes = 0;
		this.#problems = 0;
		this.#waits = 0;
		this.#openUntil = Number.NEGATIVE_INFINITY;
		this.#recent = [];
		this.#isTroubled = true;
		return reason;
	}

	#remember(isWell: boolean): void {
		this.#recent.push(isWell);
		if (this.#recent.length > WINDOW) this.#recent.shift();
	}
}

function signOf(outcome: TransportOutcome): Sign {
	switch (outcome.kind) {
		case "account_problem":
			return outcome.retryAfterMs === undefined ? "problem" : "wait";
		case "deferred":
			return outcome.unreached === true ? "wait" : "well";
		case "uncertain":
			return "doubt";
		case "accepted":
		case "rejected":
			return "well";
	}
}

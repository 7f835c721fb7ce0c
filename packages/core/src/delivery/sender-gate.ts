import type { Clock } from "../clock.ts";
import type { Storage } from "../ports/storage.ts";
import type { TransportOutcome } from "../ports/transport.ts";
import type { CheckedRateLimit } from "../sender.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";

/** Milliseconds for which permits that were taken are kept: longer, and they would be spent in a burst. */
const STOCK_MS = 1000;

/** Decides how many messages a worker may begin through one sender: by its circuit breaker and its rate limit. */
export class SenderGate {
	readonly #storage: Storage;
	readonly #clock: Clock;
	readonly #limit: CheckedRateLimit | undefined;
	readonly #breaker: CircuitBreaker;
	#stock = 0;
	#stockUntil = 0;
	/** When it is worth while to ask for permits again. */
	#nextAsk = Number.NEGATIVE_INFINITY;

	/** @param breaker of the transport, which senders with limits of their own may share. */
	constructor(storage: Storage, clock: Clock, limit: CheckedRateLimit | undefined, breaker: CircuitBreaker) {
		this.#storage = storage;
		this.#clock = clock;
		this.#limit = limit;
		this.#breaker = breaker;
	}

	/** How many of `want` messages may be begun now. */
	async admit(want: number): Promise<number> {
		const may = Math.min(want, this.#breaker.allows(this.#clock.monotonic()));
		if (may <= 0 || this.#limit === undefined) return Math.max(0, may);
		if (this.#clock.monotonic() > this.#stockUntil) this.#stock = 0;
		if (this.#stock < may && this.#clock.monotonic() >= this.#nextAsk) await this.#take(may - this.#stock);
		return Math.min(may, this.#stock);
	}

	/** A monotonic time before which nothing more may be begun. */
	get heldUntil(): number {
		return Math.max(this.#breaker.openUntil, this.#stock > 0 ? Number.NEGATIVE_INFINITY : this.#nextAsk);
	}

	/** A message is being handed over; the answer goes to {@link end}. */
	begin(): number {
		this.#stock = Math.max(0, this.#stock - 1);
		return this.#breaker.begin();
	}

	/** A hand-over has ended; answers with a reason to pause sending, if there is one. */
	end(begun: number, outcome: TransportOutcome): string | undefined {
		return this.#breaker.end(begun, outcome, this.#clock.monotonic());
	}

	async #take(want: number): Promise<void> {
		const { granted, waitMs } = await this.#storage.takePermits({ ...this.#limit, key: this.#limit?.key ?? "", want });
		const now = this.#clock.monotonic();
		this.#stock += granted;
		this.#stockUntil = now + STOCK_MS;
		this.#nextAsk = waitMs > 0 ? now + waitMs : Number.NEGATIVE_INFINITY;
	}
}

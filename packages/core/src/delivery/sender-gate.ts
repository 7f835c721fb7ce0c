import type { Clock } from "../clock.ts";
import type { PermitRequest, Permits, Storage } from "../ports/storage.ts";
import type { TransportOutcome } from "../ports/transport.ts";
import type { CheckedRateLimit } from "../sender.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";

/** Milliseconds for which permits that were taken are kept: longer, and they would be spent in a burst. */
const STOCK_MS = 1000;
/** Milliseconds after which to ask again at the latest: others may have given permits of the day back. */
const LONGEST_WAIT_MS = 300_000;

/** Decides how many messages a worker may begin through one sender: by its circuit breaker and its rate limit. */
export class SenderGate {
	readonly #storage: Storage;
	readonly #clock: Clock;
	readonly #limit: CheckedRateLimit | undefined;
	readonly #breaker: CircuitBreaker;
	#stock = 0;
	/** Since when there is a stock. */
	#stockSince = 0;
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
		if (this.#clock.monotonic() > this.#stockUntil) await this.giveBack();
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

	/** Gives back what was taken of the day's permits and is not needed, or a worker that finds little to do uses them up. */
	async giveBack(): Promise<void> {
		const unused = { count: this.#stock, ageMs: this.#clock.monotonic() - this.#stockSince };
		this.#stock = 0;
		if (unused.count === 0 || this.#limit?.perDay === undefined) return;
		this.#nextAsk = Number.NEGATIVE_INFINITY;
		await this.#ask({ want: 0, unused });
	}

	async #take(want: number): Promise<void> {
		const before = this.#clock.monotonic();
		const { granted, waitMs } = await this.#ask({ want });
		const now = this.#clock.monotonic();
		if (this.#stock === 0) this.#stockSince = before;
		this.#stock += granted;
		this.#stockUntil = now + STOCK_MS;
		this.#nextAsk = waitMs > 0 ? now + Math.min(waitMs, LONGEST_WAIT_MS) : Number.NEGATIVE_INFINITY;
	}

	#ask(request: Pick<PermitRequest, "want" | "unused">): Promise<Permits> {
		return this.#storage.takePermits({ ...this.#limit, key: this.#limit?.key ?? "", ...request });
	}
}

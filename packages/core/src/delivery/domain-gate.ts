import { domainOf } from "../email-address.ts";

/** What a hand-over is taken to last before any has ended. */
const GUESS_MS = 500;
const MIN_DELAY_MS = 1000;
const MAX_DELAY_MS = 3_600_000;

interface Domain {
	inFlight: number;
	/** When the last of those that were put back comes again, by broadcast: those of a canceled one never do. */
	readonly lastTurns: Map<string, number>;
	/** How long a hand-over lasts, on a moving average. */
	ms: number;
}

/** Bounds how many messages go to one domain at once. Times are those of a monotonic clock, in milliseconds. */
export class DomainGate {
	readonly #limit: number;
	readonly #domains = new Map<string, Domain>();

	constructor(limit: number) {
		this.#limit = limit;
	}

	/** Begins a message to an address, or answers in how many milliseconds its turn may come. */
	begin(address: string, broadcastId: string, now: number): number | undefined {
		const domain = this.#of(address);
		if (domain.inFlight < this.#limit) {
			domain.inFlight += 1;
			return undefined;
		}
		// Behind those that were put back before it, so that each is looked at about once more.
		const next = (domain.lastTurns.get(broadcastId) ?? now) + domain.ms / this.#limit;
		const turn = Math.min(Math.max(next, now + MIN_DELAY_MS), now + MAX_DELAY_MS);
		domain.lastTurns.set(broadcastId, turn);
		return turn - now;
	}

	/** A message that was begun has ended after `ms`. */
	end(address: string, ms: number, now: number): void {
		const domain = this.#of(address);
		domain.inFlight -= 1;
		domain.ms = domain.ms * 0.8 + ms * 0.2;
		for (const [id, turn] of domain.lastTurns) if (turn <= now) domain.lastTurns.delete(id);
		if (domain.inFlight === 0 && domain.lastTurns.size === 0) this.#domains.delete(domainOf(address));
	}

	#of(address: string): Domain {
		const name = domainOf(address);
		const known = this.#domains.get(name);
		if (known !== undefined) return known;
		const made = { inFlight: 0, lastTurns: new Map<string, number>(), ms: GUESS_MS };
		this.#domains.set(name, made);
		return made;
	}
}

import { domainOf } from "../email-address.ts";

/** What a hand-over is taken to last before any has ended. */
const GUESS_MS = 500;
const MIN_DELAY_MS = 1000;
const MAX_DELAY_MS = 3_600_000;

interface Domain {
	inFlight: number;
	/** How many were put back since one was begun last. */
	putBack: number;
	/** How long a hand-over lasts, on a moving average. */
	ms: number;
}

/** Bounds how many messages go to one domain at once. */
export class DomainGate {
	readonly #limit: number;
	readonly #domains = new Map<string, Domain>();

	constructor(limit: number) {
		this.#limit = limit;
	}

	/** Begins a message to an address, or answers in how many milliseconds its turn may come. */
	begin(address: string): number | undefined {
		const domain = this.#of(address);
		if (domain.inFlight < this.#limit) {
			domain.inFlight += 1;
			domain.putBack = Math.max(0, domain.putBack - 1);
			return undefined;
		}
		domain.putBack += 1;
		// Behind those that were put back before it, so that each is looked at about once more.
		const turn = (domain.putBack / this.#limit) * domain.ms;
		return Math.min(Math.max(turn, MIN_DELAY_MS), MAX_DELAY_MS);
	}

	/** A message that was begun has ended after `ms`. */
	end(address: string, ms: number): void {
		const domain = this.#of(address);
		domain.inFlight -= 1;
		domain.ms = domain.ms * 0.8 + ms * 0.2;
		if (domain.inFlight === 0 && domain.putBack === 0) this.#domains.delete(domainOf(address));
	}

	#of(address: string): Domain {
		const name = domainOf(address);
		const known = this.#domains.get(name);
		if (known !== undefined) return known;
		const made = { inFlight: 0, putBack: 0, ms: GUESS_MS };
		this.#domains.set(name, made);
		return made;
	}
}

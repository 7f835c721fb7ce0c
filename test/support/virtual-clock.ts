import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "@convoke/core";

/** Turns of the event loop without a look at the clock after which nothing but time can be waited for. */
const QUIET_TURNS = 5;

interface Sleeper {
	readonly due: number;
	readonly wake: () => void;
}

/** A clock that stands still while anything is going on, and goes to the next sleeper's time when everybody waits. */
export class VirtualClock implements Clock {
	#time = Date.parse("2026-03-01T09:00:00Z");
	#looks = 0;
	#watched = false;
	readonly #sleepers = new Set<Sleeper>();

	now(): Date {
		this.#looks += 1;
		return new Date(this.#time);
	}

	monotonic(): number {
		this.#looks += 1;
		return this.#time;
	}

	async sleep(ms: number, signal?: AbortSignal): Promise<void> {
		this.#looks += 1;
		if (signal?.aborted === true) return;
		await new Promise<void>((resolve) => {
			const wake = (): void => {
				this.#sleepers.delete(sleeper);
				signal?.removeEventListener("abort", wake);
				resolve();
			};
			const sleeper: Sleeper = { due: this.#time + ms, wake };
			this.#sleepers.add(sleeper);
			signal?.addEventListener("abort", wake);
			if (!this.#watched) void this.#watch();
		});
	}

	async pause(): Promise<void> {
		this.#looks += 1;
		await nextTurn();
	}

	/** Lets time pass for everybody. */
	advance(ms: number): void {
		this.#passTo(this.#time + ms);
	}

	async #watch(): Promise<void> {
		this.#watched = true;
		let quiet = 0;
		while (this.#sleepers.size > 0) {
			const looks = this.#looks;
			await nextTurn();
			quiet = looks === this.#looks ? quiet + 1 : 0;
			if (quiet < QUIET_TURNS) continue;
			this.#passTo(Math.min(...[...this.#sleepers].map(({ due }) => due)));
			quiet = 0;
		}
		this.#watched = false;
	}

	#passTo(time: number): void {
		this.#time = Math.max(this.#time, time);
		for (const { due, wake } of this.#sleepers) if (due <= this.#time) wake();
	}
}

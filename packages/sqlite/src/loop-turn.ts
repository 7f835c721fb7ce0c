import { systemClock } from "@convoke/core";

/** How long units may run one after the other before the process gets to do other things, in milliseconds. */
const LONG_MS = 10;

/**
 * The present turn of the process's event loop. It goes by the machine's clock, whatever a test says the time is: it is
 * the real loop that must not stand still.
 */
export class LoopTurn {
	#began: number | undefined;

	/** Whether the turn has lasted long, counted from the first time that this was asked in it. */
	isLong(): boolean {
		const now = systemClock.monotonic();
		if (this.#began !== undefined) return now - this.#began > LONG_MS;
		this.#began = now;
		void this.#end();
		return false;
	}

	async #end(): Promise<void> {
		await systemClock.pause();
		this.#began = undefined;
	}
}

/** When a call is to have its answer. */
export class Deadline {
	/** How long there was at the start, in seconds. */
	readonly seconds: number;
	readonly #end: number;

	constructor(seconds: number) {
		this.seconds = seconds;
		this.#end = performance.now() + seconds * 1000;
	}

	/** Milliseconds left, at least 1. */
	get left(): number {
		return Math.max(1, Math.ceil(this.#end - performance.now()));
	}

	/** Whether it has passed. */
	get hasPassed(): boolean {
		return performance.now() >= this.#end;
	}
}

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

	/** Which part of the time is left, from 1 to 0. */
	get leftPart(): number {
		return Math.max(0, this.#end - performance.now()) / (this.seconds * 1000);
	}
}

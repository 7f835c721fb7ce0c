interface Event {
	readonly at: number;
	readonly order: number;
	readonly run: () => void;
}

/** A simulated time in milliseconds: stands still while anything is going on, then goes on to the next event. */
export class Timeline {
	#now = 0;
	#order = 0;
	#events: Event[] = [];

	/** The present. */
	get now(): number {
		return this.#now;
	}

	/** Does something after so many milliseconds; answers with what calls it off. */
	after(ms: number, run: () => void): () => void {
		const event = { at: this.#now + Math.max(0, ms), order: (this.#order += 1), run };
		let [low, high] = [0, this.#events.length];
		while (low < high) {
			const middle = (low + high) >>> 1;
			const there = this.#events[middle];
			if (there !== undefined && there.at <= event.at) low = middle + 1;
			else high = middle;
		}
		this.#events.splice(low, 0, event);
		return () => {
			this.#events = this.#events.filter((each) => each !== event);
		};
	}

	/** Resolves after so many milliseconds. */
	wait(ms: number): Promise<void> {
		return new Promise((resolve) => {
			this.after(ms, resolve);
		});
	}

	/** Lets events happen until `isOver`, or a time, or nothing is left to happen. Answers whether it is over. */
	async run(isOver: () => boolean, until: number): Promise<boolean> {
		for (;;) {
			await settle();
			if (isOver()) return true;
			const [next] = this.#events;
			if (next === undefined || next.at > until) return false;
			this.#events.shift();
			this.#now = next.at;
			next.run();
		}
	}
}

/** Lets every promise that can go on go on. */
function settle(): Promise<void> {
	return new Promise((resolve) => {
		setImmediate(resolve);
	});
}

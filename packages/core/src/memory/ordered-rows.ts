import type { PageRequest } from "../ports/storage.ts";

/** Gaps that are always tolerated before rows are moved together. */
const MIN_GAPS = 64;

/**
 * Rows by id, walkable in the order of their ids. Appending and deleting cost no move of other rows; only inserting
 * in between does, which ids made in order do not need.
 */
export class OrderedRows<Row extends { readonly id: string }> {
	#ids: string[] = [];
	/** Beside `#ids`; a deleted row leaves a gap. */
	#rows: (Row | undefined)[] = [];
	readonly #byId = new Map<string, Row>();

	/** How many rows there are. */
	get size(): number {
		return this.#byId.size;
	}

	/** Where a walk ends: positions are below this. */
	get end(): number {
		return this.#ids.length;
	}

	/** The row with this id. */
	get(id: string): Row | undefined {
		return this.#byId.get(id);
	}

	/** The row at a position of a walk; `undefined`: it was deleted. */
	at(position: number): Row | undefined {
		return this.#rows[position];
	}

	/** The id at a position of a walk, also of a deleted row. */
	idAt(position: number): string | undefined {
		return this.#ids[position];
	}

	/** Inserts a row, or replaces the one with its id. */
	set(row: Row): void {
		this.#byId.set(row.id, row);
		const position = this.positionFrom(row.id);
		if (this.#ids[position] === row.id) {
			this.#rows[position] = row;
		} else if (position === this.#ids.length) {
			this.#ids.push(row.id);
			this.#rows.push(row);
		} else {
			this.#ids.splice(position, 0, row.id);
			this.#rows.splice(position, 0, row);
		}
	}

	/** Deletes a row. */
	delete(id: string): boolean {
		if (!this.#byId.delete(id)) return false;
		this.#rows[this.positionFrom(id)] = undefined;
		const gaps = this.#ids.length - this.#byId.size;
		if (gaps > MIN_GAPS && gaps > this.#ids.length / 2) this.#closeGaps();
		return true;
	}

	/** Position of the first row whose id is this one or greater. */
	positionFrom(id: string): number {
		const last = this.#ids.at(-1);
		if (last === undefined || last < id) return this.#ids.length;
		let low = 0;
		let high = this.#ids.length - 1;
		while (low < high) {
			const middle = (low + high) >>> 1;
			const there = this.#ids[middle];
			if (there !== undefined && there < id) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	/** Position of the first row whose id is greater. */
	positionAfter(id: string): number {
		const position = this.positionFrom(id);
		return this.#ids[position] === id ? position + 1 : position;
	}

	/** The row with the greatest id. */
	last(): Row | undefined {
		return this.page({ limit: 1 })[0];
	}

	/** The rows of a page that match, newest first. */
	page({ limit, after, before }: PageRequest, matches: (row: Row) => boolean = () => true): Row[] {
		const found: Row[] = [];
		const step = before === undefined ? -1 : 1;
		let position = before === undefined ? this.#newestBelow(after) : this.positionAfter(before);
		for (; found.length < limit && position >= 0 && position < this.#rows.length; position += step) {
			const row = this.#rows[position];
			if (row !== undefined && matches(row)) found.push(row);
		}
		return before === undefined ? found : found.toReversed();
	}

	#newestBelow(id: string | undefined): number {
		return (id === undefined ? this.#ids.length : this.positionFrom(id)) - 1;
	}

	#closeGaps(): void {
		this.#rows = this.#rows.filter((row) => row !== undefined);
		this.#ids = this.#rows.flatMap((row) => row?.id ?? []);
	}
}

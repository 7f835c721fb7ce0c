import type { RecipientCounts, RecipientState } from "@convoke/core";

/** States that slices count one by one. */
export const DELIVERY_STATES = ["pending", "sending", "sent", "failed", "skipped", "uncertain"] as const;

/** How many recipients there are in each delivery state. */
export type DeliveryCounts = Readonly<Record<(typeof DELIVERY_STATES)[number], number>>;

/** The counts of a slice, as its row has them. */
export type SliceCounts = DeliveryCounts & { readonly excluded: string };

/** A sum of them, while it is made. */
type DeliverySum = Record<(typeof DELIVERY_STATES)[number], number>;

const NO_DELIVERIES: Readonly<DeliverySum> = { pending: 0, sending: 0, sent: 0, failed: 0, skipped: 0, uncertain: 0 };

/** How a move changes counts: by state, how many more or fewer. */
export class CountChanges {
	readonly #by = new Map<RecipientState, number>();

	/** Counts recipients that go from one state to another. */
	move(from: RecipientState, to: RecipientState, count = 1): void {
		this.#by.set(from, this.of(from) - count);
		this.#by.set(to, this.of(to) + count);
	}

	/** How many more a state has. */
	of(state: RecipientState): number {
		return this.#by.get(state) ?? 0;
	}

	/** Counts with these changes; without counts, the changes. */
	addedTo(counts: DeliveryCounts = NO_DELIVERIES): DeliveryCounts {
		const sum: DeliverySum = { ...NO_DELIVERIES };
		for (const state of DELIVERY_STATES) sum[state] = counts[state] + this.of(state);
		return sum;
	}

	/** Whether any count changes. */
	get isNone(): boolean {
		return [...this.#by.values()].every((count) => count === 0);
	}
}

/** The counts of several slices together. */
export function sumCounts(slices: readonly SliceCounts[]): RecipientCounts {
	const sum = { ...NO_DELIVERIES };
	const excluded = new Map<string, number>();
	for (const slice of slices) {
		for (const state of DELIVERY_STATES) sum[state] += slice[state];
		const byReason = JSON.parse(slice.excluded) as Readonly<Record<string, number>>;
		for (const [reason, count] of Object.entries(byReason)) excluded.set(reason, (excluded.get(reason) ?? 0) + count);
	}
	return countsOf(sum, excluded);
}

/** Counts made of rows grouped by state and reason. */
export function groupedCounts(
	groups: readonly { readonly state: string; readonly reason: string | null; readonly count: number }[],
): RecipientCounts {
	const sum = { ...NO_DELIVERIES };
	const excluded = new Map<string, number>();
	for (const { state, reason, count } of groups) {
		const known = DELIVERY_STATES.find((one) => one === state);
		if (known === undefined) excluded.set(reason ?? "", (excluded.get(reason ?? "") ?? 0) + count);
		else sum[known] += count;
	}
	return countsOf(sum, excluded);
}

function countsOf(
	delivery: Omit<RecipientCounts, "candidates" | "excluded">,
	excluded: ReadonlyMap<string, number>,
): RecipientCounts {
	let candidates = 0;
	for (const count of [...Object.values(delivery), ...excluded.values()]) candidates += count;
	return { candidates, excluded: Object.fromEntries([...excluded].filter(([, count]) => count > 0)), ...delivery };
}

/** Counts of nobody. */
export const NO_COUNTS: RecipientCounts = groupedCounts([]);

/** Two counts together. */
export function addCounts(one: RecipientCounts, other: RecipientCounts): RecipientCounts {
	return sumCounts([one, other].map((counts) => ({ ...counts, excluded: JSON.stringify(counts.excluded) })));
}

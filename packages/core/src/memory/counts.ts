import type { RecipientCounts, RecipientState } from "../model/recipient.ts";

/** Counts of recipients that can be added to. */
export interface MutableCounts extends Record<Exclude<RecipientState, "excluded">, number> {
	/** By reason. */
	readonly excluded: Map<string, number>;
}

/** Counts of nobody. */
export function noCounts(): MutableCounts {
	return { excluded: new Map(), pending: 0, sending: 0, sent: 0, failed: 0, skipped: 0, uncertain: 0 };
}

/** Counts one recipient in, or with -1 out. */
export function addRecipient(
	counts: MutableCounts,
	{ state, reason }: { readonly state: RecipientState; readonly reason: string | null },
	by: 1 | -1 = 1,
): void {
	if (state !== "excluded") counts[state] += by;
	else counts.excluded.set(reason ?? "", (counts.excluded.get(reason ?? "") ?? 0) + by);
}

/** How many are in a state. */
export function countIn(counts: MutableCounts, state: RecipientState): number {
	return state === "excluded" ? totalOf(counts.excluded.values()) : counts[state];
}

/** The counts of several parts together. */
export function sumCounts(parts: Iterable<MutableCounts>): RecipientCounts {
	const sum = noCounts();
	for (const part of parts) {
		for (const [reason, count] of part.excluded) sum.excluded.set(reason, (sum.excluded.get(reason) ?? 0) + count);
		for (const state of DELIVERY_STATES) sum[state] += part[state];
	}
	const { excluded, ...delivery } = sum;
	return {
		candidates: totalOf(excluded.values()) + totalOf(Object.values(delivery)),
		excluded: excludedCounts(excluded),
		...delivery,
	};
}

/** Exclusions by reason, without reasons that left out no one. */
export function excludedCounts(excluded: ReadonlyMap<string, number>): RecipientCounts["excluded"] {
	return Object.fromEntries([...excluded].filter(([, count]) => count > 0));
}

const DELIVERY_STATES = ["pending", "sending", "sent", "failed", "skipped", "uncertain"] as const;

function totalOf(numbers: Iterable<number>): number {
	let total = 0;
	for (const number of numbers) total += number;
	return total;
}

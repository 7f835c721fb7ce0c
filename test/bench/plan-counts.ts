import type { PlanCounts, ReasonCount } from "@convoke/core";

/** The counts of a plan from its groups. */
export function countsOf(rows: readonly ReasonCount[]): PlanCounts {
	const excluded: Record<string, number> = {};
	let [candidates, planned] = [0, 0];
	for (const { reason, count } of rows) {
		candidates += count;
		if (reason === null) planned = count;
		else excluded[reason] = count;
	}
	return { candidates, planned, excluded };
}

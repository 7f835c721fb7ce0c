import type { TenantContext } from "../context.ts";
import type { ReasonCount } from "../model/recipient.ts";

/** Why recipients did not get a broadcast that was planned for them; the most frequent reasons first. */
export interface FailureReport {
	/** Refused for good, or tried as often as they may be. */
	readonly failed: readonly ReasonCount[];
	/** Perhaps sent, perhaps not. */
	readonly uncertain: readonly ReasonCount[];
	/** Left out at the moment of sending, or by a cancel. */
	readonly skipped: readonly ReasonCount[];
}

/** Counts by reason. Reads the rows of those who did not get the message, and no others. */
export async function reportFailures({ tenant }: TenantContext, broadcastId: string): Promise<FailureReport> {
	const by = async (state: "failed" | "uncertain" | "skipped"): Promise<readonly ReasonCount[]> =>
		(await tenant.tallyReasons(broadcastId, state)).toSorted(byFrequency);
	return { failed: await by("failed"), uncertain: await by("uncertain"), skipped: await by("skipped") };
}

function byFrequency(a: ReasonCount, b: ReasonCount): number {
	if (a.count !== b.count) return b.count - a.count;
	return (a.reason ?? "") < (b.reason ?? "") ? -1 : 1;
}

import type { TenantContext } from "../context.ts";
import type { BroadcastRecord } from "../model/broadcast.ts";
import type { RecipientCounts } from "../model/recipient.ts";

/** What verifying a broadcast found. */
export interface Verification {
	/** Whether everything adds up. */
	readonly ok: boolean;
	/** What does not, a sentence each. */
	readonly problems: readonly string[];
	/** Counted anew from every recipient's row. */
	readonly counts: RecipientCounts;
}

/** Counts a broadcast's recipients anew and compares: with the counts kept, with the plan, with the status. */
export async function verify(context: TenantContext, broadcast: BroadcastRecord): Promise<Verification> {
	const kept = await context.tenant.tallyBroadcast(broadcast.id);
	const counts = await context.tenant.recountBroadcast(broadcast.id);
	const problems: string[] = [];
	const states = ["candidates", "pending", "sending", "sent", "failed", "skipped", "uncertain"] as const;
	for (const state of states) {
		if (kept[state] !== counts[state]) problems.push(`${state}: ${kept[state]} kept, ${counts[state]} counted.`);
	}
	for (const reason of new Set([...keysOf(kept), ...keysOf(counts)])) {
		const [keptHere = 0, countedHere = 0] = [kept.excluded[reason], counts.excluded[reason]];
		if (keptHere !== countedHere) problems.push(`excluded as ${reason}: ${keptHere} kept, ${countedHere} counted.`);
	}
	const sum = sumOf(counts);
	if (sum !== counts.candidates) problems.push(`${counts.candidates} candidates, but ${sum} in all states together.`);
	if (broadcast.status === "sent" && counts.pending + counts.sending > 0) {
		problems.push(`The broadcast is sent, but ${counts.pending + counts.sending} recipients are not.`);
	}
	if (broadcast.status === "canceled" && counts.pending > 0) {
		problems.push(`The broadcast is canceled, but ${counts.pending} recipients are pending until a worker runs.`);
	}
	if (broadcast.plan?.complete !== true && ["sending", "paused", "sent"].includes(broadcast.status)) {
		problems.push(`The broadcast is ${broadcast.status}, but its plan is not complete.`);
	}
	return { ok: problems.length === 0, problems, counts };
}

/** How many recipients are in any state. */
function sumOf(counts: RecipientCounts): number {
	const { pending, sending, sent, failed, skipped, uncertain, excluded } = counts;
	const left = Object.values(excluded).reduce((sum, count) => sum + count, 0);
	return pending + sending + sent + failed + skipped + uncertain + left;
}

function keysOf(counts: RecipientCounts) {
	return Object.keys(counts.excluded) as (keyof RecipientCounts["excluded"])[];
}

import type { TenantContext } from "../context.ts";
import { notFound } from "../errors.ts";
import { clampInstant } from "../instant.ts";
import type { BroadcastStatus } from "../model/broadcast.ts";
import type { RecipientCounts } from "../model/recipient.ts";

/** How far a broadcast has come. */
export interface Progress {
	/** Where it stands. */
	readonly status: BroadcastStatus;
	/** Recipients by state. */
	readonly counts: RecipientCounts;
	/** Share of the planned recipients whose state is final, 0 to 1. */
	readonly done: number;
	/** Recipients that come to their end in a second: since the broadcast was queued, or of `watch` lately. */
	readonly perSecond: number;
	/** When the last one will, at this rate; `null` while nothing moves, and when it is over. */
	readonly estimatedEnd: Date | null;
}

/** How to watch. */
export interface WatchOptions {
	/** Seconds between two looks, 0.1 to 3,600. @default 1 */
	readonly everySeconds?: number | undefined;
	/** Ends watching. */
	readonly signal?: AbortSignal | undefined;
}

/** A look at a broadcast, at a time. */
interface Look {
	readonly at: Date;
	readonly final: number;
}

/** States in which nothing moves any more by itself. */
const ENDS: readonly BroadcastStatus[] = ["draft", "sent", "canceled", "failed"];

/** Looks back on, for the present rate. */
const LOOKS = 30;

/** How far a broadcast has come, as of now. Reads the counts of its slices, some hundreds of rows for a million recipients. */
export async function progressOf(context: TenantContext, broadcastId: string, since?: Look): Promise<Progress> {
	const broadcast = await context.tenant.findBroadcast(broadcastId);
	if (broadcast === undefined) throw notFound("broadcast");
	const { status, queuedAt } = broadcast;
	const counts = await context.tenant.tallyBroadcast(broadcastId);
	const now = context.clock.now();
	const final = finalIn(counts);
	const planned = final + counts.pending + counts.sending;
	const start = since ?? { at: queuedAt ?? now, final: 0 };
	const seconds = (now.getTime() - start.at.getTime()) / 1000;
	const perSecond = seconds > 0 ? (final - start.final) / seconds : 0;
	const left = planned - final;
	const isMoving = status === "sending" && perSecond > 0 && left > 0;
	return {
		status,
		counts,
		done: planned === 0 ? (status === "sent" ? 1 : 0) : final / planned,
		perSecond,
		estimatedEnd: isMoving ? clampInstant(now.getTime() + (left / perSecond) * 1000) : null,
	};
}

/** Looks again and again, until the broadcast has ended. */
export async function* watch(
	context: TenantContext,
	broadcastId: string,
	everyMs: number,
	signal: AbortSignal | undefined,
): AsyncGenerator<Progress, void> {
	const looks: Look[] = [];
	for (;;) {
		if (signal?.aborted === true) return;
		const progress = await progressOf(context, broadcastId, looks[0]);
		looks.push({ at: context.clock.now(), final: finalIn(progress.counts) });
		if (looks.length > LOOKS) looks.shift();
		yield progress;
		if (ENDS.includes(progress.status)) return;
		await context.clock.sleep(everyMs, signal);
	}
}

function finalIn({ sent, failed, skipped, uncertain }: RecipientCounts): number {
	return sent + failed + skipped + uncertain;
}

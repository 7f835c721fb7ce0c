import type { TenantContext } from "../context.ts";
import { notFound } from "../errors.ts";
import type { Broadcast } from "../model/broadcast.ts";
import type { RecipientCounts } from "../model/recipient.ts";
import type { Walk, WalkChunk } from "../ports/storage.ts";
import { bindRules, bindTarget } from "../resources/bind.ts";
import { BROADCAST_MOVES } from "../rules/broadcast-moves.ts";
import { senderOf } from "./freeze.ts";

/** Candidates taken at a time: a few milliseconds of a database, and enough for a worker to claim. */
const CHUNK = 3000;

/** How many candidates of a broadcast receive it, and why the others do not. */
export interface PlanCounts {
	/** Everyone in the target: always `planned` and all of `excluded` together. */
	readonly candidates: number;
	/** How many receive it. */
	readonly planned: number;
	/** How many do not, by reason; reasons with none are absent. */
	readonly excluded: RecipientCounts["excluded"];
}

/** Walks the candidates as they are now, writing nothing. */
export async function survey(context: TenantContext, broadcast: Broadcast): Promise<PlanCounts> {
	const total = { candidates: 0, planned: 0, excluded: {} as Record<string, number> };
	const upTo = await context.tenant.findLastContactId();
	if (upTo === undefined) return total;
	const walk = await walkOf(context, broadcast, context.clock.now());
	let chunk: WalkChunk | undefined;
	do {
		chunk = await context.tenant.surveyChunk({ ...walk, upTo, after: chunk?.through });
		total.candidates += chunk.candidates;
		total.planned += chunk.included;
		for (const [reason, count] of Object.entries(chunk.excluded)) {
			total.excluded[reason] = (total.excluded[reason] ?? 0) + count;
		}
		await context.clock.pause();
	} while (!chunk.complete);
	return total;
}

/**
 * Writes the plan of a queued broadcast, chunk by chunk, and makes it `sending`. Goes on where an interrupted plan
 * stopped; several planners at once do the same work once.
 */
export async function writePlan(context: TenantContext, broadcastId: string, signal?: AbortSignal): Promise<void> {
	const { tenant, clock } = context;
	let walk: Omit<Walk, "upTo" | "after"> | undefined;
	for (;;) {
		if (signal?.aborted === true) return;
		const broadcast = await tenant.findBroadcast(broadcastId);
		if (broadcast === undefined) throw notFound("broadcast");
		const { status, plan } = broadcast;
		if (status !== "queued" || plan === null) return;
		if (plan.complete || plan.upTo === null) {
			await tenant.moveBroadcast({
				id: broadcastId,
				from: BROADCAST_MOVES.begin,
				changes: { status: "sending", updatedAt: clock.now() },
			});
			return;
		}
		walk ??= await walkOf(context, broadcast, plan.at);
		const { upTo, through } = plan;
		await writeChunks(context, broadcastId, { ...walk, upTo, after: through ?? undefined }, signal);
	}
}

/** Writes chunks until the plan is complete, or somebody else has moved it on. */
async function writeChunks(
	{ tenant, clock, newId }: TenantContext,
	broadcastId: string,
	walk: Walk,
	signal: AbortSignal | undefined,
): Promise<void> {
	let { after } = walk;
	for (;;) {
		if (signal?.aborted === true) return;
		const chunk = await tenant.freezeChunk(broadcastId, { ...walk, after }, { id: newId(), at: clock.now() });
		await clock.pause();
		if (chunk === undefined || chunk.complete) return;
		after = chunk.through;
	}
}

async function walkOf(context: TenantContext, broadcast: Broadcast, at: Date): Promise<Omit<Walk, "upTo" | "after">> {
	const { transport } = await senderOf(context, broadcast);
	return {
		target: await bindTarget(context, broadcast, at),
		rules: await bindRules(context, broadcast, transport.smtputf8, at),
		limit: CHUNK,
	};
}

import type { AudienceContext, TenantContext } from "../context.ts";
import { ConvokeError } from "../errors.ts";
import { tenantContext } from "../resources/preferences.ts";
import { queuedFields } from "../resources/broadcasts.ts";
import { BROADCAST_MOVES } from "../rules/broadcast-moves.ts";
import { freeze } from "./freeze.ts";
import { writePlan } from "./planner.ts";

/** Starts scheduled broadcasts, plans queued ones, and closes those with nothing left. Answers whether there were any. */
export async function doDueWork(context: AudienceContext, signal: AbortSignal | undefined): Promise<boolean> {
	const due = await context.storage.findDue(context.clock.now(), 10);
	for (const { tenantId, broadcastId, need } of due) {
		if (signal?.aborted === true) break;
		const tenant = tenantContext(context, tenantId);
		if (need === "start") await startScheduled(tenant, broadcastId);
		else if (need === "plan") await writePlan(tenant, broadcastId, signal);
		else await settle(tenant, broadcastId);
	}
	return due.length > 0;
}

async function startScheduled(context: TenantContext, broadcastId: string): Promise<void> {
	const broadcast = await context.tenant.findBroadcast(broadcastId);
	if (broadcast === undefined) return;
	const now = context.clock.now();
	const move = { id: broadcastId, from: BROADCAST_MOVES.start };
	try {
		const content = await freeze(context, broadcast);
		await context.tenant.moveBroadcast({ ...move, changes: await queuedFields(context, now), content });
	} catch (error) {
		if (!ConvokeError.is(error) || error.code !== "invalid_input") throw error;
		const changes = { status: "failed" as const, statusReason: error.reason, updatedAt: now };
		await context.tenant.moveBroadcast({ ...move, changes });
	}
}

async function settle({ tenant, clock }: TenantContext, broadcastId: string): Promise<void> {
	const now = clock.now();
	await tenant.moveBroadcast({
		id: broadcastId,
		from: BROADCAST_MOVES.settle,
		changes: { status: "sent", sentAt: now, updatedAt: now },
		whenSettled: true,
	});
}

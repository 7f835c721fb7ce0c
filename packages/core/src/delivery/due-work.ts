import type { AudienceContext, TenantContext } from "../context.ts";
import { ConvokeError, notFound } from "../errors.ts";
import type { BroadcastStatus } from "../model/broadcast.ts";
import type { DueBroadcast } from "../ports/storage.ts";
import { requireReferences } from "../resources/broadcast-references.ts";
import { tenantContext } from "../resources/preferences.ts";
import { queuedFields } from "../resources/broadcasts.ts";
import { BROADCAST_MOVES } from "../rules/broadcast-moves.ts";
import { callOff } from "./call-off.ts";
import { freeze } from "./freeze.ts";
import { writePlan } from "./planner.ts";

/** Broadcasts looked at together. */
const MOST = 100;

/** What came of looking for due work. */
export interface DueReport {
	/** Whether anything was done, so that looking again is worth while. */
	readonly progressed: boolean;
	/** What went wrong with single broadcasts, which stay as they are. */
	readonly failures: readonly unknown[];
}

/**
 * Starts scheduled broadcasts, plans queued ones, and closes canceled ones and those with nothing left. One that fails, because its sender
 * cannot be found for example, keeps no other from being sent.
 *
 * @throws what the storage throws.
 */
export async function doDueWork(context: AudienceContext, signal: AbortSignal | undefined): Promise<DueReport> {
	const failures: unknown[] = [];
	let progressed = false;
	for await (const each of everyDue(context)) {
		if (signal?.aborted === true) break;
		try {
			if (await doOne(tenantContext(context, each.tenantId), each, signal)) progressed = true;
		} catch (error) {
			if (isStorageFailure(error)) throw error;
			failures.push(error);
		}
	}
	return { progressed, failures };
}

/** Closes what is canceled or has nothing left to send, and answers how many broadcasts still wait to be begun. Begins no message. */
export async function closeDue(context: AudienceContext): Promise<number> {
	let waiting = 0;
	for await (const each of everyDue(context)) {
		if (each.need === "start" || each.need === "plan") waiting += 1;
		else await close(tenantContext(context, each.tenantId), each);
	}
	return waiting;
}

/** Each broadcast with something to do once, also those behind many that stay as they are. */
async function* everyDue({ storage, clock }: AudienceContext): AsyncGenerator<DueBroadcast, void> {
	const seen = new Set<string>();
	for (;;) {
		const limit = seen.size + MOST;
		const due = await storage.findDue(clock.now(), limit);
		const unseen = due.filter(({ tenantId, broadcastId }) => !seen.has(`${tenantId} ${broadcastId}`));
		for (const each of unseen) {
			seen.add(`${each.tenantId} ${each.broadcastId}`);
			yield each;
		}
		if (unseen.length === 0 || due.length < limit) return;
	}
}

/** Whether an error says that the storage failed, rather than one broadcast. */
export function isStorageFailure(error: unknown): boolean {
	return ConvokeError.is(error) && (error.code === "storage_unavailable" || error.code === "storage_failed");
}

/** Answers whether there was anything to do: what others did meanwhile, or cannot be done, is not looked for at once. */
async function doOne(context: TenantContext, due: DueBroadcast, signal: AbortSignal | undefined): Promise<boolean> {
	if (due.need === "start") return startScheduled(context, due.broadcastId);
	if (due.need !== "plan") return close(context, due);
	await writePlan(context, due.broadcastId, signal);
	return true;
}

/** Does for one broadcast what is due besides sending, and answers with its status. @throws `not_found`. */
export async function advanceBroadcast(
	context: TenantContext,
	broadcastId: string,
	signal: AbortSignal | undefined,
): Promise<BroadcastStatus> {
	const { tenantId } = context;
	const find = async () => {
		const broadcast = await context.tenant.findBroadcast(broadcastId);
		if (broadcast === undefined) throw notFound("broadcast");
		return broadcast.status;
	};
	for (const status of ["scheduled", "queued", "sending", "canceled"] as const) {
		const need = NEEDS[status];
		if ((await find()) === status) await doOne(context, { tenantId, broadcastId, need }, signal);
	}
	return find();
}

const NEEDS = { scheduled: "start", queued: "plan", sending: "settle", canceled: "cancel" } as const;

/** Does what begins no message. */
async function close(context: TenantContext, { need, broadcastId }: DueBroadcast): Promise<boolean> {
	return need === "settle" ? settle(context, broadcastId) : callOff(context, broadcastId);
}

async function startScheduled(context: TenantContext, broadcastId: string): Promise<boolean> {
	const broadcast = await context.tenant.findBroadcast(broadcastId);
	const now = context.clock.now();
	if (broadcast === undefined || broadcast.scheduledAt === null || broadcast.scheduledAt > now) return false;
	// Whoever changes it meanwhile is obeyed: the next look finds what they made of it.
	const move = { id: broadcastId, from: BROADCAST_MOVES.start, unchangedSince: broadcast.updatedAt };
	try {
		const content = await freeze(context, broadcast);
		const changes = await queuedFields(context, now);
		if (await context.tenant.moveBroadcast({ ...move, changes, content })) return true;
		// What it refers to was removed since it was scheduled, or it was changed by somebody else.
		await requireReferences(context, broadcast);
		return false;
	} catch (error) {
		if (!ConvokeError.is(error) || !["invalid_input", "not_found"].includes(error.code)) throw error;
		const changes = { status: "failed" as const, statusReason: error.reason, updatedAt: now };
		return context.tenant.moveBroadcast({ ...move, changes });
	}
}

async function settle({ tenant, clock }: TenantContext, broadcastId: string): Promise<boolean> {
	const now = clock.now();
	return tenant.moveBroadcast({
		id: broadcastId,
		from: BROADCAST_MOVES.settle,
		changes: { status: "sent", sentAt: now, updatedAt: now },
		whenSettled: true,
	});
}

import type { TenantContext } from "../context.ts";
import type { RecipientMove } from "../ports/storage.ts";
import { BROADCAST_MOVES } from "../rules/broadcast-moves.ts";

/** Recipients moved in one unit. */
const CHUNK = 1000;

/** Makes recipients that have failed due again, and their broadcast `sending`. Answers how many. */
export async function retryFailed(context: TenantContext, broadcastId: string, withReason?: string): Promise<number> {
	const { failed } = await context.tenant.tallyBroadcast(broadcastId);
	const whileIn = [...BROADCAST_MOVES.retryFailed, "sending" as const];
	const move = { broadcastId, from: "failed", to: "pending", reason: null, withReason, whileIn, reopen: true } as const;
	// No more than had failed to begin with: some may fail anew while this goes on.
	return moveAll(context, move, failed);
}

/** What somebody found out about uncertain recipients: they got the message, they did not, or it is to be tried again. */
export type Resolution = "sent" | "failed" | "retry";

/** Gives uncertain recipients the state that somebody says. Answers how many. */
export async function resolveUncertain(
	context: TenantContext,
	broadcastId: string,
	as: Resolution,
	contactId?: string,
): Promise<number> {
	const { uncertain } = await context.tenant.tallyBroadcast(broadcastId);
	const ofBroadcast = { broadcastId, contactId, from: "uncertain" } as const;
	if (as !== "retry") {
		const whileIn = BROADCAST_MOVES.resolveUncertain;
		return moveAll(context, { ...ofBroadcast, to: as, reason: "resolved", whileIn }, uncertain);
	}
	// A canceled broadcast sends nothing more.
	const whileIn = BROADCAST_MOVES.resolveUncertain.filter((status) => status !== "canceled");
	return moveAll(context, { ...ofBroadcast, to: "pending", reason: null, whileIn, reopen: true }, uncertain);
}

async function moveAll(
	{ tenant, clock }: TenantContext,
	move: Omit<RecipientMove, "at" | "limit">,
	most: number,
): Promise<number> {
	let moved = 0;
	while (moved < most) {
		const now = await tenant.moveRecipients({ ...move, at: clock.now(), limit: Math.min(CHUNK, most - moved) });
		if (now === 0) break;
		moved += now;
		await clock.pause();
	}
	return moved;
}

import type { TenantContext } from "../context.ts";

/**
 * Brings the recipients of a canceled broadcast to their end: those that wait are skipped, and those that a dead worker
 * left `sending` are uncertain. What a living worker has in hand it records itself.
 */
export async function callOff({ tenant, clock }: TenantContext, broadcastId: string): Promise<void> {
	const ends = [
		{ from: "pending", to: "skipped", reason: "canceled" },
		{ from: "sending", to: "uncertain", reason: "interrupted" },
	] as const;
	for (const end of ends) {
		const move = { broadcastId, ...end, at: clock.now(), limit: 1000 };
		while ((await tenant.moveRecipients(move)) > 0) await clock.pause();
	}
}

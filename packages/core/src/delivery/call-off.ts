import type { TenantContext } from "../context.ts";

/**
 * Brings the recipients of a canceled broadcast to their end: those that wait are skipped, and those that a dead worker
 * left `sending` are uncertain. What a living worker has in hand it records itself. Answers whether there were any.
 */
export async function callOff({ tenant, clock }: TenantContext, broadcastId: string): Promise<boolean> {
	const ends = [
		{ from: "pending", to: "skipped", reason: "canceled" },
		{ from: "sending", to: "uncertain", reason: "interrupted" },
	] as const;
	let isAny = false;
	for (const end of ends) {
		const move = { broadcastId, ...end, at: clock.now(), limit: 1000 };
		while ((await tenant.moveRecipients(move)) > 0) {
			isAny = true;
			await clock.pause();
		}
	}
	return isAny;
}

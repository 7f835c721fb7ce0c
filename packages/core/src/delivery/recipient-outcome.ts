import type { RecipientOutcome } from "../ports/storage.ts";
import type { TransportOutcome } from "../ports/transport.ts";

/** What a recipient's outcome depends on besides the transport's answer. */
export interface AttemptContext {
	/** Which recipient. */
	readonly contactId: string;
	/** Which attempt this was, from 1. */
	readonly attempt: number;
	/** When the answer came. */
	readonly at: Date;
	/** Whether an uncertain hand-over is tried again. */
	readonly retryUncertain: boolean;
}

// Minutes until the next attempt, by the number of the one that failed; after the last the recipient has failed.
// RFC 5321 section 4.5.4.1 wants tries spread over hours.
const BACK_OFF_MINUTES = [1, 5, 15, 60, 240];

/** What becomes of a recipient after the transport's answer. */
export function recipientOutcome(answer: TransportOutcome, context: AttemptContext): RecipientOutcome {
	switch (answer.kind) {
		case "accepted":
			return outcome(context, "sent", null, null, answer.providerId ?? null);
		case "rejected":
			return outcome(context, "failed", answer.reason);
		case "deferred": {
			const retryAt = nextAttempt(context, answer.retryAfterMs);
			return outcome(context, retryAt === undefined ? "failed" : "pending", answer.reason, retryAt);
		}
		case "account_problem":
			// The broadcast is paused; the recipient is as if it had not been tried.
			return { ...outcome(context, "pending", answer.reason), untried: true };
		case "uncertain": {
			const retryAt = context.retryUncertain ? nextAttempt(context) : undefined;
			return outcome(context, retryAt === undefined ? "uncertain" : "pending", answer.reason, retryAt);
		}
	}
}

/** A recipient that was marked but not handed over; it is as if it had not been. */
export function untried(context: Pick<AttemptContext, "contactId" | "attempt">): RecipientOutcome {
	return { ...outcome(context, "pending", null), untried: true };
}

/** A recipient whose message cannot be made. */
export function unrenderable(context: Pick<AttemptContext, "contactId" | "attempt">, reason: string): RecipientOutcome {
	return outcome(context, "failed", reason);
}

function nextAttempt({ attempt, at }: AttemptContext, atLeastMs = 0): Date | undefined {
	const minutes = BACK_OFF_MINUTES[attempt - 1];
	if (minutes === undefined) return undefined;
	return new Date(at.getTime() + Math.max(minutes * 60_000, atLeastMs));
}

function outcome(
	{ contactId, attempt }: Pick<AttemptContext, "contactId" | "attempt">,
	state: RecipientOutcome["state"],
	reason: string | null,
	retryAt: Date | null = null,
	providerId: string | null = null,
): RecipientOutcome {
	return { contactId, attempt, state, reason, retryAt, providerId };
}

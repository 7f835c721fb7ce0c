import type { RecipientOutcome } from "../ports/storage.ts";
import type { TransportOutcome } from "../ports/transport.ts";

/** What a recipient's outcome depends on besides the transport's answer. */
export interface AttemptContext {
	/** Which recipient. */
	readonly contactId: string;
	/** Which attempt this was, from 1. */
	readonly attempt: number;
	/** The same, counted since somebody made the recipient due again. */
	readonly tries: number;
	/** How long to wait after each try before the next one, in milliseconds; after the last there is none. */
	readonly retryMs: readonly number[];
	/** At least 0 and less than 1: by how much the wait is shorter or longer, so that retries spread. */
	readonly chance: number;
	/** When the answer came. */
	readonly at: Date;
	/** Whether an uncertain hand-over is tried again. */
	readonly retryUncertain: boolean;
}

/** By how much a wait is shorter or longer at most. */
const JITTER = 0.2;

/** What becomes of a recipient after the transport's answer. */
export function recipientOutcome(answer: TransportOutcome, context: AttemptContext): RecipientOutcome {
	switch (answer.kind) {
		case "accepted":
			return outcome(context, "sent", null, null, answer.providerId ?? null);
		case "rejected":
			return outcome(context, "failed", answer.reason);
		case "deferred": {
			// The server was not asked, so that it has refused nothing: the circuit breaker says when to ask again.
			if (answer.unreached === true) return untried(context, answer.reason);
			const retryAt = nextAttempt(context, answer.retryAfterMs);
			return outcome(context, retryAt === undefined ? "failed" : "pending", answer.reason, retryAt);
		}
		case "account_problem":
			return untried(context, answer.reason);
		case "uncertain": {
			const retryAt = context.retryUncertain ? nextAttempt(context) : undefined;
			return outcome(context, retryAt === undefined ? "uncertain" : "pending", answer.reason, retryAt);
		}
	}
}

/** A recipient that was marked but not handed over, or to nobody who was there; it is as if it had not been. */
export function untried(
	context: Pick<AttemptContext, "contactId" | "attempt">,
	reason: string | null = null,
	retryAt: Date | null = null,
): RecipientOutcome {
	return { ...outcome(context, "pending", reason, retryAt), untried: true };
}

/** A recipient whose message cannot be made. */
export function unrenderable(context: Pick<AttemptContext, "contactId" | "attempt">, reason: string): RecipientOutcome {
	return outcome(context, "failed", reason);
}

function nextAttempt({ tries, retryMs, chance, at }: AttemptContext, atLeastMs = 0): Date | undefined {
	const wait = retryMs[tries - 1];
	if (wait === undefined) return undefined;
	const spread = wait * (1 - JITTER + 2 * JITTER * chance);
	return new Date(at.getTime() + Math.max(Math.round(spread), atLeastMs));
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

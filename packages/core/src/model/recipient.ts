/**
 * Why a candidate is left out of a broadcast, in the order in which the rules are asked; the first that holds counts.
 *
 * `suppressed`: the address is on the suppression list. `unsubscribed`: opted out of everything. `unconfirmed`: double
 * opt-in is pending. `topic_opted_out`: opted out of the broadcast's topic. `topic_not_opted_in`: made no choice and
 * the topic defaults to `opt_out`. `address_needs_smtputf8`: the transport cannot reach the address (RFC 6531).
 */
export type ExclusionReason =
	| "suppressed"
	| "unsubscribed"
	| "unconfirmed"
	| "topic_opted_out"
	| "topic_not_opted_in"
	| "address_needs_smtputf8";

/** All reasons, in the order in which the rules are asked. */
export const EXCLUSION_REASONS: readonly ExclusionReason[] = [
	"suppressed",
	"unsubscribed",
	"unconfirmed",
	"topic_opted_out",
	"topic_not_opted_in",
	"address_needs_smtputf8",
];

/** Where one recipient stands. `excluded` was left out by the plan; the others are delivery states. */
export type RecipientState = "excluded" | "pending" | "sending" | "sent" | "failed" | "skipped" | "uncertain";

/** One candidate's row in a broadcast. */
export interface Recipient {
	/** The broadcast. */
	readonly broadcastId: string;
	/** The candidate; the contact may have been removed since. */
	readonly contactId: string;
	/** Where it stands. */
	readonly state: RecipientState;
	/**
	 * Why: of `excluded` an {@link ExclusionReason}; of `skipped` an exclusion reason, `removed` or `canceled`; of
	 * `failed` and `uncertain` what the transport or renderer said.
	 */
	readonly reason: string | null;
	/** How often the message was marked for sending. */
	readonly attempts: number;
	/** Not to be tried again before this instant. */
	readonly retryAt: Date | null;
	/** The transport's own id of the message. */
	readonly providerId: string | null;
	/** When the row last changed. */
	readonly updatedAt: Date;
}

/** How many recipients are in a state for one reason. */
export interface ReasonCount {
	/** Why; `null`: no reason was recorded. */
	readonly reason: string | null;
	/** How many. */
	readonly count: number;
}

/** How many recipients a broadcast, or a part of it, has in each state. */
export interface RecipientCounts {
	/** Everyone in the target; always the sum of all other figures. */
	readonly candidates: number;
	/** Left out by the plan, by reason; reasons with none are absent. */
	readonly excluded: Readonly<Partial<Record<ExclusionReason, number>>>;
	/** Waiting. */
	readonly pending: number;
	/** Being handed over now. */
	readonly sending: number;
	/** Accepted by the transport. */
	readonly sent: number;
	/** Refused for good. */
	readonly failed: number;
	/** Left out at the moment of sending. */
	readonly skipped: number;
	/** Perhaps sent: the outcome was lost and may not be tried again. */
	readonly uncertain: number;
}

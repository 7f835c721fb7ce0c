import type { Topic } from "../model/topic.ts";
import type { ExclusionReason } from "../model/recipient.ts";
import type { BoundFilter, Filter } from "./filter.ts";

/** Leaves out whoever the filter matches. */
export interface RecipientRule {
	/** Recorded on the recipient's row. */
	readonly reason: ExclusionReason;
	/** Who is left out. */
	readonly when: Filter;
}

/** A recipient rule ready for a storage. */
export interface BoundRule {
	/** Recorded on the recipient's row. */
	readonly reason: ExclusionReason;
	/** Who is left out. */
	readonly when: BoundFilter;
}

/** What the rules of one broadcast depend on. */
export interface RuleSubject {
	/** The broadcast's topic, if it has one. */
	readonly topic: Pick<Topic, "id" | "defaultSubscription"> | undefined;
	/** Whether the transport reaches addresses with non-ASCII local parts (RFC 6531). */
	readonly smtputf8: boolean;
}

/**
 * Who does not receive a broadcast, in order: the first rule that holds is the reason. The plan, `explain` and the
 * recheck at the moment of sending all use this list. A topic's visibility plays no part.
 */
export function recipientRules({ topic, smtputf8 }: RuleSubject): readonly RecipientRule[] {
	const rules: RecipientRule[] = [
		{ reason: "suppressed", when: { field: "suppressed", op: "eq", value: true } },
		{ reason: "unsubscribed", when: { field: "unsubscribed", op: "eq", value: true } },
		{ reason: "unconfirmed", when: { field: "confirmation", op: "eq", value: "pending" } },
	];
	if (topic !== undefined) {
		rules.push({ reason: "topic_opted_out", when: { topic: topic.id, is: "opt_out", explicit: true } });
		if (topic.defaultSubscription === "opt_out") {
			rules.push({ reason: "topic_not_opted_in", when: { not: { topic: topic.id, is: "opt_in", explicit: true } } });
		}
	}
	if (!smtputf8) {
		rules.push({ reason: "address_needs_smtputf8", when: { field: "needsSmtputf8", op: "eq", value: true } });
	}
	return rules;
}

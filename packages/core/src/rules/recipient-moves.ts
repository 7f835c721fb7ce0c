import type { RecipientState } from "../model/recipient.ts";

/**
 * The states a recipient may come to from each; nothing else ever happens to one.
 *
 * pending → sending | skipped; sending → sent | failed | pending (again later) | uncertain | skipped (canceled meanwhile);
 * uncertain → pending | sent | failed, when somebody says what became of it; failed → pending, when it is to be retried.
 */
export const RECIPIENT_MOVES: Readonly<Record<RecipientState, readonly RecipientState[]>> = {
	excluded: [],
	pending: ["sending", "skipped"],
	sending: ["sent", "failed", "pending", "uncertain", "skipped"],
	sent: [],
	failed: ["pending"],
	skipped: [],
	uncertain: ["pending", "sent", "failed"],
};

import { ConvokeError } from "../errors.ts";
import type { BroadcastStatus } from "../model/broadcast.ts";

/** What may be done to a broadcast that depends on its state. */
export type BroadcastAct =
	| "update"
	| "remove"
	| "send"
	| "start"
	| "unschedule"
	| "begin"
	| "pause"
	| "resume"
	| "settle"
	| "cancel"
	| "retryFailed"
	| "resolveUncertain";

/**
 * The states of a broadcast in which each act is allowed; in any other it is `invalid_state`.
 *
 * draft → queued | scheduled; scheduled → queued | draft (cancel) | failed; queued → sending | canceled;
 * sending → paused | sent | canceled | failed; paused → sending | canceled; sent | failed → sending.
 */
export const BROADCAST_MOVES: Readonly<Record<BroadcastAct, readonly BroadcastStatus[]>> = {
	/** Stays draft. */
	update: ["draft"],
	/** Ends to exist. */
	remove: ["draft", "scheduled"],
	/** Becomes queued, or scheduled when a time is given. */
	send: ["draft"],
	/** Becomes queued, or failed when its check fails. */
	start: ["scheduled"],
	/** Becomes draft again. */
	unschedule: ["scheduled"],
	/** Becomes sending. */
	begin: ["queued"],
	/** Becomes paused. */
	pause: ["sending"],
	/** Becomes sending again. */
	resume: ["paused"],
	/** Becomes sent. */
	settle: ["sending"],
	/** Becomes canceled. */
	cancel: ["queued", "sending", "paused"],
	/** Becomes sending again, if anybody had failed. */
	retryFailed: ["sent", "failed"],
	/** Stays, or becomes sending again when a recipient is to be tried once more. */
	resolveUncertain: ["sending", "paused", "sent", "failed", "canceled"],
};

/** Acts whose name makes no sentence. */
const PHRASES: Partial<Readonly<Record<BroadcastAct, string>>> = {
	retryFailed: "retry the failed recipients of",
	resolveUncertain: "resolve the uncertain recipients of",
};

/** The states in which a broadcast holds on to the segments, topics and properties it uses. */
export const UNDER_WAY: readonly BroadcastStatus[] = ["scheduled", "queued", "sending", "paused"];

/** Whether a broadcast with this status is {@link UNDER_WAY}. */
export function isUnderWay(status: BroadcastStatus): boolean {
	return UNDER_WAY.includes(status);
}

/** How a broadcast's `uses` name a property. */
export function propertyUse(key: string): string {
	return `properties.${key}`;
}

/** The error for an act that the broadcast's state forbids. */
export function illegalTransition(
	act: BroadcastAct,
	status: BroadcastStatus,
	allowed: readonly BroadcastStatus[],
): ConvokeError {
	return new ConvokeError("invalid_state", {
		reason: "illegal_transition",
		resource: "broadcast",
		message: `Cannot ${PHRASES[act] ?? act} a broadcast that is ${status}; it must be ${allowed.join(" or ")}.`,
	});
}

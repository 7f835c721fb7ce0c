/**
 * Coarse, stable classes of failure; safe to switch on.
 *
 * `invalid_input`: the caller's values; nothing was written.
 * `not_found`, `already_exists`, `invalid_state`: the resource is missing, taken, or in a state that forbids the call.
 * `invalid_token`: a link token is not one of ours, is incomplete, or serves another purpose.
 * `render_failed`: a message could not be made from its content.
 * `storage_unavailable`: the storage cannot be reached or opened now; trying again may help.
 * `storage_failed`: the storage refused or lost a unit of work.
 */
export type ConvokeErrorCode =
	| "invalid_input"
	| "not_found"
	| "already_exists"
	| "invalid_state"
	| "invalid_token"
	| "render_failed"
	| "storage_unavailable"
	| "storage_failed";

/** What an error says besides its code. */
export interface ConvokeErrorDetails {
	/** Specific cause, lower snake case, stable: `email_too_long`, `topic_in_use`. */
	readonly reason: string;
	/** One sentence that names the thing and the remedy. Never an address, a secret or a body. */
	readonly message: string;
	/** The input field at fault, as the caller wrote its path: `email`, `properties.plan`. */
	readonly field?: string | undefined;
	/** The kind of resource concerned: `contact`, `topic`, … */
	readonly resource?: string | undefined;
	/** The lower-level error, where there is one. */
	readonly cause?: unknown;
}

const MARK = Symbol.for("convoke.error");

/** The one error class of Convoke. */
export class ConvokeError extends Error {
	override readonly name = "ConvokeError";
	/** Coarse and stable class of failure. */
	readonly code: ConvokeErrorCode;
	/** Specific cause, lower snake case. */
	readonly reason: string;
	/** The input field at fault. */
	readonly field: string | undefined;
	/** The kind of resource concerned. */
	readonly resource: string | undefined;

	constructor(code: ConvokeErrorCode, details: ConvokeErrorDetails) {
		super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
		this.code = code;
		this.reason = details.reason;
		this.field = details.field;
		this.resource = details.resource;
		Object.defineProperty(this, MARK, { value: true });
	}

	/** Whether a caught value is a ConvokeError, also of another installed copy of this package. */
	static is(error: unknown): error is ConvokeError {
		return typeof error === "object" && error !== null && MARK in error;
	}
}

/** The error for a caller's value at `field`. */
export function invalidInput(reason: string, field: string | undefined, message: string): ConvokeError {
	return new ConvokeError("invalid_input", { reason, field, message });
}

/** The error for a resource that does not exist in this tenant. */
export function notFound(resource: string, message = `No such ${resource} in this tenant.`): ConvokeError {
	return new ConvokeError("not_found", { reason: `${resource}_not_found`, resource, message });
}

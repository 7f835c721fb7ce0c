/** A request that is answered with an error page. */
export class Refused extends Error {
	override readonly name = "Refused";
	/** HTTP status, 400 or more. */
	readonly status: number;
	/** Specific cause, lower snake case: sent in the `convoke-reason` header. */
	readonly reason: string;

	constructor(status: number, reason: string, cause?: unknown) {
		super(`${status} ${reason}`, cause === undefined ? undefined : { cause });
		this.status = status;
		this.reason = reason;
	}
}

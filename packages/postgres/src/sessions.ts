import type { Execute, Statement, StatementResult } from "@convoke/kysely";
import type { Deadline } from "./deadline.ts";

/** A connection, for one unit. */
export interface Session {
	/** Runs a statement. @throws `DriverFailure` */
	execute(statement: Statement): Promise<StatementResult>;
	/** Tells that the connection is not to be used again. */
	discard(): void;
}

/** Where connections come from. */
export interface Sessions {
	/** Hands out a connection for as long as the work takes, until the deadline. @throws `DriverFailure` without one. */
	use<Answer>(deadline: Deadline, work: (session: Session) => Promise<Answer>): Promise<Answer>;
	/** Gives all connections back that are ours. */
	close(): Promise<void>;
}

/** An error of the driver, kept apart from those of the unit's own code. */
export class DriverFailure extends Error {
	/** Whether there was no connection to be had. */
	readonly isUnconnected: boolean;

	constructor(cause: unknown, isUnconnected = false) {
		super("The driver failed.", { cause });
		this.name = "DriverFailure";
		this.isUnconnected = isUnconnected;
	}
}

/** Marks what fails on a connection as the driver's. */
export function markingFailures(execute: Execute): Execute {
	return (statement) =>
		execute(statement).catch((cause: unknown) => {
			throw new DriverFailure(cause);
		});
}

import { ConvokeError, uniquenessViolated } from "@convoke/core";
import type { ConvokeErrorCode } from "@convoke/core";
import { UnitOvertaken } from "@convoke/kysely";
import { DriverFailure } from "./sessions.ts";

/** What to say of an error of Postgres, by the beginning of its SQLSTATE. */
const REASONS: readonly (readonly [state: string, code: ConvokeErrorCode, reason: string, message: string])[] = [
	["28", "storage_unavailable", "store_unavailable", "Postgres refused the user or its password."],
	["3D000", "storage_unavailable", "store_unavailable", "There is no such database on this Postgres server."],
	[
		"42501",
		"storage_unavailable",
		"store_unavailable",
		"The user of the database may not do this: grant it usage of the schema, and select, insert, update and delete on " +
			"the tables whose names begin with convoke_; a migration creates them.",
	],
	[
		"3F000",
		"storage_unavailable",
		"store_unavailable",
		"The search path of the connection has no schema to create tables in: give `schema`.",
	],
	["53100", "storage_unavailable", "store_full", "The disk of Postgres is full; nothing of this unit was written."],
	["53300", "storage_unavailable", "store_busy", "Postgres has no connection left for this client."],
	["25006", "storage_unavailable", "store_read_only", "This Postgres server is read-only: connect to the primary."],
	["57014", "storage_unavailable", "store_timeout", "Postgres gave up a statement: it took too long, or was canceled."],
	["25P01", "invalid_state", "not_a_transaction", "`client` is in no transaction: run `begin` on it before."],
	[
		"25P02",
		"invalid_state",
		"transaction_aborted",
		"The host's transaction has failed before this call: roll it back.",
	],
	["25P03", "storage_unavailable", "store_timeout", "Postgres ended a transaction in which nothing happened for long."],
];

/** A lock was waited for, for as long as a transaction allows. */
const LOCK_TIMEOUT = "55P03";

/** States of units that failed because of others, and left nothing: they can be begun anew. */
const PASSING: readonly string[] = ["40001", "40P01", LOCK_TIMEOUT, "57P01", "57P02", "57P03", "08"];

/** A unique key or what a foreign key refers to was written or removed by another unit since it was looked at. */
const OVERTAKEN: readonly string[] = ["23505", "23503"];

/** Errors of sockets after which a new connection may be had. */
const LOST: readonly string[] = ["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"];

/** Whether others were in the way, so that the unit may succeed when it is begun anew. */
export function isPassing(failure: unknown): boolean {
	if (!(failure instanceof DriverFailure) || isTimeout(failure)) return false;
	const state = stateOf(failure);
	return PASSING.some((known) => state?.startsWith(known)) || isLost(failure);
}

/** Whether another unit has written what this one was about to, so that it will find that when it is begun anew. */
export function isOvertaken(failure: unknown): boolean {
	const state = stateOf(failure);
	return state !== undefined && OVERTAKEN.includes(state);
}

/** Whether the connection has gone. */
export function isLost(failure: unknown): boolean {
	if (!(failure instanceof DriverFailure)) return false;
	const state = stateOf(failure);
	if (state !== undefined) return state.startsWith("08") || state.startsWith("57P");
	const code = codeOf(failure.cause);
	// What pg says of a connection that ends has no code.
	return code === undefined ? messageOf(failure).startsWith("Connection terminated") : LOST.includes(code);
}

/** Whether others have held what a unit needs for as long as it may wait. */
export function isLockTimeout(failure: unknown): boolean {
	return stateOf(failure) === LOCK_TIMEOUT;
}

/** Whether an answer did not come in time, so that nobody knows what the connection is doing. */
export function isTimeout(failure: unknown): boolean {
	return failure instanceof DriverFailure && messageOf(failure) === QUERY_TIMEOUT;
}

/** The error of the storage for one of the driver; any other one as it is. */
export function toStorageError(failure: unknown, seconds?: number): unknown {
	if (failure instanceof UnitOvertaken) return rowsBusy(failure);
	if (!(failure instanceof DriverFailure)) return failure;
	if (failure.cause instanceof ConvokeError) return failure.cause;
	if (isTimeout(failure)) return storageTimeout(seconds);
	const state = stateOf(failure);
	if (state === undefined) return unavailable(failure);
	if (state === "23505") return uniquenessViolated();
	if (state === LOCK_TIMEOUT) return rowsBusy(failure);
	const known = REASONS.find(([prefix]) => state.startsWith(prefix));
	if (known !== undefined) {
		const [, code, reason, message] = known;
		return new ConvokeError(code, { reason, message, cause: describe(failure) });
	}
	if (isPassing(failure)) return unavailable(failure);
	return new ConvokeError("storage_failed", {
		reason: "statement_failed",
		message: `Postgres refused a statement (${state}); nothing of its unit was written.`,
		cause: describe(failure),
	});
}

/** Nobody answered in time. */
export function storageTimeout(seconds: number | undefined): ConvokeError {
	return new ConvokeError("storage_unavailable", {
		reason: "store_timeout",
		message: `Postgres did not answer within ${seconds ?? "the given"} s; the connection was given up.`,
	});
}

/** All connections of the pool were in use for too long. */
export function poolBusy(seconds: number): ConvokeError {
	return new ConvokeError("storage_unavailable", {
		reason: "store_busy",
		message:
			`No connection of the pool became free for ${seconds} s. ${JOIN} Otherwise give the pool more connections, ` +
			"or keep them for less time.",
	});
}

/** The connection was lost while the transaction was being committed. */
export function commitUnknown(failure: unknown): ConvokeError {
	return new ConvokeError("storage_unavailable", {
		reason: "commit_unknown",
		message:
			"The connection to Postgres was lost while a unit was being committed: it was written as a whole or not at all. " +
			"Look before you repeat it.",
		cause: describe(failure),
	});
}

const QUERY_TIMEOUT = "Query read timeout";

const JOIN =
	"If that is a transaction of yours that waits for this call, make the call part of it: " +
	"`audience.using(createPostgresStorage({ db: trx }))`, or `{ client }`.";

function rowsBusy(failure: unknown): ConvokeError {
	return new ConvokeError("storage_unavailable", {
		reason: "store_busy",
		message: `Somebody else held rows of this unit for too long. ${JOIN}`,
		cause: describe(failure),
	});
}

function unavailable(failure: DriverFailure): ConvokeError {
	const message = failure.isUnconnected
		? "There is no connection to Postgres to be had: see that the server runs and can be reached."
		: "The connection to Postgres was lost, or others were in the way again and again; nothing of this unit was written.";
	return new ConvokeError("storage_unavailable", { reason: "store_unavailable", message, cause: describe(failure) });
}

/** The driver's error without its texts, which quote values of rows, and passwords. */
function describe(failure: unknown): Error | undefined {
	if (!(failure instanceof DriverFailure)) return undefined;
	const { cause } = failure;
	const parts = ["code", "severity", "routine", "schema", "table", "constraint", "syscall"].flatMap((name) => {
		const value: unknown = typeof cause === "object" && cause !== null ? Reflect.get(cause, name) : undefined;
		return typeof value === "string" ? [`${name} ${value}`] : [];
	});
	return new Error(`Postgres: ${parts.length > 0 ? parts.join(", ") : "the connection ended"}`);
}

/** The SQLSTATE, where the server has said it. */
function stateOf(failure: unknown): string | undefined {
	if (!(failure instanceof DriverFailure)) return undefined;
	const code = codeOf(failure.cause);
	return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !LOST.includes(code) ? code : undefined;
}

function codeOf(cause: unknown): string | undefined {
	if (typeof cause !== "object" || cause === null || !("code" in cause)) return undefined;
	return typeof cause.code === "string" ? cause.code : undefined;
}

function messageOf({ cause }: DriverFailure): string {
	return cause instanceof Error ? cause.message : "";
}

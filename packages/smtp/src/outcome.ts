import type { TransportOutcome } from "@convoke/core";

/*
 * What became of a hand-over, from what nodemailer reports.
 *
 * Two things decide: the reply code with the command it answered, and whether any byte of the message had left. Before
 * that, the server cannot have taken the message, whatever broke. After it, only a reply to DATA tells; a time-out then
 * looks like one while connecting (`ETIMEDOUT`, `CONN`), so the error alone never decides.
 *
 *   421, 454, 530, 534, 535, 538; any refusal before RCPT    account_problem, except of STARTTLS, which is deferred
 *                                                            and unreached; 454 with a time to wait
 *   5xx to RCPT or DATA                                      rejected, except 552, 5.2.2 and 503
 *   4xx to RCPT or DATA                                      deferred
 *   no reply, message not begun                              deferred and unreached
 *   no reply, message begun                                  uncertain
 */

/** What is read of an error of nodemailer. */
interface Failure {
	readonly code: string;
	readonly originalCode: string;
	readonly command: string;
	readonly responseCode: number | undefined;
	readonly response: string;
}

// Throttled, signed out, or asked to go away: the answer would be the same for every recipient (RFC 5321 section 3.8,
// RFC 4954 section 6; 454 is how Amazon SES throttles).
const ACCOUNT: ReadonlyMap<number, string> = new Map([
	[421, "service_unavailable"],
	[454, "throttled"],
	[530, "authentication_required"],
	[534, "authentication_failed"],
	[535, "authentication_failed"],
	[538, "authentication_failed"],
]);

const UNREACHED: ReadonlyMap<string, string> = new Map([
	["ECONNECTION", "connection_failed"],
	["ESOCKET", "connection_failed"],
	["EDNS", "dns_failed"],
	["ETLS", "tls_failed"],
	["EREQUIRETLS", "tls_failed"],
	["ETIMEDOUT", "timed_out"],
	["EPROTOCOL", "protocol_error"],
]);

/**
 * Classifies a hand-over that failed.
 *
 * @param begun whether a byte of the message had been given to the connection
 */
export function toOutcome(error: unknown, begun: boolean): TransportOutcome {
	const failure = readFailure(error);
	if (failure.code === "EABORT") return { kind: begun ? "uncertain" : "deferred", reason: "aborted" };
	const refused = failure.responseCode !== undefined && failure.responseCode >= 400 && failure.responseCode <= 599;
	if (begun) {
		if (refused && failure.command === "DATA") return toRefusal(failure);
		return { kind: "uncertain", reason: failure.code === "ETIMEDOUT" ? "timed_out" : "connection_lost" };
	}
	return refused ? toRefusal(failure) : toUnreached(failure);
}

/** Reads the server's own id of a message out of its last reply, as Postfix, Exim, Amazon SES and others write it. */
export function parseQueueId(response: string): string | undefined {
	const found = /\bqueued as ([\w.-]{4,100})/i.exec(response) ?? /\bid=([\w.-]{4,100})/i.exec(response);
	const id = found ?? /^250 (?:2\.0\.0 )?Ok ([0-9a-f]{8,}(?:-[0-9a-f]+)+)\s*$/i.exec(response);
	return id?.[1]?.replace(/\.$/, "");
}

function toRefusal(failure: Failure): TransportOutcome {
	const code = failure.responseCode ?? 0;
	if (failure.code === "ETLS" || failure.command === "STARTTLS") return unreached("tls_failed");
	const isSignIn = failure.code === "EAUTH" || failure.command.startsWith("AUTH");
	if (isSignIn && code !== 421) return { kind: "account_problem", reason: "authentication_failed" };
	const account = ACCOUNT.get(code);
	if (account !== undefined) return toAccountProblem(account, failure.response);
	if (failure.command !== "RCPT TO" && failure.command !== "DATA") {
		return { kind: "account_problem", reason: failure.command === "MAIL FROM" ? "sender_refused" : "service_refused" };
	}
	const status = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(failure.response)?.[1] ?? "";
	if (code < 500) return deferred(status === "4.2.2" ? "mailbox_full" : "try_later", failure.response);
	// RFC 5321 section 4.2.4: what was asked came at the wrong moment, which says nothing about this recipient.
	if (code === 503) return deferred("protocol_error", failure.response);
	if (status === "5.2.2" || (code === 552 && !/^5\.(?:2\.3|3\.4)$/.test(status))) {
		return deferred("mailbox_full", failure.response);
	}
	if (failure.command === "DATA") return { kind: "rejected", reason: "message_refused" };
	return { kind: "rejected", reason: status.startsWith("5.1.") ? "unknown_recipient" : "recipient_refused" };
}

function toUnreached(failure: Failure): TransportOutcome {
	if (failure.code === "EAUTH" || failure.code === "ENOAUTH" || failure.code === "EOAUTH2") {
		return { kind: "account_problem", reason: "authentication_failed" };
	}
	// nodemailer itself refuses an address it could not write on the wire.
	if (failure.code === "EENVELOPE" && failure.command === "API") return { kind: "rejected", reason: "invalid_address" };
	if (failure.code === "EENVELOPE") return deferred("protocol_error", "");
	if (/CERT|TLS|SSL/.test(failure.originalCode)) return unreached("tls_failed");
	const reason = UNREACHED.get(failure.code);
	return reason === undefined ? deferred("hand_over_failed", "") : unreached(reason);
}

/** How long to wait when a server throttles and does not say for how long. */
const THROTTLED_MS = 10_000;

function toAccountProblem(reason: string, response: string): TransportOutcome {
	const retryAfterMs = parseDelay(response) ?? (reason === "throttled" ? THROTTLED_MS : undefined);
	return { kind: "account_problem", reason, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

function unreached(reason: string): TransportOutcome {
	return { kind: "deferred", reason, unreached: true };
}

function deferred(reason: string, response: string): TransportOutcome {
	const retryAfterMs = parseDelay(response);
	return retryAfterMs === undefined ? { kind: "deferred", reason } : { kind: "deferred", reason, retryAfterMs };
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const DAY = 86_400;

/** The delay a greylisting server asks for: `try again in 300 seconds`, `Greylisted for 5 minutes`, `in 00:04:57`. */
function parseDelay(response: string): number | undefined {
	const clock = /\bin (\d{1,2}):(\d\d):(\d\d)\b/.exec(response);
	const words = /\b(\d{1,6}) ?(s|m|h)(?:ec(?:ond)?|in(?:ute)?|our|r)?s?\b/i.exec(response);
	const seconds =
		clock !== null
			? Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3])
			: Number(words?.[1] ?? 0) * (SECONDS[words?.[2]?.toLowerCase() ?? ""] ?? 0);
	return seconds > 0 ? Math.min(seconds, DAY) * 1000 : undefined;
}

function readFailure(error: unknown): Failure {
	const found: { readonly [name: string]: unknown } =
		typeof error === "object" && error !== null ? Object.fromEntries(Object.entries(error)) : {};
	const text = (name: string): string => (typeof found[name] === "string" ? found[name] : "");
	return {
		code: text("code"),
		originalCode: text("originalCode"),
		command: text("command"),
		responseCode: typeof found["responseCode"] === "number" ? found["responseCode"] : undefined,
		response: text("response"),
	};
}

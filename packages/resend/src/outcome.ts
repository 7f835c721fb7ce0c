import type { TransportOutcome } from "@convoke/core";

/*
 * What became of a request, from Resend's answer or the lack of one.
 *
 *   2xx with an id                                      accepted
 *   409 invalid_idempotent_request                      accepted: the key was used, so the message was taken before
 *   400, 413, 422                                       rejected
 *   401, 403, 404, 405, 451, a sender that is refused   account_problem
 *   429                                                 account_problem, with a time to wait unless it is a quota
 *   409 otherwise                                       uncertain or deferred, as the first request ends
 *   5xx, broken or missing answer                       uncertain
 *   never connected: refused, DNS, TLS                  deferred
 */

/** What is read of an answer. */
export interface Answer {
	readonly status: number;
	/** The body as JSON; `undefined` when it is none. */
	readonly body: unknown;
	/** The header `retry-after`. */
	readonly retryAfter: string | null;
}

/** By the error's name, whatever its status. */
const BY_NAME: ReadonlyMap<string, TransportOutcome> = new Map<string, TransportOutcome>([
	["invalid_idempotent_request", { kind: "accepted" }],
	["concurrent_idempotent_requests", { kind: "uncertain", reason: "concurrent_request" }],
	["resource_locked", { kind: "deferred", reason: "try_later" }],
	["daily_quota_exceeded", { kind: "account_problem", reason: "daily_quota_exceeded" }],
	["monthly_quota_exceeded", { kind: "account_problem", reason: "monthly_quota_exceeded" }],
	["email_above_quota", { kind: "account_problem", reason: "quota_exceeded" }],
	["missing_api_key", { kind: "account_problem", reason: "authentication_failed" }],
	["invalid_api_key", { kind: "account_problem", reason: "authentication_failed" }],
	["restricted_api_key", { kind: "account_problem", reason: "authentication_failed" }],
	["suspended_api_key", { kind: "account_problem", reason: "authentication_failed" }],
	["invalid_permission", { kind: "account_problem", reason: "authentication_failed" }],
	["invalid_from_address", { kind: "account_problem", reason: "sender_refused" }],
	["security_error", { kind: "account_problem", reason: "service_refused" }],
]);

const DAY_SECONDS = 86_400;

/** Classifies an answer to a request. */
export function toOutcome({ status, body, retryAfter }: Answer): TransportOutcome {
	if (status >= 200 && status < 300) {
		const id = field(body, "id");
		return id === "" ? { kind: "uncertain", reason: "broken_answer" } : { kind: "accepted", providerId: id };
	}
	const known = BY_NAME.get(field(body, "name"));
	if (known !== undefined) return known;
	if (status === 429) return { kind: "account_problem", reason: "throttled", retryAfterMs: toDelay(retryAfter) };
	// A malformed key is told by the text alone.
	if (status === 401 || /api key/i.test(field(body, "message"))) {
		return { kind: "account_problem", reason: "authentication_failed" };
	}
	if (status === 403) return { kind: "account_problem", reason: "sender_refused" };
	if (status === 409) return { kind: "uncertain", reason: "concurrent_request" };
	if (status === 413) return { kind: "rejected", reason: "message_too_large" };
	if (status === 400 || status === 422) return { kind: "rejected", reason: "invalid_message" };
	if (status >= 400 && status < 500) return { kind: "account_problem", reason: "service_refused" };
	return { kind: "uncertain", reason: status >= 500 ? "server_error" : "broken_answer" };
}

const CONNECTING: ReadonlyMap<string, string> = new Map([
	["ECONNREFUSED", "connection_failed"],
	["EHOSTUNREACH", "connection_failed"],
	["ENETUNREACH", "connection_failed"],
	["EADDRNOTAVAIL", "connection_failed"],
	["ENOTFOUND", "dns_failed"],
	["EAI_AGAIN", "dns_failed"],
	["UND_ERR_CONNECT_TIMEOUT", "timed_out"],
]);

/** Classifies a request that has got no answer. Once connected, nobody knows how much of it had arrived. */
export function toUnanswered(error: unknown): TransportOutcome {
	const code = codeOf(error);
	const connecting = CONNECTING.get(code) ?? (/CERT|TLS|SSL|ALTNAME/.test(code) ? "tls_failed" : undefined);
	if (connecting !== undefined) return { kind: "deferred", reason: connecting, unreached: true };
	const isTime = code === "ABORT_ERR" || code.includes("TIMEOUT");
	return { kind: "uncertain", reason: isTime ? "timed_out" : "connection_lost" };
}

/** The code of an error or of what caused it. */
function codeOf(error: unknown): string {
	for (let each = error; each instanceof Error; each = each.cause) {
		if (each.name === "AbortError" || each.name === "TimeoutError") return "ABORT_ERR";
		if ("code" in each && typeof each.code === "string") return each.code;
		// Of several addresses none could be reached.
		if (each instanceof AggregateError && each.errors.length > 0) return codeOf(each.errors[0]);
	}
	return "";
}

/** A text in a JSON object. */
export function field(body: unknown, name: string): string {
	if (typeof body !== "object" || body === null) return "";
	const value: unknown = Reflect.get(body, name);
	return typeof value === "string" ? value : "";
}

/** Seconds, or an HTTP date, which says no more than that the limit is one of seconds. */
function toDelay(retryAfter: string | null): number {
	const seconds = Number(retryAfter ?? Number.NaN);
	return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, DAY_SECONDS) * 1000 : 1000;
}

import type { Clock } from "../clock.ts";
import type { Message, Transport, TransportOutcome } from "../ports/transport.ts";

// Lower snake case, so that no address and no server's reply gets in.
const REASON = /^[a-z0-9_]{1,100}$/;
// With the `u` flag only lone surrogates match `\p{Surrogate}`.
const PROVIDER_ID = /^[^\p{Cc}\p{Surrogate}]{1,1000}$/u;
// Without a reason given, each abort makes an error with a stack.
const DONE = "done";
const MAX_DELAY_MS = 24 * 3_600_000;

/**
 * Hands a message to a transport and always answers within `timeoutMs`, whatever the transport does. What is not an
 * answer of the port's form counts as `uncertain`: the message may be out.
 */
export async function handOver(
	transport: Transport,
	message: Message,
	clock: Clock,
	timeoutMs: number,
): Promise<TransportOutcome> {
	const stop = new AbortController();
	const done = new AbortController();
	const answer = attempt(transport, message, stop.signal);
	const late = clock.sleep(timeoutMs, done.signal).then(() => undefined);
	const inTime = await Promise.race([answer, late]);
	done.abort(DONE);
	if (inTime !== undefined) return inTime;
	stop.abort();
	// A transport that can tell that nothing was sent yet says so at once.
	return Promise.race([answer, clock.pause().then(() => uncertain("transport_timeout"))]);
}

async function attempt(transport: Transport, message: Message, signal: AbortSignal): Promise<TransportOutcome> {
	try {
		return readOutcome(await transport.send(message, signal)) ?? uncertain("transport_contract");
	} catch {
		return uncertain("transport_threw");
	}
}

/** What the answer says in the port's form, and nothing else: it is stored and shown. */
function readOutcome(answer: unknown): TransportOutcome | undefined {
	if (typeof answer !== "object" || answer === null) return undefined;
	const { kind, reason, providerId, retryAfterMs, unreached } = answer as Partial<Record<string, unknown>>;
	if (kind === "accepted") return { kind, providerId: isProviderId(providerId) ? providerId : undefined };
	if (typeof reason !== "string") return undefined;
	const said = REASON.test(reason) ? reason : "unspecified";
	switch (kind) {
		case "deferred":
			return { kind, reason: said, retryAfterMs: readDelay(retryAfterMs), ...(unreached === true && { unreached }) };
		case "account_problem":
			return { kind, reason: said, retryAfterMs: readDelay(retryAfterMs) };
		case "rejected":
		case "uncertain":
			return { kind, reason: said };
		default:
			return undefined;
	}
}

function isProviderId(value: unknown): value is string {
	return typeof value === "string" && PROVIDER_ID.test(value);
}

function readDelay(value: unknown): number | undefined {
	return typeof value === "number" && value >= 0 ? Math.min(value, MAX_DELAY_MS) : undefined;
}

function uncertain(reason: string): TransportOutcome {
	return { kind: "uncertain", reason };
}

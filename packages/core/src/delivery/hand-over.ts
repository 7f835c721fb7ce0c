import type { Clock } from "../clock.ts";
import type { Message, Transport, TransportOutcome } from "../ports/transport.ts";

const KINDS = new Set(["accepted", "rejected", "deferred", "account_problem", "uncertain"]);

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
	done.abort();
	if (inTime !== undefined) return inTime;
	stop.abort();
	// A transport that can tell that nothing was sent yet says so at once.
	return Promise.race([answer, clock.pause().then(() => uncertain("transport_timeout"))]);
}

async function attempt(transport: Transport, message: Message, signal: AbortSignal): Promise<TransportOutcome> {
	try {
		const outcome: unknown = await transport.send(message, signal);
		return isOutcome(outcome) ? outcome : uncertain("transport_contract");
	} catch {
		return uncertain("transport_threw");
	}
}

function isOutcome(value: unknown): value is TransportOutcome {
	if (typeof value !== "object" || value === null || !("kind" in value)) return false;
	if (typeof value.kind !== "string" || !KINDS.has(value.kind)) return false;
	return value.kind === "accepted" || ("reason" in value && typeof value.reason === "string");
}

function uncertain(reason: string): TransportOutcome {
	return { kind: "uncertain", reason };
}

import type { Message, Transport, TransportOutcome } from "@convoke/core";
import { sendBatch, sendOne } from "./batch.ts";
import { readOptions } from "./resend-options.ts";
import type { ResendOptions } from "./resend-options.ts";

/** A message that waits for the others of its batch. */
interface Waiting {
	readonly message: Message;
	readonly signal: AbortSignal;
	readonly settle: (outcome: TransportOutcome) => void;
}

/**
 * A transport over Resend's HTTP API. Nothing is opened before the first message.
 *
 * Each message goes with its idempotency key, which Resend remembers for 24 hours, so `idempotent` is true; with a
 * `batchSize` above 1 it is false. Messages with attachments always go alone. Resend gives messages its own `Message-ID`.
 *
 * @throws `invalid_input` with `missing_api_key` or `invalid_option`.
 *
 * @example
 * ```ts
 * const transport = createResendTransport({ apiKey: process.env.RESEND_API_KEY });
 * ```
 */
export function createResendTransport(options: ResendOptions): Transport {
	const settings = readOptions(options);
	const underWay = new Set<Promise<TransportOutcome>>();
	let waiting: Waiting[] = [];
	let closed = false;

	/** Requests all that wait, in batches. */
	function flush(): void {
		const all = waiting;
		waiting = [];
		for (let start = 0; start < all.length; start += settings.batchSize) {
			void request(all.slice(start, start + settings.batchSize));
		}
	}

	async function request(batch: readonly Waiting[]): Promise<void> {
		const signal = AbortSignal.any(batch.map((one) => one.signal));
		const outcomes = await sendBatch(
			settings,
			batch.map(({ message }) => message),
			signal,
		);
		for (const [index, { settle }] of batch.entries()) {
			settle(outcomes[index] ?? { kind: "uncertain", reason: "broken_answer" });
		}
	}

	function deliver(message: Message, signal: AbortSignal): Promise<TransportOutcome> {
		if (settings.batchSize === 1 || message.attachments.length > 0) return sendOne(settings, message, signal);
		return new Promise((settle) => {
			// A worker begins messages together: those of one turn of the event loop make a batch.
			if (waiting.length === 0) setImmediate(flush);
			waiting.push({ message, signal, settle });
		});
	}

	return {
		name: "resend",
		smtputf8: false,
		idempotent: settings.batchSize === 1,
		async send(message, signal) {
			if (closed) return { kind: "deferred", reason: "transport_closed", unreached: true };
			const outcome = deliver(message, signal);
			underWay.add(outcome);
			try {
				return await outcome;
			} finally {
				underWay.delete(outcome);
			}
		},
		async close() {
			closed = true;
			await Promise.allSettled(underWay);
		},
	};
}

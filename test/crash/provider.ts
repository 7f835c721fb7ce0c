import { startFakeResend } from "../support/fake-resend.ts";
import { rawHeaders, startMailServer } from "../support/mail-server.ts";

/** What takes the messages, and counts them. */
export interface Provider {
	/** For `Place.provider`. */
	readonly url: string;
	/** By recipient, the ids of the messages that were taken. */
	copies(): ReadonlyMap<string, readonly string[]>;
	/** How many were taken, copies included. */
	taken(): number;
	close(): Promise<void>;
}

/** A mail server that takes its time, `answerMs` on average. */
export async function startSlowMailServer(answerMs: number, random: () => number): Promise<Provider> {
	const server = await startMailServer({ delayMs: () => random() * 2 * answerMs });
	return {
		url: server.url,
		copies() {
			const copies = new Map<string, string[]>();
			for (const { to, raw } of server.deliveries) {
				const id = rawHeaders(raw).find(({ name }) => name === "message-id")?.value ?? "";
				for (const address of to) copies.set(address, [...(copies.get(address) ?? []), id]);
			}
			return copies;
		},
		taken: () => server.deliveries.length,
		close: () => server.close(),
	};
}

/** A provider that takes each message once, by its idempotency key. */
export async function startIdempotentProvider(answerMs: number, random: () => number): Promise<Provider> {
	const server = await startFakeResend({ delayMs: () => random() * 2 * answerMs });
	return {
		url: server.url,
		copies: () => {
			const copies = new Map<string, string[]>();
			for (const { to } of server.emails) copies.set(to, [...(copies.get(to) ?? []), "once"]);
			return copies;
		},
		taken: () => server.emails.length,
		close: () => server.close(),
	};
}

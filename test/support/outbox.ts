import type { Message, Transport } from "@convoke/core";

/** A transport that takes every message and keeps it. */
export interface Outbox extends Transport {
	/** Messages in the order they were handed over. */
	readonly messages: Message[];
}

/** Makes an outbox. */
export function createOutbox({ smtputf8 = false }: { readonly smtputf8?: boolean } = {}): Outbox {
	const messages: Message[] = [];
	return {
		name: "outbox",
		smtputf8,
		idempotent: false,
		messages,
		async send(message) {
			messages.push(message);
			return { kind: "accepted" };
		},
		async close() {},
	};
}

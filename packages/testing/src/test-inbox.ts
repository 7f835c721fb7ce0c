import { ConvokeError, parseEmailAddress } from "@convoke/core";
import type { Message, Transport, TransportOutcome } from "@convoke/core";
import { linksOf } from "./message-links.ts";
import { unsubscribeUrlOf } from "./one-click.ts";

/** How a test inbox takes messages. */
export interface TestInboxOptions {
	/**
	 * Answers in the inbox's stead, to rehearse what goes wrong: the message arrives only if the answer is `accepted` or
	 * `undefined`. What it throws counts as `uncertain`, as with any transport. @default every message arrives
	 */
	readonly onSend?:
		| ((message: Message) => TransportOutcome | undefined | Promise<TransportOutcome | undefined>)
		| undefined;
	/**
	 * Whether the inbox takes addresses with a non-ASCII local part; contacts that have one are left out otherwise.
	 *
	 * @default true
	 */
	readonly smtputf8?: boolean | undefined;
}

/** A message that has arrived. */
export interface TestMessage extends Message {
	/** Where its links lead: those of the HTML part, then URLs of the text part, each once. */
	readonly links: readonly string[];
	/**
	 * The link behind the mail program's unsubscribe button, from the `List-Unsubscribe` header.
	 *
	 * @throws `invalid_input` with `one_click_missing`, when read, if the renderer left the header out.
	 */
	readonly unsubscribeUrl: string;
}

/** A transport that keeps what it is handed, for a test to read. Safe to share between audiences. */
export interface TestInbox extends Transport {
	/** All that has arrived so far, in order. */
	readonly messages: readonly TestMessage[];
	/** What has arrived at an address so far, in order; the case of ASCII letters aside. @throws `invalid_email`. */
	to(address: string): readonly TestMessage[];
	/** The last message that has arrived at an address. @throws `not_found` with `message_not_found`; `invalid_email`. */
	latest(address: string): TestMessage;
	/** Forgets all messages. */
	clear(): void;
}

/**
 * Makes a test inbox, for an audience of your own making; `createTestAudience` brings one along.
 *
 * @example
 * ```ts
 * const inbox = createTestInbox({
 * 	onSend: ({ to }) => (to.address === "full@example.test" ? { kind: "rejected", reason: "mailbox_full" } : undefined),
 * });
 * const audience = createAudience({ storage, renderer, transport: inbox, links, hashKey });
 * ```
 */
export function createTestInbox({ onSend, smtputf8 = true }: TestInboxOptions = {}): TestInbox {
	const arrived: TestMessage[] = [];

	function to(address: string): readonly TestMessage[] {
		const { key } = parseEmailAddress(address, "address");
		return arrived.filter((message) => parseEmailAddress(message.to.address).key === key);
	}

	return {
		name: "test inbox",
		smtputf8,
		// As with SMTP: a message that is handed over twice arrives twice, and a test can see it.
		idempotent: false,
		get messages() {
			return [...arrived];
		},
		to,
		latest(address) {
			const message = to(address).at(-1);
			if (message !== undefined) return message;
			throw new ConvokeError("not_found", {
				reason: "message_not_found",
				resource: "message",
				message: `None of the ${arrived.length} messages that have arrived is to this address; \`broadcasts.explain\` says why, and \`deliver\` sends what is due.`,
			});
		},
		clear() {
			arrived.length = 0;
		},
		async send(message) {
			const outcome = (await onSend?.(message)) ?? { kind: "accepted" };
			if (outcome.kind === "accepted") arrived.push(received(message));
			return outcome;
		},
		async close() {},
	};
}

function received(message: Message): TestMessage {
	return {
		...message,
		get links() {
			return linksOf(message);
		},
		get unsubscribeUrl() {
			return unsubscribeUrlOf(message);
		},
	};
}

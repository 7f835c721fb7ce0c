import type { Message } from "@convoke/core";

/** A message with everything in it, and what a test wants changed. */
export function aMessage(changes: Partial<Message> = {}): Message {
	return {
		messageId: "<0123456789abcdef@tidal.test>",
		idempotencyKey: "bc_1_1",
		from: { name: "Tidal", address: "news@tidal.test" },
		to: { name: "Ada Lovelace", address: "ada@example.com" },
		replyTo: [],
		subject: "Spring tide",
		html: '<p>Hello Ada</p><p><a href="https://tidal.test/mail/u/abc">Unsubscribe</a></p>',
		text: "Hello Ada\n\nUnsubscribe: https://tidal.test/mail/u/abc",
		headers: {
			"List-Unsubscribe": "<https://tidal.test/mail/u/abc>",
			"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		},
		tags: [],
		attachments: [],
		...changes,
	};
}

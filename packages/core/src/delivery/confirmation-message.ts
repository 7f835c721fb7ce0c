import { hash } from "node:crypto";
import { domainOf } from "../email-address.ts";
import { invalidInput } from "../errors.ts";
import type { Contact } from "../model/contact.ts";
import type { Message } from "../ports/transport.ts";
import type { Sender } from "../sender.ts";
import { readSender } from "../sender.ts";
import { checkHeaderText, checkText } from "../text.ts";
import { NO_SENDER } from "./findings.ts";

/** What a message that asks for confirmation may speak of. */
export interface ConfirmationSubject {
	/** Whom it goes to. */
	readonly contact: Contact;
	/** Where the person confirms. It has to stand in each part. */
	readonly url: string;
	/** The topics to be confirmed; may be none. */
	readonly topics: readonly { readonly id: string; readonly name: string }[];
	/** The sender's. */
	readonly brand: string | null;
	/** The sender's. */
	readonly postalAddress: string | null;
}

/** The text that asks people to confirm. */
export interface ConfirmationText {
	/** Kept in the record of consent: 1 to 100 characters. Give each wording its own. */
	readonly version: string;
	/** Writes it. `text` is needed; put nothing into `html` that is not escaped. */
	readonly write: (subject: ConfirmationSubject) => {
		readonly subject: string;
		readonly text: string;
		readonly html?: string | undefined;
	};
}

/** English, plain, and without anything but the request. */
export const defaultConfirmation: ConfirmationText = {
	version: "convoke-1",
	write: ({ url, topics, brand, postalAddress }) => {
		const about = brand === null ? "" : ` to ${brand}`;
		const list = topics.map(({ name }) => `- ${name}\n`).join("");
		const what = list === "" ? "" : `You will receive:\n${list}\n`;
		const address = postalAddress === null ? "" : `\n-- \n${postalAddress}\n`;
		return {
			subject: `Please confirm your subscription${about}`,
			text: `Somebody, probably you, signed this address up${about}. To confirm, open\n\n${url}\n\nand press the button there.\n\n${what}If it was not you, do nothing: without your confirmation you receive nothing.\n${address}`,
		};
	},
};

/**
 * Checks a text of the host's.
 *
 * @throws `invalid_input` with `invalid_type`, `text_too_long`, `invalid_text`.
 */
export function checkConfirmationText(confirmation: ConfirmationText): ConfirmationText {
	checkText(confirmation.version, "confirmation.version", { max: 100, empty: "invalid_text" });
	if (typeof confirmation.write !== "function") {
		throw invalidInput("invalid_type", "confirmation.write", "`confirmation.write` must be a function.");
	}
	return confirmation;
}

/**
 * Makes the message that asks for confirmation.
 *
 * @throws `invalid_input` with `sender_missing`, for what `write` gave `invalid_header`, `header_too_long`,
 * `missing_subject`, `invalid_type`, `text_too_long` or `invalid_text`, and `missing_confirmation_url` for a part that
 * lacks the URL.
 */
export function confirmationMessage(
	{ write }: ConfirmationText,
	sender: Sender,
	requestId: string,
	about: Pick<ConfirmationSubject, "contact" | "url" | "topics">,
): Message {
	const { from, replyTo, footer } = readSender(sender);
	if (from === null) throw invalidInput(NO_SENDER.reason, NO_SENDER.field, NO_SENDER.message);
	const { contact, url } = about;
	const { subject, text, html } = write({ ...about, ...footer });
	for (const [field, part] of [["text", text] as const, ...(html === undefined ? [] : [["html", html] as const])]) {
		checkText(part, `confirmation.${field}`, { max: 200_000, multiline: true });
		if (part.includes(url)) continue;
		const message = `The ${field} that \`confirmation.write\` gave lacks the \`url\`, so that nobody could confirm by it.`;
		throw invalidInput("missing_confirmation_url", `confirmation.${field}`, message);
	}
	const domain = domainOf(from.address);
	return {
		messageId: `<${hash("sha256", `confirmation:${requestId}`, "hex").slice(0, 40)}@${domain}>`,
		idempotencyKey: `cr_${requestId}`,
		from,
		to: { name: null, address: contact.email },
		replyTo,
		subject: checkHeaderText(subject, "confirmation.subject", 998, { empty: "missing_subject" }),
		html: html ?? null,
		text,
		headers: {},
		tags: [],
		attachments: [],
	};
}

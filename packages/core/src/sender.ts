import { parseMailbox } from "./email-address.ts";
import type { Mailbox } from "./email-address.ts";
import { invalidInput } from "./errors.ts";
import type { Broadcast, Footer } from "./model/broadcast.ts";
import type { Transport } from "./ports/transport.ts";
import { checkText } from "./text.ts";

/** A mailbox as people write it: `"Tidal <news@tidal.test>"`, `"news@tidal.test"` or an object. */
export type MailboxInput = string | { readonly name?: string | null | undefined; readonly address: string };

/** Who sends a broadcast, and through what. */
export interface Sender {
	/** Hands the messages over. */
	readonly transport: Transport;
	/** Author of a broadcast that names none. */
	readonly from?: MailboxInput | undefined;
	/** Where replies go for a broadcast that does not say. */
	readonly replyTo?: MailboxInput | readonly MailboxInput[] | undefined;
	/** The sender's postal address, at most 500 characters, for the footer (CAN-SPAM, 15 USC 7704(a)(5)(A)(iii)). */
	readonly postalAddress?: string | undefined;
	/** The name that the footer shows, at most 200 characters. */
	readonly brand?: string | undefined;
}

/**
 * Says who sends a broadcast of a tenant. Called when it is checked, queued and sent; and without a broadcast for the
 * message that asks a contact to confirm.
 */
export type SenderResolver = (broadcast: Broadcast | undefined, tenantId: string) => Sender | Promise<Sender>;

/** A sender's defaults, read and checked. */
export interface SenderDefaults {
	/** Author, if the sender has one. */
	readonly from: Mailbox | null;
	/** Where replies go. */
	readonly replyTo: readonly Mailbox[];
	/** What the footer says. */
	readonly footer: Footer;
}

/**
 * Reads a sender's defaults.
 *
 * @throws `invalid_input` with `invalid_email`, `invalid_header`, `invalid_text` or `text_too_long`.
 */
export function readSender(sender: Sender): SenderDefaults {
	return {
		from: sender.from === undefined ? null : parseMailbox(sender.from, "from"),
		replyTo: parseMailboxes(sender.replyTo ?? [], "replyTo"),
		footer: { postalAddress: footerText(sender, "postalAddress", 500), brand: footerText(sender, "brand", 200) },
	};
}

function footerText(sender: Sender, field: "postalAddress" | "brand", max: number): string | null {
	const text = sender[field];
	return text === undefined ? null : checkText(text, field, { max, multiline: true });
}

/**
 * Reads one mailbox or a list of at most 10.
 *
 * @throws `invalid_input` with `invalid_email`, `invalid_header` or `too_many_mailboxes`.
 */
export function parseMailboxes(input: unknown, field: string): readonly Mailbox[] {
	const list: readonly unknown[] = Array.isArray(input) ? input : [input];
	if (list.length > 10) throw invalidInput("too_many_mailboxes", field, `\`${field}\` takes at most 10 addresses.`);
	return list.map((mailbox) => parseMailbox(mailbox, field));
}

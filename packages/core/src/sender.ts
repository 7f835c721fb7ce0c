import { checkFields } from "./check-input.ts";
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
	/** How fast its messages may go, over all workers that share the storage. @default as fast as the transport can */
	readonly rateLimit?: SendingRate | undefined;
}

/** How fast the messages of a sender may go. */
export interface SendingRate {
	/** Messages a second on average, above 0 and up to 100,000; in any one second at most a tenth more, rounded up. */
	readonly perSecond?: number | undefined;
	/** Messages a day in UTC, 1 to 1,000,000,000. */
	readonly perDay?: number | undefined;
	/** Names what the limit is of, such as an account: senders with the same name share it. @default the transport's name */
	readonly key?: string | undefined;
}

/** A rate, read and checked. */
export interface CheckedRateLimit {
	readonly key: string;
	readonly perSecond: number | undefined;
	readonly perDay: number | undefined;
}

/** Reads a sender's rate. @throws `invalid_input` with `invalid_option`. */
export function readRateLimit({ rateLimit, transport }: Sender): CheckedRateLimit | undefined {
	if (rateLimit === undefined) return undefined;
	checkFields(rateLimit, "rateLimit", ["perSecond", "perDay", "key"]);
	const { perSecond, perDay, key = transport.name } = rateLimit;
	if (perSecond !== undefined && !(typeof perSecond === "number" && perSecond > 0 && perSecond <= 100_000)) {
		throw invalidInput("invalid_option", "rateLimit.perSecond", "`perSecond` must be above 0 and at most 100,000.");
	}
	if (perDay !== undefined && !(Number.isInteger(perDay) && perDay >= 1 && perDay <= 1_000_000_000)) {
		throw invalidInput(
			"invalid_option",
			"rateLimit.perDay",
			"`perDay` must be a whole number from 1 to 1,000,000,000.",
		);
	}
	checkText(key, "rateLimit.key", { max: 200 });
	return perSecond === undefined && perDay === undefined ? undefined : { key, perSecond, perDay };
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

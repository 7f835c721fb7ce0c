import type { Mailbox } from "../email-address.ts";
import type { Attachment, MessageTag } from "../model/broadcast.ts";

/** A finished message for one recipient. */
export interface Message {
	/** Same on every attempt: `<id@domain>` with brackets (RFC 5322 section 3.6.4). */
	readonly messageId: string;
	/** Same on every attempt, at most 256 characters. */
	readonly idempotencyKey: string;
	/** Author. */
	readonly from: Mailbox;
	/** The one recipient. */
	readonly to: Mailbox;
	/** Where replies go; may be empty. */
	readonly replyTo: readonly Mailbox[];
	/** No control characters in it. */
	readonly subject: string;
	/** HTML part. */
	readonly html: string | null;
	/** Text part. At least one of the two parts is there. */
	readonly text: string | null;
	/** Further headers by name, one value each, no control characters; among them `List-Unsubscribe`. */
	readonly headers: Readonly<Record<string, string>>;
	/** For a provider that takes labels; SMTP has none. */
	readonly tags: readonly MessageTag[];
	/** Files, and pictures that the HTML part shows by `cid:`. */
	readonly attachments: readonly Attachment[];
}

/**
 * What became of one hand-over.
 *
 * `accepted`: taken, with the transport's own id if it has one. `rejected`: refused for good for this recipient.
 * `deferred`: refused for now; try again, not before `retryAfterMs`. With `unreached` the server was not even asked, which
 * says nothing about the recipient. `account_problem`: the account or server refuses everything, so that going on is
 * pointless, or, with `retryAfterMs`, pointless until then. `uncertain`: nobody knows whether it was taken.
 * `reason`: lower snake case, at most 100 characters, no address in it; any other counts as `unspecified`.
 * `providerId`: at most 1,000 characters without controls; any other is dropped. `retryAfterMs`: at most a day counts.
 */
export type TransportOutcome =
	| { readonly kind: "accepted"; readonly providerId?: string | undefined }
	| { readonly kind: "rejected"; readonly reason: string }
	| {
			readonly kind: "deferred";
			readonly reason: string;
			readonly retryAfterMs?: number | undefined;
			readonly unreached?: true | undefined;
	  }
	| { readonly kind: "account_problem"; readonly reason: string; readonly retryAfterMs?: number | undefined }
	| { readonly kind: "uncertain"; readonly reason: string };

/** Hands finished messages over. */
export interface Transport {
	/** Shown in errors and reports. */
	readonly name: string;
	/** Reaches addresses with a non-ASCII local part (RFC 6531). */
	readonly smtputf8: boolean;
	/** Takes a message with a known `idempotencyKey` only once, so that handing it over again is harmless. */
	readonly idempotent: boolean;
	/** The domain that its DKIM signatures name (`d=`), where it knows: `check` compares the sender's with it. */
	readonly dkimDomain?: string | undefined;
	/**
	 * Hands one message over. Answers with what is known; anything thrown, and any other answer, counts as `uncertain`.
	 * `signal` aborts when the worker has stopped waiting.
	 */
	send(message: Message, signal: AbortSignal): Promise<TransportOutcome>;
	/** Gives connections back. */
	close(): Promise<void>;
}

import type { Mailbox } from "../email-address.ts";
import type { Filter } from "../filter/filter.ts";
import type { PropertyValue } from "./contact.ts";

/** Where a broadcast stands. The allowed moves are in `rules/broadcast-moves.ts`. */
export type BroadcastStatus = "draft" | "scheduled" | "queued" | "sending" | "paused" | "sent" | "canceled" | "failed";

/** Header names and values an author may add to each message. */
export type MessageHeaders = Readonly<Record<string, string>>;

/** A label by which a provider's reports tell messages apart. */
export interface MessageTag {
	/** 1 to 256 ASCII letters, digits, `_` or `-`. */
	readonly name: string;
	/** The same. */
	readonly value: string;
}

/** A file that goes with every message. */
export interface Attachment {
	/** As it is shown and saved, without path. */
	readonly filename: string;
	/** The file in base64. */
	readonly content: string;
	/** MIME type; `null`: by the file's name. */
	readonly contentType: string | null;
	/** Set for a picture within the HTML part, which shows it as `<img src="cid:logo">`. */
	readonly contentId: string | null;
}

/** One message for many contacts. */
export interface Broadcast {
	/** UUIDv7. */
	readonly id: string;
	/** Internal label, at most 70 characters. */
	readonly name: string | null;
	/** Where it stands. */
	readonly status: BroadcastStatus;
	/** Why it is `failed`, or `paused` by the worker; `canceled` of a draft that was scheduled. */
	readonly statusReason: string | null;
	/** Target: the members of this segment. */
	readonly segmentId: string | null;
	/** Target: the contacts this filter matches. */
	readonly filter: Filter | null;
	/** Target: every contact of the tenant. */
	readonly everyone: boolean;
	/** The topic it belongs to; `null`: only the global flag decides. */
	readonly topicId: string | null;
	/** Author; `null`: the sender's. */
	readonly from: Mailbox | null;
	/** Where replies go; empty: the sender's. */
	readonly replyTo: readonly Mailbox[];
	/** 1 to 998 characters, personalised. */
	readonly subject: string;
	/** What mail programs show beside the subject, at most 200 characters, personalised. */
	readonly previewText: string | null;
	/** HTML part as written; `null` when `mjml` is given or the message is text only. */
	readonly html: string | null;
	/** MJML source of the HTML part. */
	readonly mjml: string | null;
	/** Text part; `null`: made from the HTML part; empty: none. */
	readonly text: string | null;
	/** Further headers. */
	readonly headers: MessageHeaders;
	/** Labels for the provider's reports. */
	readonly tags: readonly MessageTag[];
	/** Files that go with every message. */
	readonly attachments: readonly Attachment[];
	/** When it was created. */
	readonly createdAt: Date;
	/** When it last changed. */
	readonly updatedAt: Date;
	/** When it is to be sent; set while `scheduled` and afterwards. */
	readonly scheduledAt: Date | null;
	/** When its content was frozen. */
	readonly queuedAt: Date | null;
	/** When its last message was handed over. */
	readonly sentAt: Date | null;
}

/** How far the frozen plan has come. */
export interface PlanProgress {
	/** The largest contact id at the start; contacts created later are no candidates. `null`: there were none. */
	readonly upTo: string | null;
	/** The last contact id that the walk has passed. */
	readonly through: string | null;
	/** The instant that relative dates in the target refer to. */
	readonly at: Date;
	/** Whether the walk has reached its end. */
	readonly complete: boolean;
}

/** A broadcast as storages hold it. */
export interface BroadcastRecord extends Broadcast {
	/**
	 * What it refers to, ascending: ids of segments and topics, and `properties.<key>`. None of it may be removed while
	 * the broadcast is under way.
	 */
	readonly uses: readonly string[];
	/** How far the plan has come; `null` before `queued`. */
	readonly plan: PlanProgress | null;
}

/** What a footer says where the author's part has no unsubscribe link. */
export interface Footer {
	/** The sender's postal address (CAN-SPAM, 15 USC 7704(a)(5)(A)(iii)). */
	readonly postalAddress: string | null;
	/** Name shown beside the link. */
	readonly brand: string | null;
}

/** What is frozen when a broadcast is queued; later edits of anything change no message of it. */
export interface BroadcastContent {
	/** The broadcast. */
	readonly broadcastId: string;
	/** Its topic, which the unsubscribe links name. */
	readonly topicId: string | null;
	/** Author of every message. */
	readonly from: Mailbox;
	/** Where replies go. */
	readonly replyTo: readonly Mailbox[];
	/** Subject template. */
	readonly subject: string;
	/** Preview text template. */
	readonly previewText: string | null;
	/** HTML template, compiled: no MJML in it. */
	readonly html: string | null;
	/** Text template. */
	readonly text: string | null;
	/** Further headers, `List-Id` among them when there is a topic. */
	readonly headers: MessageHeaders;
	/** Labels for the provider's reports. */
	readonly tags: readonly MessageTag[];
	/** Files that go with every message. */
	readonly attachments: readonly Attachment[];
	/** What the footer says where it is needed. */
	readonly footer: Footer;
	/** Where links lead, without trailing slash. */
	readonly baseUrl: string;
	/** Fallbacks of the properties at that moment. */
	readonly fallbacks: Readonly<Record<string, PropertyValue>>;
}

import type { BoundFilter } from "../filter/filter.ts";
import type { BoundRule } from "../filter/recipient-rules.ts";
import type { BroadcastContent, BroadcastRecord } from "../model/broadcast.ts";
import type { ContactRecord, RetainedOptOut } from "../model/contact.ts";
import type { NewEvent } from "../model/event.ts";
import type { ImportRecord, ImportIssue } from "../model/import.ts";
import type { Property } from "../model/property.ts";
import type { SegmentRecord } from "../model/segment.ts";
import type { SuppressionRecord } from "../model/suppression.ts";
import type { Topic } from "../model/topic.ts";

/** When the exam takes place. */
export const START: Date = new Date("2026-03-04T05:06:07.089Z");

/** The instant that many minutes after the start. */
export function minutes(count: number): Date {
	return new Date(START.getTime() + count * 60_000);
}

/** Rules enough to tell apart who is left out, and why first. */
export const RULES: readonly BoundRule[] = [
	{ reason: "suppressed", when: { kind: "flag", column: "suppressed" } },
	{ reason: "unsubscribed", when: { kind: "flag", column: "unsubscribed" } },
	{
		reason: "unconfirmed",
		when: { kind: "compare", subject: { column: "confirmation" }, op: "eq", value: "pending" },
	},
];

/** The filter for contacts with this first name. */
export function named(firstName: string): BoundFilter {
	return { kind: "compare", subject: { column: "firstName" }, op: "eq", value: firstName };
}

/** Makes records with ids that ascend in the order they are made. */
export class Records {
	#count = 0;

	/** The next id. */
	id(): string {
		this.#count += 1;
		return `01970000-0000-7000-8000-${this.#count.toString(16).padStart(12, "0")}`;
	}

	/** A contact that every rule lets pass. */
	contact(fields: Partial<ContactRecord> = {}): ContactRecord {
		const id = fields.id ?? this.id();
		const name = `contact-${id.slice(-8)}`;
		return {
			id,
			email: `Contact-${id.slice(-8)}@example.com`,
			...addressOf(name),
			externalId: null,
			firstName: null,
			lastName: null,
			properties: {},
			unsubscribed: false,
			confirmation: "none",
			confirmationRequest: null,
			needsSmtputf8: false,
			segmentIds: [],
			choices: {},
			createdAt: START,
			updatedAt: minutes(1),
			...fields,
		};
	}

	/** Contacts that every rule lets pass. */
	contacts(count: number): readonly ContactRecord[] {
		return Array.from({ length: count }, () => this.contact());
	}

	/** An opt-out from everything that outlived its contact. */
	retained(fields: Partial<RetainedOptOut> = {}): RetainedOptOut {
		const contactId = fields.contactId ?? this.id();
		const { addressHash } = addressOf(contactId);
		return { addressHash, contactId, unsubscribed: true, topicIds: [], at: minutes(2), ...fields };
	}

	/** An event. */
	event(fields: Partial<NewEvent> = {}): NewEvent {
		return {
			type: "contact.updated",
			contactId: null,
			topicId: null,
			segmentId: null,
			broadcastId: null,
			source: "api",
			actor: null,
			textVersion: null,
			at: minutes(3),
			...fields,
		};
	}

	/** A property of texts. */
	property(fields: Partial<Property> = {}): Property {
		const id = this.id();
		return { id, key: `key_${id.slice(-8)}`, type: "string", fallback: null, createdAt: START, ...fields };
	}

	/** A static segment. */
	segment(fields: Partial<SegmentRecord> = {}): SegmentRecord {
		const id = this.id();
		return { id, name: `Segment ${id.slice(-8)}`, filter: null, uses: [], createdAt: START, ...fields };
	}

	/** A public topic that contacts are in until they opt out. */
	topic(fields: Partial<Topic> = {}): Topic {
		const id = this.id();
		return {
			id,
			name: `Topic ${id.slice(-8)}`,
			description: null,
			defaultSubscription: "opt_in",
			visibility: "public",
			createdAt: START,
			...fields,
		};
	}

	/** A suppression of an address that no contact has. */
	suppression(fields: Partial<SuppressionRecord> = {}): SuppressionRecord {
		const id = this.id();
		const name = `suppressed-${id.slice(-8)}`;
		const { addressHash } = addressOf(name);
		return { id, email: `${name}@example.com`, origin: "bounce", createdAt: START, addressHash, ...fields };
	}

	/** A draft for everyone. */
	broadcast(fields: Partial<BroadcastRecord> = {}): BroadcastRecord {
		return {
			id: this.id(),
			name: null,
			status: "draft",
			statusReason: null,
			segmentId: null,
			filter: null,
			everyone: true,
			topicId: null,
			from: null,
			replyTo: [],
			subject: "Hello {{contact.first_name}}",
			previewText: null,
			html: "<p>Hello</p>",
			mjml: null,
			text: null,
			headers: {},
			tags: [],
			attachments: [],
			createdAt: START,
			updatedAt: START,
			scheduledAt: null,
			queuedAt: null,
			sentAt: null,
			uses: [],
			plan: null,
			...fields,
		};
	}

	/** A queued broadcast whose plan has not begun. */
	queued(upTo: string, fields: Partial<BroadcastRecord> = {}): BroadcastRecord {
		const plan = { upTo, through: null, at: minutes(4), complete: false };
		return this.broadcast({ status: "queued", queuedAt: minutes(4), plan, ...fields });
	}

	/** What a broadcast's messages are made from. */
	content(broadcastId: string, fields: Partial<BroadcastContent> = {}): BroadcastContent {
		return {
			broadcastId,
			topicId: null,
			from: { name: "Shop", address: "shop@example.com" },
			replyTo: [{ name: null, address: "answers@example.com" }],
			subject: "Hello",
			previewText: null,
			html: "<p>Hello</p>",
			text: "Hello",
			headers: { "X-Campaign": "spring" },
			tags: [{ name: "campaign", value: "spring" }],
			attachments: [{ filename: "logo.png", content: "iVBORw0KGgo=", contentType: null, contentId: "logo" }],
			footer: { postalAddress: "1 Main Street", brand: null },
			baseUrl: "https://example.com/mail",
			fallbacks: { plan: "free", since: START, seats: 1, trial: true },
			...fields,
		};
	}

	/** An import that has just begun. */
	import(fields: Partial<ImportRecord> = {}): ImportRecord {
		return {
			id: this.id(),
			status: "in_progress",
			counts: { total: 0, created: 0, updated: 0, skipped: 0, failed: 0 },
			failure: null,
			fingerprint: "",
			createdAt: START,
			completedAt: null,
			...fields,
		};
	}

	/** An issue of a row. */
	issue(line: number, fields: Partial<ImportIssue> = {}): ImportIssue {
		return { line, severity: "error", reason: "invalid_email", field: "email", message: "No address.", ...fields };
	}
}

/** A normalised address and what stands for its hash; no storage looks into either. */
export function addressOf(name: string): { readonly addressKey: string; readonly addressHash: string } {
	return { addressKey: `${name}@example.com`, addressHash: `hash_${name}`.padEnd(43, "A") };
}

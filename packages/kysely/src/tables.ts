import type { Generated } from "kysely";

/*
 * The tables as statements see them. `tenant_id` leads every key. Instants are milliseconds since 1970, flags 0 or 1,
 * JSON as `columns.ts` writes it. `migrations.ts` makes them.
 */

/** Rows of `convoke_contacts`. */
export interface ContactTable {
	tenant_id: string;
	id: string;
	email: string;
	address_key: string;
	address_hash: string;
	external_id: string | null;
	first_name: string | null;
	last_name: string | null;
	properties: string;
	unsubscribed: number;
	confirmation: string;
	/** As JSON; null: none is being waited for. */
	confirmation_request: string | null;
	needs_smtputf8: number;
	/** What samples draw by: see `sampleKey`. */
	sample_key: number;
	/** The words that searches compare, each after a space. */
	words: string;
	created_at: number;
	updated_at: number;
}

/** Rows of `convoke_contact_words`: what searches find contacts by; see `searchKeys`. */
export interface ContactWordTable {
	tenant_id: string;
	word: string;
	contact_id: string;
}

/** Rows of `convoke_properties`. */
export interface PropertyTable {
	tenant_id: string;
	id: string;
	key: string;
	type: string;
	fallback: string | null;
	created_at: number;
}

/** Rows of `convoke_segments`. */
export interface SegmentTable {
	tenant_id: string;
	id: string;
	name: string;
	/** Null: static. */
	filter: string | null;
	uses: string;
	created_at: number;
}

/** Rows of `convoke_segment_members`. */
export interface SegmentMemberTable {
	tenant_id: string;
	contact_id: string;
	segment_id: string;
}

/** Rows of `convoke_topics`. */
export interface TopicTable {
	tenant_id: string;
	id: string;
	name: string;
	description: string | null;
	default_subscription: string;
	visibility: string;
	created_at: number;
}

/** Rows of `convoke_topic_subscriptions`: explicit choices. */
export interface TopicSubscriptionTable {
	tenant_id: string;
	contact_id: string;
	topic_id: string;
	choice: string;
}

/** Rows of `convoke_suppressions`. */
export interface SuppressionTable {
	tenant_id: string;
	id: string;
	email: string;
	address_hash: string;
	origin: string;
	created_at: number;
}

/** Rows of `convoke_retained_opt_outs`. */
export interface RetainedOptOutTable {
	tenant_id: string;
	address_hash: string;
	contact_id: string;
	unsubscribed: number;
	topic_ids: string;
	at: number;
}

/** Rows of `convoke_events`. */
export interface EventTable {
	/** Position in the sequence of all tenants' events. */
	cursor: Generated<number>;
	tenant_id: string;
	type: string;
	contact_id: string | null;
	topic_id: string | null;
	segment_id: string | null;
	broadcast_id: string | null;
	source: string;
	actor: string | null;
	text_version: string | null;
	at: number;
}

/** Rows of `convoke_broadcasts`. */
export interface BroadcastTable {
	tenant_id: string;
	id: string;
	name: string | null;
	status: string;
	status_reason: string | null;
	segment_id: string | null;
	filter: string | null;
	everyone: number;
	topic_id: string | null;
	from: string | null;
	reply_to: string;
	subject: string;
	preview_text: string | null;
	html: string | null;
	mjml: string | null;
	text: string | null;
	headers: string;
	tags: string;
	attachments: string;
	uses: string;
	created_at: number;
	updated_at: number;
	scheduled_at: number | null;
	queued_at: number | null;
	sent_at: number | null;
}

/** Rows of `convoke_broadcast_plans`: how far plans have come. */
export interface BroadcastPlanTable {
	tenant_id: string;
	broadcast_id: string;
	at: number;
	up_to: string | null;
	through: string | null;
	complete: number;
}

/** Rows of `convoke_broadcast_contents`: the frozen content as JSON. */
export interface BroadcastContentTable {
	tenant_id: string;
	broadcast_id: string;
	content: string;
}

/** Rows of `convoke_broadcast_recipients`. */
export interface RecipientTable {
	tenant_id: string;
	broadcast_id: string;
	contact_id: string;
	state: string;
	reason: string | null;
	attempts: number;
	/** Attempts since it was moved to `pending` from outside. */
	tries: number;
	retry_at: number | null;
	provider_id: string | null;
	/** Number of the claim that marked it last. */
	claim: number;
	updated_at: number;
}

/** Rows of `convoke_broadcast_slices`: ranges of recipients by contact id, and their counts. */
export interface SliceTable {
	tenant_id: string;
	broadcast_id: string;
	first_contact_id: string;
	last_contact_id: string;
	id: string;
	/** No recipient before this contact is `pending` or `sending`. */
	open_from: string;
	/** `pending` and `sending` together. */
	open: number;
	pending: number;
	sending: number;
	sent: number;
	failed: number;
	skipped: number;
	uncertain: number;
	/** Counts by reason, as JSON. */
	excluded: string;
	/** Who holds it; null: nobody. */
	owner: string | null;
	lease_end: number | null;
	/** Number of the last claim. */
	claim: number;
	/** Whether recipients may be `sending` by an earlier claim than the last. */
	interrupted: number;
}

/** Rows of `convoke_idempotency_keys`. */
export interface IdempotencyKeyTable {
	tenant_id: string;
	key: string;
	fingerprint: string;
	subject_id: string;
	at: number;
}

/** Rows of `convoke_rate_limits`, which are of no tenant. */
export interface RateLimitTable {
	key: string;
	/** In microseconds since 1970. */
	empty_at: number;
	day: number;
	used: number;
}

/** Rows of `convoke_imports`. */
export interface ImportTable {
	tenant_id: string;
	id: string;
	status: string;
	counts: string;
	failure: string | null;
	fingerprint: string;
	created_at: number;
	completed_at: number | null;
}

/** Rows of `convoke_import_errors`. */
export interface ImportErrorTable {
	tenant_id: string;
	import_id: string;
	/** Position in the import, from 1. */
	number: number;
	line: number;
	severity: string;
	reason: string;
	field: string | null;
	message: string;
}

/** Rows of `convoke_migrations`. */
export interface MigrationTable {
	/** Version of the schema, from 1. */
	version: number;
	name: string;
	applied_at: number;
}

/** Every table, by name. */
export interface Database {
	convoke_contacts: ContactTable;
	convoke_contact_words: ContactWordTable;
	convoke_properties: PropertyTable;
	convoke_segments: SegmentTable;
	convoke_segment_members: SegmentMemberTable;
	convoke_topics: TopicTable;
	convoke_topic_subscriptions: TopicSubscriptionTable;
	convoke_suppressions: SuppressionTable;
	convoke_retained_opt_outs: RetainedOptOutTable;
	convoke_events: EventTable;
	convoke_broadcasts: BroadcastTable;
	convoke_broadcast_plans: BroadcastPlanTable;
	convoke_broadcast_contents: BroadcastContentTable;
	convoke_broadcast_recipients: RecipientTable;
	convoke_broadcast_slices: SliceTable;
	convoke_idempotency_keys: IdempotencyKeyTable;
	convoke_rate_limits: RateLimitTable;
	convoke_imports: ImportTable;
	convoke_import_errors: ImportErrorTable;
	convoke_migrations: MigrationTable;
}

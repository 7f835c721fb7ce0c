import type { ColumnTypes } from "./dialect.ts";

/** One step of the schema. */
export interface Migration {
	/** From 1, without gaps. */
	readonly version: number;
	/** What it brings, in a word or two. */
	readonly name: string;
	/** Its statements. */
	readonly statements: readonly string[];
}

/** All migrations for a database with these column types, in order. Steps that were released are never changed. */
export function migrationsFor(types: ColumnTypes): readonly Migration[] {
	return [{ version: 1, name: "audience", statements: audience(types) }];
}

/** Makes the table that says which migrations were applied. */
export function migrationTable({ table, text, integer, instant }: ColumnTypes): string {
	return `create table if not exists ${table("migrations")} (
	version ${integer} primary key,
	name ${text} not null,
	applied_at ${instant} not null
)`;
}

function audience(types: ColumnTypes): readonly string[] {
	return [...people(types), ...catalogue(types), ...sending(types), ...imports(types)];
}

function people({
	table,
	index,
	id,
	text,
	json,
	document,
	integer,
	flag,
	instant,
	clustered,
	sequence,
	transaction,
}: ColumnTypes) {
	return [
		`create table ${table("contacts")} (
	tenant_id ${text} not null,
	id ${id} not null,
	email ${text} not null,
	address_key ${text} not null,
	address_hash ${text} not null,
	external_id ${text},
	first_name ${text},
	last_name ${text},
	properties ${json} not null,
	unsubscribed ${flag} not null,
	confirmation ${text} not null,
	confirmation_request ${json},
	needs_smtputf8 ${flag} not null,
	sample_key ${integer} not null,
	words ${text} not null,
	created_at ${instant} not null,
	updated_at ${instant} not null,
	primary key (tenant_id, id)
)`,
		`create unique index ${index("contacts_address_key")} on ${table("contacts")} (tenant_id, address_key)`,
		`create index ${index("contacts_address_hash")} on ${table("contacts")} (tenant_id, address_hash)`,
		`create unique index ${index("contacts_external_id")} on ${table("contacts")} (tenant_id, external_id)
	where external_id is not null`,
		`create index ${index("contacts_id")} on ${table("contacts")} (id)`,
		// Without foreign key, which would ask for another index: units write and delete words with their contacts.
		`create table ${table("contact_words")} (
	tenant_id ${text} not null,
	word ${text} not null,
	contact_id ${id} not null,
	primary key (tenant_id, word, contact_id)
)${clustered}`,
		`create table ${table("retained_opt_outs")} (
	tenant_id ${text} not null,
	address_hash ${text} not null,
	contact_id ${id} not null,
	unsubscribed ${flag} not null,
	topic_ids ${document} not null,
	at ${instant} not null,
	primary key (tenant_id, address_hash, contact_id)
)${clustered}`,
		`create index ${index("retained_opt_outs_contact")} on ${table("retained_opt_outs")} (contact_id)`,
		`create table ${table("suppressions")} (
	tenant_id ${text} not null,
	id ${id} not null,
	email ${text} not null,
	address_hash ${text} not null,
	origin ${text} not null,
	created_at ${instant} not null,
	primary key (tenant_id, id)
)${clustered}`,
		`create unique index ${index("suppressions_address_hash")} on ${table("suppressions")} (tenant_id, address_hash)`,
		`create table ${table("events")} (
	cursor ${sequence},${transaction}
	tenant_id ${text} not null,
	type ${text} not null,
	contact_id ${id},
	topic_id ${id},
	segment_id ${id},
	broadcast_id ${id},
	source ${text} not null,
	actor ${text},
	text_version ${text},
	at ${instant} not null
)`,
		`create index ${index("events_tenant")} on ${table("events")} (tenant_id, cursor)`,
		`create index ${index("events_contact")} on ${table("events")} (tenant_id, contact_id, cursor)
	where contact_id is not null`,
	];
}

function catalogue({ table, index, id, text, json, document, instant, clustered }: ColumnTypes): readonly string[] {
	return [
		`create table ${table("properties")} (
	tenant_id ${text} not null,
	id ${id} not null,
	key ${text} not null,
	type ${text} not null,
	fallback ${document},
	created_at ${instant} not null,
	primary key (tenant_id, key),
	unique (tenant_id, id)
)${clustered}`,
		`create table ${table("segments")} (
	tenant_id ${text} not null,
	id ${id} not null,
	name ${text} not null,
	filter ${document},
	uses ${json} not null,
	created_at ${instant} not null,
	primary key (tenant_id, id)
)${clustered}`,
		`create table ${table("segment_members")} (
	tenant_id ${text} not null,
	contact_id ${id} not null,
	segment_id ${id} not null,
	primary key (tenant_id, contact_id, segment_id),
	foreign key (tenant_id, contact_id) references ${table("contacts")} (tenant_id, id) on delete cascade,
	foreign key (tenant_id, segment_id) references ${table("segments")} (tenant_id, id) on delete cascade
)${clustered}`,
		`create index ${index("segment_members_segment")} on ${table("segment_members")} (tenant_id, segment_id, contact_id)`,
		`create table ${table("topics")} (
	tenant_id ${text} not null,
	id ${id} not null,
	name ${text} not null,
	description ${text},
	default_subscription ${text} not null,
	visibility ${text} not null,
	created_at ${instant} not null,
	primary key (tenant_id, id)
)${clustered}`,
		`create table ${table("topic_subscriptions")} (
	tenant_id ${text} not null,
	contact_id ${id} not null,
	topic_id ${id} not null,
	choice ${text} not null,
	primary key (tenant_id, contact_id, topic_id),
	foreign key (tenant_id, contact_id) references ${table("contacts")} (tenant_id, id) on delete cascade,
	foreign key (tenant_id, topic_id) references ${table("topics")} (tenant_id, id) on delete cascade
)${clustered}`,
		`create index ${index("topic_subscriptions_topic")} on ${table("topic_subscriptions")} (tenant_id, topic_id, contact_id)`,
	];
}

function sending({
	table,
	index,
	id,
	text,
	json,
	document,
	integer,
	flag,
	instant,
	clustered,
}: ColumnTypes): readonly string[] {
	return [
		`create table ${table("broadcasts")} (
	tenant_id ${text} not null,
	id ${id} not null,
	name ${text},
	status ${text} not null,
	status_reason ${text},
	segment_id ${id},
	filter ${document},
	everyone ${flag} not null,
	topic_id ${id},
	"from" ${document},
	reply_to ${document} not null,
	subject ${text} not null,
	preview_text ${text},
	html ${text},
	mjml ${text},
	text ${text},
	headers ${document} not null,
	tags ${document} not null,
	attachments ${document} not null,
	uses ${json} not null,
	created_at ${instant} not null,
	updated_at ${instant} not null,
	scheduled_at ${instant},
	queued_at ${instant},
	sent_at ${instant},
	primary key (tenant_id, id)
)`,
		`create index ${index("broadcasts_id")} on ${table("broadcasts")} (id)`,
		`create index ${index("broadcasts_status")} on ${table("broadcasts")} (status, id)`,
		`create table ${table("broadcast_plans")} (
	tenant_id ${text} not null,
	broadcast_id ${id} not null,
	at ${instant} not null,
	up_to ${id},
	through ${id},
	complete ${flag} not null,
	primary key (tenant_id, broadcast_id),
	foreign key (tenant_id, broadcast_id) references ${table("broadcasts")} (tenant_id, id) on delete cascade
)${clustered}`,
		`create table ${table("broadcast_contents")} (
	tenant_id ${text} not null,
	broadcast_id ${id} not null,
	content ${document} not null,
	primary key (tenant_id, broadcast_id),
	foreign key (tenant_id, broadcast_id) references ${table("broadcasts")} (tenant_id, id) on delete cascade
)`,
		`create table ${table("broadcast_recipients")} (
	tenant_id ${text} not null,
	broadcast_id ${id} not null,
	contact_id ${id} not null,
	state ${text} not null,
	reason ${text},
	attempts ${integer} not null,
	tries ${integer} not null,
	retry_at ${instant},
	provider_id ${text},
	claim ${integer} not null,
	updated_at ${instant} not null,
	primary key (tenant_id, broadcast_id, contact_id)
)${clustered}`,
		`create table ${table("broadcast_slices")} (
	tenant_id ${text} not null,
	broadcast_id ${id} not null,
	first_contact_id ${id} not null,
	last_contact_id ${id} not null,
	id ${id} not null,
	open_from ${id} not null,
	"open" ${integer} not null,
	pending ${integer} not null,
	sending ${integer} not null,
	sent ${integer} not null,
	failed ${integer} not null,
	skipped ${integer} not null,
	uncertain ${integer} not null,
	excluded ${text} not null,
	owner ${text},
	lease_end ${instant},
	claim ${integer} not null,
	interrupted ${flag} not null,
	primary key (tenant_id, broadcast_id, first_contact_id),
	unique (tenant_id, broadcast_id, id),
	foreign key (tenant_id, broadcast_id) references ${table("broadcasts")} (tenant_id, id) on delete cascade
)${clustered}`,
		`create table ${table("idempotency_keys")} (
	tenant_id ${text} not null,
	key ${text} not null,
	fingerprint ${text} not null,
	subject_id ${id} not null,
	at ${instant} not null,
	primary key (tenant_id, key)
)${clustered}`,
		`create table ${table("rate_limits")} (
	key ${text} primary key,
	empty_at ${instant} not null,
	day ${integer} not null,
	used ${integer} not null
)${clustered}`,
		`create index ${index("broadcast_slices_open")} on ${table("broadcast_slices")} (broadcast_id, tenant_id, first_contact_id)
	where "open" > 0`,
		`create index ${index("broadcast_slices_lease")} on ${table("broadcast_slices")} (lease_end) where owner is not null`,
	];
}

function imports({ table, id, text, document, integer, instant, clustered }: ColumnTypes): readonly string[] {
	return [
		`create table ${table("imports")} (
	tenant_id ${text} not null,
	id ${id} not null,
	status ${text} not null,
	counts ${document} not null,
	failure ${text},
	fingerprint ${text} not null,
	created_at ${instant} not null,
	completed_at ${instant},
	primary key (tenant_id, id)
)${clustered}`,
		`create table ${table("import_errors")} (
	tenant_id ${text} not null,
	import_id ${id} not null,
	number ${integer} not null,
	line ${integer} not null,
	severity ${text} not null,
	reason ${text} not null,
	field ${text},
	message ${text} not null,
	primary key (tenant_id, import_id, number),
	foreign key (tenant_id, import_id) references ${table("imports")} (tenant_id, id) on delete cascade
)${clustered}`,
	];
}

CREATE TABLE convoke_broadcast_contents (
	tenant_id text not null,
	broadcast_id text not null,
	content text not null,
	primary key (tenant_id, broadcast_id),
	foreign key (tenant_id, broadcast_id) references convoke_broadcasts (tenant_id, id) on delete cascade
);

CREATE TABLE convoke_broadcast_plans (
	tenant_id text not null,
	broadcast_id text not null,
	at integer not null,
	up_to text,
	through text,
	complete integer not null,
	primary key (tenant_id, broadcast_id),
	foreign key (tenant_id, broadcast_id) references convoke_broadcasts (tenant_id, id) on delete cascade
) without rowid;

CREATE TABLE convoke_broadcast_recipients (
	tenant_id text not null,
	broadcast_id text not null,
	contact_id text not null,
	state text not null,
	reason text,
	attempts integer not null,
	tries integer not null,
	retry_at integer,
	provider_id text,
	claim integer not null,
	updated_at integer not null,
	primary key (tenant_id, broadcast_id, contact_id)
) without rowid;

CREATE TABLE convoke_broadcast_slices (
	tenant_id text not null,
	broadcast_id text not null,
	first_contact_id text not null,
	last_contact_id text not null,
	id text not null,
	open_from text not null,
	"open" integer not null,
	pending integer not null,
	sending integer not null,
	sent integer not null,
	failed integer not null,
	skipped integer not null,
	uncertain integer not null,
	excluded text not null,
	owner text,
	lease_end integer,
	claim integer not null,
	interrupted integer not null,
	primary key (tenant_id, broadcast_id, first_contact_id),
	unique (tenant_id, broadcast_id, id),
	foreign key (tenant_id, broadcast_id) references convoke_broadcasts (tenant_id, id) on delete cascade
) without rowid;

CREATE TABLE convoke_broadcasts (
	tenant_id text not null,
	id text not null,
	name text,
	status text not null,
	status_reason text,
	segment_id text,
	filter text,
	everyone integer not null,
	topic_id text,
	"from" text,
	reply_to text not null,
	subject text not null,
	preview_text text,
	html text,
	mjml text,
	text text,
	headers text not null,
	tags text not null,
	attachments text not null,
	uses text not null,
	created_at integer not null,
	updated_at integer not null,
	scheduled_at integer,
	queued_at integer,
	sent_at integer,
	primary key (tenant_id, id)
);

CREATE TABLE convoke_contact_words (
	tenant_id text not null,
	word text not null,
	contact_id text not null,
	primary key (tenant_id, word, contact_id)
) without rowid;

CREATE TABLE convoke_contacts (
	tenant_id text not null,
	id text not null,
	email text not null,
	address_key text not null,
	address_hash text not null,
	external_id text,
	first_name text,
	last_name text,
	properties text not null,
	unsubscribed integer not null,
	confirmation text not null,
	confirmation_request text,
	needs_smtputf8 integer not null,
	sample_key integer not null,
	words text not null,
	created_at integer not null,
	updated_at integer not null,
	primary key (tenant_id, id)
);

CREATE TABLE convoke_events (
	cursor integer primary key autoincrement,
	tenant_id text not null,
	type text not null,
	contact_id text,
	topic_id text,
	segment_id text,
	broadcast_id text,
	source text not null,
	actor text,
	text_version text,
	at integer not null
);

CREATE TABLE convoke_idempotency_keys (
	tenant_id text not null,
	key text not null,
	fingerprint text not null,
	subject_id text not null,
	at integer not null,
	primary key (tenant_id, key)
) without rowid;

CREATE TABLE convoke_import_errors (
	tenant_id text not null,
	import_id text not null,
	number integer not null,
	line integer not null,
	severity text not null,
	reason text not null,
	field text,
	message text not null,
	primary key (tenant_id, import_id, number),
	foreign key (tenant_id, import_id) references convoke_imports (tenant_id, id) on delete cascade
) without rowid;

CREATE TABLE convoke_imports (
	tenant_id text not null,
	id text not null,
	status text not null,
	counts text not null,
	failure text,
	fingerprint text not null,
	created_at integer not null,
	completed_at integer,
	primary key (tenant_id, id)
) without rowid;

CREATE TABLE convoke_migrations (
	version integer primary key,
	name text not null,
	applied_at integer not null
);

CREATE TABLE convoke_properties (
	tenant_id text not null,
	id text not null,
	key text not null,
	type text not null,
	fallback text,
	created_at integer not null,
	primary key (tenant_id, key),
	unique (tenant_id, id)
) without rowid;

CREATE TABLE convoke_rate_limits (
	key text primary key,
	empty_at integer not null,
	day integer not null,
	used integer not null
) without rowid;

CREATE TABLE convoke_retained_opt_outs (
	tenant_id text not null,
	address_hash text not null,
	contact_id text not null,
	unsubscribed integer not null,
	topic_ids text not null,
	at integer not null,
	primary key (tenant_id, address_hash, contact_id)
) without rowid;

CREATE TABLE convoke_segment_members (
	tenant_id text not null,
	contact_id text not null,
	segment_id text not null,
	primary key (tenant_id, contact_id, segment_id),
	foreign key (tenant_id, contact_id) references convoke_contacts (tenant_id, id) on delete cascade,
	foreign key (tenant_id, segment_id) references convoke_segments (tenant_id, id) on delete cascade
) without rowid;

CREATE TABLE convoke_segments (
	tenant_id text not null,
	id text not null,
	name text not null,
	filter text,
	uses text not null,
	created_at integer not null,
	primary key (tenant_id, id)
) without rowid;

CREATE TABLE convoke_suppressions (
	tenant_id text not null,
	id text not null,
	email text not null,
	address_hash text not null,
	origin text not null,
	created_at integer not null,
	primary key (tenant_id, id)
) without rowid;

CREATE TABLE convoke_topic_subscriptions (
	tenant_id text not null,
	contact_id text not null,
	topic_id text not null,
	choice text not null,
	primary key (tenant_id, contact_id, topic_id),
	foreign key (tenant_id, contact_id) references convoke_contacts (tenant_id, id) on delete cascade,
	foreign key (tenant_id, topic_id) references convoke_topics (tenant_id, id) on delete cascade
) without rowid;

CREATE TABLE convoke_topics (
	tenant_id text not null,
	id text not null,
	name text not null,
	description text,
	default_subscription text not null,
	visibility text not null,
	created_at integer not null,
	primary key (tenant_id, id)
) without rowid;

CREATE TABLE sqlite_sequence(name,seq);

CREATE INDEX convoke_broadcast_slices_lease on convoke_broadcast_slices (lease_end) where owner is not null;

CREATE INDEX convoke_broadcast_slices_open on convoke_broadcast_slices (broadcast_id, tenant_id, first_contact_id)
	where "open" > 0;

CREATE INDEX convoke_broadcasts_id on convoke_broadcasts (id);

CREATE INDEX convoke_broadcasts_status on convoke_broadcasts (status, id);

CREATE INDEX convoke_contacts_address_hash on convoke_contacts (tenant_id, address_hash);

CREATE UNIQUE INDEX convoke_contacts_address_key on convoke_contacts (tenant_id, address_key);

CREATE UNIQUE INDEX convoke_contacts_external_id on convoke_contacts (tenant_id, external_id)
	where external_id is not null;

CREATE INDEX convoke_contacts_id on convoke_contacts (id);

CREATE INDEX convoke_events_contact on convoke_events (tenant_id, contact_id, cursor)
	where contact_id is not null;

CREATE INDEX convoke_events_tenant on convoke_events (tenant_id, cursor);

CREATE INDEX convoke_retained_opt_outs_contact on convoke_retained_opt_outs (contact_id);

CREATE INDEX convoke_segment_members_segment on convoke_segment_members (tenant_id, segment_id, contact_id);

CREATE UNIQUE INDEX convoke_suppressions_address_hash on convoke_suppressions (tenant_id, address_hash);

CREATE INDEX convoke_topic_subscriptions_topic on convoke_topic_subscriptions (tenant_id, topic_id, contact_id);

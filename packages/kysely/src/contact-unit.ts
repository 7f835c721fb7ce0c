import type {
	ContactDecision,
	ContactDecisions,
	ContactEntry,
	ContactRecord,
	FoundContact,
	RetainedOptOut,
} from "@convoke/core";
import { searchWords } from "@convoke/core";
import { sql } from "kysely";
import { Columns, flag, instant, json, text } from "./columns.ts";
import { ContactLocks } from "./contact-locks.ts";
import type { LockedContact } from "./contact-locks.ts";
import { CONTACT_COLUMNS, encodeContact } from "./contact-rows.ts";
import type { ContactStore } from "./contact-store.ts";
import type { ContactWords } from "./contact-words.ts";
import type { SqlDialect } from "./dialect.ts";
import type { EventStore } from "./event-store.ts";
import { groupBy } from "./group-by.ts";
import type { ImportStore } from "./import-store.ts";
import { Insert } from "./insert.ts";
import { compilable, query } from "./query.ts";
import type { Query } from "./query.ts";
import { all, changesOf, UnitOvertaken } from "./statement.ts";
import type { Unit } from "./statement.ts";

type Listed<Row> = Query<{ tenant: string; values: unknown }, Row>;

const retained = new Columns<RetainedOptOut>({
	addressHash: text,
	contactId: text,
	unsubscribed: flag,
	topicIds: json,
	at: instant,
});

/** The stores that a unit writes to. */
export interface ContactUnitStores {
	readonly contacts: ContactStore;
	readonly words: ContactWords;
	readonly events: EventStore;
	readonly imports: ImportStore;
}

/** Finds contacts, lets it be decided what becomes of them, and writes that; see `TenantStorage.changeContacts`. */
export class ContactUnit {
	readonly #dialect: SqlDialect;
	readonly #contacts: ContactStore;
	readonly #words: ContactWords;
	readonly #locks: ContactLocks;
	readonly #events: EventStore;
	readonly #imports: ImportStore;
	readonly #upsertContact: Insert;
	readonly #insertMember: Insert;
	readonly #upsertChoice: Insert;
	readonly #upsertRetained: Insert;
	readonly #addressHolders: Listed<{ id: string; key: string }>;
	readonly #externalIdHolders: Listed<{ id: string; key: string }>;
	readonly #retainedByHash: Listed<object>;
	readonly #retainedByContact: Listed<object>;
	readonly #removeContacts: Listed<unknown>;
	readonly #freeKeys: Listed<unknown>;
	readonly #existingSegments: Listed<{ id: string }>;
	readonly #existingTopics: Listed<{ id: string }>;
	readonly #deleteMembers: Query<{ tenant: string; records: string }, unknown>;
	readonly #deleteChoices: Query<{ tenant: string; records: string }, unknown>;

	constructor(dialect: SqlDialect, { contacts, words, events, imports }: ContactUnitStores) {
		this.#dialect = dialect;
		this.#contacts = contacts;
		this.#words = words;
		this.#locks = new ContactLocks(dialect);
		this.#events = events;
		this.#imports = imports;
		const key = ["tenant_id", "id"];
		this.#upsertContact = new Insert(dialect, "convoke_contacts", CONTACT_COLUMNS, { key });
		this.#insertMember = new Insert(dialect, "convoke_segment_members", ["tenant_id", "contact_id", "segment_id"]);
		this.#upsertChoice = new Insert(
			dialect,
			"convoke_topic_subscriptions",
			["tenant_id", "contact_id", "topic_id", "choice"],
			{ key: ["tenant_id", "contact_id", "topic_id"] },
		);
		this.#upsertRetained = new Insert(dialect, "convoke_retained_opt_outs", ["tenant_id", ...retained.names], {
			key: ["tenant_id", "address_hash", "contact_id"],
		});
		this.#addressHolders = this.#holders("address_key");
		this.#externalIdHolders = this.#holders("external_id");
		this.#retainedByHash = this.#retainedBy("address_hash");
		this.#retainedByContact = this.#retainedBy("contact_id");
		this.#removeContacts = query<{ tenant: string; values: unknown }>()((param) =>
			dialect.db
				.deleteFrom("convoke_contacts")
				.where("tenant_id", "=", param("tenant"))
				.where(dialect.among(sql.ref("id"), param("values"), "id")),
		);
		// So that addresses and external ids can change hands within a unit, whatever the order of the writes.
		this.#freeKeys = query<{ tenant: string; values: unknown }>()((param) =>
			dialect.db
				.updateTable("convoke_contacts")
				.set({ address_key: sql<string>`cast(id as text)`, external_id: null })
				.where("tenant_id", "=", param("tenant"))
				.where(dialect.among(sql.ref("id"), param("values"), "id")),
		);
		this.#existingSegments = this.#existing("convoke_segments");
		this.#existingTopics = this.#existing("convoke_topics");
		this.#deleteMembers = this.#deletePairs("convoke_segment_members", "segment_id");
		this.#deleteChoices = this.#deletePairs("convoke_topic_subscriptions", "topic_id");
	}

	/** One unit. */
	*change(
		tenant: string,
		entries: readonly ContactEntry[],
		decide: (found: readonly FoundContact[]) => ContactDecisions,
	): Unit<ContactDecisions> {
		const found = yield* this.#findLocked(tenant, entries);
		// `decide` may change what it is given, and what it found is needed after it.
		const known = structuredClone(found.flatMap(({ contact }) => contact ?? []));
		const decisions = decide(found);
		if (decisions.step !== undefined) yield* this.#imports.step(tenant, decisions.step);
		yield* this.#write(tenant, decisions.contacts, known);
		const rows = decisions.contacts
			.flatMap(({ retain }) => retain)
			.toSorted((a, b) => (a.addressHash < b.addressHash ? -1 : 1));
		yield* this.#upsertRetained.rows(rows.map((row) => ({ tenant_id: tenant, ...retained.encode(row) })));
		yield* this.#events.append(
			tenant,
			decisions.contacts.flatMap(({ events }) => events),
		);
		return decisions;
	}

	/** What is there, and stays so until the unit ends. @throws `UnitOvertaken` */
	*#findLocked(tenant: string, entries: readonly ContactEntry[]): Unit<readonly FoundContact[]> {
		const locked = yield* this.#locks.lock(tenant, entries);
		const found = yield* this.#find(tenant, entries, locked);
		if (locked === undefined) return found;
		const ids = new Set(locked.map(({ id }) => id));
		// Somebody may have come between the two statements.
		if (found.some(({ contact }) => contact !== undefined && !ids.has(contact.id))) throw new UnitOvertaken();
		return found;
	}

	*#find(
		tenant: string,
		entries: readonly ContactEntry[],
		locked: readonly LockedContact[] | undefined,
	): Unit<readonly FoundContact[]> {
		const contacts = yield* this.#contacts.find(
			tenant,
			entries.map(({ key }) => key),
		);
		const { addressHolders, externalIdHolders } =
			locked === undefined ? yield* this.#lookForHolders(tenant, entries) : holdersAmong(locked);
		const hashes = entries.flatMap((entry) => hashOf(entry) ?? []);
		const byHash = groupBy(
			yield* this.#retained(this.#retainedByHash, tenant, hashes),
			({ addressHash }) => addressHash,
		);
		const ids = entries.flatMap(({ key }) => ("id" in key ? key.id : []));
		const byContact = groupBy(
			yield* this.#retained(this.#retainedByContact, tenant, ids),
			({ contactId }) => contactId,
		);
		return entries.map((entry, index) => ({
			contact: contacts[index],
			addressHolder: lookUp(addressHolders, entry.address?.key),
			externalIdHolder: lookUp(externalIdHolders, entry.externalId),
			retained: lookUp(byHash, hashOf(entry)) ?? [],
			former: lookUp(byContact, "id" in entry.key ? entry.key.id : undefined) ?? [],
		}));
	}

	*#lookForHolders(tenant: string, entries: readonly ContactEntry[]): Unit<Holders> {
		const addresses = entries.flatMap(({ address }) => address?.key ?? []);
		const externalIds = entries.flatMap(({ externalId }) => externalId ?? []);
		return {
			addressHolders: yield* this.#holdersOf(this.#addressHolders, tenant, addresses),
			externalIdHolders: yield* this.#holdersOf(this.#externalIdHolders, tenant, externalIds),
		};
	}

	*#write(tenant: string, decisions: readonly ContactDecision[], known: readonly ContactRecord[]): Unit<void> {
		const removed = decisions.flatMap(({ remove }) => remove ?? []);
		if (removed.length > 0) yield* this.#remove(tenant, removed, known);
		const written = new Map(decisions.flatMap(({ write }) => (write === undefined ? [] : [[write.id, write]])));
		if (written.size === 0) return;
		// Those that exist are locked by now. New ones are written in the order of their addresses, so that units that write
		// the same ones wait for each other instead of deadlocking.
		const contacts = [...written.values()].toSorted((a, b) => (a.addressKey < b.addressKey ? -1 : 1));
		const before = yield* this.#stored(
			tenant,
			contacts.map(({ id }) => id),
			known,
		);
		const moving = contacts.filter((contact) => changesKeys(before.get(contact.id), contact)).map(({ id }) => id);
		if (moving.length > 0) yield* changesOf(this.#freeKeys.bind(this.#listOf(tenant, moving)));
		const words = new Map(contacts.map((contact) => [contact, searchWords(contact)]));
		yield* this.#upsertContact.rows(
			contacts.map((contact) => encodeContact(tenant, contact, words.get(contact) ?? [])),
		);
		yield* this.#words.write(tenant, words, before);
		yield* this.#writeSegments(tenant, contacts, before);
		yield* this.#writeChoices(tenant, contacts, before);
	}

	*#remove(tenant: string, ids: readonly string[], known: readonly ContactRecord[]): Unit<void> {
		const stored = yield* this.#stored(tenant, ids, known);
		yield* this.#words.delete(
			tenant,
			ids.flatMap((id) => stored.get(id) ?? []),
		);
		yield* changesOf(this.#removeContacts.bind(this.#listOf(tenant, ids)));
	}

	/** What is stored of the contacts with these ids. */
	*#stored(
		tenant: string,
		ids: readonly string[],
		known: readonly ContactRecord[],
	): Unit<ReadonlyMap<string, ContactRecord>> {
		const stored = new Map(known.map((contact) => [contact.id, contact]));
		const unknown = ids.filter((id) => !stored.has(id)).map((id) => ({ id }));
		for (const contact of yield* this.#contacts.find(tenant, unknown)) {
			if (contact !== undefined) stored.set(contact.id, contact);
		}
		return stored;
	}

	*#writeSegments(
		tenant: string,
		contacts: readonly ContactRecord[],
		before: ReadonlyMap<string, ContactRecord>,
	): Unit<void> {
		const added = pairs(contacts, ({ id, segmentIds }) =>
			segmentIds.filter((segmentId) => before.get(id)?.segmentIds.includes(segmentId) !== true),
		);
		const removed = pairs(contacts, ({ id, segmentIds }) =>
			(before.get(id)?.segmentIds ?? []).filter((segmentId) => !segmentIds.includes(segmentId)),
		);
		yield* this.#deleted(this.#deleteMembers, tenant, removed);
		const exist = yield* this.#existingIds(this.#existingSegments, tenant, added);
		const rows = added.filter(([, segmentId]) => exist.has(segmentId));
		yield* this.#insertMember.rows(
			rows.map(([contactId, segmentId]) => ({ tenant_id: tenant, contact_id: contactId, segment_id: segmentId })),
		);
	}

	*#writeChoices(
		tenant: string,
		contacts: readonly ContactRecord[],
		before: ReadonlyMap<string, ContactRecord>,
	): Unit<void> {
		const made = pairs(contacts, ({ id, choices }) =>
			Object.keys(choices).filter((topicId) => before.get(id)?.choices[topicId] !== choices[topicId]),
		);
		const withdrawn = pairs(contacts, ({ id, choices }) =>
			Object.keys(before.get(id)?.choices ?? {}).filter((topicId) => choices[topicId] === undefined),
		);
		yield* this.#deleted(this.#deleteChoices, tenant, withdrawn);
		const exist = yield* this.#existingIds(this.#existingTopics, tenant, made);
		const choiceOf = new Map(contacts.map(({ id, choices }) => [id, choices]));
		const rows = made.filter(([, topicId]) => exist.has(topicId));
		yield* this.#upsertChoice.rows(
			rows.map(([contactId, topicId]) => ({
				tenant_id: tenant,
				contact_id: contactId,
				topic_id: topicId,
				choice: choiceOf.get(contactId)?.[topicId],
			})),
		);
	}

	*#deleted(
		statement: Query<{ tenant: string; records: string }, unknown>,
		tenant: string,
		records: readonly Pair[],
	): Unit<void> {
		if (records.length > 0) yield* changesOf(statement.bind({ tenant, records: JSON.stringify(records) }));
	}

	*#existingIds(listed: Listed<{ id: string }>, tenant: string, refs: readonly Pair[]): Unit<ReadonlySet<string>> {
		const ids = [...new Set(refs.map(([, id]) => id))];
		if (ids.length === 0) return new Set();
		return new Set((yield* all(listed.bind(this.#listOf(tenant, ids)))).map(({ id }) => id));
	}

	*#holdersOf(
		holders: Listed<{ id: string; key: string }>,
		tenant: string,
		values: readonly string[],
	): Unit<ReadonlyMap<string, string>> {
		if (values.length === 0) return new Map();
		const rows = yield* all(holders.bind(this.#listOf(tenant, values)));
		return new Map(rows.map(({ id, key }) => [key, id]));
	}

	*#retained(listed: Listed<object>, tenant: string, values: readonly string[]): Unit<readonly RetainedOptOut[]> {
		if (values.length === 0) return [];
		const rows = (yield* all(listed.bind(this.#listOf(tenant, values)))).map((row) => retained.decode(row));
		const topics = rows.flatMap(({ contactId, topicIds }) => topicIds.map((topicId): Pair => [contactId, topicId]));
		const exist = yield* this.#existingIds(this.#existingTopics, tenant, topics);
		return rows.map((row) => ({ ...row, topicIds: row.topicIds.filter((topicId) => exist.has(topicId)) }));
	}

	#listOf(tenant: string, values: readonly string[]): { tenant: string; values: unknown } {
		return { tenant, values: this.#dialect.encodeList(values) };
	}

	#holders(column: "address_key" | "external_id"): Listed<{ id: string; key: string }> {
		return query<{ tenant: string; values: unknown }>()((param) =>
			this.#dialect.db
				.selectFrom("convoke_contacts")
				.select(["id", sql<string>`${sql.ref(column)}`.as("key")])
				.where("tenant_id", "=", param("tenant"))
				.where(this.#dialect.among(sql.ref(column), param("values"), "text")),
		);
	}

	#retainedBy(column: "address_hash" | "contact_id"): Listed<object> {
		const type = column === "contact_id" ? "id" : "text";
		return query<{ tenant: string; values: unknown }>()((param) =>
			this.#dialect.db
				.selectFrom("convoke_retained_opt_outs")
				.selectAll()
				.where("tenant_id", "=", param("tenant"))
				.where(this.#dialect.among(sql.ref(column), param("values"), type))
				.orderBy("contact_id")
				.orderBy("address_hash"),
		);
	}

	#existing(table: "convoke_segments" | "convoke_topics"): Listed<{ id: string }> {
		return query<{ tenant: string; values: unknown }>()((param) =>
			this.#dialect.db
				.selectFrom(table)
				.select("id")
				.where("tenant_id", "=", param("tenant"))
				.where(this.#dialect.among(sql.ref("id"), param("values"), "id")),
		);
	}

	#deletePairs(
		table: "convoke_segment_members" | "convoke_topic_subscriptions",
		column: "segment_id" | "topic_id",
	): Query<{ tenant: string; records: string }, unknown> {
		return query<{ tenant: string; records: string }>()((param) => {
			const records = this.#dialect.records(param("records"), { contact_id: "id", other_id: "id" });
			const statement = sql`delete from ${sql.table(table)} where tenant_id = ${param("tenant")}
				and (contact_id, ${sql.ref(column)}) in (select o.contact_id, o.other_id from ${records})`;
			return compilable(statement, this.#dialect.db);
		});
	}
}

/** The ids of contacts by what only one can have. */
interface Holders {
	readonly addressHolders: ReadonlyMap<string, string>;
	readonly externalIdHolders: ReadonlyMap<string, string>;
}

function holdersAmong(locked: readonly LockedContact[]): Holders {
	return {
		addressHolders: new Map(locked.map(({ id, address_key: key }) => [key, id])),
		externalIdHolders: new Map(locked.flatMap(({ id, external_id: key }) => (key === null ? [] : [[key, id]]))),
	};
}

/** A contact and a segment or topic. */
type Pair = readonly [contactId: string, otherId: string];

function pairs(contacts: readonly ContactRecord[], others: (contact: ContactRecord) => readonly string[]): Pair[] {
	return contacts.flatMap((contact) => {
		const found = others(contact);
		const distinct = found.length > 1 ? [...new Set(found)] : found;
		return distinct.map((other): Pair => [contact.id, other]);
	});
}

function changesKeys(before: ContactRecord | undefined, after: ContactRecord): boolean {
	if (before === undefined) return false;
	return (
		before.addressKey !== after.addressKey || (before.externalId !== null && before.externalId !== after.externalId)
	);
}

/** What stands under a key, if there is a key: an empty one is one too. */
function lookUp<Value>(values: ReadonlyMap<string, Value>, key: string | undefined): Value | undefined {
	return key === undefined ? undefined : values.get(key);
}

function hashOf({ key, address }: ContactEntry): string | undefined {
	return address?.hash ?? ("addressHash" in key ? key.addressHash : undefined);
}

import type { BoundFilter, ContactKey, ContactRecord } from "@convoke/core";
import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import { contactSelection, decodeContact } from "./contact-rows.ts";
import type { ContactSource, ContactSources, IdRange } from "./contact-sources.ts";
import type { SqlDialect } from "./dialect.ts";
import { filterSql } from "./filter-sql.ts";
import { compilable, query } from "./query.ts";
import type { Query } from "./query.ts";
import { all, first } from "./statement.ts";
import type { Unit } from "./statement.ts";

type Listed = Query<{ tenant: string; values: unknown }, object>;

/** Contacts passed by one statement, so that it stays a matter of milliseconds. */
const PASSED_AT_ONCE = 5_000;

/** Where a way through contacts stands. */
export interface ContactCursor {
	/** Where they come from; `undefined`: it is to be chosen. */
	readonly source: ContactSource | undefined;
	/** The last contact passed; `undefined`: none was. */
	readonly from: string | undefined;
	/** How many to pass next. */
	readonly size: number;
}

/** What to read of a page next. */
export interface PageStep {
	readonly cursor: ContactCursor;
	/** From older contacts to newer ones. */
	readonly backwards: boolean;
	/** Most contacts to answer with. */
	readonly limit: number;
}

/** A part of a page. */
export interface ContactPart {
	readonly contacts: readonly ContactRecord[];
	/** Where to go on; `undefined`: all were passed, or no more are wanted. */
	readonly next: ContactCursor | undefined;
}

/** A part of a count. */
export interface ContactCount {
	/** How many of those passed match. */
	readonly matching: number;
	/** Where to go on; `undefined`: all were passed. */
	readonly next: ContactCursor | undefined;
}

/** Finds contacts. */
export class ContactStore {
	readonly #dialect: SqlDialect;
	/** For statements that pass all contacts: the database chooses how. */
	readonly #whole: SqlDialect;
	readonly #sources: ContactSources;
	readonly #byId: Listed;
	readonly #byExternalId: Listed;
	readonly #byAddressKey: Listed;
	readonly #byAddressHash: Listed;
	readonly #lastId: Query<{ tenant: string }, { id: string }>;

	constructor(dialect: SqlDialect, sources: ContactSources) {
		this.#dialect = dialect;
		this.#whole = { ...dialect, perRow: sql`` };
		this.#sources = sources;
		this.#byId = this.#listed("id");
		this.#byExternalId = this.#listed("external_id");
		this.#byAddressKey = this.#listed("address_key");
		this.#byAddressHash = this.#listed("address_hash");
		this.#lastId = query<{ tenant: string }>()((param) =>
			dialect.db
				.selectFrom("convoke_contacts")
				.select("id")
				.where("tenant_id", "=", param("tenant"))
				.orderBy("id", "desc")
				.limit(1),
		);
	}

	/** By key, in the order of the keys. */
	*find(tenant: string, keys: readonly ContactKey[]): Unit<readonly (ContactRecord | undefined)[]> {
		const byId = yield* this.#by(this.#byId, tenant, keys.flatMap(idOf), (contact) => contact.id);
		const byExternal = yield* this.#by(
			this.#byExternalId,
			tenant,
			keys.flatMap((key) => ("externalId" in key ? key.externalId : [])),
			({ externalId }) => externalId ?? "",
		);
		const byKey = yield* this.#by(
			this.#byAddressKey,
			tenant,
			keys.flatMap((key) => ("addressKey" in key ? key.addressKey : [])),
			({ addressKey }) => addressKey,
		);
		const byHash = yield* this.#by(
			this.#byAddressHash,
			tenant,
			keys.flatMap((key) => ("addressHash" in key ? key.addressHash : [])),
			({ addressHash }) => addressHash,
		);
		return keys.map((key) => {
			if ("id" in key) return byId.get(key.id);
			if ("externalId" in key) return byExternal.get(key.externalId);
			return "addressKey" in key ? byKey.get(key.addressKey) : byHash.get(key.addressHash);
		});
	}

	/** A part of a page: those that match among the next contacts of a source, in the order the page is read. */
	*page(tenant: string, filter: BoundFilter, { cursor, backwards, limit }: PageStep): Unit<ContactPart> {
		const source = cursor.source ?? (yield* this.#sources.choose(tenant, filter));
		const { from } = cursor;
		// Of a source that was just chosen because it is narrow, most match.
		const size = cursor.source === undefined && !source.isEveryone ? Math.min(cursor.size, limit * 2) : cursor.size;
		const beyond: IdRange = (id) =>
			from === undefined ? sql`true` : backwards ? sql`${id} > ${from}` : sql`${id} < ${from}`;
		const through = yield* this.#nth(tenant, source, beyond, backwards, size);
		const range: IdRange = (id) =>
			through === undefined
				? beyond(id)
				: sql`${beyond(id)} and ${backwards ? sql`${id} <= ${through}` : sql`${id} >= ${through}`}`;
		const rows = sql<object>`select ${contactSelection(this.#dialect)} ${this.#matching(tenant, filter, source, range)}
			order by c.id ${backwards ? sql`asc` : sql`desc`} limit ${limit}`;
		const contacts = (yield* all<object>(rows.compile(this.#dialect.db))).map(decodeContact);
		if (through === undefined || contacts.length === limit) return { contacts, next: undefined };
		const isHopeful = size * 4 < PASSED_AT_ONCE;
		const onwards = isHopeful || source.otherwise === undefined ? source : yield* source.otherwise();
		return { contacts, next: { source: onwards, from: through, size: Math.min(size * 4, PASSED_AT_ONCE) } };
	}

	/** How many match, among the next contacts of a source, or among all. */
	*count(tenant: string, filter: BoundFilter, cursor: ContactCursor | undefined): Unit<ContactCount> {
		const source = cursor?.source ?? (yield* this.#sources.choose(tenant, filter));
		const size = this.#dialect.countedAtOnce;
		if (size === undefined) {
			const matching = yield* this.#countIn(tenant, filter, source, () => sql`true`, this.#whole);
			return { matching, next: undefined };
		}
		const from = cursor?.from;
		const beyond: IdRange = (id) => (from === undefined ? sql`true` : sql`${id} > ${from}`);
		const through = yield* this.#nth(tenant, source, beyond, true, size);
		const range: IdRange = (id) => (through === undefined ? beyond(id) : sql`${beyond(id)} and ${id} <= ${through}`);
		const matching = yield* this.#countIn(tenant, filter, source, range, this.#dialect);
		return { matching, next: through === undefined ? undefined : { source, from: through, size } };
	}

	*#countIn(
		tenant: string,
		filter: BoundFilter,
		source: ContactSource,
		range: IdRange,
		dialect: SqlDialect,
	): Unit<number> {
		const matching =
			source.isExact === true
				? sql`from (${source.ids(tenant, range)}) as i`
				: this.#matching(tenant, filter, source, range, dialect);
		const counted = sql<{ count: number }>`select cast(count(*) as integer) as count ${matching}`;
		return (yield* first<{ count: number }>(counted.compile(dialect.db)))?.count ?? 0;
	}

	/** The id that comes after so many of a source. */
	*#nth(
		tenant: string,
		source: ContactSource,
		beyond: IdRange,
		backwards: boolean,
		size: number,
	): Unit<string | undefined> {
		const end = sql<{ id: string }>`select id from (${source.ids(tenant, beyond)}) as i
			order by id ${backwards ? sql`asc` : sql`desc`} limit 1 offset ${size - 1}`;
		return (yield* first<{ id: string }>(end.compile(this.#dialect.db)))?.id;
	}

	#matching(
		tenant: string,
		filter: BoundFilter,
		source: ContactSource,
		range: IdRange,
		dialect: SqlDialect = this.#dialect,
	): RawBuilder<unknown> {
		const candidates = source.isEveryone ? range(sql`c.id`) : sql`c.id in (${source.ids(tenant, range)})`;
		return sql`from ${sql.table("convoke_contacts")} as c
			where c.tenant_id = ${tenant} and ${candidates} and ${filterSql(filter, dialect)}`;
	}

	/** The largest id. */
	*lastId(tenant: string): Unit<string | undefined> {
		return (yield* first(this.#lastId.bind({ tenant })))?.id;
	}

	*#by(
		listed: Listed,
		tenant: string,
		values: readonly string[],
		keyOf: (contact: ContactRecord) => string,
	): Unit<ReadonlyMap<string, ContactRecord>> {
		if (values.length === 0) return new Map();
		const rows = yield* all(listed.bind({ tenant, values: this.#dialect.encodeList(values) }));
		return new Map(rows.map((row) => decodeContact(row)).map((contact) => [keyOf(contact), contact]));
	}

	#listed(column: "id" | "external_id" | "address_key" | "address_hash"): Listed {
		return query<{ tenant: string; values: unknown }>()((param) => {
			const isMeant = this.#dialect.among(sql.ref(`c.${column}`), param("values"), column === "id" ? "id" : "text");
			const found = sql<object>`select ${contactSelection(this.#dialect)} from ${sql.table("convoke_contacts")} as c
				where c.tenant_id = ${param("tenant")} and ${isMeant}`;
			return compilable(found, this.#dialect.db);
		});
	}
}

function idOf(key: ContactKey): string | readonly [] {
	return "id" in key ? key.id : [];
}

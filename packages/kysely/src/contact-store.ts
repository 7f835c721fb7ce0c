import type { BoundFilter, ContactKey, ContactRecord, PageRequest } from "@convoke/core";
import { sql } from "kysely";
import { contactSelection, decodeContact } from "./contact-rows.ts";
import type { SqlDialect } from "./dialect.ts";
import { filterSql } from "./filter-sql.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import { all, first } from "./statement.ts";
import type { Unit } from "./statement.ts";

type Listed = Query<{ tenant: string; values: unknown }, object>;

/** Contacts passed by one statement of a count, so that it stays a matter of milliseconds. */
const COUNTED_AT_ONCE = 5_000;

/** Where a count stands. */
export interface ContactCount {
	/** How many of those passed match. */
	readonly matching: number;
	/** The last contact passed; `undefined`: all were. */
	readonly through: string | undefined;
}

/** Finds contacts. */
export class ContactStore {
	readonly #dialect: SqlDialect;
	readonly #byId: Listed;
	readonly #byExternalId: Listed;
	readonly #byAddressKey: Listed;
	readonly #byAddressHash: Listed;
	readonly #lastId: Query<{ tenant: string }, { id: string }>;

	constructor(dialect: SqlDialect) {
		this.#dialect = dialect;
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

	/** A page of those that match, newest first. */
	*page(tenant: string, filter: BoundFilter, { limit, after, before }: PageRequest): Unit<readonly ContactRecord[]> {
		const backwards = before !== undefined;
		const bound = backwards ? sql`and c.id > ${before}` : after === undefined ? sql`` : sql`and c.id < ${after}`;
		const rows = sql<object>`select ${contactSelection(this.#dialect)} from ${sql.table("convoke_contacts")} as c
			where c.tenant_id = ${tenant} and ${filterSql(filter, this.#dialect)} ${bound}
			order by c.id ${backwards ? sql`asc` : sql`desc`} limit ${limit}`;
		const found = (yield* all<object>(rows.compile(this.#dialect.db))).map(decodeContact);
		return backwards ? found.toReversed() : found;
	}

	/** How many match, among the next contacts beyond `after`. */
	*count(tenant: string, filter: BoundFilter, after: string | undefined): Unit<ContactCount> {
		const { db } = this.#dialect;
		const beyond = db
			.selectFrom("convoke_contacts as c")
			.where("c.tenant_id", "=", tenant)
			.$if(after !== undefined, (rows) => rows.where("c.id", ">", after ?? ""));
		const end = beyond
			.select("c.id")
			.orderBy("c.id")
			.limit(1)
			.offset(COUNTED_AT_ONCE - 1);
		const through = (yield* first<{ id: string }>(end.compile()))?.id;
		const counted = beyond
			.select(sql<number>`count(*)`.as("count"))
			.where(filterSql(filter, this.#dialect))
			.$if(through !== undefined, (rows) => rows.where("c.id", "<=", through ?? ""));
		const row = yield* first<{ count: number }>(counted.compile());
		return { matching: row?.count ?? 0, through };
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
			const values = this.#dialect.list(param("values"), column === "id" ? "id" : "text");
			const found = sql<object>`select ${contactSelection(this.#dialect)} from ${sql.table("convoke_contacts")} as c
				where c.tenant_id = ${param("tenant")} and ${sql.ref(`c.${column}`)} in ${values}`;
			return { compile: () => found.compile(this.#dialect.db) };
		});
	}
}

function idOf(key: ContactKey): string | readonly [] {
	return "id" in key ? key.id : [];
}

import type { ContactEntry } from "@convoke/core";
import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { compilable, query } from "./query.ts";
import type { Query } from "./query.ts";
import { all } from "./statement.ts";
import type { Unit } from "./statement.ts";

/** Columns that contacts are looked up by. */
const KEYS = ["id", "address_key", "external_id", "address_hash"] as const;

type Key = (typeof KEYS)[number];

/** A contact that is locked, and by what others may meet it. */
export interface LockedContact {
	readonly id: string;
	readonly address_key: string;
	readonly external_id: string | null;
}

type Bound = { readonly tenant: string } & Readonly<Partial<Record<Key, unknown>>>;

/** Locks the contacts that a unit decides by, where units run side by side. */
export class ContactLocks {
	readonly #dialect: SqlDialect;
	/** By the keys that are looked for. */
	readonly #compiled = new Map<string, Query<Bound, LockedContact>>();

	constructor(dialect: SqlDialect) {
		this.#dialect = dialect;
	}

	/**
	 * Locks every contact that entries mean or meet, in the order of their ids so that units wait for each other instead
	 * of deadlocking, and answers those. `undefined`: nothing is locked here.
	 */
	*lock(tenant: string, entries: readonly ContactEntry[]): Unit<readonly LockedContact[] | undefined> {
		if (!this.#dialect.isConcurrent) return undefined;
		const wanted = valuesOf(entries);
		const keys = KEYS.filter((key) => wanted[key].length > 0);
		if (keys.length === 0) return [];
		const lists = Object.fromEntries(keys.map((key) => [key, this.#dialect.encodeList(wanted[key])]));
		return yield* all(this.#query(keys).bind({ tenant, ...lists }));
	}

	#query(keys: readonly Key[]): Query<Bound, LockedContact> {
		const name = keys.join();
		const known = this.#compiled.get(name) ?? this.#build(keys);
		this.#compiled.set(name, known);
		return known;
	}

	#build(keys: readonly Key[]): Query<Bound, LockedContact> {
		const { db } = this.#dialect;
		const contacts = sql.table("convoke_contacts");
		return query<Bound>()((param) => {
			const tenant = param("tenant");
			// One index each: an `or` over all of them would read the whole table.
			const matching = keys.map((key): RawBuilder<unknown> => {
				const isMeant = this.#dialect.among(sql.ref(key), param(key), key === "id" ? "id" : "text");
				return sql`select id from ${contacts} where tenant_id = ${tenant} and ${isMeant}`;
			});
			const locked = sql<LockedContact>`select id, address_key, external_id from ${contacts} where tenant_id = ${tenant}
				and id in (${sql.join(matching, sql` union `)}) order by id ${this.#dialect.lock("update")}`;
			return compilable(locked, db);
		});
	}
}

function valuesOf(entries: readonly ContactEntry[]): Readonly<Record<Key, readonly string[]>> {
	const values: Record<Key, string[]> = { id: [], address_key: [], external_id: [], address_hash: [] };
	for (const { key, address, externalId } of entries) {
		if ("id" in key) values.id.push(key.id);
		else if ("addressKey" in key) values.address_key.push(key.addressKey);
		else if ("externalId" in key) values.external_id.push(key.externalId);
		else values.address_hash.push(key.addressHash);
		if (address !== undefined) values.address_key.push(address.key);
		if (externalId !== undefined) values.external_id.push(externalId);
	}
	return values;
}

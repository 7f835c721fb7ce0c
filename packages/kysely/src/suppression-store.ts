import type { NewEvent, SuppressionRecord } from "@convoke/core";
import { sql } from "kysely";
import { Columns, instant, text } from "./columns.ts";
import type { SqlDialect } from "./dialect.ts";
import { EntityStore } from "./entity-store.ts";
import type { EventStore } from "./event-store.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import { changesOf, first } from "./statement.ts";
import type { Unit } from "./statement.ts";

const suppressions = new Columns<SuppressionRecord>({
	id: text,
	email: text,
	addressHash: text,
	origin: text,
	createdAt: instant,
});

interface ByHash {
	readonly tenant: string;
	readonly hash: string;
}

/** Addresses that are never to be mailed. */
export class SuppressionStore {
	/** Suppressions by id. */
	readonly records: EntityStore<SuppressionRecord>;
	readonly #events: EventStore;
	readonly #find: Query<ByHash, object>;
	readonly #delete: Query<ByHash, unknown>;
	readonly #touch: Query<ByHash, unknown>;

	constructor(dialect: SqlDialect, events: EventStore) {
		const { db } = dialect;
		this.records = new EntityStore(dialect, "convoke_suppressions", suppressions);
		this.#events = events;
		this.#find = query<ByHash>()((param) =>
			db
				.selectFrom("convoke_suppressions")
				.selectAll()
				.where("tenant_id", "=", param("tenant"))
				.where("address_hash", "=", param("hash")),
		);
		this.#delete = query<ByHash>()((param) =>
			db
				.deleteFrom("convoke_suppressions")
				.where("tenant_id", "=", param("tenant"))
				.where("address_hash", "=", param("hash")),
		);
		// Changes nothing, and takes the row's lock: a message that is being marked for the contact waits, or sees it.
		this.#touch = query<ByHash>()((param) =>
			db
				.updateTable("convoke_contacts")
				.set({ unsubscribed: sql<number>`unsubscribed` })
				.where("tenant_id", "=", param("tenant"))
				.where("address_hash", "=", param("hash")),
		);
	}

	/** `false`: the address is suppressed already. */
	*insert(tenant: string, suppression: SuppressionRecord, events: readonly NewEvent[]): Unit<boolean> {
		if (!(yield* this.records.insert(tenant, suppression))) return false;
		yield* changesOf(this.#touch.bind({ tenant, hash: suppression.addressHash }));
		yield* this.#events.append(tenant, events);
		return true;
	}

	/** The suppression of an address. */
	*find(tenant: string, hash: string): Unit<SuppressionRecord | undefined> {
		const row = yield* first(this.#find.bind({ tenant, hash }));
		return row === undefined ? undefined : suppressions.decode(row);
	}

	/** `false`: the address was not suppressed. */
	*delete(tenant: string, hash: string, events: readonly NewEvent[]): Unit<boolean> {
		if ((yield* changesOf(this.#delete.bind({ tenant, hash }))) === 0) return false;
		yield* this.#events.append(tenant, events);
		return true;
	}
}

import type { Property, PropertyValue, SegmentRecord, Topic } from "@convoke/core";
import { propertyUse } from "@convoke/core";
import { sql } from "kysely";
import { Columns, encodeJson, instant, json, text } from "./columns.ts";
import type { SqlDialect } from "./dialect.ts";
import { EntityStore } from "./entity-store.ts";
import { Insert } from "./insert.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import { all, changesOf, first } from "./statement.ts";
import type { Unit } from "./statement.ts";
import type { Uses } from "./uses.ts";

/** What became of a removal. */
export type Removal = "deleted" | "in_use" | "missing";

const propertyColumns = new Columns<Property>({ id: text, key: text, type: text, fallback: json, createdAt: instant });
const segmentColumns = new Columns<SegmentRecord>({
	id: text,
	name: text,
	filter: json,
	uses: json,
	createdAt: instant,
});
const topicColumns = new Columns<Topic>({
	id: text,
	name: text,
	description: text,
	defaultSubscription: text,
	visibility: text,
	createdAt: instant,
});

/** Properties, segments and topics. */
export class CatalogueStore {
	/** Segments. */
	readonly segments: EntityStore<SegmentRecord>;
	/** Topics. */
	readonly topics: EntityStore<Topic>;
	readonly #uses: Uses;
	readonly #insertProperty: Insert;
	readonly #listProperties: Query<{ tenant: string }, object>;
	readonly #findKey: Query<{ tenant: string; id: string }, { key: string }>;
	readonly #updateProperty: Query<{ tenant: string; id: string; fallback: string | null }, unknown>;
	readonly #deleteProperty: Query<{ tenant: string; id: string }, unknown>;
	readonly #clearProperty: (tenant: string, key: string) => Unit<number>;

	constructor(dialect: SqlDialect, uses: Uses) {
		const { db } = dialect;
		this.segments = new EntityStore(dialect, "convoke_segments", segmentColumns);
		this.topics = new EntityStore(dialect, "convoke_topics", topicColumns);
		this.#uses = uses;
		this.#insertProperty = new Insert(dialect, "convoke_properties", ["tenant_id", ...propertyColumns.names]);
		this.#listProperties = query<{ tenant: string }>()((param) =>
			db.selectFrom("convoke_properties").selectAll().where("tenant_id", "=", param("tenant")).orderBy("key"),
		);
		this.#findKey = query<{ tenant: string; id: string }>()((param) =>
			db
				.selectFrom("convoke_properties")
				.select("key")
				.where("tenant_id", "=", param("tenant"))
				.where("id", "=", param("id"))
				.modifyEnd(dialect.lock("update")),
		);
		this.#updateProperty = query<{ tenant: string; id: string; fallback: string | null }>()((param) =>
			db
				.updateTable("convoke_properties")
				.set({ fallback: param("fallback") })
				.where("tenant_id", "=", param("tenant"))
				.where("id", "=", param("id")),
		);
		this.#deleteProperty = query<{ tenant: string; id: string }>()((param) =>
			db.deleteFrom("convoke_properties").where("tenant_id", "=", param("tenant")).where("id", "=", param("id")),
		);
		this.#clearProperty = clearProperty(dialect);
	}

	/** `false`: the key or the id is taken. */
	*insertProperty(tenant: string, property: Property): Unit<boolean> {
		return (yield* this.#insertProperty.rows([{ tenant_id: tenant, ...propertyColumns.encode(property) }])) > 0;
	}

	/** By ascending key. */
	*listProperties(tenant: string): Unit<readonly Property[]> {
		const rows = yield* all(this.#listProperties.bind({ tenant }));
		return rows.map((row) => propertyColumns.decode(row));
	}

	/** `false`: no such property. */
	*updateProperty(tenant: string, id: string, fallback: PropertyValue | null): Unit<boolean> {
		return (yield* changesOf(this.#updateProperty.bind({ tenant, id, fallback: encodeJson(fallback) }))) > 0;
	}

	/** With its values on every contact. */
	*deleteProperty(tenant: string, id: string): Unit<Removal> {
		const property = yield* first(this.#findKey.bind({ tenant, id }));
		if (property === undefined) return "missing";
		if (yield* this.#uses.isInUse(tenant, propertyUse(property.key))) return "in_use";
		yield* changesOf(this.#deleteProperty.bind({ tenant, id }));
		yield* this.#clearProperty(tenant, property.key);
		return "deleted";
	}

	/** `false`: the id is taken, or something it uses does not exist. */
	*insertSegment(tenant: string, segment: SegmentRecord): Unit<boolean> {
		return (yield* this.#uses.doExist(tenant, segment.uses)) && (yield* this.segments.insert(tenant, segment));
	}

	/** `false`: no such segment, or something it would use does not exist. */
	*updateSegment(tenant: string, id: string, changes: Partial<SegmentRecord>): Unit<boolean> {
		return (
			(yield* this.#uses.doExist(tenant, changes.uses ?? [])) && (yield* this.segments.update(tenant, id, changes))
		);
	}

	/** With its memberships, by the foreign key. */
	*deleteSegment(tenant: string, id: string): Unit<Removal> {
		return yield* this.#delete(this.segments, tenant, id);
	}

	/** With all choices for it, by the foreign key. */
	*deleteTopic(tenant: string, id: string): Unit<Removal> {
		return yield* this.#delete(this.topics, tenant, id);
	}

	*#delete(store: EntityStore<SegmentRecord> | EntityStore<Topic>, tenant: string, id: string): Unit<Removal> {
		if ((yield* store.findToChange(tenant, id)) === undefined) return "missing";
		if (yield* this.#uses.isInUse(tenant, id)) return "in_use";
		yield* store.delete(tenant, id);
		return "deleted";
	}
}

function clearProperty(dialect: SqlDialect): (tenant: string, key: string) => Unit<number> {
	return (tenant, key) => {
		const properties = sql.ref("properties");
		const cleared = dialect.db
			.updateTable("convoke_contacts")
			.set({ properties: dialect.withoutKey(properties, key) })
			.where("tenant_id", "=", tenant)
			.where(dialect.hasKey(properties, key));
		return changesOf(cleared.compile());
	};
}

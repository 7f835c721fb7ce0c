import { propertyUse, UNDER_WAY } from "@convoke/core";
import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import { all, first } from "./statement.ts";
import type { Unit } from "./statement.ts";

const PROPERTY = propertyUse("");

/** What broadcasts that are under way, and segments, hold on to. */
export class Uses {
	readonly #dialect: SqlDialect;
	readonly #inUse: Query<{ tenant: string; use: string }, { id: string }>;
	readonly #existing: Query<{ tenant: string; ids: unknown; keys: unknown }, { use: string }>;

	constructor(dialect: SqlDialect) {
		const { db } = dialect;
		this.#dialect = dialect;
		this.#inUse = query<{ tenant: string; use: string }>()((param) =>
			db
				.selectFrom("convoke_broadcasts")
				.where("status", "in", UNDER_WAY)
				.where("tenant_id", "=", param("tenant"))
				.where(dialect.hasElement(sql.ref("uses"), param("use")))
				.select("id")
				.unionAll(
					db
						.selectFrom("convoke_segments")
						.select("id")
						.where("tenant_id", "=", param("tenant"))
						.where(dialect.hasElement(sql.ref("uses"), param("use"))),
				)
				.limit(1),
		);
		this.#existing = query<{ tenant: string; ids: unknown; keys: unknown }>()((param) => {
			const ids = dialect.list(param("ids"), "id") as never;
			const keys = dialect.list(param("keys"), "text") as never;
			const entity = (table: "convoke_segments" | "convoke_topics") =>
				db
					.selectFrom(table)
					.select(sql<string>`cast(id as text)`.as("use"))
					.where("tenant_id", "=", param("tenant"))
					.where("id", "in", ids);
			return entity("convoke_segments")
				.unionAll(entity("convoke_topics"))
				.unionAll(
					db
						.selectFrom("convoke_properties")
						.select("key as use")
						.where("tenant_id", "=", param("tenant"))
						.where("key", "in", keys),
				);
		});
	}

	/** Whether a broadcast that is under way, or a segment, has this among its uses. */
	*isInUse(tenant: string, use: string): Unit<boolean> {
		return (yield* first(this.#inUse.bind({ tenant, use }))) !== undefined;
	}

	/** Whether all of these exist. */
	*doExist(tenant: string, uses: readonly string[]): Unit<boolean> {
		if (uses.length === 0) return true;
		const keys = uses.filter((use) => use.startsWith(PROPERTY)).map((use) => use.slice(PROPERTY.length));
		const ids = uses.filter((use) => !use.startsWith(PROPERTY));
		const encoded = { ids: this.#dialect.encodeList(ids), keys: this.#dialect.encodeList(keys) };
		const found = yield* all(this.#existing.bind({ tenant, ...encoded }));
		return new Set(found.map(({ use }) => use)).size === new Set([...ids, ...keys]).size;
	}
}

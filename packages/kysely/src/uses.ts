import { propertyUse, UNDER_WAY } from "@convoke/core";
import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { compilable, query } from "./query.ts";
import type { Query } from "./query.ts";
import { all, first } from "./statement.ts";
import type { Unit } from "./statement.ts";

const PROPERTY = propertyUse("");

type Listed = Query<{ tenant: string; values: unknown }, { use: string }>;

/** What broadcasts that are under way, and segments, hold on to. */
export class Uses {
	readonly #dialect: SqlDialect;
	readonly #inUse: Query<{ tenant: string; use: string }, { id: string }>;
	readonly #segments: Listed;
	readonly #topics: Listed;
	readonly #properties: Listed;

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
		this.#segments = this.#listed("convoke_segments", "id");
		this.#topics = this.#listed("convoke_topics", "id");
		this.#properties = this.#listed("convoke_properties", "key");
	}

	/** Whether a broadcast that is under way, or a segment, has this among its uses. */
	*isInUse(tenant: string, use: string): Unit<boolean> {
		return (yield* first(this.#inUse.bind({ tenant, use }))) !== undefined;
	}

	/** Whether all of these exist, until the unit ends. */
	*doExist(tenant: string, uses: readonly string[]): Unit<boolean> {
		if (uses.length === 0) return true;
		const keys = uses.filter((use) => use.startsWith(PROPERTY)).map((use) => use.slice(PROPERTY.length));
		const ids = uses.filter((use) => !use.startsWith(PROPERTY));
		const found = [
			...(yield* this.#found(this.#segments, tenant, ids)),
			...(yield* this.#found(this.#topics, tenant, ids)),
			...(yield* this.#found(this.#properties, tenant, keys)),
		];
		return new Set(found).size === new Set([...ids, ...keys]).size;
	}

	*#found(listed: Listed, tenant: string, values: readonly string[]): Unit<readonly string[]> {
		if (values.length === 0) return [];
		const rows = yield* all(listed.bind({ tenant, values: this.#dialect.encodeList(values) }));
		return rows.map(({ use }) => use);
	}

	/** Shares a lock on what it finds, so that it is still there at the end of the unit. */
	#listed(table: "convoke_segments" | "convoke_topics" | "convoke_properties", column: "id" | "key"): Listed {
		const type = column === "id" ? "id" : "text";
		return query<{ tenant: string; values: unknown }>()((param) => {
			const listed = sql<{ use: string }>`select ${sql.ref(column)} as "use" from ${sql.table(table)}
				where tenant_id = ${param("tenant")} and ${this.#dialect.among(sql.ref(column), param("values"), type)}
				${this.#dialect.lock("share")}`;
			return compilable(listed, this.#dialect.db);
		});
	}
}

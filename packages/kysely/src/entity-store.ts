import type { PageRequest } from "@convoke/core";
import type { Columns } from "./columns.ts";
import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { Insert } from "./insert.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import { all, changesOf, first } from "./statement.ts";
import type { Statement, Unit } from "./statement.ts";

/** Tables of entities that are found by `tenant_id` and `id`. */
type EntityTable =
	| "convoke_segments"
	| "convoke_topics"
	| "convoke_suppressions"
	| "convoke_broadcasts"
	| "convoke_imports";

interface ByIds {
	readonly tenant: string;
	readonly ids: unknown;
}

interface ById {
	readonly tenant: string;
	readonly id: string;
}

/** Entities of one kind. */
export class EntityStore<Entity extends { readonly id: string }> {
	readonly #dialect: SqlDialect;
	readonly #table: "convoke_segments";
	readonly #columns: Columns<Entity>;
	readonly #insert: Insert;
	readonly #findMany: Query<ByIds, object>;
	readonly #findLocked: Query<ById, object>;
	readonly #exists: Query<ById, object>;
	readonly #delete: Query<ById, unknown>;

	constructor(dialect: SqlDialect, table: EntityTable, columns: Columns<Entity>) {
		this.#dialect = dialect;
		// Any of them will do: only the columns that all have are named here.
		this.#table = table as "convoke_segments";
		this.#columns = columns;
		this.#insert = new Insert(dialect, table, ["tenant_id", ...columns.names]);
		const { db } = dialect;
		this.#findMany = query<ByIds>()((param) =>
			db
				.selectFrom(this.#table)
				.selectAll()
				.where("tenant_id", "=", param("tenant"))
				.where(dialect.among(sql.ref("id"), param("ids"), "id")),
		);
		this.#findLocked = query<ById>()((param) =>
			db
				.selectFrom(this.#table)
				.selectAll()
				.where("tenant_id", "=", param("tenant"))
				.where("id", "=", param("id"))
				.modifyEnd(dialect.lock("update")),
		);
		this.#exists = query<ById>()((param) =>
			db.selectFrom(this.#table).select("id").where("tenant_id", "=", param("tenant")).where("id", "=", param("id")),
		);
		this.#delete = query<ById>()((param) =>
			db.deleteFrom(this.#table).where("tenant_id", "=", param("tenant")).where("id", "=", param("id")),
		);
	}

	/** `false`: the id, or another key, is taken. */
	*insert(tenant: string, entity: Entity): Unit<boolean> {
		return (yield* this.#insert.rows([{ tenant_id: tenant, ...this.#columns.encode(entity) }])) > 0;
	}

	/** In the order of the ids. */
	*findMany(tenant: string, ids: readonly string[]): Unit<readonly (Entity | undefined)[]> {
		if (ids.length === 0) return [];
		const rows = yield* all(this.#findMany.bind({ tenant, ids: this.#dialect.encodeList(ids) }));
		const found = new Map(rows.map((row) => this.#columns.decode(row)).map((entity) => [entity.id, entity]));
		return ids.map((id) => found.get(id));
	}

	/** One entity. */
	*find(tenant: string, id: string): Unit<Entity | undefined> {
		const [entity] = yield* this.findMany(tenant, [id]);
		return entity;
	}

	/** One entity, which nobody else changes until the unit ends. */
	*findToChange(tenant: string, id: string): Unit<Entity | undefined> {
		const row = yield* first(this.#findLocked.bind({ tenant, id }));
		return row === undefined ? undefined : this.#columns.decode(row);
	}

	/** A page, newest first. */
	*page(tenant: string, { limit, after, before }: PageRequest): Unit<readonly Entity[]> {
		const backwards = before !== undefined;
		let rows = this.#dialect.db.selectFrom(this.#table).selectAll().where("tenant_id", "=", tenant);
		if (after !== undefined) rows = rows.where("id", "<", after);
		if (backwards) rows = rows.where("id", ">", before);
		const statement: Statement<object> = rows
			.orderBy("id", backwards ? "asc" : "desc")
			.limit(limit)
			.compile();
		const found = (yield* all(statement)).map((row) => this.#columns.decode(row));
		return backwards ? found.toReversed() : found;
	}

	/** `false`: no such entity. */
	*update(tenant: string, id: string, changes: Partial<Entity>): Unit<boolean> {
		const { id: _id, ...row } = this.#columns.encode(changes);
		if (Object.keys(row).length === 0) return (yield* first(this.#exists.bind({ tenant, id }))) !== undefined;
		const update = this.#dialect.db.updateTable(this.#table).set(row);
		return (yield* changesOf(update.where("tenant_id", "=", tenant).where("id", "=", id).compile())) > 0;
	}

	/** `false`: no such entity. */
	*delete(tenant: string, id: string): Unit<boolean> {
		return (yield* changesOf(this.#delete.bind({ tenant, id }))) > 0;
	}
}

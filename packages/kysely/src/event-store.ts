import type { ConvokeEvent, NewEvent } from "@convoke/core";
import { Columns, instant, text } from "./columns.ts";
import type { Column } from "./columns.ts";
import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { Insert } from "./insert.ts";
import { compilable, query } from "./query.ts";
import type { Param, Query } from "./query.ts";
import { all, first } from "./statement.ts";
import type { Unit } from "./statement.ts";

const fields = {
	type: text,
	contactId: text,
	topicId: text,
	segmentId: text,
	broadcastId: text,
	source: text,
	actor: text,
	textVersion: text,
	at: instant,
} as const;

const cursor: Column = { encode: Number, decode: String };

const newEvents = new Columns<NewEvent>(fields);
const events = new Columns<ConvokeEvent>({ cursor, ...fields });

/** Up to which cursor no event is still to come; null: each event has to be asked. */
export type EventFrontier = number | null;

interface ListRequest {
	readonly tenant: string;
	readonly after: number;
	readonly through: number;
	readonly limit: number;
}

/** What happened to contacts. */
export class EventStore {
	readonly #insert: Insert;
	readonly #dialect: SqlDialect;
	readonly #list: Query<ListRequest, object>;
	readonly #listSettled: Query<ListRequest, object>;
	readonly #frontier: Query<{ tenant: string }, { through: number | string | null; coming: boolean }>;
	readonly #page: Query<{ tenant: string; contact: string; before: number; limit: number }, object>;

	constructor(dialect: SqlDialect) {
		const { db } = dialect;
		this.#insert = new Insert(dialect, "convoke_events", ["tenant_id", ...newEvents.names]);
		this.#dialect = dialect;
		const list = (param: Param<ListRequest>) =>
			db
				.selectFrom("convoke_events")
				.selectAll()
				.where("tenant_id", "=", param("tenant"))
				.where("cursor", ">", param("after"))
				.where("cursor", "<=", param("through"))
				.orderBy("cursor")
				.limit(param("limit"));
		this.#list = query<ListRequest>()((param) => list(param));
		this.#listSettled = query<ListRequest>()((param) => list(param).where(dialect.isEventSettled));
		this.#frontier = query<{ tenant: string }>()((param) => {
			const last = sql`select max(cursor) from ${sql.table("convoke_events")} where tenant_id = ${param("tenant")}`;
			const frontier = sql<{ through: number | string | null; coming: boolean }>`select (${last}) as through,
				${dialect.areEventsComing} as coming`;
			return compilable(frontier, db);
		});
		this.#page = query<{ tenant: string; contact: string; before: number; limit: number }>()((param) =>
			db
				.selectFrom("convoke_events")
				.selectAll()
				.where("tenant_id", "=", param("tenant"))
				.where("contact_id", "=", param("contact"))
				.where("cursor", "<", param("before"))
				.orderBy("cursor", "desc")
				.limit(param("limit")),
		);
	}

	/** Appends events, in order. */
	*append(tenant: string, appended: readonly NewEvent[]): Unit<void> {
		yield* this.#insert.rows(appended.map((event) => ({ tenant_id: tenant, ...newEvents.encode(event) })));
	}

	/**
	 * Up to where the order of events is certain: a transaction that is still running may hold a smaller cursor than one
	 * that has ended, and whoever went on after the latter would never see it. To be asked before {@link list}, and not
	 * in the same unit: what is seen of the events must be younger than what is seen of the transactions.
	 */
	*frontier(tenant: string): Unit<EventFrontier> {
		if (!this.#dialect.isConcurrent) return Number.MAX_SAFE_INTEGER;
		const frontier = yield* first(this.#frontier.bind({ tenant }));
		return frontier?.coming === true ? null : Number(frontier?.through ?? 0);
	}

	/** In the order they were written, up to where that is certain. */
	*list(
		tenant: string,
		after: string | undefined,
		limit: number,
		frontier: EventFrontier,
	): Unit<readonly ConvokeEvent[]> {
		const listed = frontier === null ? this.#listSettled : this.#list;
		const through = frontier ?? Number.MAX_SAFE_INTEGER;
		const rows = yield* all(listed.bind({ tenant, after: Number(after ?? 0), through, limit }));
		return rows.map((row) => events.decode(row));
	}

	/** Of one contact, newest first. */
	*page(tenant: string, contact: string, after: string | undefined, limit: number): Unit<readonly ConvokeEvent[]> {
		const before = Number(after ?? Number.MAX_SAFE_INTEGER);
		const rows = yield* all(this.#page.bind({ tenant, contact, before, limit }));
		return rows.map((row) => events.decode(row));
	}
}

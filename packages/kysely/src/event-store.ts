import type { ConvokeEvent, NewEvent } from "@convoke/core";
import { Columns, instant, text } from "./columns.ts";
import type { Column } from "./columns.ts";
import type { SqlDialect } from "./dialect.ts";
import { Insert } from "./insert.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import { all } from "./statement.ts";
import type { Unit } from "./statement.ts";

const fields = {
	type: text,
	contactId: text,
	topicId: text,
	segmentId: text,
	broadcastId: text,
	source: text,
	actor: text,
	at: instant,
} as const;

const cursor: Column = { encode: Number, decode: String };

const newEvents = new Columns<NewEvent>(fields);
const events = new Columns<ConvokeEvent>({ cursor, ...fields });

/** What happened to contacts. */
export class EventStore {
	readonly #insert: Insert;
	readonly #list: Query<{ tenant: string; after: number; limit: number }, object>;
	readonly #page: Query<{ tenant: string; contact: string; before: number; limit: number }, object>;

	constructor(dialect: SqlDialect) {
		const { db } = dialect;
		this.#insert = new Insert(dialect, "convoke_events", ["tenant_id", ...newEvents.names]);
		this.#list = query<{ tenant: string; after: number; limit: number }>()((param) =>
			db
				.selectFrom("convoke_events")
				.selectAll()
				.where("tenant_id", "=", param("tenant"))
				.where("cursor", ">", param("after"))
				.orderBy("cursor")
				.limit(param("limit")),
		);
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

	/** In the order they were written. */
	*list(tenant: string, after: string | undefined, limit: number): Unit<readonly ConvokeEvent[]> {
		const rows = yield* all(this.#list.bind({ tenant, after: Number(after ?? 0), limit }));
		return rows.map((row) => events.decode(row));
	}

	/** Of one contact, newest first. */
	*page(tenant: string, contact: string, after: string | undefined, limit: number): Unit<readonly ConvokeEvent[]> {
		const before = Number(after ?? Number.MAX_SAFE_INTEGER);
		const rows = yield* all(this.#page.bind({ tenant, contact, before, limit }));
		return rows.map((row) => events.decode(row));
	}
}

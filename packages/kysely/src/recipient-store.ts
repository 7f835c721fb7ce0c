import type {
	BroadcastStatus,
	PageRequest,
	ReasonCount,
	Recipient,
	RecipientCounts,
	RecipientMove,
	RecipientState,
} from "@convoke/core";
import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import type { BroadcastStore } from "./broadcast-store.ts";
import { Columns, instant, integer, text } from "./columns.ts";
import type { SqlDialect } from "./dialect.ts";
import { groupBy } from "./group-by.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import { CountChanges, DELIVERY_STATES, groupedCounts, sumCounts } from "./recipient-counts.ts";
import type { SliceCounts } from "./recipient-counts.ts";
import type { SliceCountStore } from "./slice-counts.ts";
import type { OfBroadcast } from "./slice-work.ts";
import { all, changesOf, first } from "./statement.ts";
import type { Statement, Unit } from "./statement.ts";

const recipients = new Columns<Recipient>({
	broadcastId: text,
	contactId: text,
	state: text,
	reason: text,
	attempts: integer,
	retryAt: instant,
	providerId: text,
	updatedAt: instant,
});

/** Which recipients of a list. */
export interface RecipientFilter {
	/** Only those in this state. */
	readonly state?: RecipientState | undefined;
	/** Only those with this reason. */
	readonly reason?: string | undefined;
}

interface OneRecipient extends OfBroadcast {
	readonly contact: string;
}

/** A recipient to move, and its slice. */
interface Chosen {
	readonly slice: string;
	readonly contact: string;
}

interface Group {
	readonly state: string;
	readonly reason: string | null;
	readonly count: number;
}

/** The recipients of broadcasts, outside of sending. */
export class RecipientStore {
	readonly #dialect: SqlDialect;
	readonly #slices: SliceCountStore;
	readonly #broadcasts: BroadcastStore;
	readonly #find: Query<OneRecipient, object>;
	readonly #ofContact: Query<{ tenant: string; contact: string; limit: number }, object>;
	readonly #counts: Query<OfBroadcast, SliceCounts>;
	readonly #recount: Query<OfBroadcast & { readonly after: string; readonly upTo: string }, Group>;
	readonly #sliceEnd: Query<OfBroadcast & { readonly after: string }, { last: string }>;
	readonly #move: Query<
		OfBroadcast & { contacts: unknown; to: string; reason: string | null; keptTries: number; at: number },
		unknown
	>;

	constructor(dialect: SqlDialect, slices: SliceCountStore, broadcasts: BroadcastStore) {
		const { db } = dialect;
		this.#dialect = dialect;
		this.#slices = slices;
		this.#broadcasts = broadcasts;
		this.#find = query<OneRecipient>()((param) =>
			db
				.selectFrom("convoke_broadcast_recipients")
				.selectAll()
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("broadcast"))
				.where("contact_id", "=", param("contact")),
		);
		// From the broadcasts, of which there are few, to the recipient of each: that needs no index by contact.
		this.#ofContact = query<{ tenant: string; contact: string; limit: number }>()((param) =>
			db
				.selectFrom("convoke_broadcasts as b")
				.innerJoin("convoke_broadcast_recipients as r", (join) =>
					join
						.onRef("r.tenant_id", "=", "b.tenant_id")
						.onRef("r.broadcast_id", "=", "b.id")
						.on("r.contact_id", "=", param("contact")),
				)
				.selectAll("r")
				.where("b.tenant_id", "=", param("tenant"))
				.orderBy("b.id", "desc")
				.limit(param("limit")),
		);
		this.#counts = query<OfBroadcast>()((param) =>
			db
				.selectFrom("convoke_broadcast_slices")
				.select([...DELIVERY_STATES, "excluded"])
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("broadcast")),
		);
		this.#recount = query<OfBroadcast & { readonly after: string; readonly upTo: string }>()((param) =>
			db
				.selectFrom("convoke_broadcast_recipients")
				.select(["state", "reason", sql<number>`cast(count(*) as integer)`.as("count")])
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("broadcast"))
				.where("contact_id", ">", param("after"))
				.where("contact_id", "<=", param("upTo"))
				.groupBy(["state", "reason"]),
		);
		this.#sliceEnd = query<OfBroadcast & { readonly after: string }>()((param) =>
			db
				.selectFrom("convoke_broadcast_slices")
				.select("last_contact_id as last")
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("broadcast"))
				.where("first_contact_id", ">", param("after"))
				.orderBy("first_contact_id")
				.limit(1),
		);
		this.#move = query<
			OfBroadcast & { contacts: unknown; to: string; reason: string | null; keptTries: number; at: number }
		>()((param) =>
			db
				.updateTable("convoke_broadcast_recipients")
				.set({
					state: param("to"),
					reason: param("reason"),
					retry_at: null,
					tries: sql<number>`tries * ${param("keptTries")}`,
					updated_at: param("at"),
				})
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("broadcast"))
				.where(dialect.among(sql.ref("contact_id"), param("contacts"), "id")),
		);
	}

	/** One recipient. */
	*find(tenant: string, broadcast: string, contact: string): Unit<Recipient | undefined> {
		const row = yield* first(this.#find.bind({ tenant, broadcast, contact }));
		return row === undefined ? undefined : recipients.decode(row);
	}

	/** A page, by descending contact id. Passes slices by that have none of the state. */
	*page(
		tenant: string,
		broadcast: string,
		{ state, reason }: RecipientFilter,
		{ limit, after, before }: PageRequest,
	): Unit<readonly Recipient[]> {
		const backwards = before !== undefined;
		const order = backwards ? sql`asc` : sql`desc`;
		const conditions = [
			sql`s.tenant_id = ${tenant}`,
			sql`s.broadcast_id = ${broadcast}`,
			...(state === undefined ? [] : [holding(state, reason, this.#dialect), sql`r.state = ${state}`]),
			...(reason === undefined ? [] : [sql`r.reason = ${reason}`]),
			...(after === undefined ? [] : [sql`s.first_contact_id < ${after}`, sql`r.contact_id < ${after}`]),
			...(backwards ? [sql`s.last_contact_id > ${before}`, sql`r.contact_id > ${before}`] : []),
		];
		const rows = sql<object>`select r.* from ${sql.table("convoke_broadcast_slices")} as s
			cross join ${sql.table("convoke_broadcast_recipients")} as r
			where r.tenant_id = s.tenant_id and r.broadcast_id = s.broadcast_id
			and r.contact_id >= s.first_contact_id and r.contact_id <= s.last_contact_id
			and ${sql.join(conditions, sql` and `)}
			order by s.first_contact_id ${order}, r.contact_id ${order} limit ${limit}`;
		const found = (yield* all<object>(rows.compile(this.#dialect.db))).map((row) => recipients.decode(row));
		return backwards ? found.toReversed() : found;
	}

	/** Of one contact, the latest broadcast first. */
	*pageOfContact(tenant: string, contact: string, limit: number): Unit<readonly Recipient[]> {
		const rows = yield* all(this.#ofContact.bind({ tenant, contact, limit }));
		return rows.map((row) => recipients.decode(row));
	}

	/** How many are in a state, by reason, in the next slice beyond a contact that has any; `undefined`: there is none. */
	*reasonsOfSlice(
		tenant: string,
		broadcast: string,
		state: RecipientState,
		after: string | undefined,
	): Unit<{ readonly reasons: readonly ReasonCount[]; readonly through: string } | undefined> {
		const beyond = after === undefined ? [] : [sql`s.first_contact_id > ${after}`];
		const conditions = [
			sql`s.tenant_id = ${tenant}`,
			sql`s.broadcast_id = ${broadcast}`,
			holding(state, undefined, this.#dialect),
			...beyond,
		];
		const next = sql<{ from: string; last: string }>`select s.first_contact_id as "from", s.last_contact_id as last
			from ${sql.table("convoke_broadcast_slices")} as s where ${sql.join(conditions, sql` and `)}
			order by s.first_contact_id limit 1`;
		const slice = yield* first<{ from: string; last: string }>(next.compile(this.#dialect.db));
		if (slice === undefined) return undefined;
		const counted = sql<ReasonCount>`select reason, cast(count(*) as integer) as count from ${sql.table("convoke_broadcast_recipients")}
			where tenant_id = ${tenant} and broadcast_id = ${broadcast}
			and contact_id >= ${slice.from} and contact_id <= ${slice.last} and state = ${state} group by reason`;
		return { reasons: yield* all<ReasonCount>(counted.compile(this.#dialect.db)), through: slice.last };
	}

	/** Counts as kept on the slices. */
	*tally(tenant: string, broadcast: string): Unit<RecipientCounts> {
		return sumCounts(yield* all(this.#counts.bind({ tenant, broadcast })));
	}

	/** Counts of the recipients of the next slice beyond a contact, made anew; `undefined`: there is none. */
	*recountSlice(
		tenant: string,
		broadcast: string,
		after: string,
	): Unit<{ readonly counts: RecipientCounts; readonly through: string } | undefined> {
		const end = yield* first(this.#sliceEnd.bind({ tenant, broadcast, after }));
		if (end === undefined) return undefined;
		const groups = yield* all(this.#recount.bind({ tenant, broadcast, after, upTo: end.last }));
		return { counts: groupedCounts(groups), through: end.last };
	}

	/** Moves recipients, the smallest contact ids first, and answers how many. `now` is the storage's own time. */
	*move(tenant: string, move: RecipientMove, now: number): Unit<number> {
		const { broadcastId: broadcast, from, to, reason, whileIn, reopen, at } = move;
		// Steps of sending share its lock, so that none takes place meanwhile.
		const status = (yield* this.#broadcasts.lookAt(tenant, broadcast))?.status;
		if (whileIn !== undefined && (status === undefined || !whileIn.includes(status))) return 0;
		const chosen = yield* all(this.#chosen(tenant, move, now));
		if (chosen.length === 0) return 0;
		if (reopen === true && !(yield* this.#reopen(tenant, broadcast, status, at))) return 0;
		const contacts = this.#dialect.encodeList(chosen.map(({ contact }) => contact));
		yield* changesOf(
			this.#move.bind({
				tenant,
				broadcast,
				contacts,
				to,
				reason,
				keptTries: to === "pending" ? 0 : 1,
				at: at.getTime(),
			}),
		);
		for (const [slice, moved] of groupBy(chosen, (one) => one.slice)) {
			const changes = new CountChanges();
			changes.move(from, to, moved.length);
			yield* this.#slices.change(tenant, broadcast, slice, changes);
			if (to === "pending") yield* this.#slices.reopen(tenant, broadcast, slice);
		}
		return chosen.length;
	}

	/** Makes a broadcast that has ended `sending`; `false`: it may not be. */
	*#reopen(tenant: string, id: string, status: BroadcastStatus | undefined, at: Date): Unit<boolean> {
		if (status !== "sent" && status !== "failed") return true;
		const changes = { status: "sending" as const, statusReason: null, updatedAt: at };
		return yield* this.#broadcasts.move(tenant, { id, from: [status], changes });
	}

	/** The recipients to move, the smallest contact ids first. */
	#chosen(tenant: string, move: RecipientMove, now: number): Statement<Chosen> {
		const { broadcastId: broadcast, contactId: contact, withReason, from, limit } = move;
		const one = [
			sql`r.contact_id = ${contact}`,
			sql`s.first_contact_id <= ${contact}`,
			sql`s.last_contact_id >= ${contact}`,
		];
		const conditions = [
			holding(from, undefined, this.#dialect),
			...(contact === undefined ? [] : one),
			...(withReason === undefined ? [] : [sql`r.reason = ${withReason}`]),
			...(from === "sending"
				? [sql`(s.owner is null or s.lease_end <= ${this.#dialect.clock(sql<number>`${now}`)})`]
				: []),
		];
		return sql<Chosen>`select s.id as slice, r.contact_id as contact
			from ${sql.table("convoke_broadcast_slices")} as s cross join ${sql.table("convoke_broadcast_recipients")} as r
			where s.tenant_id = ${tenant} and s.broadcast_id = ${broadcast}
			and r.tenant_id = s.tenant_id and r.broadcast_id = s.broadcast_id
			and r.contact_id >= s.first_contact_id and r.contact_id <= s.last_contact_id and r.state = ${from}
			and ${sql.join(conditions, sql` and `)}
			order by s.first_contact_id, r.contact_id limit ${limit}`.compile(this.#dialect.db);
	}
}

/** Whether slice `s` may have recipients in a state, by its counts. */
function holding(state: RecipientState, reason: string | undefined, dialect: SqlDialect): RawBuilder<boolean> {
	if (state !== "excluded") return sql`s.${sql.ref(state)} > 0`;
	if (reason === undefined) return sql`s.excluded <> '{}'`;
	return sql`${dialect.position(sql`s.excluded`, JSON.stringify(reason))} > 0`;
}

import type { Backlog, BroadcastRecord, DueBroadcast, SliceLease } from "@convoke/core";
import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { query } from "./query.ts";
import type { Param, Query } from "./query.ts";
import { all, changesOf, first } from "./statement.ts";
import type { Statement, Unit } from "./statement.ts";

/** A broadcast and whose it is. */
export interface OneBroadcast {
	readonly tenantId: string;
	readonly broadcastId: string;
}

/** Who wants a slice, and of what; see `Storage.claimSlice`. */
interface ClaimRequest {
	readonly owner: string;
	readonly leaseMs: number;
	readonly at: Date;
	/** The storage's own time. */
	readonly now: number;
	readonly of?: OneBroadcast | undefined;
	readonly except?: readonly string[] | undefined;
}

interface FreeAt {
	readonly now: number;
	readonly at: number;
}

interface FreeSlice {
	readonly tenant_id: string;
	readonly broadcast_id: string;
	readonly id: string;
	readonly claim: number;
	readonly sending: number;
}

interface Claim {
	readonly tenant: string;
	readonly broadcast: string;
	readonly slice: string;
	readonly owner: string;
	readonly now: number;
	readonly leaseMs: number;
	readonly interrupted: number;
}

/** Looks over all tenants for what a worker can do. */
export class SliceClaims {
	readonly #dialect: SqlDialect;
	readonly #free: Query<FreeAt, FreeSlice>;
	readonly #freeOf: Query<FreeAt & OneBroadcast, FreeSlice>;
	readonly #freeExcept: Query<FreeAt & { readonly except: unknown }, FreeSlice>;
	readonly #claim: Query<Claim, unknown>;
	readonly #due: Query<{ at: number; now: number; limit: number }, { tenant_id: string; id: string; status: string }>;
	readonly #waiting: Query<object, { broadcasts: number }>;
	readonly #open: Query<object, { recipients: number | null }>;
	readonly #oldestLease: Query<object, { lease_end: number | null }>;

	constructor(dialect: SqlDialect) {
		this.#dialect = dialect;
		const { db } = dialect;
		const free = <Params extends FreeAt>(among: (param: Param<Params>) => RawBuilder<boolean>) =>
			query<Params>()((param) => {
				const due = db
					.selectFrom("convoke_broadcast_recipients as r")
					.select("r.contact_id")
					.whereRef("r.tenant_id", "=", "s.tenant_id" as never)
					.whereRef("r.broadcast_id", "=", "s.broadcast_id" as never)
					.whereRef("r.contact_id", ">=", "s.open_from" as never)
					.whereRef("r.contact_id", "<=", "s.last_contact_id" as never)
					.where("r.state", "=", sql.lit("pending"))
					.where((eb) => eb.or([eb("r.retry_at", "is", null), eb("r.retry_at", "<=", param("at"))]));
				return db
					.selectFrom("convoke_broadcasts as b")
					.innerJoin("convoke_broadcast_slices as s", (join) =>
						join.onRef("s.tenant_id", "=", "b.tenant_id").onRef("s.broadcast_id", "=", "b.id"),
					)
					.select(["s.tenant_id", "s.broadcast_id", "s.id", "s.claim", "s.sending"])
					.where("b.status", "=", sql.lit("sending"))
					.where(among(param))
					.where("s.open", ">", sql.lit(0))
					.where((eb) => eb.or([eb("s.owner", "is", null), eb("s.lease_end", "<=", dialect.clock(param("now")))]))
					.where((eb) => eb.or([eb("s.sending", ">", sql.lit(0)), eb.exists(due)]))
					.orderBy("b.id")
					.orderBy("b.tenant_id")
					.orderBy("s.first_contact_id")
					.limit(1)
					.modifyEnd(dialect.lockUnlocked("s"));
			});
		this.#free = free<FreeAt>(() => sql<boolean>`true`);
		this.#freeOf = free<FreeAt & OneBroadcast>(
			(param) => sql<boolean>`b.tenant_id = ${param("tenantId")} and b.id = ${param("broadcastId")}`,
		);
		this.#freeExcept = free<FreeAt & { readonly except: unknown }>(
			(param) => sql<boolean>`not ${dialect.among(sql.ref("b.id"), param("except"), "id")}`,
		);
		this.#claim = query<Claim>()((param) =>
			db
				.updateTable("convoke_broadcast_slices")
				.set({
					owner: param("owner"),
					lease_end: sql<number>`${dialect.clock(param("now"))} + ${param("leaseMs")}`,
					claim: sql<number>`claim + 1`,
					interrupted: param("interrupted"),
				})
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("broadcast"))
				.where("id", "=", param("slice")),
		);
		this.#due = query<{ at: number; now: number; limit: number }>()((param) =>
			db
				.selectFrom("convoke_broadcasts as b")
				.select(["b.tenant_id", "b.id", "b.status"])
				.where("b.status", "in", ["queued", "scheduled", "sending", "canceled"])
				.where((eb) =>
					eb.or([
						eb("b.status", "=", "queued"),
						eb.and([eb("b.status", "=", "scheduled"), eb("b.scheduled_at", "<=", param("at"))]),
						eb.and([
							eb("b.status", "=", "sending"),
							eb.exists(
								eb
									.selectFrom("convoke_broadcast_plans as p")
									.select("p.complete")
									.whereRef("p.tenant_id", "=", "b.tenant_id")
									.whereRef("p.broadcast_id", "=", "b.id")
									.where("p.complete", "=", 1),
							),
							eb.not(
								eb.exists(
									eb
										.selectFrom("convoke_broadcast_slices as s")
										.select("s.id")
										.whereRef("s.tenant_id", "=", "b.tenant_id")
										.whereRef("s.broadcast_id", "=", "b.id")
										.where("s.open", ">", sql.lit(0)),
								),
							),
						]),
						eb.and([
							eb("b.status", "=", "canceled"),
							eb.exists(
								eb
									.selectFrom("convoke_broadcast_slices as s")
									.select("s.id")
									.whereRef("s.tenant_id", "=", "b.tenant_id")
									.whereRef("s.broadcast_id", "=", "b.id")
									.where("s.open", ">", sql.lit(0))
									.where((slice) =>
										slice.or([
											slice("s.pending", ">", sql.lit(0)),
											slice("s.owner", "is", null),
											slice("s.lease_end", "<=", dialect.clock(param("now"))),
										]),
									),
							),
						]),
					]),
				)
				.orderBy("b.id")
				.orderBy("b.tenant_id")
				.limit(param("limit")),
		);
		this.#waiting = query<object>()(() =>
			db
				.selectFrom("convoke_broadcasts")
				.select(sql<number>`cast(count(*) as integer)`.as("broadcasts"))
				.where("status", "in", ["queued", "sending"]),
		);
		this.#open = query<object>()(() =>
			db
				.selectFrom("convoke_broadcasts as b")
				.innerJoin("convoke_broadcast_slices as s", (join) =>
					join.onRef("s.tenant_id", "=", "b.tenant_id").onRef("s.broadcast_id", "=", "b.id"),
				)
				.select(sql<number | null>`cast(sum(s."open") as integer)`.as("recipients"))
				.where("b.status", "=", "sending")
				.where("s.open", ">", sql.lit(0)),
		);
		this.#oldestLease = query<object>()(() =>
			db
				.selectFrom("convoke_broadcast_slices")
				.select("lease_end")
				.where("owner", "is not", null)
				.orderBy("lease_end")
				.limit(1),
		);
	}

	/** Leases a slice with something to do; see `Storage.claimSlice`. */
	*claim({ owner, leaseMs, now, ...wanted }: ClaimRequest): Unit<SliceLease | undefined> {
		const free = yield* first(this.#freeFor(wanted, now));
		if (free === undefined) return undefined;
		const { tenant_id: tenantId, broadcast_id: broadcastId, id: sliceId } = free;
		const slice = { tenant: tenantId, broadcast: broadcastId, slice: sliceId };
		const interrupted = free.sending > 0 ? 1 : 0;
		yield* changesOf(this.#claim.bind({ ...slice, owner, now, leaseMs, interrupted }));
		return { tenantId, broadcastId, sliceId, owner, claim: free.claim + 1 };
	}

	#freeFor(
		{ at: due, of, except = [] }: Pick<ClaimRequest, "at" | "of" | "except">,
		now: number,
	): Statement<FreeSlice> {
		const at = due.getTime();
		if (of !== undefined) return this.#freeOf.bind({ now, at, ...of });
		if (except.length === 0) return this.#free.bind({ now, at });
		return this.#freeExcept.bind({ now, at, except: this.#dialect.encodeList(except) });
	}

	/** Broadcasts with something to do other than sending. */
	*due(at: Date, now: number, limit: number): Unit<readonly DueBroadcast[]> {
		const rows = yield* all(this.#due.bind({ at: at.getTime(), now, limit }));
		return rows.map(({ tenant_id: tenantId, id: broadcastId, status }) => ({
			tenantId,
			broadcastId,
			need: NEEDS[status as keyof typeof NEEDS],
		}));
	}

	/** How much is waiting. */
	*backlog(): Unit<Backlog> {
		const waiting = yield* first(this.#waiting.bind({}));
		const open = yield* first(this.#open.bind({}));
		const lease = yield* first(this.#oldestLease.bind({}));
		return {
			broadcasts: waiting?.broadcasts ?? 0,
			recipients: open?.recipients ?? 0,
			oldestLease: lease === undefined ? undefined : new Date(Number(lease.lease_end)),
		};
	}
}

const NEEDS = {
	scheduled: "start",
	queued: "plan",
	sending: "settle",
	canceled: "cancel",
} as const satisfies Partial<Record<BroadcastRecord["status"], DueBroadcast["need"]>>;

import type { BoundFilter, Walk, WalkChunk } from "@convoke/core";
import { checkPlanAdds } from "@convoke/core";
import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import type { BroadcastStore } from "./broadcast-store.ts";
import type { SqlDialect } from "./dialect.ts";
import { filterSql, reasonSql } from "./filter-sql.ts";
import { Insert } from "./insert.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import { all, changesOf, first } from "./statement.ts";
import type { Statement, Unit } from "./statement.ts";

/** The most contacts that one chunk passes, whether or not they are candidates, so that it stays a matter of milliseconds. */
const MAX_PASSED = 5_000;

/** A range of contact ids: beyond the first, up to the last. */
interface Range {
	readonly tenant: string;
	readonly after: string;
	readonly upTo: string;
}

interface Write extends Range {
	readonly broadcast: string;
	readonly at: number;
}

/** The first and last contact of a range. */
interface Bounds {
	readonly first: string | null;
	readonly last: string | null;
}

interface ReasonCount {
	readonly reason: string | null;
	readonly count: number;
}

/** The statements of one walk. */
interface WalkQueries {
	/** How many of a range are candidates, by the target alone. */
	readonly count: Query<Range, { count: number }>;
	/** What the rules say of the candidates of a range. */
	readonly judge: Query<Range, ReasonCount>;
	/** Writes that down. */
	readonly write: Query<Write, unknown>;
}

/** Less than every id. */
const BEFORE_ALL = "00000000-0000-0000-0000-000000000000";

/** Walks through candidates. */
export class PlanStore {
	readonly #dialect: SqlDialect;
	readonly #broadcasts: BroadcastStore;
	readonly #insertSlice: Insert;
	/** By target and rules, which stay the same objects for a whole walk. */
	readonly #walks = new WeakMap<BoundFilter, WeakMap<Walk["rules"], WalkQueries>>();
	readonly #end: Query<Range & { readonly offset: number }, { id: string }>;
	readonly #written: Query<Omit<Write, "at">, ReasonCount>;
	readonly #bounds: Query<Omit<Write, "at">, Bounds>;

	constructor(dialect: SqlDialect, broadcasts: BroadcastStore) {
		const { db } = dialect;
		this.#dialect = dialect;
		this.#broadcasts = broadcasts;
		this.#insertSlice = new Insert(dialect, "convoke_broadcast_slices", SLICE_COLUMNS);
		this.#end = query<Range & { readonly offset: number }>()((param) =>
			db
				.selectFrom("convoke_contacts")
				.select("id")
				.where("tenant_id", "=", param("tenant"))
				.where("id", ">", param("after"))
				.where("id", "<=", param("upTo"))
				.orderBy("id")
				.limit(1)
				.offset(param("offset")),
		);
		const written = (param: (name: "tenant" | "broadcast" | "after" | "upTo") => RawBuilder<string>) =>
			db
				.selectFrom("convoke_broadcast_recipients")
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("broadcast"))
				.where("contact_id", ">", param("after"))
				.where("contact_id", "<=", param("upTo"));
		this.#written = query<Omit<Write, "at">>()((param) =>
			written(param)
				.select(["reason", sql<number>`count(*)`.as("count")])
				.groupBy("reason"),
		);
		this.#bounds = query<Omit<Write, "at">>()((param) =>
			written(param).select((eb) => [eb.fn.min("contact_id").as("first"), eb.fn.max("contact_id").as("last")]),
		);
	}

	/** One chunk, writing nothing. */
	*survey(tenant: string, walk: Walk): Unit<WalkChunk> {
		const { judge } = this.#queries(walk);
		const passed = yield* this.#pass(tenant, walk);
		return yield* this.#judged(passed, judge.bind({ tenant, after: walk.after ?? BEFORE_ALL, upTo: passed.through }));
	}

	/** One chunk, written; see `TenantStorage.freezeChunk`. */
	*freeze(
		tenant: string,
		broadcast: string,
		walk: Walk,
		slice: { readonly id: string; readonly at: Date },
	): Unit<WalkChunk | undefined> {
		const record = yield* this.#broadcasts.find(tenant, broadcast);
		if (record?.status !== "queued" || record.plan === null) return undefined;
		if (record.plan.through !== (walk.after ?? null)) return undefined;
		const passed = yield* this.#pass(tenant, walk);
		const range = { tenant, broadcast, after: walk.after ?? BEFORE_ALL, upTo: passed.through };
		yield* changesOf(this.#queries(walk).write.bind({ ...range, at: slice.at.getTime() }));
		const chunk = yield* this.#judged(passed, this.#written.bind(range));
		if (chunk.candidates > 0) {
			const bounds = yield* first(this.#bounds.bind(range));
			yield* this.#insertSlice.rows([sliceRow(tenant, broadcast, slice.id, chunk, bounds)]);
		}
		yield* this.#broadcasts.advancePlan(tenant, broadcast, chunk.through, chunk.complete);
		return chunk;
	}

	/** How far the chunk goes, and how many candidates it meets. */
	*#pass(tenant: string, walk: Walk): Unit<Pick<WalkChunk, "through" | "complete" | "candidates">> {
		const { count } = this.#queries(walk);
		const { upTo } = walk;
		const step = Math.min(Math.max(walk.limit, 1), MAX_PASSED);
		let after = walk.after ?? BEFORE_ALL;
		let candidates = 0;
		for (let passed = step; ; passed += step) {
			const end = yield* first(this.#end.bind({ tenant, after, upTo, offset: step - 1 }));
			const through = end?.id ?? upTo;
			candidates += (yield* first(count.bind({ tenant, after, upTo: through })))?.count ?? 0;
			// A sparse target goes on, so that slices are worth a claim.
			const isEnough = candidates * 2 >= walk.limit || passed + step > MAX_PASSED;
			if (through >= upTo || isEnough) return { through, complete: through >= upTo, candidates };
			after = through;
		}
	}

	*#judged(
		passed: Pick<WalkChunk, "through" | "complete" | "candidates">,
		statement: Statement<ReasonCount>,
	): Unit<WalkChunk> {
		let included = 0;
		const excluded = new Map<string, number>();
		for (const { reason, count } of yield* all(statement)) {
			if (reason === null) included = count;
			else excluded.set(reason, count);
		}
		checkPlanAdds(passed.candidates, included, excluded);
		return { ...passed, included, excluded: Object.fromEntries(excluded) };
	}

	#queries({ target, rules }: Walk): WalkQueries {
		const byRules = this.#walks.get(target) ?? new WeakMap<Walk["rules"], WalkQueries>();
		this.#walks.set(target, byRules);
		const queries = byRules.get(rules) ?? this.#build(target, rules);
		byRules.set(rules, queries);
		return queries;
	}

	#build(target: BoundFilter, rules: Walk["rules"]): WalkQueries {
		const { db } = this.#dialect;
		const candidates = (param: (name: keyof Range) => RawBuilder<string>): RawBuilder<unknown> =>
			sql`from ${sql.table("convoke_contacts")} as c where c.tenant_id = ${param("tenant")}
				and c.id > ${param("after")} and c.id <= ${param("upTo")} and ${filterSql(target, this.#dialect)}`;
		const reason = reasonSql(rules, this.#dialect);
		return {
			count: query<Range>()((param) => {
				const counted = sql<{ count: number }>`select count(*) as count ${candidates(param)}`;
				return { compile: () => counted.compile(db) };
			}),
			judge: query<Range>()((param) => {
				const judged = sql<ReasonCount>`select judged.reason, count(*) as count
					from (select ${reason} as reason ${candidates(param)}) as judged group by judged.reason`;
				return { compile: () => judged.compile(db) };
			}),
			write: query<Write>()((param) => {
				// Materialized, for else the reason would be worked out twice.
				const written = sql`with judged as materialized (select c.id, ${reason} as reason ${candidates(param)})
					insert into ${sql.table("convoke_broadcast_recipients")} (tenant_id, broadcast_id, contact_id, state, reason,
						attempts, claim, updated_at)
					select ${param("tenant")}, ${param("broadcast")}, judged.id,
						case when judged.reason is null then 'pending' else 'excluded' end, judged.reason, 0, 0, ${param("at")}
					from judged order by judged.id`;
				return { compile: () => written.compile(db) };
			}),
		};
	}
}

const SLICE_COLUMNS = [
	"tenant_id",
	"broadcast_id",
	"id",
	"first_contact_id",
	"last_contact_id",
	"open_from",
	"open",
	"pending",
	"sending",
	"sent",
	"failed",
	"skipped",
	"uncertain",
	"excluded",
	"claim",
	"interrupted",
];

function sliceRow(
	tenant: string,
	broadcast: string,
	id: string,
	{ included, excluded, through }: WalkChunk,
	bounds: Bounds | undefined,
): Readonly<Record<string, unknown>> {
	return {
		tenant_id: tenant,
		broadcast_id: broadcast,
		id,
		first_contact_id: bounds?.first ?? through,
		last_contact_id: bounds?.last ?? through,
		open_from: bounds?.first ?? through,
		open: included,
		pending: included,
		sending: 0,
		sent: 0,
		failed: 0,
		skipped: 0,
		uncertain: 0,
		excluded: JSON.stringify(excluded),
		claim: 0,
		interrupted: 0,
	};
}

import type { BoundFilter, ReasonCount, Walk, WalkChunk } from "@convoke/core";
import { checkPlanAdds } from "@convoke/core";
import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { filterSql, reasonSql } from "./filter-sql.ts";
import { BEFORE_ALL } from "./ids.ts";
import { Insert } from "./insert.ts";
import type { PlanProgressStore } from "./plan-progress.ts";
import { compilable, query } from "./query.ts";
import type { Query } from "./query.ts";
import { all, changesOf, first } from "./statement.ts";
import type { Unit } from "./statement.ts";

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

/** What was written of a range: its first and last recipient, and as JSON how many each rule leaves out. */
interface Written {
	readonly first: string | null;
	readonly last: string | null;
	readonly excluded: string;
}

/** The statements of one walk. */
interface WalkQueries {
	/** The id that comes after so many, of those that are passed. */
	readonly end: Query<Range & { readonly offset: number }, { id: string }>;
	/** Whether all that are passed are candidates. */
	readonly isDense: boolean;
	/** How many of a range are candidates, by the target alone. */
	readonly count: Query<Range, { count: number }>;
	/** What the rules say of the candidates of a range. */
	readonly judge: Query<Range, ReasonCount>;
	/** Writes that down. */
	readonly write: Query<Write, unknown>;
}

/** Walks through candidates. */
export class PlanStore {
	readonly #dialect: SqlDialect;
	readonly #progress: PlanProgressStore;
	readonly #insertSlice: Insert;
	/** By target and rules, which stay the same objects for a whole walk. */
	readonly #walks = new WeakMap<BoundFilter, WeakMap<Walk["rules"], WalkQueries>>();

	readonly #written: Query<Omit<Write, "at">, Written>;

	constructor(dialect: SqlDialect, progress: PlanProgressStore) {
		this.#dialect = dialect;
		this.#progress = progress;
		this.#insertSlice = new Insert(dialect, "convoke_broadcast_slices", SLICE_COLUMNS);
		const written = (param: (name: Exclude<keyof Write, "at">) => RawBuilder<unknown>) =>
			sql`from ${sql.table("convoke_broadcast_recipients")}
				where tenant_id = ${param("tenant")} and broadcast_id = ${param("broadcast")}
				and contact_id > ${param("after")} and contact_id <= ${param("upTo")}`;
		this.#written = query<Omit<Write, "at">>()((param) => {
			const counts = sql`select reason, cast(count(*) as integer) as count ${written(param)}
				and reason is not null group by reason`;
			const found = sql<Written>`select (select contact_id ${written(param)} order by contact_id limit 1) as first,
				(select contact_id ${written(param)} order by contact_id desc limit 1) as last,
				(select ${dialect.objectOf(sql`reason`, sql`count`)} from (${counts}) as counts) as excluded`;
			return compilable(found, dialect.db);
		});
	}

	/** One chunk, writing nothing. */
	*survey(tenant: string, walk: Walk): Unit<WalkChunk> {
		const queries = this.#queries(walk);
		const passed = yield* this.#pass(tenant, walk, queries);
		const range = { tenant, after: walk.after ?? BEFORE_ALL, upTo: passed.through };
		const judged = yield* all(queries.judge.bind(range));
		const total = judged.reduce((sum, { count }) => sum + count, 0);
		return chunkOf(passed, total, judged);
	}

	/** One chunk, written; see `TenantStorage.freezeChunk`. */
	*freeze(
		tenant: string,
		broadcast: string,
		walk: Walk,
		slice: { readonly id: string; readonly at: Date },
	): Unit<WalkChunk | undefined> {
		if (!(yield* this.#progress.isAt(tenant, broadcast, walk.after ?? null))) return undefined;
		const queries = this.#queries(walk);
		const passed = yield* this.#pass(tenant, walk, queries);
		const range = { tenant, broadcast, after: walk.after ?? BEFORE_ALL, upTo: passed.through };
		const judged = yield* changesOf(queries.write.bind({ ...range, at: slice.at.getTime() }));
		const written = yield* first(this.#written.bind(range));
		const excluded = JSON.parse(written?.excluded ?? "{}") as Readonly<Record<string, number>>;
		const counts = Object.entries(excluded).map(([reason, count]) => ({ reason, count }));
		const chunk = chunkOf(passed, judged, counts);
		if (chunk.candidates > 0) yield* this.#insertSlice.rows([sliceRow(tenant, broadcast, slice.id, chunk, written)]);
		yield* this.#progress.advance(tenant, broadcast, chunk.through, chunk.complete);
		return chunk;
	}

	/** How far the chunk goes, and how many candidates it meets, by the target alone. */
	*#pass(
		tenant: string,
		{ limit, upTo, ...walk }: Walk,
		{ end: findEnd, isDense, count }: WalkQueries,
	): Unit<Pick<WalkChunk, "through" | "complete" | "candidates">> {
		const step = Math.min(Math.max(limit, 1), MAX_PASSED);
		let after = walk.after ?? BEFORE_ALL;
		let candidates = 0;
		for (let passed = step; ; passed += step) {
			const end = yield* first(findEnd.bind({ tenant, after, upTo, offset: step - 1 }));
			const through = end?.id ?? upTo;
			// To find the end of a dense range was to count it.
			const isCounted = isDense && end !== undefined;
			candidates += isCounted ? step : ((yield* first(count.bind({ tenant, after, upTo: through })))?.count ?? 0);
			const complete = through >= upTo;
			// A sparse target goes on, so that slices are worth a claim.
			if (complete || candidates * 2 >= limit || passed + step > MAX_PASSED) return { through, complete, candidates };
			after = through;
		}
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
		const compiled = <Row>(statement: RawBuilder<Row>) => compilable(statement, db);
		const { passed, id, candidates, isDense } = sourceOf(target, this.#dialect);
		const reason = reasonSql(rules, this.#dialect);
		// Fenced, for else the reason would be worked out anew wherever it is named.
		const judged = (param: RangeParam) =>
			sql`(select ${id} as id, ${reason} as reason ${candidates(param)} order by ${id} ${this.#dialect.fence}) as judged`;
		return {
			isDense,
			end: query<Range & { readonly offset: number }>()((param) =>
				compiled(
					sql<{ id: string }>`select id from ${passed(param)} as p order by id limit 1 offset ${param("offset")}`,
				),
			),
			count: query<Range>()((param) =>
				compiled(
					sql<{
						count: number;
					}>`select cast(count(*) as integer) as count ${isDense ? sql`from ${passed(param)} as p` : candidates(param)}`,
				),
			),
			judge: query<Range>()((param) =>
				compiled(
					sql<ReasonCount>`select reason, cast(count(*) as integer) as count from ${judged(param)} group by reason`,
				),
			),
			write: query<Write>()((param) =>
				compiled(sql`insert into ${sql.table("convoke_broadcast_recipients")} (tenant_id, broadcast_id, contact_id, state,
						reason, attempts, tries, claim, updated_at)
					select cast(${param("tenant")} as text), cast(${param("broadcast")} as ${sql.raw(this.#dialect.types.id)}), judged.id,
						case when judged.reason is null then 'pending' else 'excluded' end, judged.reason, 0, 0, 0, cast(${param("at")} as bigint)
					from ${judged(param)}`),
			),
		};
	}
}

type RangeParam = (name: keyof Range) => RawBuilder<unknown>;

/** Where the candidates of a target come from. */
interface Source {
	/** A subquery of what is passed one by one: the ids of contacts, or of members where the target is a segment. */
	readonly passed: (param: RangeParam) => RawBuilder<unknown>;
	/** Whether all that are passed are candidates. */
	readonly isDense: boolean;
	/** From and where of the candidates as `c`. */
	readonly candidates: (param: RangeParam) => RawBuilder<unknown>;
	/** The column of a candidate's id by whose index they come in order. */
	readonly id: RawBuilder<unknown>;
}

function sourceOf(target: BoundFilter, dialect: SqlDialect): Source {
	const contacts = sql.table("convoke_contacts");
	const range = (param: RangeParam) =>
		sql`c.tenant_id = ${param("tenant")} and c.id > ${param("after")} and c.id <= ${param("upTo")}`;
	if (target.kind === "member") {
		// A segment is walked by its members, so that a small one costs little among many contacts.
		const passed = (param: RangeParam) => sql`(select contact_id as id from ${sql.table("convoke_segment_members")}
			where tenant_id = ${param("tenant")} and segment_id = ${target.segmentId}
			and contact_id > ${param("after")} and contact_id <= ${param("upTo")})`;
		return {
			passed,
			isDense: true,
			candidates: (param) =>
				sql`from ${passed(param)} as i ${dialect.lookUp(contacts, "c", sql`c.tenant_id = ${param("tenant")} and c.id = i.id`)}`,
			id: sql`i.id`,
		};
	}
	return {
		passed: (param) => sql`(select c.id from ${contacts} as c where ${range(param)})`,
		isDense: target.kind === "all" && target.of.length === 0,
		candidates: (param) => sql`from ${contacts} as c where ${range(param)} and ${filterSql(target, dialect)}`,
		id: sql`c.id`,
	};
}

/** @throws `storage_failed` with `plan_mismatch`. */
function chunkOf(
	passed: Pick<WalkChunk, "through" | "complete" | "candidates">,
	judged: number,
	counts: readonly ReasonCount[],
): WalkChunk {
	const excluded = new Map<string, number>();
	let included = judged;
	for (const { reason, count } of counts) {
		if (reason === null) continue;
		excluded.set(reason, count);
		included -= count;
	}
	checkPlanAdds(passed.candidates, included, excluded);
	return { ...passed, included, excluded: Object.fromEntries(excluded) };
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
	bounds: Written | undefined,
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

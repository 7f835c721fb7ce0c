import type { BroadcastStatus, MarkedRecipient, SliceStep, SliceTurn } from "@convoke/core";
import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import { decodeContact } from "./contact-rows.ts";
import type { SqlDialect } from "./dialect.ts";
import { OutcomeStore } from "./outcome-store.ts";
import { compilable, query } from "./query.ts";
import type { Query } from "./query.ts";
import { CountChanges } from "./recipient-counts.ts";
import type { DeliveryCounts } from "./recipient-counts.ts";
import { SliceCandidates } from "./slice-candidates.ts";
import type { Candidate } from "./slice-candidates.ts";
import { rangeOf } from "./slice-work.ts";
import type { OfBroadcast, SliceRange, SliceWork } from "./slice-work.ts";
import { all, changesOf, first } from "./statement.ts";
import type { Statement, Unit } from "./statement.ts";

interface FoundSlice extends DeliveryCounts {
	/** The broadcast's. */
	readonly status: BroadcastStatus;
	readonly first_contact_id: string;
	readonly last_contact_id: string;
	readonly open_from: string;
	readonly owner: string | null;
	readonly claim: number;
	readonly interrupted: number;
}

/** What a step leaves of a slice. */
interface SteppedSlice extends SliceRange, DeliveryCounts {
	readonly slice: string;
	readonly open: number;
	readonly owner: string | null;
	/** How long the lease lasts from `now` on, in milliseconds; null leaves its end alone. */
	readonly leaseMs: number | null;
	readonly now: number;
	readonly interrupted: number;
}

/** Takes steps of sending slices; see `TenantStorage.advanceSlice`. */
export class SliceSteps {
	readonly #dialect: SqlDialect;
	readonly #candidates: SliceCandidates;
	readonly #status: Query<OfBroadcast, { status: BroadcastStatus }>;
	readonly #find: Query<OfBroadcast & { readonly slice: string }, FoundSlice>;
	readonly #outcomes: OutcomeStore;
	readonly #mark: Query<
		OfBroadcast & { readonly contacts: unknown; readonly claim: number; readonly at: number },
		unknown
	>;
	readonly #leave: Query<
		OfBroadcast & { readonly records: string; readonly contacts: unknown; readonly state: string; readonly at: number },
		unknown
	>;
	readonly #hold: Query<SliceRange & { readonly claim: number; readonly at: number }, unknown>;
	readonly #nextDue: Query<SliceRange & { readonly at: number }, { contact_id: string }>;
	readonly #nextRetry: Query<SliceRange, { retry_at: number | string }>;
	readonly #update: Query<SteppedSlice, unknown>;

	constructor(dialect: SqlDialect) {
		this.#dialect = dialect;
		this.#candidates = new SliceCandidates(dialect);
		this.#outcomes = new OutcomeStore(dialect);
		const { db } = dialect;
		const slices = sql.table("convoke_broadcast_slices");
		const recipients = sql.table("convoke_broadcast_recipients");
		type Param<Params> = (name: keyof Params & string) => RawBuilder<unknown>;
		const range = (param: Param<SliceRange>) =>
			sql`tenant_id = ${param("tenant")} and broadcast_id = ${param("broadcast")}
				and contact_id >= ${param("from")} and contact_id <= ${param("last")}`;
		const nextOpen = (param: Param<SteppedSlice>) =>
			sql`coalesce(case when cast(${param("open")} as integer) > 0 then (select contact_id from ${recipients}
				where ${range(param)} and state in ('pending', 'sending') order by contact_id limit 1) end, ${param("last")})`;
		const leaseEnd = (param: Param<SteppedSlice>) =>
			sql`coalesce(${dialect.clock(sql`${param("now")}`)} + ${param("leaseMs")}, lease_end)`;
		const compiled = <Row>(statement: RawBuilder<Row>) => compilable(statement, db);

		const broadcasts = sql.table("convoke_broadcasts");
		this.#status = query<OfBroadcast>()((param) =>
			compiled(sql<{ status: BroadcastStatus }>`select status from ${broadcasts}
				where tenant_id = ${param("tenant")} and id = ${param("broadcast")}`),
		);
		// The broadcast stays as it is until the step is done, and nobody else takes one of this slice.
		this.#find = query<OfBroadcast & { readonly slice: string }>()((param) =>
			compiled(sql<FoundSlice>`select b.status, s.first_contact_id, s.last_contact_id, s.open_from, s.pending, s.sending,
					s.sent, s.failed, s.skipped, s.uncertain, s.owner, s.claim, s.interrupted
				from ${broadcasts} as b join ${slices} as s on s.tenant_id = b.tenant_id and s.broadcast_id = b.id
				where b.tenant_id = ${param("tenant")} and b.id = ${param("broadcast")} and s.id = ${param("slice")}
				${dialect.lock("share", "b")} ${dialect.lock("update", "s")}`),
		);
		this.#mark = query<OfBroadcast & { readonly contacts: unknown; readonly claim: number; readonly at: number }>()(
			(param) =>
				compiled(sql`update ${recipients} set state = 'sending', reason = null, retry_at = null,
					attempts = attempts + 1, tries = tries + 1, claim = ${param("claim")}, updated_at = ${param("at")}
				where tenant_id = ${param("tenant")} and broadcast_id = ${param("broadcast")}
				and ${dialect.among(sql.ref("contact_id"), param("contacts"), "id")}`),
		);
		this.#leave = query<
			OfBroadcast & {
				readonly records: string;
				readonly contacts: unknown;
				readonly state: string;
				readonly at: number;
			}
		>()((param) => {
			const reasons = dialect.records(param("records"), { contact_id: "id", reason: "text" });
			return compiled(sql`update ${recipients} as r set state = ${param("state")}, reason = o.reason, retry_at = null,
						updated_at = ${param("at")}
					from ${reasons} where r.tenant_id = ${param("tenant")} and r.broadcast_id = ${param("broadcast")}
					and r.contact_id = o.contact_id and ${dialect.among(sql.ref("r.contact_id"), param("contacts"), "id")}`);
		});
		this.#hold = query<SliceRange & { readonly claim: number; readonly at: number }>()((param) =>
			compiled(sql`update ${recipients} set state = 'uncertain', reason = 'interrupted', updated_at = ${param("at")}
				where ${range(param)} and state = 'sending' and claim < ${param("claim")}`),
		);
		this.#nextDue = query<SliceRange & { readonly at: number }>()((param) =>
			compiled(sql<{ contact_id: string }>`select contact_id from ${recipients} where ${range(param)}
				and state = 'pending' and (retry_at is null or retry_at <= ${param("at")}) order by contact_id limit 1`),
		);
		this.#nextRetry = query<SliceRange>()((param) =>
			compiled(sql<{ retry_at: number | string }>`select min(retry_at) as retry_at from ${recipients}
				where ${range(param)} and state = 'pending'`),
		);
		this.#update = query<SteppedSlice>()((param) =>
			compiled(sql`update ${slices} set open_from = ${nextOpen(param)}, "open" = ${param("open")},
					pending = ${param("pending")}, sending = ${param("sending")}, sent = ${param("sent")},
					failed = ${param("failed")}, skipped = ${param("skipped")}, uncertain = ${param("uncertain")},
					owner = ${param("owner")}, lease_end = ${leaseEnd(param)}, interrupted = ${param("interrupted")}
				where tenant_id = ${param("tenant")} and broadcast_id = ${param("broadcast")} and id = ${param("slice")}`),
		);
	}

	/** One step; `now` is the storage's own time. */
	*advance(tenant: string, step: SliceStep, now: number): Unit<SliceTurn> {
		const { lease, outcomes } = step;
		const broadcast = lease.broadcastId;
		const found = yield* first(this.#find.bind({ tenant, broadcast, slice: lease.sliceId }));
		if (found === undefined) {
			const status = (yield* first(this.#status.bind({ tenant, broadcast })))?.status ?? "canceled";
			return { held: false, marked: [], late: outcomes.length, open: 0, nextRetryAt: undefined, status };
		}
		const { status, first_contact_id: from, last_contact_id: last } = found;
		const changes = new CountChanges();
		const late = yield* this.#outcomes.record({ tenant, broadcast, from, last, step, changes }, status);
		const held = found.owner === lease.owner && found.claim === lease.claim;
		const work = { tenant, broadcast, from: found.open_from, last, step, changes };
		const mayBeInterrupted = found.interrupted === 1;
		const filled =
			held && status === "sending"
				? yield* this.#fill(work, mayBeInterrupted)
				: { marked: [], interrupted: mayBeInterrupted, isMoreDue: undefined };
		const counts = changes.addedTo(found);
		const open = counts.pending + counts.sending;
		yield* changesOf(
			this.#update.bind({
				...rangeOf(work),
				slice: lease.sliceId,
				open,
				...counts,
				...leaseAfter(found, step, held),
				now,
				interrupted: filled.interrupted ? 1 : 0,
			}),
		);
		const nextRetryAt = counts.pending > 0 ? yield* this.#findNextRetry(work, filled.isMoreDue) : undefined;
		return { held, marked: filled.marked, late, open, nextRetryAt, status };
	}

	/** Marks recipients, those that an earlier claim left `sending` first. */
	*#fill(work: SliceWork, mayBeInterrupted: boolean): Unit<Filled> {
		const { step } = work;
		const marked: MarkedRecipient[] = [];
		const queries = this.#candidates.queries(step.rules);
		let interrupted = mayBeInterrupted;
		if (interrupted && step.onInterrupted === "hold") {
			yield* this.#holdInterrupted(work);
			interrupted = false;
		} else if (interrupted) {
			const left = { ...rangeOf(work), claim: step.lease.claim };
			interrupted = yield* this.#markAll(work, marked, "sending", (limit) => ({
				lock: queries.lockInterrupted.bind({ ...left, limit }),
				candidates: queries.interrupted.bind({ ...left, limit }),
			}));
		}
		let isMoreDue: boolean | undefined;
		if (!interrupted && step.mark > 0) {
			const due = { ...rangeOf(work), at: step.at.getTime() };
			isMoreDue = yield* this.#markAll(work, marked, "pending", (limit) => ({
				lock: queries.lockDue.bind({ ...due, limit }),
				candidates: queries.due.bind({ ...due, limit }),
			}));
		}
		marked.sort((a, b) => (a.contact.id < b.contact.id ? -1 : 1));
		return { marked, interrupted, isMoreDue };
	}

	*#holdInterrupted(work: SliceWork): Unit<void> {
		const { step, changes } = work;
		const held = { ...rangeOf(work), claim: step.lease.claim, at: step.at.getTime() };
		changes.move("sending", "uncertain", yield* changesOf(this.#hold.bind(held)));
	}

	/** Marks candidates until the places are filled; answers whether there are more. */
	*#markAll(
		work: SliceWork,
		marked: MarkedRecipient[],
		from: "sending" | "pending",
		find: (limit: number) => { readonly lock: Statement; readonly candidates: Statement<Candidate> },
	): Unit<boolean> {
		for (;;) {
			const places = work.step.mark - marked.length;
			// One more than there are places for, to know whether somebody is left.
			const next = find(places + 1);
			// First, and in a statement of its own: only the next one sees what was committed while this one waited.
			if (this.#dialect.isConcurrent) yield next.lock;
			const candidates = yield* all(next.candidates);
			yield* this.#judge(work, marked, from, candidates.slice(0, places));
			if (candidates.length <= places) return false;
			if (marked.length === work.step.mark) return true;
		}
	}

	/** Marks the candidates whom no rule leaves out. */
	*#judge(
		{ tenant, broadcast, step, changes }: SliceWork,
		marked: MarkedRecipient[],
		from: "sending" | "pending",
		candidates: readonly Candidate[],
	): Unit<void> {
		if (candidates.length === 0) return;
		const at = step.at.getTime();
		const [left, granted]: [Candidate[], Candidate[]] = [[], []];
		for (const one of candidates) (one.id === null || one.exclusion !== null ? left : granted).push(one);
		if (left.length > 0) {
			const state = from === "sending" ? "uncertain" : "skipped";
			const records = JSON.stringify(
				left.map(({ id, recipient_id: contact, exclusion }) => [contact, id === null ? "removed" : exclusion]),
			);
			const gone = this.#dialect.encodeList(left.map(({ recipient_id: contact }) => contact));
			yield* changesOf(this.#leave.bind({ tenant, broadcast, records, contacts: gone, state, at }));
			changes.move(from, state, left.length);
		}
		if (granted.length === 0) return;
		const contacts = this.#dialect.encodeList(granted.map(({ recipient_id: contact }) => contact));
		yield* changesOf(this.#mark.bind({ tenant, broadcast, contacts, claim: step.lease.claim, at }));
		changes.move(from, "sending", granted.length);
		for (const one of granted) {
			const { recipient_attempts: attempts, recipient_tries: tries } = one;
			marked.push({ contact: decodeContact(one), attempt: attempts + 1, tries: tries + 1 });
		}
	}

	/** The earliest of all retries, unless something is due now. */
	*#findNextRetry(work: SliceWork, isMoreDue: boolean | undefined): Unit<Date | undefined> {
		if (isMoreDue === true) return undefined;
		const range = rangeOf(work);
		if (isMoreDue === undefined) {
			const due = yield* first(this.#nextDue.bind({ ...range, at: work.step.at.getTime() }));
			if (due !== undefined) return undefined;
		}
		const next = yield* first(this.#nextRetry.bind(range));
		return next === undefined ? undefined : new Date(Number(next.retry_at));
	}
}

interface Filled {
	readonly marked: readonly MarkedRecipient[];
	/** Whether recipients may still be `sending` by an earlier claim. */
	readonly interrupted: boolean;
	/** Whether more recipients are due than were marked; `undefined`: nobody has looked. */
	readonly isMoreDue: boolean | undefined;
}

/** Who holds a slice after a step, and how long. */
function leaseAfter(
	{ owner }: FoundSlice,
	{ lease, leaseMs }: SliceStep,
	held: boolean,
): Pick<SteppedSlice, "owner" | "leaseMs"> {
	if (!held) return { owner, leaseMs: null };
	return { owner: leaseMs > 0 ? lease.owner : null, leaseMs };
}

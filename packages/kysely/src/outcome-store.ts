import type { BroadcastStatus, RecipientOutcome } from "@convoke/core";
import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { groupBy } from "./group-by.ts";
import { compilable, query } from "./query.ts";
import type { Query } from "./query.ts";
import type { OfBroadcast, SliceWork } from "./slice-work.ts";
import { all, changesOf } from "./statement.ts";
import type { Unit } from "./statement.ts";

/** Whose outcomes are recorded, and under which claim they were marked. */
interface OutcomesOf extends OfBroadcast {
	readonly contacts: unknown;
	readonly claim: number;
	readonly at: number;
}

/** Records what became of recipients that were marked `sending`. */
export class OutcomeStore {
	readonly #dialect: SqlDialect;
	readonly #record: Query<OutcomesOf & { readonly records: string }, { state: string }>;
	readonly #accept: Query<OutcomesOf & { readonly attempt: number }, unknown>;

	constructor(dialect: SqlDialect) {
		this.#dialect = dialect;
		const { db } = dialect;
		const recipients = sql.table("convoke_broadcast_recipients");
		this.#record = query<OutcomesOf & { readonly records: string }>()((param) => {
			const outcomes = dialect.records(param("records"), {
				contact_id: "id",
				attempt: "integer",
				new_state: "text",
				new_reason: "text",
				new_retry_at: "number",
				new_provider_id: "text",
				untried: "integer",
			});
			const recorded = sql<{
				state: string;
			}>`update ${recipients} as r set state = o.new_state, reason = o.new_reason,
					retry_at = o.new_retry_at, provider_id = o.new_provider_id, attempts = r.attempts - o.untried, tries = r.tries - o.untried,
					updated_at = ${param("at")}
				from ${outcomes} where r.tenant_id = ${param("tenant")} and r.broadcast_id = ${param("broadcast")}
				and r.contact_id = o.contact_id and ${dialect.among(sql.ref("r.contact_id"), param("contacts"), "id")}
				and r.state = 'sending' and r.attempts = o.attempt and r.claim = ${param("claim")} returning state`;
			return compilable(recorded, db);
		});
		this.#accept = query<OutcomesOf & { readonly attempt: number }>()((param) => {
			const accepted = sql`update ${recipients} set state = 'sent', reason = null, retry_at = null, provider_id = null,
					updated_at = ${param("at")}
				where tenant_id = ${param("tenant")} and broadcast_id = ${param("broadcast")}
				and ${dialect.among(sql.ref("contact_id"), param("contacts"), "id")} and state = 'sending'
				and attempts = ${param("attempt")} and claim = ${param("claim")}`;
			return compilable(accepted, db);
		});
	}

	/** Records what counts, and says how many outcomes came too late. */
	*record(work: SliceWork, status: BroadcastStatus): Unit<number> {
		const { step, from, last } = work;
		const own = step.outcomes.filter(({ contactId }) => contactId >= from && contactId <= last);
		// An outcome counts once, the first of those for the same attempt.
		const distinct = [...new Map(own.toReversed().map((outcome) => [keyOf(outcome), outcome])).values()];
		const recorded =
			(yield* this.#recordAccepted(work, distinct.filter(isPlain))) +
			(yield* this.#recordOthers(
				work,
				distinct.filter((outcome) => !isPlain(outcome)),
				status,
			));
		return step.outcomes.length - recorded;
	}

	/** By a list of contacts for each attempt, as most outcomes are: that costs a third of records. */
	*#recordAccepted(
		{ tenant, broadcast, step, changes }: SliceWork,
		outcomes: readonly RecipientOutcome[],
	): Unit<number> {
		const byAttempt = groupBy(outcomes, ({ attempt }) => attempt);
		let recorded = 0;
		for (const [attempt, accepted] of byAttempt) {
			const contacts = this.#dialect.encodeList(accepted.map(({ contactId }) => contactId));
			const at = step.at.getTime();
			recorded += yield* changesOf(
				this.#accept.bind({ tenant, broadcast, contacts, attempt, claim: step.lease.claim, at }),
			);
		}
		changes.move("sending", "sent", recorded);
		return recorded;
	}

	*#recordOthers(
		{ tenant, broadcast, step, changes }: SliceWork,
		outcomes: readonly RecipientOutcome[],
		status: BroadcastStatus,
	): Unit<number> {
		if (outcomes.length === 0) return 0;
		const records = JSON.stringify(outcomes.map((outcome) => toRecord(outcome, status)));
		const contacts = this.#dialect.encodeList(outcomes.map(({ contactId }) => contactId));
		const of = { tenant, broadcast, claim: step.lease.claim, at: step.at.getTime() };
		const recorded = yield* all(this.#record.bind({ ...of, records, contacts }));
		for (const { state } of recorded) changes.move("sending", state as RecipientOutcome["state"]);
		return recorded.length;
	}
}

/** Whether there is nothing more to say than that the message was accepted. */
function isPlain({ state, reason, providerId, untried }: RecipientOutcome): boolean {
	return state === "sent" && reason === null && providerId === null && untried !== true;
}

function keyOf({ contactId, attempt }: RecipientOutcome): string {
	return `${contactId} ${attempt}`;
}

/** The fields that the statement reads, in order. */
function toRecord(outcome: RecipientOutcome, status: BroadcastStatus): readonly unknown[] {
	const { contactId, attempt, providerId, untried } = outcome;
	const { state, reason, retryAt } = status === "canceled" && outcome.state === "pending" ? CANCELED : outcome;
	const retry = state === "pending" && retryAt !== null ? retryAt.getTime() : null;
	return [contactId, attempt, state, reason, retry, providerId, untried === true ? 1 : 0];
}

/** What becomes of a recipient that would be tried again, had its broadcast not been canceled. */
const CANCELED = { state: "skipped", reason: "canceled", retryAt: null } as const;

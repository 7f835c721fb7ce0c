import type { BoundRule } from "@convoke/core";
import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import { contactSelection } from "./contact-rows.ts";
import type { SqlDialect } from "./dialect.ts";
import { reasonSql } from "./filter-sql.ts";
import { compilable, query } from "./query.ts";
import type { Query } from "./query.ts";
import type { SliceRange } from "./slice-work.ts";

/** A recipient whose turn it is, its contact, and what the rules say of it. */
export interface Candidate {
	readonly recipient_id: string;
	readonly recipient_attempts: number;
	readonly recipient_tries: number;
	/** Null when the contact is gone. */
	readonly id: string | null;
	readonly exclusion: string | null;
}

/** The statements that find whose turn it is. */
export interface CandidateQueries {
	readonly due: Query<Due, Candidate>;
	readonly interrupted: Query<Interrupted, Candidate>;
	/** Those that lock the contacts of as many, so that nobody opts out between the rules and the mark. */
	readonly lockDue: Query<Due, unknown>;
	readonly lockInterrupted: Query<Interrupted, unknown>;
}

interface Due extends SliceRange {
	readonly at: number;
	readonly limit: number;
}

interface Interrupted extends SliceRange {
	readonly claim: number;
	readonly limit: number;
}

/** Finds whose turn it is in a slice, and asks the rules again. */
export class SliceCandidates {
	readonly #dialect: SqlDialect;
	/** By rules, which stay the same object for all steps of a slice. */
	readonly #queries = new WeakMap<readonly BoundRule[], CandidateQueries>();

	constructor(dialect: SqlDialect) {
		this.#dialect = dialect;
	}

	/** The statements for these rules. */
	queries(rules: readonly BoundRule[]): CandidateQueries {
		const known = this.#queries.get(rules);
		if (known !== undefined) return known;
		const made = buildQueries(this.#dialect, rules);
		this.#queries.set(rules, made);
		return made;
	}
}

function buildQueries(dialect: SqlDialect, rules: readonly BoundRule[]): CandidateQueries {
	const { db } = dialect;
	const recipients = sql.table("convoke_broadcast_recipients");
	const contacts = sql.table("convoke_contacts");
	type Range = (name: "tenant" | "broadcast" | "from" | "last" | "limit") => RawBuilder<unknown>;
	// Chosen first, so that the rest is planned for as few as they are: for all that are due, Postgres would rather read
	// every suppression there is than look up a few.
	const chosen = (param: Range, condition: RawBuilder<unknown>) =>
		sql`(select r.contact_id, r.attempts, r.tries from ${recipients} as r
			where r.tenant_id = ${param("tenant")} and r.broadcast_id = ${param("broadcast")}
			and r.contact_id >= ${param("from")} and r.contact_id <= ${param("last")} and ${condition}
			order by r.contact_id limit ${param("limit")}) as r`;
	const due = (param: (name: keyof Due) => RawBuilder<unknown>) =>
		chosen(param, sql`r.state = 'pending' and (r.retry_at is null or r.retry_at <= ${param("at")})`);
	const interrupted = (param: (name: keyof Interrupted) => RawBuilder<unknown>) =>
		chosen(param, sql`r.state = 'sending' and r.claim < ${param("claim")}`);
	const judged = (rows: RawBuilder<unknown>, param: Range) =>
		sql<Candidate>`select r.contact_id as recipient_id, r.attempts as recipient_attempts, r.tries as recipient_tries,
			${contactSelection(dialect)}, ${reasonSql(rules, dialect)} as exclusion
			from ${rows} left join ${contacts} as c on c.tenant_id = ${param("tenant")} and c.id = r.contact_id
			order by r.contact_id`;
	const locked = (rows: RawBuilder<unknown>, param: Range) =>
		sql`select c.id from ${rows} join ${contacts} as c on c.tenant_id = ${param("tenant")} and c.id = r.contact_id
			order by r.contact_id ${dialect.lock("share", "c")}`;
	const compiled = <Row>(statement: RawBuilder<Row>) => compilable(statement, db);
	return {
		due: query<Due>()((param) => compiled(judged(due(param), param))),
		lockDue: query<Due>()((param) => compiled(locked(due(param), param))),
		interrupted: query<Interrupted>()((param) => compiled(judged(interrupted(param), param))),
		lockInterrupted: query<Interrupted>()((param) => compiled(locked(interrupted(param), param))),
	};
}

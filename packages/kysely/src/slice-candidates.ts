import type { BoundRule } from "@convoke/core";
import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import { contactSelection } from "./contact-rows.ts";
import type { SqlDialect } from "./dialect.ts";
import { reasonSql } from "./filter-sql.ts";
import { query } from "./query.ts";
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
	readonly due: Query<SliceRange & { readonly at: number; readonly limit: number }, Candidate>;
	readonly interrupted: Query<SliceRange & { readonly claim: number; readonly limit: number }, Candidate>;
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
	const chosen = (
		param: (name: "tenant" | "broadcast" | "from" | "last" | "limit") => RawBuilder<unknown>,
		condition: RawBuilder<unknown>,
	) => sql<Candidate>`select r.contact_id as recipient_id, r.attempts as recipient_attempts, r.tries as recipient_tries,
			${contactSelection(dialect)}, ${reasonSql(rules, dialect)} as exclusion
		from ${sql.table("convoke_broadcast_recipients")} as r left join ${sql.table("convoke_contacts")} as c
			on c.tenant_id = r.tenant_id and c.id = r.contact_id
		where r.tenant_id = ${param("tenant")} and r.broadcast_id = ${param("broadcast")}
			and r.contact_id >= ${param("from")} and r.contact_id <= ${param("last")} and ${condition}
		order by r.contact_id limit ${param("limit")}`;
	return {
		due: query<SliceRange & { readonly at: number; readonly limit: number }>()((param) => {
			const due = sql`r.state = 'pending' and (r.retry_at is null or r.retry_at <= ${param("at")})`;
			const statement = chosen(param, due);
			return { compile: () => statement.compile(db) };
		}),
		interrupted: query<SliceRange & { readonly claim: number; readonly limit: number }>()((param) => {
			const statement = chosen(param, sql`r.state = 'sending' and r.claim < ${param("claim")}`);
			return { compile: () => statement.compile(db) };
		}),
	};
}

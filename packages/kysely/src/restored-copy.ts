import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { changesOf } from "./statement.ts";
import type { Unit } from "./statement.ts";

/** Recipients deleted at a time, so that the process stays responsive. */
const CHUNK = 2_000;

const broadcasts = sql.table("convoke_broadcasts");
const plans = sql.table("convoke_broadcast_plans");
const contents = sql.table("convoke_broadcast_contents");
const recipients = sql.table("convoke_broadcast_recipients");
const slices = sql.table("convoke_broadcast_slices");

const ofQueued = sql`(tenant_id, broadcast_id) in (select tenant_id, id from ${broadcasts} where status = 'queued')`;

/**
 * Deletes recipients of queued broadcasts from a copy, because those become drafts again. To be run until it answers
 * `false`: nothing was left.
 */
export function* dropQueuedRecipients({ db }: SqlDialect): Unit<boolean> {
	const chunk = sql`delete from ${recipients} where (tenant_id, broadcast_id, contact_id) in
		(select tenant_id, broadcast_id, contact_id from ${recipients} where ${ofQueued} limit ${sql.lit(CHUNK)})`;
	return (yield* changesOf(chunk.compile(db))) > 0;
}

/**
 * Makes a copy send nothing by itself: what was being sent is paused for the reason `restored`, what waited for its time
 * or its plan is a draft again, and nobody holds a lease. Recipients that were `sending` stay so. `at` in milliseconds.
 */
export function* quietCopy({ db }: SqlDialect, at: number): Unit<void> {
	const statements: readonly RawBuilder<unknown>[] = [
		sql`delete from ${slices} where ${ofQueued}`,
		sql`delete from ${plans} where ${ofQueued}`,
		sql`delete from ${contents} where ${ofQueued}`,
		sql`update ${broadcasts} set status = 'draft', scheduled_at = null, queued_at = null, updated_at = ${at}
			where status in ('scheduled', 'queued')`,
		sql`update ${broadcasts} set status = 'paused', status_reason = 'restored', updated_at = ${at}
			where status = 'sending'`,
		sql`update ${slices} set owner = null, lease_end = null where owner is not null`,
	];
	for (const statement of statements) yield* changesOf(statement.compile(db));
}

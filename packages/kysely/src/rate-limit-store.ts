import { FULL_BUCKET, takePermits } from "@convoke/core";
import type { Bucket, PermitRequest, Permits } from "@convoke/core";
import { Columns, integer } from "./columns.ts";
import type { SqlDialect } from "./dialect.ts";
import { Insert } from "./insert.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import { changesOf, first } from "./statement.ts";
import type { Unit } from "./statement.ts";

const buckets = new Columns<Bucket>({ emptyAt: integer, day: integer, used: integer });

/** Limits that workers share. */
export class RateLimitStore {
	readonly #insert: Insert;
	readonly #find: Query<{ key: string }, object>;
	readonly #update: Query<{ key: string; empty_at: number; day: number; used: number }, unknown>;

	constructor(dialect: SqlDialect) {
		const { db } = dialect;
		this.#insert = new Insert(dialect, "convoke_rate_limits", ["key", ...buckets.names]);
		this.#find = query<{ key: string }>()((param) =>
			db
				.selectFrom("convoke_rate_limits")
				.select(["empty_at", "day", "used"])
				.where("key", "=", param("key"))
				.modifyEnd(dialect.lock("update")),
		);
		this.#update = query<{ key: string; empty_at: number; day: number; used: number }>()((param) =>
			db
				.updateTable("convoke_rate_limits")
				.set({ empty_at: param("empty_at"), day: param("day"), used: param("used") })
				.where("key", "=", param("key")),
		);
	}

	/** See `Storage.takePermits`. `now` is the storage's own time, in milliseconds. */
	*take({ key, want, perSecond, perDay, unused }: PermitRequest, now: number): Unit<Permits> {
		yield* this.#insert.rows([{ key, ...buckets.encode(FULL_BUCKET) }]);
		const row = yield* first(this.#find.bind({ key }));
		const before = row === undefined ? FULL_BUCKET : buckets.decode(row);
		const { bucket, ...taken } = takePermits({ perSecond, perDay }, before, want, now, unused);
		const { emptyAt: empty_at, day, used } = bucket;
		yield* changesOf(this.#update.bind({ key, empty_at, day, used }));
		return taken;
	}
}

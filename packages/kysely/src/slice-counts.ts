import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import type { CountChanges, DeliveryCounts } from "./recipient-counts.ts";
import type { OfBroadcast } from "./slice-work.ts";
import { changesOf } from "./statement.ts";
import type { Unit } from "./statement.ts";

interface OneSlice extends OfBroadcast {
	readonly slice: string;
}

interface Deltas extends OneSlice, DeliveryCounts {
	readonly open: number;
}

/** Keeps the counts of slices in step with their recipients. */
export class SliceCountStore {
	readonly #change: Query<Deltas, unknown>;
	readonly #reopen: Query<OneSlice, unknown>;

	constructor({ db }: SqlDialect) {
		this.#change = query<Deltas>()((param) =>
			db
				.updateTable("convoke_broadcast_slices")
				.set({
					open: sql<number>`"open" + ${param("open")}`,
					pending: sql<number>`pending + ${param("pending")}`,
					sending: sql<number>`sending + ${param("sending")}`,
					sent: sql<number>`sent + ${param("sent")}`,
					failed: sql<number>`failed + ${param("failed")}`,
					skipped: sql<number>`skipped + ${param("skipped")}`,
					uncertain: sql<number>`uncertain + ${param("uncertain")}`,
				})
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("broadcast"))
				.where("id", "=", param("slice")),
		);
		this.#reopen = query<OneSlice>()((param) =>
			db
				.updateTable("convoke_broadcast_slices")
				.set({ open_from: sql<string>`first_contact_id` })
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("broadcast"))
				.where("id", "=", param("slice")),
		);
	}

	/** Adds to the counts of a slice. */
	*change(tenant: string, broadcast: string, slice: string, changes: CountChanges): Unit<void> {
		if (changes.isNone) return;
		const deltas = changes.addedTo();
		const open = deltas.pending + deltas.sending;
		yield* changesOf(this.#change.bind({ tenant, broadcast, slice, open, ...deltas }));
	}

	/** Looks for open recipients from its beginning again. */
	*reopen(tenant: string, broadcast: string, slice: string): Unit<void> {
		yield* changesOf(this.#reopen.bind({ tenant, broadcast, slice }));
	}
}

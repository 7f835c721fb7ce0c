import type { PlanProgress } from "@convoke/core";
import { Columns, flag, instant, text } from "./columns.ts";
import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { Insert } from "./insert.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import type { OfBroadcast } from "./slice-work.ts";
import { all, changesOf, first } from "./statement.ts";
import type { Unit } from "./statement.ts";

/** How far a broadcast's plan has come, as its row has it. */
type PlanRow = PlanProgress & { readonly broadcastId: string };

const plans = new Columns<PlanRow>({ broadcastId: text, at: instant, upTo: text, through: text, complete: flag });

const KEY = ["tenant_id", "broadcast_id"];

/** How far plans have come: apart from the broadcasts, whose rows hold whole messages and are not to be written anew for each chunk. */
export class PlanProgressStore {
	readonly #dialect: SqlDialect;
	readonly #upsert: Insert;
	readonly #find: Query<{ readonly tenant: string; readonly broadcasts: unknown }, object>;
	readonly #ofQueued: Query<OfBroadcast, { through: string | null }>;
	readonly #advance: Query<OfBroadcast & { readonly through: string; readonly complete: number }, unknown>;
	readonly #delete: Query<OfBroadcast, unknown>;

	constructor(dialect: SqlDialect) {
		const { db } = dialect;
		this.#dialect = dialect;
		this.#upsert = new Insert(dialect, "convoke_broadcast_plans", ["tenant_id", ...plans.names], { key: KEY });
		this.#find = query<{ readonly tenant: string; readonly broadcasts: unknown }>()((param) =>
			db
				.selectFrom("convoke_broadcast_plans")
				.selectAll()
				.where("tenant_id", "=", param("tenant"))
				.where(dialect.among(sql.ref("broadcast_id"), param("broadcasts"), "id")),
		);
		this.#ofQueued = query<OfBroadcast>()((param) =>
			db
				.selectFrom("convoke_broadcasts as b")
				.innerJoin("convoke_broadcast_plans as p", (join) =>
					join.onRef("p.tenant_id", "=", "b.tenant_id").onRef("p.broadcast_id", "=", "b.id"),
				)
				.select("p.through")
				.where("b.tenant_id", "=", param("tenant"))
				.where("b.id", "=", param("broadcast"))
				.where("b.status", "=", "queued")
				.modifyEnd(dialect.lock("update")),
		);
		this.#advance = query<OfBroadcast & { readonly through: string; readonly complete: number }>()((param) =>
			db
				.updateTable("convoke_broadcast_plans")
				.set({ through: param("through"), complete: param("complete") })
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("broadcast")),
		);
		this.#delete = query<OfBroadcast>()((param) =>
			db
				.deleteFrom("convoke_broadcast_plans")
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("broadcast")),
		);
	}

	/** The plans of these broadcasts, by their ids; those without one are absent. */
	*find(tenant: string, broadcastIds: readonly string[]): Unit<ReadonlyMap<string, PlanProgress>> {
		if (broadcastIds.length === 0) return new Map();
		const rows = yield* all(this.#find.bind({ tenant, broadcasts: this.#dialect.encodeList(broadcastIds) }));
		return new Map(
			rows.map((row) => {
				const { broadcastId, ...plan } = plans.decode(row);
				return [broadcastId, plan];
			}),
		);
	}

	/** Sets the plan of a broadcast, or takes it away. */
	*set(tenant: string, broadcast: string, plan: PlanProgress | null): Unit<void> {
		if (plan === null) yield* changesOf(this.#delete.bind({ tenant, broadcast }));
		else yield* this.#upsert.rows([{ tenant_id: tenant, ...plans.encode({ ...plan, broadcastId: broadcast }) }]);
	}

	/** Whether the broadcast is queued and its plan has come just so far. */
	*isAt(tenant: string, broadcast: string, through: string | null): Unit<boolean> {
		const plan = yield* first(this.#ofQueued.bind({ tenant, broadcast }));
		return plan !== undefined && plan.through === through;
	}

	/** The plan has passed this contact. */
	*advance(tenant: string, broadcast: string, through: string, complete: boolean): Unit<void> {
		yield* changesOf(this.#advance.bind({ tenant, broadcast, through, complete: complete ? 1 : 0 }));
	}
}

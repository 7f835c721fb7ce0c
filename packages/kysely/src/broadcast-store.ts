import type { BroadcastContent, BroadcastMove, BroadcastRecord, BroadcastStatus, PageRequest } from "@convoke/core";
import { isUnderWay } from "@convoke/core";
import { sql } from "kysely";
import { Columns, decodeJson, encodeJson, flag, instant, json, text } from "./columns.ts";
import type { SqlDialect } from "./dialect.ts";
import { EntityStore } from "./entity-store.ts";
import { Insert } from "./insert.ts";
import type { PlanProgressStore } from "./plan-progress.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import { changesOf, first } from "./statement.ts";
import type { Unit } from "./statement.ts";
import type { Uses } from "./uses.ts";

/** A broadcast as its row has it. */
type BroadcastRow = Omit<BroadcastRecord, "plan">;

const broadcasts = new Columns<BroadcastRow>({
	id: text,
	name: text,
	status: text,
	statusReason: text,
	segmentId: text,
	filter: json,
	everyone: flag,
	topicId: text,
	from: json,
	replyTo: json,
	subject: text,
	previewText: text,
	html: text,
	mjml: text,
	text,
	headers: json,
	tags: json,
	attachments: json,
	uses: json,
	createdAt: instant,
	updatedAt: instant,
	scheduledAt: instant,
	queuedAt: instant,
	sentAt: instant,
});

interface ById {
	readonly tenant: string;
	readonly id: string;
}

/** Broadcasts and their frozen content. */
export class BroadcastStore {
	readonly #rows: EntityStore<BroadcastRow>;
	readonly #uses: Uses;
	readonly #plans: PlanProgressStore;
	readonly #upsertContent: Insert;
	readonly #findContent: Query<ById, { content: string }>;
	readonly #findOpenSlice: Query<ById, { id: string }>;
	readonly #lookAt: Query<ById, { status: BroadcastStatus }>;
	readonly #deleteRecipients: Query<ById, unknown>;

	constructor(dialect: SqlDialect, uses: Uses, plans: PlanProgressStore) {
		const { db } = dialect;
		this.#rows = new EntityStore(dialect, "convoke_broadcasts", broadcasts);
		this.#uses = uses;
		this.#plans = plans;
		this.#upsertContent = new Insert(dialect, "convoke_broadcast_contents", ["tenant_id", "broadcast_id", "content"], {
			key: ["tenant_id", "broadcast_id"],
		});
		this.#findContent = query<ById>()((param) =>
			db
				.selectFrom("convoke_broadcast_contents")
				.select("content")
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("id")),
		);
		this.#findOpenSlice = query<ById>()((param) =>
			db
				.selectFrom("convoke_broadcast_slices")
				.select("id")
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("id"))
				.where("open", ">", 0)
				.limit(1),
		);
		this.#lookAt = query<ById>()((param) =>
			db
				.selectFrom("convoke_broadcasts")
				.select(sql<BroadcastStatus>`status`.as("status"))
				.where("tenant_id", "=", param("tenant"))
				.where("id", "=", param("id"))
				.modifyEnd(dialect.lock("update")),
		);
		this.#deleteRecipients = query<ById>()((param) =>
			db
				.deleteFrom("convoke_broadcast_recipients")
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("id")),
		);
	}

	/** `false`: the id is taken. */
	*insert(tenant: string, { plan, ...row }: BroadcastRecord): Unit<boolean> {
		if (!(yield* this.#rows.insert(tenant, row))) return false;
		if (plan !== null) yield* this.#plans.set(tenant, row.id, plan);
		return true;
	}

	/** One broadcast. */
	*find(tenant: string, id: string): Unit<BroadcastRecord | undefined> {
		const row = yield* this.#rows.find(tenant, id);
		if (row === undefined) return undefined;
		const [record] = yield* this.#withPlans(tenant, [row]);
		return record;
	}

	/** The status of one broadcast, which stays so until the unit ends. */
	*lookAt(tenant: string, id: string): Unit<{ readonly status: BroadcastStatus } | undefined> {
		return yield* first(this.#lookAt.bind({ tenant, id }));
	}

	/** A page, newest first. */
	*page(tenant: string, page: PageRequest): Unit<readonly BroadcastRecord[]> {
		return yield* this.#withPlans(tenant, yield* this.#rows.page(tenant, page));
	}

	/** See `TenantStorage.moveBroadcast`. */
	*move(tenant: string, move: BroadcastMove): Unit<boolean> {
		const { id, from, content, unchangedSince, whenSettled } = move;
		const { plan, ...changes } = move.changes;
		const before = yield* this.#rows.findToChange(tenant, id);
		if (before === undefined || !from.includes(before.status)) return false;
		if (unchangedSince !== undefined && unchangedSince.getTime() !== before.updatedAt.getTime()) return false;
		if (whenSettled === true && (yield* first(this.#findOpenSlice.bind({ tenant, id }))) !== undefined) return false;
		const status = changes.status ?? before.status;
		if (isUnderWay(status) && !(yield* this.#uses.doExist(tenant, changes.uses ?? before.uses))) return false;
		yield* this.#rows.update(tenant, id, changes);
		if (plan !== undefined) yield* this.#plans.set(tenant, id, plan);
		if (content !== undefined) {
			const row = { tenant_id: tenant, broadcast_id: id, content: encodeJson(content) };
			yield* this.#upsertContent.rows([row]);
		}
		return true;
	}

	/** With its content, plan and slices, by the foreign keys, and its recipients. */
	*delete(tenant: string, id: string, from: readonly BroadcastStatus[]): Unit<boolean> {
		const status = (yield* this.#rows.findToChange(tenant, id))?.status;
		if (status === undefined || !from.includes(status)) return false;
		yield* changesOf(this.#deleteRecipients.bind({ tenant, id }));
		return yield* this.#rows.delete(tenant, id);
	}

	/** The frozen content. */
	*findContent(tenant: string, id: string): Unit<BroadcastContent | undefined> {
		const row = yield* first(this.#findContent.bind({ tenant, id }));
		return row === undefined ? undefined : (decodeJson(row.content) as BroadcastContent);
	}

	*#withPlans(tenant: string, rows: readonly BroadcastRow[]): Unit<readonly BroadcastRecord[]> {
		const plans = yield* this.#plans.find(
			tenant,
			rows.map(({ id }) => id),
		);
		return rows.map((row) => ({ ...row, plan: plans.get(row.id) ?? null }));
	}
}

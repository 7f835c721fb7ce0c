import type {
	BroadcastContent,
	BroadcastMove,
	BroadcastRecord,
	BroadcastStatus,
	PageRequest,
	PlanProgress,
} from "@convoke/core";
import { isUnderWay } from "@convoke/core";
import { Columns, decodeJson, encodeJson, flag, instant, json, text } from "./columns.ts";
import type { SqlDialect } from "./dialect.ts";
import { EntityStore } from "./entity-store.ts";
import { Insert } from "./insert.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import { changesOf, first } from "./statement.ts";
import type { Unit } from "./statement.ts";
import type { Uses } from "./uses.ts";

/** A broadcast as its row has it: the plan's fields side by side. */
type BroadcastRow = Omit<BroadcastRecord, "plan"> & {
	readonly planAt: Date | null;
	readonly planUpTo: string | null;
	readonly planThrough: string | null;
	readonly planComplete: boolean;
};

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
	planAt: instant,
	planUpTo: text,
	planThrough: text,
	planComplete: flag,
});

interface ById {
	readonly tenant: string;
	readonly id: string;
}

/** Broadcasts and their frozen content. */
export class BroadcastStore {
	readonly #rows: EntityStore<BroadcastRow>;
	readonly #uses: Uses;
	readonly #upsertContent: Insert;
	readonly #findContent: Query<ById, { content: string }>;
	readonly #findOpenSlice: Query<ById, { id: string }>;
	readonly #findPlan: Query<ById, { plan_through: string | null }>;
	readonly #deleteRecipients: Query<ById, unknown>;
	readonly #advancePlan: Query<ById & { readonly through: string; readonly complete: number }, unknown>;

	constructor(dialect: SqlDialect, uses: Uses) {
		const { db } = dialect;
		this.#rows = new EntityStore(dialect, "convoke_broadcasts", broadcasts);
		this.#uses = uses;
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
		this.#findPlan = query<ById>()((param) =>
			db
				.selectFrom("convoke_broadcasts")
				.select("plan_through")
				.where("tenant_id", "=", param("tenant"))
				.where("id", "=", param("id"))
				.where("status", "=", "queued")
				.where("plan_at", "is not", null),
		);
		this.#deleteRecipients = query<ById>()((param) =>
			db
				.deleteFrom("convoke_broadcast_recipients")
				.where("tenant_id", "=", param("tenant"))
				.where("broadcast_id", "=", param("id")),
		);
		this.#advancePlan = query<ById & { readonly through: string; readonly complete: number }>()((param) =>
			db
				.updateTable("convoke_broadcasts")
				.set({ plan_through: param("through"), plan_complete: param("complete") })
				.where("tenant_id", "=", param("tenant"))
				.where("id", "=", param("id")),
		);
	}

	/** `false`: the id is taken. */
	insert(tenant: string, record: BroadcastRecord): Unit<boolean> {
		return this.#rows.insert(tenant, { ...record, ...planFields(record.plan) });
	}

	/** One broadcast. */
	*find(tenant: string, id: string): Unit<BroadcastRecord | undefined> {
		const row = yield* this.#rows.find(tenant, id);
		return row === undefined ? undefined : toRecord(row);
	}

	/** A page, newest first. */
	*page(tenant: string, page: PageRequest): Unit<readonly BroadcastRecord[]> {
		return (yield* this.#rows.page(tenant, page)).map(toRecord);
	}

	/** See `TenantStorage.moveBroadcast`. */
	*move(tenant: string, move: BroadcastMove): Unit<boolean> {
		const { id, from, changes, content, unchangedSince, whenSettled } = move;
		const before = yield* this.find(tenant, id);
		if (before === undefined || !from.includes(before.status)) return false;
		if (unchangedSince !== undefined && unchangedSince.getTime() !== before.updatedAt.getTime()) return false;
		if (whenSettled === true && (yield* first(this.#findOpenSlice.bind({ tenant, id }))) !== undefined) return false;
		const status = changes.status ?? before.status;
		if (isUnderWay(status) && !(yield* this.#uses.doExist(tenant, changes.uses ?? before.uses))) return false;
		const plan = changes.plan === undefined ? {} : planFields(changes.plan);
		yield* this.#rows.update(tenant, id, { ...changes, ...plan });
		if (content !== undefined) {
			const row = { tenant_id: tenant, broadcast_id: id, content: encodeJson(content) };
			yield* this.#upsertContent.rows([row]);
		}
		return true;
	}

	/** Whether it is queued and its plan has come just so far. */
	*isPlannedTo(tenant: string, id: string, through: string | null): Unit<boolean> {
		const plan = yield* first(this.#findPlan.bind({ tenant, id }));
		return plan !== undefined && plan.plan_through === through;
	}

	/** The plan has passed this contact. */
	*advancePlan(tenant: string, id: string, through: string, complete: boolean): Unit<void> {
		yield* changesOf(this.#advancePlan.bind({ tenant, id, through, complete: complete ? 1 : 0 }));
	}

	/** With its content and slices, by the foreign keys, and its recipients. */
	*delete(tenant: string, id: string, from: readonly BroadcastStatus[]): Unit<boolean> {
		const status = (yield* this.#rows.find(tenant, id))?.status;
		if (status === undefined || !from.includes(status)) return false;
		yield* changesOf(this.#deleteRecipients.bind({ tenant, id }));
		return yield* this.#rows.delete(tenant, id);
	}

	/** The frozen content. */
	*findContent(tenant: string, id: string): Unit<BroadcastContent | undefined> {
		const row = yield* first(this.#findContent.bind({ tenant, id }));
		return row === undefined ? undefined : (decodeJson(row.content) as BroadcastContent);
	}
}

function planFields(
	plan: PlanProgress | null,
): Pick<BroadcastRow, "planAt" | "planUpTo" | "planThrough" | "planComplete"> {
	return {
		planAt: plan?.at ?? null,
		planUpTo: plan?.upTo ?? null,
		planThrough: plan?.through ?? null,
		planComplete: plan?.complete ?? false,
	};
}

function toRecord({ planAt, planUpTo, planThrough, planComplete, ...row }: BroadcastRow): BroadcastRecord {
	const plan = planAt && { upTo: planUpTo, through: planThrough, at: planAt, complete: planComplete };
	return { ...row, plan };
}

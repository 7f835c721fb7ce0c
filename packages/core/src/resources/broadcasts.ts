import { checkFields, checkSignal } from "../check-input.ts";
import type { TenantContext } from "../context.ts";
import { ConvokeError, invalidInput, notFound } from "../errors.ts";
import { callOff } from "../delivery/call-off.ts";
import { explain } from "../delivery/explain.ts";
import type { Explanation } from "../delivery/explain.ts";
import { check } from "../delivery/check.ts";
import { reportFailures } from "../delivery/failure-report.ts";
import type { FailureReport } from "../delivery/failure-report.ts";
import { freeze, rendererOf } from "../delivery/freeze.ts";
import { survey } from "../delivery/planner.ts";
import { preview } from "../delivery/preview.ts";
import type { Preview } from "../delivery/preview.ts";
import type { PreviewOptions } from "../delivery/sample-contact.ts";
import { sendTest } from "../delivery/test-send.ts";
import type { TestDelivery, TestOptions } from "../delivery/test-send.ts";
import type { PlanCounts } from "../delivery/planner.ts";
import { progressOf, watch } from "../delivery/progress.ts";
import type { Progress, WatchOptions } from "../delivery/progress.ts";
import {
	checkReason,
	checkRecipientSelection,
	expectedRecipients,
	writtenRecipients,
} from "../delivery/recipient-lists.ts";
import type { BroadcastRecipient, RecipientSelection } from "../delivery/recipient-lists.ts";
import { resolveUncertain, retryFailed } from "../delivery/second-chances.ts";
import type { Resolution } from "../delivery/second-chances.ts";
import { viewMessage } from "../delivery/view-message.ts";
import { verify } from "../delivery/verify.ts";
import type { Verification } from "../delivery/verify.ts";
import type { Filter } from "../filter/filter.ts";
import { BROADCAST_COLUMNS, RECIPIENT_COLUMNS } from "../exports/entity-columns.ts";
import { exportPages } from "../exports/export-pages.ts";
import { TABLE_OPTIONS } from "../exports/table-writer.ts";
import type { TableOptions } from "../exports/table-writer.ts";
import { checkId } from "../ids.ts";
import { checkInstant } from "../instant.ts";
import type { Broadcast, BroadcastRecord } from "../model/broadcast.ts";
import { EXCLUSION_REASONS } from "../model/recipient.ts";
import { readPage } from "../page.ts";
import type { BroadcastMove } from "../ports/storage.ts";
import type { ListOptions, Page } from "../page.ts";
import type { Finding } from "../ports/renderer.ts";
import { BROADCAST_MOVES, illegalTransition } from "../rules/broadcast-moves.ts";
import type { BroadcastAct } from "../rules/broadcast-moves.ts";
import { checkBroadcastChanges, checkNewBroadcast, usesOf, withoutReact } from "./broadcast-input.ts";
import type { BroadcastChanges, BroadcastDraft, NewBroadcast } from "./broadcast-input.ts";
import { checkContactRef } from "./contact-input.ts";
import type { ContactRef } from "./contact-input.ts";
import { requireReferences } from "./broadcast-references.ts";
import { useKey } from "./idempotency.ts";
import { Properties } from "./properties.ts";

/** Who gets a broadcast and who does not. */
export interface Plan extends PlanCounts {
	/** `true`: written down when the broadcast was sent. `false`: as of now, nothing written. */
	readonly frozen: boolean;
	/** Whether a frozen plan is written to its end. */
	readonly complete: boolean;
}

/** How a broadcast is created. */
export interface CreateOptions {
	/**
	 * Makes the call harmless to repeat within a day: with the same key and content it answers with the broadcast that the
	 * first one made. 1 to 256 characters.
	 */
	readonly idempotencyKey?: string | undefined;
}

/** When to send. */
export interface SendOptions {
	/** Makes the call harmless to repeat within a day: the same key sends the broadcast once. 1 to 256 characters. */
	readonly idempotencyKey?: string | undefined;
	/** Not before: a Date, or ISO 8601 with a zone. @default at once */
	readonly scheduledAt?: Date | string | undefined;
}

/** Which recipients that have failed are to be retried. */
export interface RetryOptions {
	/** Only those that failed for this reason. */
	readonly reason?: string | undefined;
}

/** What became of uncertain recipients. */
export interface ResolveOptions {
	/** They got the message (`sent`), they did not (`failed`), or it is to be handed over again (`retry`). */
	readonly as: Resolution;
	/** Only this one. @default all of them */
	readonly recipient?: ContactRef | undefined;
}

const MAX_ATTEMPTS = 20;

/** Why a broadcast that was scheduled is a draft again. */
const CANCELED = "canceled";

/** `audience.broadcasts`: one message for many contacts. */
export class Broadcasts<F = Filter> {
	readonly #context: TenantContext;

	constructor(context: TenantContext) {
		this.#context = context;
	}

	/**
	 * Drafts a broadcast.
	 *
	 * @throws `invalid_input`; `not_found` for its segment or topic; `already_exists` with `idempotency_key_reused` when the
	 * key was used for something else.
	 */
	async create(broadcast: NewBroadcast<F>, options: CreateOptions = {}): Promise<Broadcast> {
		checkFields(options, "options", ["idempotencyKey"]);
		const draft = checkNewBroadcast(await this.#withoutReact(broadcast));
		await requireReferences(this.#context, draft);
		if (options.idempotencyKey === undefined) return this.#insert(draft, this.#context.newId());
		const { subjectId } = await useKey(this.#context, options.idempotencyKey, "create", draft);
		return this.#insert(draft, subjectId);
	}

	/** @throws `not_found`, `invalid_input` with `invalid_id`. */
	async get(id: string): Promise<Broadcast> {
		return toBroadcast(await this.#find(id));
	}

	/** Lists broadcasts, newest first. */
	list(options: ListOptions = {}): Promise<Page<Broadcast>> {
		return readPage(options, (page) => this.#context.tenant.pageBroadcasts(page), toBroadcast);
	}

	/** Writes all broadcasts as a file, newest first, in pieces; without their messages. @throws `invalid_input` for the options. */
	export(options: TableOptions = {}): AsyncGenerator<string, void, undefined> {
		const list = this.list.bind(this);
		return exportPages(this.#context.clock, BROADCAST_COLUMNS, options, { list, idOf: ({ id }) => id });
	}

	/** Writes the recipients of a broadcast as a file, in pieces, as `recipients` lists them. @throws as `recipients`. */
	async *exportRecipients(
		id: string,
		options: TableOptions & Pick<RecipientSelection, "state" | "reason"> = {},
	): AsyncGenerator<string, void, undefined> {
		checkFields(options, "options", [...TABLE_OPTIONS, "state", "reason"]);
		const { state, reason, ...table } = options;
		checkRecipientSelection({ state, reason });
		await this.#find(id);
		yield* exportPages(this.#context.clock, RECIPIENT_COLUMNS, table, {
			list: (page) => this.recipients(id, { state, reason, ...page }),
			idOf: ({ contactId }) => contactId,
		});
	}

	/** Changes a draft. @throws `not_found`; `invalid_state`; `invalid_input`. */
	async update(id: string, changes: BroadcastChanges<F>): Promise<Broadcast> {
		const plain = await this.#withoutReact(changes);
		return this.#moveDraft(id, "update", async (before) => {
			const draft = checkBroadcastChanges(draftOf(before), plain);
			await requireReferences(this.#context, draft);
			return { changes: { ...draft, uses: usesOf(draft) } };
		});
	}

	/** Removes a broadcast that was not sent. @throws `not_found`; `invalid_state`. */
	async remove(id: string): Promise<void> {
		const { id: broadcastId } = await this.#find(id);
		if (await this.#context.tenant.deleteBroadcast(broadcastId, BROADCAST_MOVES.remove)) return;
		throw illegalTransition("remove", (await this.#find(id)).status, BROADCAST_MOVES.remove);
	}

	/** Drafts a copy. @throws `not_found`. */
	async duplicate(id: string): Promise<Broadcast> {
		const draft = draftOf(await this.#find(id));
		await requireReferences(this.#context, draft);
		return this.#insert(draft, this.#context.newId());
	}

	/**
	 * Says what is wrong with a broadcast, and counts the recipients who lack a value that has no fallback. Findings of
	 * severity `error` keep it from being sent.
	 */
	async check(id: string): Promise<readonly Finding[]> {
		return check(this.#context, await this.#find(id));
	}

	/**
	 * Makes one message of a broadcast and a page that shows it: with a contact's data, with sample data, or for somebody
	 * of whom nothing but a name is known. Nothing is sent or written, and its unsubscribe link opts nobody out.
	 *
	 * @throws `invalid_input` when no message can be made of it; `render_failed`; `not_found`.
	 */
	async preview(id: string, options: PreviewOptions = {}): Promise<Preview> {
		return preview(this.#context, await this.#find(id), options);
	}

	/**
	 * The message that a contact was sent, as an HTML document for a browser, by the token of the link that
	 * `{{{VIEW_URL}}}` puts into it. Its content is that which was sent; the contact's data is that of now. Changes nothing.
	 *
	 * @throws `invalid_token`; `not_found` with `message_not_found` when the contact or the broadcast was removed;
	 * `render_failed`.
	 */
	async view(token: string): Promise<string> {
		return viewMessage(this.#context, token);
	}

	/**
	 * Sends a broadcast's message to up to 20 addresses, of contacts or not, whatever state it is in, and says what the
	 * transport answered. Plan, counts and recipients stay as they are, and the unsubscribe link opts nobody out. A
	 * suppressed address gets none: its outcome is `rejected` with `suppressed`.
	 *
	 * @throws `invalid_input` for an error of `check` or an address; `render_failed`; `not_found`.
	 */
	async test(id: string, options: TestOptions): Promise<readonly TestDelivery[]> {
		return sendTest(this.#context, await this.#find(id), options);
	}

	/** Counts who gets a broadcast and who does not, and why: as of now, or as it was written down. */
	async plan(id: string): Promise<Plan> {
		const broadcast = await this.#find(id);
		if (broadcast.plan === null) {
			const { excluded, ...counts } = await survey(this.#context, broadcast);
			return { ...counts, excluded: inOrder(excluded), frozen: false, complete: true };
		}
		const { candidates, excluded } = await this.#context.tenant.tallyBroadcast(broadcast.id);
		const left = Object.values(excluded).reduce((sum, count) => sum + count, 0);
		const { complete } = broadcast.plan;
		return { candidates, planned: candidates - left, excluded: inOrder(excluded), frozen: true, complete };
	}

	/** Says why a contact gets a broadcast or not, before and after sending. @throws `not_found`. */
	async explain(id: string, ref: ContactRef): Promise<Explanation> {
		return explain(this.#context, await this.#find(id), checkContactRef(ref));
	}

	/**
	 * Lists candidates with their state and reason, newest contact first: as of now before sending, as written down
	 * afterwards.
	 *
	 * @throws `not_found`; `invalid_input`, with `invalid_value` for a state that there is not.
	 */
	async recipients(id: string, selection: RecipientSelection = {}): Promise<Page<BroadcastRecipient>> {
		checkRecipientSelection(selection);
		const broadcast = await this.#find(id);
		const list = broadcast.plan === null ? expectedRecipients : writtenRecipients;
		return list(this.#context, broadcast, selection);
	}

	/**
	 * Freezes the content and queues the broadcast, or schedules it; a worker plans and sends it. What `check` calls an
	 * error keeps it from being sent.
	 *
	 * @throws `invalid_input` for an error of `check`; `invalid_state` unless it is a draft, and with `canceled` when it was
	 * called off since the key was first used; `not_found`.
	 */
	async send(id: string, options: SendOptions = {}): Promise<Broadcast> {
		checkFields(options, "options", ["scheduledAt", "idempotencyKey"]);
		const due = options.scheduledAt === undefined ? undefined : checkInstant(options.scheduledAt, "scheduledAt");
		if (options.idempotencyKey === undefined) return this.#send(id, due);
		const { id: broadcastId } = await this.#find(id);
		const asked = { broadcastId, scheduledAt: due?.toISOString() ?? null };
		const { isRepeated, firstUsed } = await useKey(this.#context, options.idempotencyKey, "send", asked);
		const found = await this.#find(broadcastId);
		// It was sent by the first call, or is being sent; if that was interrupted before, this one does it.
		if (isRepeated && found.status !== "draft") return toBroadcast(found);
		if (isRepeated && found.statusReason === CANCELED && found.updatedAt > firstUsed) {
			throw new ConvokeError("invalid_state", {
				reason: CANCELED,
				resource: "broadcast",
				message: "The broadcast was called off after it was sent with this key; with another key it is sent after all.",
			});
		}
		return this.#send(broadcastId, due);
	}

	#send(id: string, due: Date | undefined): Promise<Broadcast> {
		return this.#moveDraft(id, "send", async (broadcast) => {
			const content = await freeze(this.#context, broadcast);
			await new Properties(this.#context).writeDeclared();
			const now = this.#context.clock.now();
			if (due !== undefined && due > now) {
				return { changes: { status: "scheduled", statusReason: null, scheduledAt: due } };
			}
			return { changes: { ...(await queuedFields(this.#context, now)), statusReason: null }, content };
		});
	}

	/** Stops sending after the messages that are being handed over. @throws `invalid_state`, `not_found`. */
	pause(id: string): Promise<Broadcast> {
		return this.#move(id, "pause", { status: "paused", statusReason: null, updatedAt: this.#context.clock.now() });
	}

	/** Goes on sending. @throws `invalid_state`, `not_found`. */
	resume(id: string): Promise<Broadcast> {
		return this.#move(id, "resume", { status: "sending", statusReason: null, updatedAt: this.#context.clock.now() });
	}

	/**
	 * Calls a broadcast off: a scheduled one becomes a draft again; of any other, what is out stays out and the rest is
	 * skipped.
	 *
	 * @throws `invalid_state`, `not_found`.
	 */
	async cancel(id: string): Promise<Broadcast> {
		const { tenant, clock } = this.#context;
		const broadcast = await this.#find(id);
		const at = clock.now();
		if (broadcast.status === "scheduled") {
			const updatedAt = laterThan(broadcast.updatedAt, at);
			const changes = { status: "draft" as const, statusReason: CANCELED, scheduledAt: null, updatedAt };
			if (await tenant.moveBroadcast({ id: broadcast.id, from: BROADCAST_MOVES.unschedule, changes })) {
				return this.get(id);
			}
		}
		const canceled = await this.#move(broadcast.id, "cancel", { status: "canceled", updatedAt: at });
		// Should this be interrupted, a worker goes on with it.
		await callOff(this.#context, broadcast.id);
		return canceled;
	}

	/**
	 * Makes recipients that have failed due again, with all their tries, and goes on sending. Answers how many they are.
	 *
	 * @throws `invalid_state` unless the broadcast has ended; `not_found`, also for what it refers to; `invalid_input`.
	 */
	async retryFailed(id: string, options: RetryOptions = {}): Promise<{ readonly retried: number }> {
		checkFields(options, "options", ["reason"]);
		checkReason(options.reason);
		const broadcast = await this.#find(id);
		if (!BROADCAST_MOVES.retryFailed.includes(broadcast.status)) {
			throw illegalTransition("retryFailed", broadcast.status, BROADCAST_MOVES.retryFailed);
		}
		await requireReferences(this.#context, broadcast);
		return { retried: await retryFailed(this.#context, broadcast.id, options.reason) };
	}

	/**
	 * Says what became of recipients that are `uncertain`. With `retry` the message is handed over again, perhaps for the
	 * second time, and the broadcast goes on sending if it had ended. Answers how many they are.
	 *
	 * @throws `invalid_state` before anything was sent, and for `retry` of a canceled one; `not_found`; `invalid_input`.
	 */
	async resolveUncertain(id: string, options: ResolveOptions): Promise<{ readonly resolved: number }> {
		checkFields(options, "options", ["as", "recipient"]);
		const { as, recipient } = options;
		if (!["sent", "failed", "retry"].includes(as)) {
			throw invalidInput("invalid_option", "as", "`as` must be `sent`, `failed` or `retry`.");
		}
		const broadcast = await this.#find(id);
		const allowed = BROADCAST_MOVES.resolveUncertain.filter((status) => as !== "retry" || status !== "canceled");
		if (!allowed.includes(broadcast.status)) throw illegalTransition("resolveUncertain", broadcast.status, allowed);
		if (as === "retry") await requireReferences(this.#context, broadcast);
		const contactId = recipient === undefined ? undefined : await this.#contactId(recipient);
		return { resolved: await resolveUncertain(this.#context, broadcast.id, as, contactId) };
	}

	/** Counts who did not get the message, by reason; `recipients` lists them. @throws `not_found`. */
	async failures(id: string): Promise<FailureReport> {
		return reportFailures(this.#context, (await this.#find(id)).id);
	}

	/** How far a broadcast has come; cheap at any size. @throws `not_found`. */
	async progress(id: string): Promise<Progress> {
		return progressOf(this.#context, checkId(id, "id"));
	}

	/**
	 * Tells how far a broadcast has come again and again, the last time when it has ended.
	 *
	 * @throws `invalid_input` at once; `not_found` with the first look.
	 *
	 * @example
	 * ```ts
	 * for await (const { done, estimatedEnd } of audience.broadcasts.watch(id)) console.log(done, estimatedEnd);
	 * ```
	 */
	watch(id: string, options: WatchOptions = {}): AsyncIterable<Progress> {
		checkFields(options, "options", ["everySeconds", "signal"]);
		const { everySeconds = 1, signal } = options;
		if (typeof everySeconds !== "number" || !(everySeconds >= 0.1 && everySeconds <= 3600)) {
			throw invalidInput("invalid_option", "everySeconds", "`everySeconds` must be a number from 0.1 to 3600.");
		}
		checkSignal(signal);
		return watch(this.#context, checkId(id, "id"), everySeconds * 1000, signal);
	}

	/** Counts everything anew and says whether it adds up. Reads every recipient's row. @throws `not_found`. */
	async verify(id: string): Promise<Verification> {
		return verify(this.#context, await this.#find(id));
	}

	/** The id of a contact, which may have been removed. */
	async #contactId(ref: ContactRef): Promise<string> {
		const key = checkContactRef(ref);
		if ("id" in key) return key.id;
		const [contact] = await this.#context.tenant.findContacts([key]);
		if (contact === undefined) throw notFound("contact");
		return contact.id;
	}

	#withoutReact<T extends BroadcastChanges<unknown>>(input: T) {
		return withoutReact(input, (element) => rendererOf(this.#context).renderReact(element));
	}

	async #insert(draft: BroadcastDraft, id: string): Promise<Broadcast> {
		const { clock, tenant } = this.#context;
		const now = clock.now();
		const record: BroadcastRecord = {
			...draft,
			id,
			status: "draft",
			statusReason: null,
			createdAt: now,
			updatedAt: now,
			scheduledAt: null,
			queuedAt: null,
			sentAt: null,
			uses: usesOf(draft),
			plan: null,
		};
		// The id is taken when a key was used before: what it made is the answer.
		return (await tenant.insertBroadcast(record)) ? toBroadcast(record) : this.get(id);
	}

	async #find(id: string): Promise<BroadcastRecord> {
		const broadcast = await this.#context.tenant.findBroadcast(checkId(id, "id"));
		if (broadcast === undefined) throw notFound("broadcast");
		return broadcast;
	}

	/** Moves a draft by what `decide` makes of it, which is asked again when somebody changed the draft meanwhile. */
	async #moveDraft(
		id: string,
		act: "update" | "send",
		decide: (draft: BroadcastRecord) => Promise<Pick<BroadcastMove, "changes" | "content">>,
	): Promise<Broadcast> {
		const { tenant, clock } = this.#context;
		for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
			const before = await this.#find(id);
			if (before.status !== "draft") throw illegalTransition(act, before.status, BROADCAST_MOVES[act]);
			const { changes, content } = await decide(before);
			const updatedAt = laterThan(before.updatedAt, clock.now());
			const move = { id: before.id, from: BROADCAST_MOVES[act], unchangedSince: before.updatedAt };
			if (await tenant.moveBroadcast({ ...move, changes: { ...changes, updatedAt }, content })) return this.get(id);
			// It was changed or moved on meanwhile, or what it refers to was removed: the next look tells.
		}
		throw new ConvokeError("storage_failed", {
			reason: "too_much_contention",
			resource: "broadcast",
			message: `The draft was changed by others each of ${MAX_ATTEMPTS} times; try again.`,
		});
	}

	async #move(id: string, act: BroadcastAct, changes: Partial<Omit<BroadcastRecord, "id">>): Promise<Broadcast> {
		const from = BROADCAST_MOVES[act];
		const moved = await this.#context.tenant.moveBroadcast({ id: checkId(id, "id"), from, changes });
		const after = await this.#find(id);
		if (!moved) throw illegalTransition(act, after.status, from);
		return toBroadcast(after);
	}
}

/** Now, or if need be later, so that it tells one version from the next. */
function laterThan(before: Date, now: Date): Date {
	return new Date(Math.max(now.getTime(), before.getTime() + 1));
}

/** The fields of a broadcast that is being queued at `now`. */
export async function queuedFields(
	context: TenantContext,
	now: Date,
): Promise<Pick<BroadcastRecord, "status" | "queuedAt" | "updatedAt" | "plan">> {
	const upTo = (await context.tenant.findLastContactId()) ?? null;
	return {
		status: "queued",
		queuedAt: now,
		updatedAt: now,
		plan: { upTo, through: null, at: now, complete: upTo === null },
	};
}

/** What callers see of a broadcast. */
function toBroadcast({ uses: _uses, plan: _plan, ...broadcast }: BroadcastRecord): Broadcast {
	return broadcast;
}

function inOrder(excluded: Plan["excluded"]): Plan["excluded"] {
	const present = EXCLUSION_REASONS.filter((reason) => excluded[reason] !== undefined);
	return Object.fromEntries(present.map((reason) => [reason, excluded[reason]]));
}

function draftOf(broadcast: BroadcastRecord): BroadcastDraft {
	const { name, segmentId, filter, everyone, topicId, from, replyTo } = broadcast;
	const { subject, previewText, html, mjml, text, headers, tags, attachments } = broadcast;
	const content = { subject, previewText, html, mjml, text, headers, tags, attachments };
	return { name, segmentId, filter, everyone, topicId, from, replyTo, ...content };
}

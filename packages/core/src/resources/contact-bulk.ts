import { checkFields, checkFunction, checkSignal } from "../check-input.ts";
import type { TenantContext } from "../context.ts";
import { invalidInput } from "../errors.ts";
import { checkFilter } from "../filter/check-filter.ts";
import type { Filter } from "../filter/filter.ts";
import { checkId } from "../ids.ts";
import type { ContactRecord } from "../model/contact.ts";
import { readArray } from "../plain-object.ts";
import type { ContactDecision } from "../ports/storage.ts";
import { mergeContact, removeContact } from "../rules/contact-changes.ts";
import type { Act, ContactEdit } from "../rules/contact-changes.ts";
import { bindTargetFilter } from "./bind.ts";
import { requireFilter } from "./broadcast-references.ts";
import { checkActor, checkContactRef, checkSegmentLinks, checkTopicLinks } from "./contact-input.ts";
import type { ActOptions, ContactRef, TopicChoice } from "./contact-input.ts";
import { requireStaticSegments, requireTopics } from "./contact-units.ts";

/** Which contacts an act is about: exactly one of these. */
export type BulkTarget<F = Filter> =
	| {
			/** Whoever matches. */
			readonly filter: F;
	  }
	| {
			/** The members of a segment, or whom it matches if it is dynamic. */
			readonly segmentId: string;
	  }
	| {
			/** Every contact of the tenant. */
			readonly everyone: true;
	  }
	| {
			/** These, at most 10,000; those who do not exist are left out. */
			readonly refs: readonly ContactRef[];
	  };

/** How an act on many contacts is done. */
export interface BulkOptions extends ActOptions {
	/** Called after every unit that was written. */
	readonly onProgress?: ((progress: BulkProgress) => void) | undefined;
	/** Goes on beyond the `cursor` of an act that was interrupted, on the same target. */
	readonly after?: string | undefined;
	/** Ends the act after the unit at hand. One that was aborted before rejects it with its own reason. */
	readonly signal?: AbortSignal | undefined;
}

/** How far an act on many contacts has come. */
export interface BulkProgress {
	/** Contacts looked at, since `after`. */
	readonly matched: number;
	/** Those of them that are other than before. */
	readonly changed: number;
	/** Opt-outs that an `opt_in` did not undo. */
	readonly optOutsKept: number;
	/** Where to go on, as `after`; `null`: nothing is left. */
	readonly cursor: string | null;
}

/** Some contacts of a target, and where the next ones begin. */
interface Batch {
	readonly ids: readonly string[];
	readonly cursor: string | null;
}

/** What becomes of one contact. */
type Decide = (contact: ContactRecord) => { readonly decision: ContactDecision; readonly optOutsKept: number };

const UNIT = 200;
const MAX_REFS = 10_000;

/**
 * `audience.contacts.bulk`: acts on many contacts, in units of 200. Each unit is atomic, the act as a whole is not: an
 * interrupted one is gone on with from its last `cursor`, or simply done again, which changes nothing twice. Contacts
 * created meanwhile are left out.
 */
export class ContactBulk<F = Filter> {
	readonly #context: TenantContext;

	constructor(context: TenantContext) {
		this.#context = context;
	}

	/** Adds contacts to static segments, at most 100. @throws `invalid_input`; `not_found`; `invalid_state` with `segment_is_dynamic`. */
	async addToSegments(
		target: BulkTarget<F>,
		segments: readonly { readonly id: string }[],
		options?: BulkOptions,
	): Promise<BulkProgress> {
		return this.#edit(target, { addSegments: await this.#segmentIds(segments) }, options);
	}

	/** Takes contacts out of static segments. @throws as `addToSegments`. */
	async removeFromSegments(
		target: BulkTarget<F>,
		segments: readonly { readonly id: string }[],
		options?: BulkOptions,
	): Promise<BulkProgress> {
		return this.#edit(target, { removeSegments: await this.#segmentIds(segments) }, options);
	}

	/**
	 * Sets choices for topics, at most 100. An `opt_in` does not undo an opt-out: that takes the person, or
	 * `contacts.topics.update`.
	 *
	 * @throws `invalid_input`; `not_found`.
	 */
	async subscribe(target: BulkTarget<F>, topics: readonly TopicChoice[], options?: BulkOptions): Promise<BulkProgress> {
		const choices = Object.fromEntries(checkTopicLinks(topics).map(({ id, subscription }) => [id, subscription]));
		await requireTopics(this.#context, Object.keys(choices));
		return this.#edit(target, { choices }, options);
	}

	/**
	 * Removes contacts. Their opt-outs stay with their addresses.
	 *
	 * @throws `invalid_input`; `not_found` for a segment or topic of the target.
	 */
	async remove(target: BulkTarget<F>, options?: BulkOptions): Promise<BulkProgress> {
		return this.#run(target, options, (act) => (contact) => ({
			decision: removeContact(contact, act),
			optOutsKept: 0,
		}));
	}

	async #segmentIds(segments: readonly { readonly id: string }[]): Promise<readonly string[]> {
		const ids = checkSegmentLinks(segments).map(({ id }) => id);
		await requireStaticSegments(this.#context, ids);
		return ids;
	}

	#edit(target: BulkTarget<F>, edit: ContactEdit, options: BulkOptions | undefined): Promise<BulkProgress> {
		const wanted = Object.entries(edit.choices ?? {}).flatMap(([id, choice]) => (choice === "opt_in" ? id : []));
		return this.#run(target, options, (act) => (contact) => ({
			decision: mergeContact(contact, edit, act),
			optOutsKept: wanted.filter((id) => contact.choices[id] === "opt_out").length,
		}));
	}

	async #run(target: BulkTarget<F>, options: BulkOptions = {}, decideAs: (act: Act) => Decide): Promise<BulkProgress> {
		const { clock } = this.#context;
		checkFields(options, "options", ["actor", "onProgress", "after", "signal"]);
		const { after, onProgress, signal, ...given } = options;
		const actor = checkActor(given);
		checkFunction(onProgress, "onProgress");
		checkSignal(signal);
		signal?.throwIfAborted();
		const next = await this.#batches(target, after);
		let progress: BulkProgress = { matched: 0, changed: 0, optOutsKept: 0, cursor: after ?? null };
		while (!isAborted(signal)) {
			const batch = await next(progress.cursor ?? undefined);
			const act: Act = { at: clock.now(), source: "api", actor };
			const done = await this.#change(batch.ids, decideAs(act));
			progress = {
				matched: progress.matched + done.matched,
				changed: progress.changed + done.changed,
				optOutsKept: progress.optOutsKept + done.optOutsKept,
				cursor: batch.cursor,
			};
			onProgress?.(progress);
			if (batch.cursor === null) break;
			await clock.pause();
		}
		return progress;
	}

	async #change(ids: readonly string[], decide: Decide): Promise<Omit<BulkProgress, "cursor">> {
		const done = { matched: 0, changed: 0, optOutsKept: 0 };
		if (ids.length === 0) return done;
		await this.#context.tenant.changeContacts(
			ids.map((id) => ({ key: { id } })),
			(found) => {
				const decided = found.flatMap(({ contact }) => (contact === undefined ? [] : decide(contact)));
				done.matched = decided.length;
				done.changed = decided.filter(({ decision: { write, remove } }) => (write ?? remove) !== undefined).length;
				done.optOutsKept = decided.reduce((sum, { optOutsKept }) => sum + optOutsKept, 0);
				return { contacts: decided.map(({ decision }) => decision) };
			},
		);
		return done;
	}

	/** Reads the next contacts of a target, newest first or in the order of the refs. */
	async #batches(target: BulkTarget<F>, after: string | undefined): Promise<(after?: string) => Promise<Batch>> {
		const given: Readonly<Record<string, unknown>> = target;
		checkFields(given, "target", ["filter", "segmentId", "everyone", "refs"]);
		const named = Object.values(given).filter((value) => value !== undefined);
		if (named.length !== 1 || (given["everyone"] ?? true) !== true) {
			const message = "Say whom: one of `filter`, `segmentId`, `refs`, and `everyone: true`.";
			throw invalidInput(named.length > 1 ? "target_ambiguous" : "target_missing", "target", message);
		}
		if ("refs" in target && target.refs !== undefined) return this.#ofRefs(target.refs, after);
		if (after !== undefined) checkId(after, "after");
		const { tenant } = this.#context;
		const selection = {
			filter: "filter" in target ? target.filter : undefined,
			segmentId: "segmentId" in target ? target.segmentId : undefined,
		};
		const filter = await bindTargetFilter(this.#context, selection);
		// A list shows what `not` a segment that is gone takes in; an act would take everyone.
		if (selection.filter !== undefined) await requireFilter(this.#context, checkFilter(selection.filter));
		return async (from) => {
			const ids = (await tenant.pageContacts(filter, { limit: UNIT, after: from })).map(({ id }) => id);
			return { ids, cursor: ids.length < UNIT ? null : (ids.at(-1) ?? null) };
		};
	}

	#ofRefs(refs: unknown, after: string | undefined): (after?: string) => Promise<Batch> {
		const listed = readArray(refs, MAX_REFS);
		if (listed === undefined || listed === "too_long") {
			const message = `\`target.refs\` must be a list of at most ${MAX_REFS} contacts.`;
			throw invalidInput(listed === undefined ? "invalid_type" : "too_many_refs", "target.refs", message);
		}
		const keys = listed.map(checkContactRef);
		if (after !== undefined && !(/^\d{1,5}$/.test(after) && Number(after) <= keys.length)) {
			throw invalidInput("invalid_cursor", "after", "`after` must be the `cursor` of an act on the same contacts.");
		}
		return async (from = "0") => {
			const end = Number(from) + UNIT;
			const contacts = await this.#context.tenant.findContacts(keys.slice(Number(from), end));
			const ids = [...new Set(contacts.flatMap((contact) => contact?.id ?? []))];
			return { ids, cursor: end < keys.length ? String(end) : null };
		};
	}
}

function isAborted(signal: AbortSignal | undefined): boolean {
	return signal?.aborted === true;
}

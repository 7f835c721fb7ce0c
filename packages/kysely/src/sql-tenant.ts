import type {
	BoundFilter,
	BroadcastContent,
	BroadcastMove,
	BroadcastRecord,
	BroadcastStatus,
	ContactDecisions,
	ContactEntry,
	ImportRecord,
	ContactKey,
	ContactRecord,
	ConvokeEvent,
	FoundContact,
	ImportIssue,
	ImportStatus,
	KeyUse,
	NewEvent,
	PageRequest,
	Property,
	PropertyValue,
	ReasonCount,
	Recipient,
	RecipientCounts,
	RecipientMove,
	RecipientState,
	SegmentRecord,
	SliceStep,
	SliceTurn,
	SuppressionRecord,
	TenantStorage,
	Topic,
	Walk,
	WalkChunk,
} from "@convoke/core";
import type { RecipientFilter } from "./recipient-store.ts";
import type { Removal } from "./catalogue-store.ts";
import type { ContactCursor, PageStep } from "./contact-store.ts";
import { addCounts, NO_COUNTS } from "./recipient-counts.ts";
import { BEFORE_ALL } from "./ids.ts";
import { refusedWhenHosted } from "./sql-errors.ts";
import type { Runner } from "./statement.ts";
import type { Stores } from "./stores.ts";

/** Contacts that the first statement of a page passes; where few match, those after it pass more. */
const FIRST_PASSED = 500;

/** The part of one tenant: each verb is one unit of the stores, but for what passes very many rows. */
export class SqlTenant implements TenantStorage {
	readonly #tenant: string;
	readonly #stores: Stores;
	readonly #runner: Runner;

	constructor(tenant: string, stores: Stores, runner: Runner) {
		this.#tenant = tenant;
		this.#stores = stores;
		this.#runner = runner;
	}

	changeContacts(
		entries: readonly ContactEntry[],
		decide: (found: readonly FoundContact[]) => ContactDecisions,
		{ resumable = false }: { readonly resumable?: boolean | undefined } = {},
	): Promise<ContactDecisions> {
		const unit = () => this.#stores.contactUnit.change(this.#tenant, entries, decide);
		return resumable ? this.#runner.writeResumable(unit) : this.#runner.write(unit);
	}

	findContacts(keys: readonly ContactKey[]): Promise<readonly (ContactRecord | undefined)[]> {
		return this.#runner.read(() => this.#stores.contacts.find(this.#tenant, keys));
	}

	async pageContacts(filter: BoundFilter, page: PageRequest): Promise<readonly ContactRecord[]> {
		const { limit, after, before } = page;
		const backwards = before !== undefined;
		const found: ContactRecord[] = [];
		let cursor: ContactCursor | undefined = { source: undefined, from: before ?? after, size: FIRST_PASSED };
		for (;;) {
			const step: PageStep = { cursor, backwards, limit: limit - found.length };
			const part = await this.#runner.read(() => this.#stores.contacts.page(this.#tenant, filter, step));
			found.push(...part.contacts);
			if (part.next === undefined) return backwards ? found.toReversed() : found;
			cursor = part.next;
			await this.#runner.pause();
		}
	}

	async countContacts(filter: BoundFilter): Promise<number> {
		let count = 0;
		let cursor: ContactCursor | undefined;
		do {
			const passed = await this.#runner.read(() => this.#stores.contacts.count(this.#tenant, filter, cursor));
			count += passed.matching;
			cursor = passed.next;
			if (cursor !== undefined) await this.#runner.pause();
		} while (cursor !== undefined);
		return count;
	}

	findLastContactId(): Promise<string | undefined> {
		return this.#runner.read(() => this.#stores.contacts.lastId(this.#tenant));
	}

	insertProperty(property: Property): Promise<boolean> {
		return this.#runner.write(() => this.#stores.catalogue.insertProperty(this.#tenant, property));
	}

	listProperties(): Promise<readonly Property[]> {
		return this.#runner.read(() => this.#stores.catalogue.listProperties(this.#tenant));
	}

	updateProperty(id: string, { fallback }: { readonly fallback: PropertyValue | null }): Promise<boolean> {
		return this.#runner.write(() => this.#stores.catalogue.updateProperty(this.#tenant, id, fallback));
	}

	deleteProperty(id: string): Promise<Removal> {
		return this.#runner.write(() => this.#stores.catalogue.deleteProperty(this.#tenant, id));
	}

	insertSegment(segment: SegmentRecord): Promise<boolean> {
		return this.#runner.write(() => this.#stores.catalogue.insertSegment(this.#tenant, segment));
	}

	findSegments(ids: readonly string[]): Promise<readonly (SegmentRecord | undefined)[]> {
		return this.#runner.read(() => this.#stores.catalogue.segments.findMany(this.#tenant, ids));
	}

	pageSegments(page: PageRequest): Promise<readonly SegmentRecord[]> {
		return this.#runner.read(() => this.#stores.catalogue.segments.page(this.#tenant, page));
	}

	updateSegment(id: string, changes: Partial<Pick<SegmentRecord, "name" | "filter" | "uses">>): Promise<boolean> {
		return this.#runner.write(() => this.#stores.catalogue.updateSegment(this.#tenant, id, changes));
	}

	deleteSegment(id: string): Promise<Removal> {
		return this.#runner.write(() => this.#stores.catalogue.deleteSegment(this.#tenant, id));
	}

	insertTopic(topic: Topic): Promise<boolean> {
		return this.#runner.write(() => this.#stores.catalogue.topics.insert(this.#tenant, topic));
	}

	findTopics(ids: readonly string[]): Promise<readonly (Topic | undefined)[]> {
		return this.#runner.read(() => this.#stores.catalogue.topics.findMany(this.#tenant, ids));
	}

	pageTopics(page: PageRequest): Promise<readonly Topic[]> {
		return this.#runner.read(() => this.#stores.catalogue.topics.page(this.#tenant, page));
	}

	updateTopic(id: string, changes: Partial<Pick<Topic, "name" | "description" | "visibility">>): Promise<boolean> {
		return this.#runner.write(() => this.#stores.catalogue.topics.update(this.#tenant, id, changes));
	}

	deleteTopic(id: string): Promise<Removal> {
		return this.#runner.write(() => this.#stores.catalogue.deleteTopic(this.#tenant, id));
	}

	insertSuppression(suppression: SuppressionRecord, events: readonly NewEvent[]): Promise<boolean> {
		return this.#runner.write(() => this.#stores.suppressions.insert(this.#tenant, suppression, events));
	}

	findSuppression(addressHash: string): Promise<SuppressionRecord | undefined> {
		return this.#runner.read(() => this.#stores.suppressions.find(this.#tenant, addressHash));
	}

	pageSuppressions(page: PageRequest): Promise<readonly SuppressionRecord[]> {
		return this.#runner.read(() => this.#stores.suppressions.records.page(this.#tenant, page));
	}

	deleteSuppression(addressHash: string, events: readonly NewEvent[]): Promise<boolean> {
		return this.#runner.write(() => this.#stores.suppressions.delete(this.#tenant, addressHash, events));
	}

	async listEvents(after: string | undefined, limit: number): Promise<readonly ConvokeEvent[]> {
		const frontier = await this.#runner.read(() => this.#stores.events.frontier(this.#tenant));
		return this.#runner.read(() => this.#stores.events.list(this.#tenant, after, limit, frontier));
	}

	pageContactEvents(
		contactId: string,
		{ limit, after }: { readonly limit: number; readonly after?: string | undefined },
	): Promise<readonly ConvokeEvent[]> {
		return this.#runner.read(() => this.#stores.events.page(this.#tenant, contactId, after, limit));
	}

	keepKey(use: KeyUse, forgetBefore: Date): Promise<KeyUse> {
		return this.#runner.write(() => this.#stores.keys.keep(this.#tenant, use, forgetBefore));
	}

	insertBroadcast(broadcast: BroadcastRecord): Promise<boolean> {
		return this.#runner.write(() => this.#stores.broadcasts.insert(this.#tenant, broadcast));
	}

	findBroadcast(id: string): Promise<BroadcastRecord | undefined> {
		return this.#runner.read(() => this.#stores.broadcasts.find(this.#tenant, id));
	}

	pageBroadcasts(page: PageRequest): Promise<readonly BroadcastRecord[]> {
		return this.#runner.read(() => this.#stores.broadcasts.page(this.#tenant, page));
	}

	moveBroadcast(move: BroadcastMove): Promise<boolean> {
		return this.#runner.write(() => this.#stores.broadcasts.move(this.#tenant, move));
	}

	deleteBroadcast(id: string, from: readonly BroadcastStatus[]): Promise<boolean> {
		return this.#runner.write(() => this.#stores.broadcasts.delete(this.#tenant, id, from));
	}

	findContent(broadcastId: string): Promise<BroadcastContent | undefined> {
		return this.#runner.read(() => this.#stores.broadcasts.findContent(this.#tenant, broadcastId));
	}

	surveyChunk(walk: Walk): Promise<WalkChunk> {
		return this.#runner.read(() => this.#stores.plans.survey(this.#tenant, walk));
	}

	freezeChunk(
		broadcastId: string,
		walk: Walk,
		slice: { readonly id: string; readonly at: Date },
	): Promise<WalkChunk | undefined> {
		return this.#runner.writeResumable(() => this.#stores.plans.freeze(this.#tenant, broadcastId, walk, slice));
	}

	async advanceSlice(step: SliceStep): Promise<SliceTurn> {
		const now = this.#runner.time();
		return this.#runner.write(() => this.#stores.sliceSteps.advance(this.#tenant, step, now));
	}

	async moveRecipients(move: RecipientMove): Promise<number> {
		const now = this.#runner.time();
		return this.#runner.write(() => this.#stores.recipients.move(this.#tenant, move, now));
	}

	findRecipient(broadcastId: string, contactId: string): Promise<Recipient | undefined> {
		return this.#runner.read(() => this.#stores.recipients.find(this.#tenant, broadcastId, contactId));
	}

	pageRecipients(broadcastId: string, where: RecipientFilter, page: PageRequest): Promise<readonly Recipient[]> {
		return this.#runner.read(() => this.#stores.recipients.page(this.#tenant, broadcastId, where, page));
	}

	pageContactRecipients(contactId: string, limit: number): Promise<readonly Recipient[]> {
		return this.#runner.read(() => this.#stores.recipients.pageOfContact(this.#tenant, contactId, limit));
	}

	async tallyReasons(broadcastId: string, state: RecipientState): Promise<readonly ReasonCount[]> {
		const counts = new Map<string | null, number>();
		for (let after: string | undefined; ; ) {
			const from = after;
			const next = await this.#runner.read(() =>
				this.#stores.recipients.reasonsOfSlice(this.#tenant, broadcastId, state, from),
			);
			if (next === undefined) return [...counts].map(([reason, count]) => ({ reason, count }));
			for (const { reason, count } of next.reasons) counts.set(reason, (counts.get(reason) ?? 0) + count);
			after = next.through;
			await this.#runner.pause();
		}
	}

	tallyBroadcast(broadcastId: string): Promise<RecipientCounts> {
		return this.#runner.read(() => this.#stores.recipients.tally(this.#tenant, broadcastId));
	}

	async recountBroadcast(broadcastId: string): Promise<RecipientCounts> {
		let counts = NO_COUNTS;
		let after = BEFORE_ALL;
		for (;;) {
			const from = after;
			const next = await this.#runner.read(() => this.#stores.recipients.recountSlice(this.#tenant, broadcastId, from));
			if (next === undefined) return counts;
			counts = addCounts(counts, next.counts);
			after = next.through;
			await this.#runner.pause();
		}
	}

	async insertImport(record: ImportRecord): Promise<boolean> {
		if (this.#runner.isHosted) throw refusedWhenHosted("An import");
		return this.#runner.write(() => this.#stores.imports.records.insert(this.#tenant, record));
	}

	findImport(id: string): Promise<ImportRecord | undefined> {
		return this.#runner.read(() => this.#stores.imports.records.find(this.#tenant, id));
	}

	pageImports(page: PageRequest): Promise<readonly ImportRecord[]> {
		return this.#runner.read(() => this.#stores.imports.records.page(this.#tenant, page));
	}

	moveImport(id: string, from: ImportStatus, changes: Partial<Omit<ImportRecord, "id">>): Promise<boolean> {
		return this.#runner.write(() => this.#stores.imports.move(this.#tenant, id, from, changes));
	}

	listImportIssues(importId: string, skip: number, limit: number): Promise<readonly ImportIssue[]> {
		return this.#runner.read(() => this.#stores.imports.listIssues(this.#tenant, importId, skip, limit));
	}
}

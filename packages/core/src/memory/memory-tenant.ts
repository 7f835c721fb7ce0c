import { compileMatch } from "../filter/match.ts";
import type { BoundFilter } from "../filter/filter.ts";
import type { BroadcastContent, BroadcastRecord, BroadcastStatus } from "../model/broadcast.ts";
import type { ContactRecord, PropertyValue } from "../model/contact.ts";
import type { ConvokeEvent, NewEvent } from "../model/event.ts";
import type { ImportIssue, ImportRecord, ImportStatus } from "../model/import.ts";
import type { Property } from "../model/property.ts";
import type { ReasonCount, Recipient, RecipientCounts, RecipientState } from "../model/recipient.ts";
import type { SegmentRecord } from "../model/segment.ts";
import type { SuppressionRecord } from "../model/suppression.ts";
import type { Topic } from "../model/topic.ts";
import type {
	BroadcastMove,
	ContactDecisions,
	ContactEntry,
	ContactKey,
	FoundContact,
	KeyUse,
	PageRequest,
	RecipientMove,
	SliceStep,
	SliceTurn,
	TenantStorage,
	Walk,
	WalkChunk,
} from "../ports/storage.ts";
import { isUnderWay, propertyUse } from "../rules/broadcast-moves.ts";
import { changeContacts } from "./contact-unit.ts";
import { advanceSlice } from "./sending.ts";
import type { TenantTables } from "./tenant-tables.ts";
import { freezeChunk, surveyChunk } from "./walk.ts";

/** The part of one tenant. Every verb is an async function that does all of its work in one tick. */
export class MemoryTenant implements TenantStorage {
	readonly #open: () => TenantTables;
	readonly #time: () => number;

	/**
	 * @param open gives the tenant's tables, or throws when the storage is closed
	 * @param time the storage's own time in milliseconds
	 */
	constructor(open: () => TenantTables, time: () => number) {
		this.#open = open;
		this.#time = time;
	}

	async changeContacts(
		entries: readonly ContactEntry[],
		decide: (found: readonly FoundContact[]) => ContactDecisions,
	): Promise<ContactDecisions> {
		return changeContacts(this.#open(), entries, decide);
	}

	async findContacts(keys: readonly ContactKey[]): Promise<readonly (ContactRecord | undefined)[]> {
		const { contacts } = this.#open();
		return keys.map((key) => contacts.find(key));
	}

	async pageContacts(filter: BoundFilter, page: PageRequest): Promise<readonly ContactRecord[]> {
		const tables = this.#open();
		return tables.contacts.page(compileMatch(filter, tables), page);
	}

	async countContacts(filter: BoundFilter): Promise<number> {
		const tables = this.#open();
		return tables.contacts.count(compileMatch(filter, tables));
	}

	async findLastContactId(): Promise<string | undefined> {
		return this.#open().contacts.rows.last()?.id;
	}

	async insertProperty(property: Property): Promise<boolean> {
		const tables = this.#open();
		if (tables.properties.has(property.key) || tables.propertyById(property.id) !== undefined) return false;
		tables.properties.set(property.key, structuredClone(property));
		return true;
	}

	async listProperties(): Promise<readonly Property[]> {
		const properties = [...this.#open().properties.values()];
		return structuredClone(properties.toSorted((a, b) => (a.key < b.key ? -1 : 1)));
	}

	async updateProperty(id: string, changes: { readonly fallback: PropertyValue | null }): Promise<boolean> {
		const tables = this.#open();
		const property = tables.propertyById(id);
		if (property === undefined) return false;
		tables.properties.set(property.key, { ...property, fallback: structuredClone(changes.fallback) });
		return true;
	}

	async deleteProperty(id: string): Promise<"deleted" | "in_use" | "missing"> {
		const tables = this.#open();
		const property = tables.propertyById(id);
		if (property === undefined) return "missing";
		if (tables.isInUse(propertyUse(property.key))) return "in_use";
		tables.properties.delete(property.key);
		tables.contacts.clearProperty(property.key);
		return "deleted";
	}

	async insertSegment(segment: SegmentRecord): Promise<boolean> {
		const tables = this.#open();
		return tables.doExist(segment.uses) && tables.segments.insert(segment);
	}

	async findSegments(ids: readonly string[]): Promise<readonly (SegmentRecord | undefined)[]> {
		const { segments } = this.#open();
		return ids.map((id) => segments.find(id));
	}

	async pageSegments(page: PageRequest): Promise<readonly SegmentRecord[]> {
		return this.#open().segments.page(page);
	}

	async updateSegment(id: string, changes: Partial<Pick<SegmentRecord, "name" | "filter" | "uses">>): Promise<boolean> {
		const tables = this.#open();
		return tables.doExist(changes.uses ?? []) && tables.segments.update(id, changes);
	}

	async deleteSegment(id: string): Promise<"deleted" | "in_use" | "missing"> {
		const tables = this.#open();
		if (tables.segments.peek(id) === undefined) return "missing";
		if (tables.isInUse(id)) return "in_use";
		tables.segments.delete(id);
		tables.contacts.clearSegment(id);
		return "deleted";
	}

	async insertTopic(topic: Topic): Promise<boolean> {
		return this.#open().topics.insert(topic);
	}

	async findTopics(ids: readonly string[]): Promise<readonly (Topic | undefined)[]> {
		const { topics } = this.#open();
		return ids.map((id) => topics.find(id));
	}

	async pageTopics(page: PageRequest): Promise<readonly Topic[]> {
		return this.#open().topics.page(page);
	}

	async updateTopic(
		id: string,
		changes: Partial<Pick<Topic, "name" | "description" | "visibility">>,
	): Promise<boolean> {
		return this.#open().topics.update(id, changes);
	}

	async deleteTopic(id: string): Promise<"deleted" | "in_use" | "missing"> {
		const tables = this.#open();
		if (tables.topics.peek(id) === undefined) return "missing";
		if (tables.isInUse(id)) return "in_use";
		tables.topics.delete(id);
		tables.contacts.clearTopic(id);
		return "deleted";
	}

	async insertSuppression(suppression: SuppressionRecord, events: readonly NewEvent[]): Promise<boolean> {
		const { suppressions, suppressed, events: log } = this.#open();
		if (suppressed.has(suppression.addressHash) || !suppressions.insert(suppression)) return false;
		suppressed.set(suppression.addressHash, suppression.id);
		log.append(events);
		return true;
	}

	async findSuppression(addressHash: string): Promise<SuppressionRecord | undefined> {
		const { suppressions, suppressed } = this.#open();
		return suppressions.find(suppressed.get(addressHash) ?? "");
	}

	async pageSuppressions(page: PageRequest): Promise<readonly SuppressionRecord[]> {
		return this.#open().suppressions.page(page);
	}

	async deleteSuppression(addressHash: string, events: readonly NewEvent[]): Promise<boolean> {
		const { suppressions, suppressed, events: log } = this.#open();
		if (!suppressions.delete(suppressed.get(addressHash) ?? "")) return false;
		suppressed.delete(addressHash);
		log.append(events);
		return true;
	}

	async listEvents(after: string | undefined, limit: number): Promise<readonly ConvokeEvent[]> {
		return this.#open().events.list(after, limit);
	}

	async pageContactEvents(
		contactId: string,
		{ limit, after }: { readonly limit: number; readonly after?: string | undefined },
	): Promise<readonly ConvokeEvent[]> {
		return this.#open().events.pageContact(contactId, after, limit);
	}

	async keepKey(use: KeyUse, forgetBefore: Date): Promise<KeyUse> {
		const { keys } = this.#open();
		for (const [key, { at }] of keys) if (at < forgetBefore) keys.delete(key);
		const known = keys.get(use.key);
		if (known === undefined) keys.set(use.key, structuredClone(use));
		return structuredClone(known ?? use);
	}

	async insertBroadcast(broadcast: BroadcastRecord): Promise<boolean> {
		return this.#open().broadcasts.insert(broadcast);
	}

	async findBroadcast(id: string): Promise<BroadcastRecord | undefined> {
		return this.#open().broadcasts.find(id);
	}

	async pageBroadcasts(page: PageRequest): Promise<readonly BroadcastRecord[]> {
		return this.#open().broadcasts.page(page);
	}

	async moveBroadcast({ id, from, changes, content, unchangedSince, whenSettled }: BroadcastMove): Promise<boolean> {
		const tables = this.#open();
		const { broadcasts, contents } = tables;
		const broadcast = broadcasts.peek(id);
		if (broadcast === undefined || !from.includes(broadcast.status)) return false;
		if (unchangedSince !== undefined && unchangedSince.getTime() !== broadcast.updatedAt.getTime()) return false;
		if (whenSettled === true && tables.recipientsOf(id).open > 0) return false;
		const status = changes.status ?? broadcast.status;
		if (isUnderWay(status) && !tables.doExist(changes.uses ?? broadcast.uses)) return false;
		broadcasts.update(id, changes);
		if (content !== undefined) contents.set(id, structuredClone(content));
		return true;
	}

	async deleteBroadcast(id: string, from: readonly BroadcastStatus[]): Promise<boolean> {
		const tables = this.#open();
		const status = tables.broadcasts.peek(id)?.status;
		if (status === undefined || !from.includes(status)) return false;
		tables.deleteBroadcast(id);
		return true;
	}

	async findContent(broadcastId: string): Promise<BroadcastContent | undefined> {
		return structuredClone(this.#open().contents.get(broadcastId));
	}

	async surveyChunk(walk: Walk): Promise<WalkChunk> {
		return surveyChunk(this.#open(), walk);
	}

	async freezeChunk(
		broadcastId: string,
		walk: Walk,
		slice: { readonly id: string; readonly at: Date },
	): Promise<WalkChunk | undefined> {
		return freezeChunk(this.#open(), broadcastId, walk, slice);
	}

	async advanceSlice(step: SliceStep): Promise<SliceTurn> {
		return advanceSlice(this.#open(), step, this.#time());
	}

	async moveRecipients({ broadcastId, ...move }: RecipientMove): Promise<number> {
		const tables = this.#open();
		const broadcast = tables.broadcasts.peek(broadcastId);
		const { whileIn, reopen, at } = move;
		if (whileIn !== undefined && (broadcast === undefined || !whileIn.includes(broadcast.status))) return 0;
		const isEnded = broadcast?.status === "sent" || broadcast?.status === "failed";
		if (reopen === true && isEnded && !tables.doExist(broadcast.uses)) return 0;
		const moved = tables.recipientsOf(broadcastId).move(move, this.#time());
		if (moved > 0 && reopen === true && isEnded) {
			tables.broadcasts.update(broadcastId, { status: "sending", statusReason: null, updatedAt: at });
		}
		return moved;
	}

	async findRecipient(broadcastId: string, contactId: string): Promise<Recipient | undefined> {
		return this.#open().recipientsOf(broadcastId).find(contactId);
	}

	async pageRecipients(
		broadcastId: string,
		where: { readonly state?: RecipientState | undefined; readonly reason?: string | undefined },
		page: PageRequest,
	): Promise<readonly Recipient[]> {
		return this.#open().recipientsOf(broadcastId).page(where, page);
	}

	async pageContactRecipients(contactId: string, limit: number): Promise<readonly Recipient[]> {
		const tables = this.#open();
		const found = [...tables.broadcasts.peekAll()].flatMap(({ id }) => tables.recipientsOf(id).find(contactId) ?? []);
		return found.toReversed().slice(0, limit);
	}

	async tallyReasons(broadcastId: string, state: RecipientState): Promise<readonly ReasonCount[]> {
		return this.#open().recipientsOf(broadcastId).reasons(state);
	}

	async tallyBroadcast(broadcastId: string): Promise<RecipientCounts> {
		return this.#open().recipientsOf(broadcastId).tally();
	}

	async recountBroadcast(broadcastId: string): Promise<RecipientCounts> {
		return this.#open().recipientsOf(broadcastId).recount();
	}

	async insertImport(record: ImportRecord): Promise<boolean> {
		return this.#open().imports.insert(record);
	}

	async findImport(id: string): Promise<ImportRecord | undefined> {
		return this.#open().imports.find(id);
	}

	async pageImports(page: PageRequest): Promise<readonly ImportRecord[]> {
		return this.#open().imports.page(page);
	}

	async moveImport(id: string, from: ImportStatus, changes: Partial<Omit<ImportRecord, "id">>): Promise<boolean> {
		const { imports } = this.#open();
		return imports.peek(id)?.status === from && imports.update(id, changes);
	}

	async listImportIssues(importId: string, skip: number, limit: number): Promise<readonly ImportIssue[]> {
		return structuredClone((this.#open().issues.get(importId) ?? []).slice(skip, skip + limit));
	}
}

/**
 * What Convoke asks of a place to keep an audience.
 *
 * Terminology: a *unit* is one call of a verb, and is atomic: either all of its effects are there or none, also after
 * a crash. A *record* is an entity with what is written together with it. A *walk* goes through candidates by
 * ascending contact id. A *slice* is a range of recipients, leased to one worker at a time; a *claim* is one lease of
 * a slice, numbered so that an older one can be told from the present.
 *
 * Rules for every storage: look-ups that find nothing answer `undefined`; writes that do not apply answer `false` and
 * change nothing; values are entities, handed over by value (changing an answer, or an argument after the call, changes
 * nothing stored); ids sort as text by code unit, and belong to their tenant: another tenant may have the same ones;
 * unless said otherwise lists are newest first, by descending id. A storage reads no clock but its own `now()`, which
 * serves leases only: every other instant is an argument.
 */
import type { BoundRule } from "../filter/recipient-rules.ts";
import type { BoundFilter } from "../filter/filter.ts";
import type { UnusedPermits } from "../rules/rate-limit.ts";
import type { BroadcastContent, BroadcastRecord, BroadcastStatus } from "../model/broadcast.ts";
import type { ContactRecord, PropertyValue, RetainedOptOut } from "../model/contact.ts";
import type { ConvokeEvent, NewEvent } from "../model/event.ts";
import type { ImportIssue, ImportRecord, ImportStatus } from "../model/import.ts";
import type { Property } from "../model/property.ts";
import type { ReasonCount, Recipient, RecipientCounts, RecipientState } from "../model/recipient.ts";
import type { SegmentRecord } from "../model/segment.ts";
import type { SuppressionRecord } from "../model/suppression.ts";
import type { Topic } from "../model/topic.ts";

/** Which part of a list: at most `limit` rows, older than `after` or newer than `before`, of which at most one is set. */
export interface PageRequest {
	/** Most rows to answer with. */
	readonly limit: number;
	/** Rows beyond this id towards older ones. */
	readonly after?: string | undefined;
	/** Rows nearest to this id towards newer ones, still newest first. */
	readonly before?: string | undefined;
}

/** How to find one contact. */
export type ContactKey =
	| { readonly id: string }
	| { readonly externalId: string }
	| { readonly addressKey: string }
	| { readonly addressHash: string };

/** One contact a unit is about, and what it may come to hold. */
export interface ContactEntry {
	/** Which contact. */
	readonly key: ContactKey;
	/** The address it is to have, if it is new or its address changes. */
	readonly address?: { readonly key: string; readonly hash: string } | undefined;
	/** The external id it is to have, if that is given. */
	readonly externalId?: string | undefined;
}

/** What a unit found for one entry. Topics that do not exist any more are left out of what was retained. */
export interface FoundContact {
	/** The contact by the entry's key. */
	readonly contact: ContactRecord | undefined;
	/** Id of the contact that holds the entry's `address`. */
	readonly addressHolder: string | undefined;
	/** Id of the contact that holds the entry's `externalId`. */
	readonly externalIdHolder: string | undefined;
	/** What was retained for the entry's `address`, or without one for the address hash of its key; by contact id. */
	readonly retained: readonly RetainedOptOut[];
	/** What was retained for the contact id of the entry's key; by address hash. */
	readonly former: readonly RetainedOptOut[];
}

/** What is to become of one contact. */
export interface ContactDecision {
	/** `write`: insert or replace by `contact`. `remove`: delete the contact with this id, its segments and choices. */
	readonly write?: ContactRecord | undefined;
	readonly remove?: string | undefined;
	/** Rows to insert, or replace where address hash and contact id are known. */
	readonly retain: readonly RetainedOptOut[];
	/** Events to append, in order. */
	readonly events: readonly NewEvent[];
}

/**
 * How far a unit takes an import that is `in_progress`. When it no longer is, the unit ends with `invalid_state`,
 * `import_ended`, and nothing is written.
 */
export interface ImportStep {
	/** The import as it is to be. */
	readonly import: ImportRecord;
	/** Applies only while the import's `counts.total` is this, so that no row counts twice; else as if it had ended. */
	readonly since?: number | undefined;
	/** Issues to append. */
	readonly issues: readonly ImportIssue[];
}

/** What a unit is to write: one decision for each entry, in order. */
export interface ContactDecisions {
	/** In the order of the entries. */
	readonly contacts: readonly ContactDecision[];
	/** The import that this unit is a part of. */
	readonly step?: ImportStep | undefined;
}

/** A walk through candidates. */
export interface Walk {
	/** Who is a candidate. */
	readonly target: BoundFilter;
	/** Who is left out; the first rule that holds gives the reason. */
	readonly rules: readonly BoundRule[];
	/** The walk goes on beyond this contact id; absent: from the start. */
	readonly after?: string | undefined;
	/** The walk ends with this contact id. */
	readonly upTo: string;
	/** About how many candidates to take in this call, at least 1. A storage may take fewer to stay responsive. */
	readonly limit: number;
}

/** What one call of a walk has passed. */
export interface WalkChunk {
	/** The walk has passed every contact up to this id: the walk's `upTo` when it is complete. */
	readonly through: string;
	/** The walk has reached its end. */
	readonly complete: boolean;
	/** How many candidates were met, counted by the target alone. */
	readonly candidates: number;
	/** How many of them no rule leaves out. */
	readonly included: number;
	/** How many each rule leaves out; rules with none are absent. */
	readonly excluded: RecipientCounts["excluded"];
}

/** A change of a broadcast that applies only in some of its states. */
export interface BroadcastMove {
	/** The broadcast. */
	readonly id: string;
	/** Applies only while its status is one of these. */
	readonly from: readonly BroadcastStatus[];
	/** Fields to replace. */
	readonly changes: Partial<Omit<BroadcastRecord, "id">>;
	/** The frozen content, written in the same unit; replaces an earlier one. */
	readonly content?: BroadcastContent | undefined;
	/** Applies only while its `updatedAt` is this, so that nothing was changed since it was read. */
	readonly unchangedSince?: Date | undefined;
	/** Applies only if no recipient is `pending` or `sending`. */
	readonly whenSettled?: true | undefined;
}

/**
 * Recipients to move from one state to another, outside of sending; the smallest contact ids first. What was to be
 * tried again later no longer is, attempts and provider id stay. Of those that become `pending` tries are counted anew.
 */
export interface RecipientMove {
	/** The broadcast. */
	readonly broadcastId: string;
	/** Only this recipient. */
	readonly contactId?: string | undefined;
	/** Only those with this reason. */
	readonly withReason?: string | undefined;
	/** Moves nobody unless the broadcast has one of these states. */
	readonly whileIn?: readonly BroadcastStatus[] | undefined;
	/**
	 * If anybody moves, a broadcast that is `sent` or `failed` becomes `sending`, without reason, in the same unit; nobody
	 * moves if something in its `uses` does not exist.
	 */
	readonly reopen?: true | undefined;
	/** Those in this state; of `sending` ones only those whose slice's lease has ended or was given back. */
	readonly from: RecipientState;
	/** Their new state; never `excluded` or `sending`. */
	readonly to: RecipientState;
	/** Their new reason. */
	readonly reason: string | null;
	/** When. */
	readonly at: Date;
	/** Most recipients to move in this call. */
	readonly limit: number;
}

/**
 * What a worker holds of a slice. It holds until the slice is given back or claimed anew, also beyond the lease's end.
 */
export interface SliceLease {
	/** Whose broadcast. */
	readonly tenantId: string;
	/** Which broadcast. */
	readonly broadcastId: string;
	/** Which slice. */
	readonly sliceId: string;
	/** The worker. */
	readonly owner: string;
	/** Number of the claim: rises with each claim of the slice. */
	readonly claim: number;
}

/** What became of one recipient that was marked `sending`. */
export interface RecipientOutcome {
	/** The recipient. */
	readonly contactId: string;
	/**
	 * The attempt that the mark answered with. An outcome of an older attempt is late and ignored, and so is one of an
	 * attempt that another lease has marked since, be its number the same.
	 */
	readonly attempt: number;
	/** Its new state. */
	readonly state: "sent" | "failed" | "pending" | "uncertain";
	/** Why. */
	readonly reason: string | null;
	/** Of `pending`: not to be tried again before this. */
	readonly retryAt: Date | null;
	/** The transport's own id of the message. */
	readonly providerId: string | null;
	/** Nobody tried to send the message: the attempt does not count, and its number is given again. */
	readonly untried?: true | undefined;
}

/** One step of sending a slice: outcomes are recorded, then free places are filled, in one unit. */
export interface SliceStep {
	/** The lease this step is taken under. */
	readonly lease: SliceLease;
	/** How long the lease is to last from now on, in milliseconds; 0 gives the slice back. */
	readonly leaseMs: number;
	/**
	 * What became of recipients marked earlier. One that is to be tried again, but whose broadcast is canceled, becomes
	 * `skipped` for the reason `canceled`.
	 */
	readonly outcomes: readonly RecipientOutcome[];
	/** Most recipients to mark `sending`. */
	readonly mark: number;
	/**
	 * Asked again of each recipient that is to be marked: whoever a rule leaves out becomes `skipped` for its reason,
	 * and whose contact is gone, for `removed`. Those take no place of `mark`.
	 */
	readonly rules: readonly BoundRule[];
	/**
	 * What to do with recipients that an earlier claim left `sending`, before any other: mark them again, or make them
	 * `uncertain` for the reason `interrupted`. To mark again, the rules are asked too, and whoever they leave out
	 * becomes `uncertain` for that reason: the message may be out.
	 */
	readonly onInterrupted: "resend" | "hold";
	/** The instant recorded, and the one that `retryAt` is compared with. */
	readonly at: Date;
}

/** A recipient that was marked `sending`, with the contact as it is now. */
export interface MarkedRecipient {
	/** The contact, read in the unit that marked it. */
	readonly contact: ContactRecord;
	/** Number of this attempt, from 1. */
	readonly attempt: number;
	/** The same, counted since somebody moved the recipient to `pending` by `moveRecipients`. */
	readonly tries: number;
}

/**
 * What one step did. A mark counts one attempt more and clears the reason and `retryAt`. A step under a lease of an
 * unknown slice does nothing; `status` is `canceled` where the broadcast is gone.
 */
export interface SliceTurn {
	/** Whether the lease held when the step was taken. If not, outcomes were recorded and nothing was marked. */
	readonly held: boolean;
	/** Recipients to send to now, by ascending contact id. Empty unless the broadcast is `sending`. */
	readonly marked: readonly MarkedRecipient[];
	/** Outcomes that came too late to count. */
	readonly late: number;
	/** Recipients of the slice that are `pending` or `sending` now. */
	readonly open: number;
	/** The earliest `retryAt` among its pending recipients, when none of them is due. */
	readonly nextRetryAt: Date | undefined;
	/** The broadcast's status now. */
	readonly status: BroadcastStatus;
}

/** A broadcast that waits for a worker for another reason than sending. */
export interface DueBroadcast {
	/** Whose. */
	readonly tenantId: string;
	/** Which. */
	readonly broadcastId: string;
	/**
	 * `start`: scheduled and due. `plan`: queued. `settle`: sending, planned, with nothing left to send. `cancel`: canceled,
	 * with recipients that are `pending`, or `sending` in a slice whose lease has ended or was given back.
	 */
	readonly need: "start" | "plan" | "settle" | "cancel";
}

/** How much is waiting, over all tenants. */
export interface Backlog {
	/** Broadcasts that are queued or sending. */
	readonly broadcasts: number;
	/** Recipients of sending broadcasts that are `pending` or `sending`. */
	readonly recipients: number;
	/** When the lease that ends first ends, or has ended unclaimed; `undefined`: no slice is leased. */
	readonly oldestLease: Date | undefined;
}

/** What a key was used for, by which a caller makes a repeated call harmless. */
export interface KeyUse {
	/** The caller's key. */
	readonly key: string;
	/** Hash of what was asked for. */
	readonly fingerprint: string;
	/** Id of what came of it. */
	readonly subjectId: string;
	/** When it was used first. */
	readonly at: Date;
}

/** Permits that somebody wants. */
export interface PermitRequest {
	/** Whose limit. */
	readonly key: string;
	/** Messages a second. */
	readonly perSecond?: number | undefined;
	/** Messages a day. */
	readonly perDay?: number | undefined;
	/** How many permits, at least 0. */
	readonly want: number;
	/** Permits of this limit that were taken before and are not needed: they are given back first. */
	readonly unused?: UnusedPermits | undefined;
}

/** Permits that somebody got. */
export interface Permits {
	/** How many messages may go. */
	readonly granted: number;
	/** Milliseconds until another one may; 0 when all were granted. */
	readonly waitMs: number;
}

/** A storage, over all tenants. */
export interface Storage {
	/** Brings the schema up to date; harmless when it is. */
	migrate(): Promise<void>;
	/** Ends all work and gives resources back; harmless when done. Every verb then ends with `storage_unavailable`. */
	close(): Promise<void>;
	/** The storage's own time, for leases. */
	now(): Promise<Date>;
	/** The part of one tenant. Touches nothing. */
	forTenant(tenantId: string): TenantStorage;
	/** Whose broadcast or contact this is; also of a contact that was removed. */
	findTenant(owner: { readonly broadcastId: string } | { readonly contactId: string }): Promise<string | undefined>;
	/** Broadcasts with something to do other than sending, the oldest first. */
	findDue(at: Date, limit: number): Promise<readonly DueBroadcast[]>;
	/**
	 * Leases a slice of a `sending` broadcast that has a recipient to work on (`pending` and due at `at`, or `sending`
	 * left by an earlier claim) and whose lease has ended or was given back; the oldest broadcast's first slice first.
	 */
	claimSlice(claim: {
		readonly owner: string;
		readonly leaseMs: number;
		readonly at: Date;
		/** Only a slice of this broadcast. */
		readonly of?: { readonly tenantId: string; readonly broadcastId: string } | undefined;
		/** No slice of the broadcasts with these ids. */
		readonly except?: readonly string[] | undefined;
	}): Promise<SliceLease | undefined>;
	/**
	 * Takes permits out of the limit of this name, which all who share the storage share, by `takePermits` of
	 * `rules/rate-limit.ts` and the storage's own time. A limit that nobody has used yet is full.
	 */
	takePermits(request: PermitRequest): Promise<Permits>;
	/** How much is waiting. */
	measureBacklog(): Promise<Backlog>;
}

/** What one tenant keeps. */
export interface TenantStorage {
	/**
	 * Finds contacts, lets `decide` say what becomes of them, and writes that, as one unit: nothing comes between what
	 * was found and what is written. `decide` is pure and synchronous; it may be called again with newer findings, and
	 * what it throws ends the unit with nothing written. The entries are about different contacts and addresses. A
	 * decision that names a segment or topic that does not exist leaves that out. One that would give two contacts the
	 * same address or external id ends the unit with `storage_failed`, `uniqueness_violated`, and nothing is written.
	 * Answers with the decisions written. A `resumable` unit is part of work that is taken up again where it stands, such
	 * as an import: it need not outlive a power failure until the next unit that must.
	 */
	changeContacts(
		entries: readonly ContactEntry[],
		decide: (found: readonly FoundContact[]) => ContactDecisions,
		options?: { readonly resumable?: boolean | undefined },
	): Promise<ContactDecisions>;
	/** Contacts by key, in the order of the keys. */
	findContacts(keys: readonly ContactKey[]): Promise<readonly (ContactRecord | undefined)[]>;
	/** Contacts that match. */
	pageContacts(filter: BoundFilter, page: PageRequest): Promise<readonly ContactRecord[]>;
	/** How many contacts match. */
	countContacts(filter: BoundFilter): Promise<number>;
	/** The largest contact id. */
	findLastContactId(): Promise<string | undefined>;

	/** `false`: the key is taken. */
	insertProperty(property: Property): Promise<boolean>;
	/** All properties, by ascending key. */
	listProperties(): Promise<readonly Property[]>;
	/** `false`: no such property. */
	updateProperty(id: string, changes: { readonly fallback: PropertyValue | null }): Promise<boolean>;
	/** Deletes the property and its values on every contact, unless a broadcast that is under way, or a segment, uses it. */
	deleteProperty(id: string): Promise<"deleted" | "in_use" | "missing">;

	/** `false`: the id is taken, or something in its `uses` does not exist. */
	insertSegment(segment: SegmentRecord): Promise<boolean>;
	/** Segments by id, in the order of the ids. */
	findSegments(ids: readonly string[]): Promise<readonly (SegmentRecord | undefined)[]>;
	/** All segments. */
	pageSegments(page: PageRequest): Promise<readonly SegmentRecord[]>;
	/** `false`: no such segment, or something in its new `uses` does not exist. */
	updateSegment(id: string, changes: Partial<Pick<SegmentRecord, "name" | "filter" | "uses">>): Promise<boolean>;
	/** Deletes the segment and its memberships, unless a broadcast that is under way, or a segment, uses it. */
	deleteSegment(id: string): Promise<"deleted" | "in_use" | "missing">;

	/** `false`: the id is taken. */
	insertTopic(topic: Topic): Promise<boolean>;
	/** Topics by id, in the order of the ids. */
	findTopics(ids: readonly string[]): Promise<readonly (Topic | undefined)[]>;
	/** All topics. */
	pageTopics(page: PageRequest): Promise<readonly Topic[]>;
	/** `false`: no such topic. */
	updateTopic(id: string, changes: Partial<Pick<Topic, "name" | "description" | "visibility">>): Promise<boolean>;
	/** Deletes the topic and all choices for it, unless a broadcast that is under way, or a segment, uses it. */
	deleteTopic(id: string): Promise<"deleted" | "in_use" | "missing">;

	/**
	 * Adds a suppression and its events, and touches the contact at the address, so that a message that is being marked
	 * for it waits or sees it. `false`: the address is suppressed already.
	 */
	insertSuppression(suppression: SuppressionRecord, events: readonly NewEvent[]): Promise<boolean>;
	/** The suppression of an address. */
	findSuppression(addressHash: string): Promise<SuppressionRecord | undefined>;
	/** All suppressions. */
	pageSuppressions(page: PageRequest): Promise<readonly SuppressionRecord[]>;
	/** Removes a suppression and appends the events. `false`: the address was not suppressed. */
	deleteSuppression(addressHash: string, events: readonly NewEvent[]): Promise<boolean>;

	/** Events after a cursor in the order they were written; without cursor from the start. */
	listEvents(after: string | undefined, limit: number): Promise<readonly ConvokeEvent[]>;
	/** Events of one contact, newest first, before a cursor. */
	pageContactEvents(
		contactId: string,
		page: { readonly limit: number; readonly after?: string | undefined },
	): Promise<readonly ConvokeEvent[]>;

	/**
	 * Remembers what a key was used for, unless it is known, and answers with what is remembered. Forgets those used before
	 * `forgetBefore`.
	 */
	keepKey(use: KeyUse, forgetBefore: Date): Promise<KeyUse>;

	/** `false`: the id is taken. */
	insertBroadcast(broadcast: BroadcastRecord): Promise<boolean>;
	/** One broadcast. */
	findBroadcast(id: string): Promise<BroadcastRecord | undefined>;
	/** All broadcasts. */
	pageBroadcasts(page: PageRequest): Promise<readonly BroadcastRecord[]>;
	/**
	 * `false`: no such broadcast, or it is in another state, was changed since, or is not settled; or it would come
	 * under way (scheduled, queued, sending or paused) while something in its `uses` does not exist.
	 */
	moveBroadcast(move: BroadcastMove): Promise<boolean>;
	/** Deletes a broadcast with its content and recipients. `false`: no such broadcast, or it is in another state. */
	deleteBroadcast(id: string, from: readonly BroadcastStatus[]): Promise<boolean>;
	/** The frozen content. */
	findContent(broadcastId: string): Promise<BroadcastContent | undefined>;

	/** One chunk of a walk, writing nothing. */
	surveyChunk(walk: Walk): Promise<WalkChunk>;
	/**
	 * The same chunk, written: a recipient row for every candidate, a slice with its counts, and the broadcast's plan
	 * advanced. The walk's `after` must be where the plan stands: `undefined` when it is not, or the broadcast is not
	 * `queued`, and nothing is written. A chunk without candidates writes no slice. Where target and rules do not
	 * account for the same contacts the unit ends with `storage_failed`, `plan_mismatch`.
	 */
	freezeChunk(
		broadcastId: string,
		walk: Walk,
		slice: { readonly id: string; readonly at: Date },
	): Promise<WalkChunk | undefined>;
	/** Takes one step of sending a slice. */
	advanceSlice(step: SliceStep): Promise<SliceTurn>;
	/** Moves recipients of a broadcast, at most `limit`, and answers how many. */
	moveRecipients(move: RecipientMove): Promise<number>;
	/** One recipient. */
	findRecipient(broadcastId: string, contactId: string): Promise<Recipient | undefined>;
	/** Recipients, by descending contact id; `after` and `before` are contact ids. */
	pageRecipients(
		broadcastId: string,
		where: { readonly state?: RecipientState | undefined; readonly reason?: string | undefined },
		page: PageRequest,
	): Promise<readonly Recipient[]>;
	/** Recipients of one contact, the latest broadcast first. */
	pageContactRecipients(contactId: string, limit: number): Promise<readonly Recipient[]>;
	/** How many recipients are in a state, by reason and in no order. */
	tallyReasons(broadcastId: string, state: RecipientState): Promise<readonly ReasonCount[]>;
	/** Counts as kept on the slices: cheap at any size. */
	tallyBroadcast(broadcastId: string): Promise<RecipientCounts>;
	/** The same counts, made anew from every recipient's row. */
	recountBroadcast(broadcastId: string): Promise<RecipientCounts>;

	/** `false`: the id is taken. */
	insertImport(record: ImportRecord): Promise<boolean>;
	/** One import. */
	findImport(id: string): Promise<ImportRecord | undefined>;
	/** All imports. */
	pageImports(page: PageRequest): Promise<readonly ImportRecord[]>;
	/** `false`: no such import, or it has another status. */
	moveImport(id: string, from: ImportStatus, changes: Partial<Omit<ImportRecord, "id">>): Promise<boolean>;
	/** Issues of an import in the order they were appended, after the first `skip`. */
	listImportIssues(importId: string, skip: number, limit: number): Promise<readonly ImportIssue[]>;
}

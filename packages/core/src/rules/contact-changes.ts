/**
 * What becomes of a contact, as pure functions from what is to what shall be.
 *
 * Opt-outs win: a merge never turns one back on, whatever it says (reliability requirement R20); only
 * {@link changeContact}, a deliberate act, may.
 */
import type { EmailAddress } from "../email-address.ts";
import { ConvokeError } from "../errors.ts";
import type {
	Confirmation,
	ConfirmationRequest,
	ContactRecord,
	PropertyValue,
	PropertyValues,
	RetainedOptOut,
	Subscription,
} from "../model/contact.ts";
import type { EventSource, EventType, NewEvent } from "../model/event.ts";
import { checkPropertiesSize } from "../property-values.ts";
import type { ContactDecision, FoundContact } from "../ports/storage.ts";

/** Who acts, how and when: what all events of one act have in common. */
export interface Act {
	/** When. */
	readonly at: Date;
	/** How it came about. */
	readonly source: EventSource;
	/** Who, in the host's words. */
	readonly actor: string | null;
	/** The broadcast whose link was used. */
	readonly broadcastId?: string | undefined;
	/** Version of the text that the person was asked with. */
	readonly textVersion?: string | undefined;
}

/** A checked address with its hash. */
export type HashedAddress = EmailAddress & { readonly hash: string };

/** Checked changes of a contact: absent or `undefined` leaves alone, `null` clears. */
export interface ContactEdit {
	readonly address?: HashedAddress | undefined;
	readonly externalId?: string | null | undefined;
	readonly firstName?: string | null | undefined;
	readonly lastName?: string | null | undefined;
	readonly properties?: Readonly<Record<string, PropertyValue | null>> | undefined;
	readonly unsubscribed?: boolean | undefined;
	readonly confirmation?: Confirmation | undefined;
	readonly confirmationRequest?: ConfirmationRequest | null | undefined;
	/** Choices to set, by topic id; `null` goes back to the topic's default. */
	readonly choices?: Readonly<Record<string, Subscription | null>> | undefined;
	readonly addSegments?: readonly string[] | undefined;
	readonly removeSegments?: readonly string[] | undefined;
}

/** A checked contact to create, or to merge into the one that has its address. */
export interface ContactInput extends ContactEdit {
	readonly address: HashedAddress;
	/** Where it stands with double opt-in, if it is new. */
	readonly confirmation?: Confirmation | undefined;
}

/** Nothing is to happen. */
export const UNCHANGED: ContactDecision = { retain: [], events: [] };

/**
 * Creates the contact, or merges the fields given into the one that has the address. A new contact takes over the
 * opt-outs that were retained for its address.
 *
 * @throws `already_exists` with `external_id_taken`.
 */
export function createOrMerge(found: FoundContact, input: ContactInput, id: string, act: Act): ContactDecision {
	const existing = found.contact;
	if (existing !== undefined) return mergeContact(existing, input, act, found);
	const blank = { ...blankContact(input.address, id, act.at), confirmation: input.confirmation ?? "none" };
	const inherited = withRetained(blank, found.retained);
	const contact = edited(inherited, mergeable(inherited, input), found, act.at);
	return {
		write: contact,
		retain: found.retained.map(absorbed),
		events: [
			event("contact.created", contact.id, act),
			...consentEvents(blank, inherited, { ...act, source: "retained" }),
			...consentEvents(inherited, contact, act),
		],
	};
}

/**
 * Changes a contact by what turns no opt-out back on. The address stays.
 *
 * @param found who holds the external id that is given, if one is
 * @throws `already_exists` with `external_id_taken`.
 */
export function mergeContact(
	contact: ContactRecord,
	edit: ContactEdit,
	act: Act,
	found?: Pick<FoundContact, "externalIdHolder">,
): ContactDecision {
	return decide(contact, edited(contact, mergeable(contact, edit), found, act.at), act);
}

/**
 * What was found for an entry, once the entries before it in the same unit are decided: the external id it is to have may
 * be free by then.
 */
export function afterDecisions(
	found: FoundContact,
	externalId: string | null | undefined,
	before: readonly ContactDecision[],
): FoundContact {
	const holder = found.externalIdHolder;
	if (holder === undefined) return found;
	const isFree = before.some(({ write }) => write?.id === holder && write.externalId !== externalId);
	return isFree ? { ...found, externalIdHolder: undefined } : found;
}

/**
 * Changes a contact as its host or the person decided, opt-ins included.
 *
 * @throws `already_exists` with `email_taken` or `external_id_taken`.
 */
export function changeContact(
	contact: ContactRecord,
	found: FoundContact,
	edit: ContactEdit,
	act: Act,
): ContactDecision {
	const moves = edit.address !== undefined && edit.address.key !== contact.addressKey;
	if (moves && found.addressHolder !== undefined && found.addressHolder !== contact.id) {
		throw new ConvokeError("already_exists", {
			reason: "email_taken",
			field: "email",
			resource: "contact",
			message: "Another contact has this address already; remove or change that one first.",
		});
	}
	const after = edited(contact, edit, found, act.at);
	const decision = decide(contact, after, act);
	if (!moves) return decision;
	const inherited = withRetained(after, found.retained);
	return {
		write: inherited,
		retain: [retainedOf(contact, act.at), ...found.retained.map(absorbed)],
		events: [...decision.events, ...consentEvents(after, inherited, { ...act, source: "retained" })],
	};
}

/** Removes a contact; its opt-outs stay with its address. */
export function removeContact(contact: ContactRecord, act: Act): ContactDecision {
	return {
		remove: contact.id,
		retain: [retainedOf(contact, act.at)],
		events: [event("contact.removed", contact.id, act)],
	};
}

/** Opts a removed contact out, by what was retained of it. */
export function optOutFormer(former: readonly RetainedOptOut[], act: Act): ContactDecision {
	const rows = former.filter((row) => !row.unsubscribed);
	return {
		retain: rows.map((row) => ({ ...row, unsubscribed: true, at: act.at })),
		events: rows.map((row) => event("contact.unsubscribed", row.contactId, act)),
	};
}

/** One event of an act. */
export function event(
	type: EventType,
	contactId: string | null,
	act: Act,
	about: { readonly topicId?: string; readonly segmentId?: string } = {},
): NewEvent {
	return {
		type,
		contactId,
		topicId: about.topicId ?? null,
		segmentId: about.segmentId ?? null,
		broadcastId: act.broadcastId ?? null,
		source: act.source,
		actor: act.actor,
		textVersion: act.textVersion ?? null,
		at: act.at,
	};
}

function decide(before: ContactRecord, after: ContactRecord, act: Act): ContactDecision {
	const events: NewEvent[] = [];
	if (before.addressKey !== after.addressKey) events.push(event("contact.email_changed", after.id, act));
	if (fieldsDiffer(before, after)) events.push(event("contact.updated", after.id, act));
	events.push(...consentEvents(before, after, act), ...segmentEvents(before, after, act));
	const changes = events.length > 0 || before.confirmationRequest?.id !== after.confirmationRequest?.id;
	return changes ? { write: after, retain: [], events } : UNCHANGED;
}

function blankContact(address: HashedAddress, id: string, at: Date): ContactRecord {
	return {
		id,
		...addressFields(address),
		externalId: null,
		firstName: null,
		lastName: null,
		properties: {},
		unsubscribed: false,
		confirmation: "none",
		confirmationRequest: null,
		segmentIds: [],
		choices: {},
		createdAt: at,
		updatedAt: at,
	};
}

function addressFields(
	address: HashedAddress,
): Pick<ContactRecord, "email" | "addressKey" | "addressHash" | "needsSmtputf8"> {
	return {
		email: address.address,
		addressKey: address.key,
		addressHash: address.hash,
		needsSmtputf8: address.needsSmtputf8,
	};
}

function edited(
	contact: ContactRecord,
	edit: ContactEdit,
	found: Pick<FoundContact, "externalIdHolder"> | undefined,
	at: Date,
): ContactRecord {
	const holder = found?.externalIdHolder;
	if (typeof edit.externalId === "string" && holder !== undefined && holder !== contact.id) {
		throw new ConvokeError("already_exists", {
			reason: "external_id_taken",
			field: "externalId",
			resource: "contact",
			message: "Another contact has this externalId already; clear it there first.",
		});
	}
	const removed = new Set(edit.removeSegments);
	return {
		...contact,
		...(edit.address && addressFields(edit.address)),
		externalId: given(edit.externalId, contact.externalId),
		firstName: given(edit.firstName, contact.firstName),
		lastName: given(edit.lastName, contact.lastName),
		properties: withProperties(contact.properties, edit.properties),
		unsubscribed: edit.unsubscribed ?? contact.unsubscribed,
		confirmation: edit.confirmation ?? contact.confirmation,
		confirmationRequest: given(edit.confirmationRequest, openRequest(contact, edit)),
		choices: withEntries(contact.choices, edit.choices),
		segmentIds: sortedSet([...contact.segmentIds, ...(edit.addSegments ?? [])]).filter((id) => !removed.has(id)),
		updatedAt: at,
	};
}

/** The link in a message to an address that is no longer the contact's confirms nothing. */
function openRequest(contact: ContactRecord, { address }: ContactEdit): ConfirmationRequest | null {
	return address === undefined || address.key === contact.addressKey ? contact.confirmationRequest : null;
}

/** The part of an input that a merge takes: nothing that turns an opt-out back on, no confirmation, and not the address. */
function mergeable(contact: ContactRecord, input: ContactEdit): ContactEdit {
	const choices = Object.entries(input.choices ?? {}).filter(
		([topicId, choice]) => choice === "opt_out" || contact.choices[topicId] !== "opt_out",
	);
	return {
		...input,
		address: undefined,
		confirmation: undefined,
		unsubscribed: contact.unsubscribed || input.unsubscribed === true,
		choices: Object.fromEntries(choices),
	};
}

function withRetained(contact: ContactRecord, retained: readonly RetainedOptOut[]): ContactRecord {
	if (retained.length === 0) return contact;
	const optOuts = retained.flatMap((row) => row.topicIds.map((topicId) => [topicId, "opt_out"] as const));
	return {
		...contact,
		unsubscribed: contact.unsubscribed || retained.some((row) => row.unsubscribed),
		choices: { ...contact.choices, ...Object.fromEntries(optOuts) },
	};
}

function retainedOf(contact: ContactRecord, at: Date): RetainedOptOut {
	return {
		addressHash: contact.addressHash,
		contactId: contact.id,
		unsubscribed: contact.unsubscribed,
		topicIds: sortedSet(Object.keys(contact.choices)).filter((id) => contact.choices[id] === "opt_out"),
		at,
	};
}

/**
 * A retained row whose opt-outs a living contact carries from now on. The row stays, so that links in old mail find
 * the address; its opt-outs do not, or they would come back after the person has decided otherwise.
 */
function absorbed(row: RetainedOptOut): RetainedOptOut {
	return { ...row, unsubscribed: false, topicIds: [] };
}

function consentEvents(before: ContactRecord, after: ContactRecord, act: Act): NewEvent[] {
	if (before === after) return [];
	const events: NewEvent[] = [];
	if (before.unsubscribed !== after.unsubscribed) {
		events.push(event(after.unsubscribed ? "contact.unsubscribed" : "contact.resubscribed", after.id, act));
	}
	for (const topicId of sortedSet([...Object.keys(before.choices), ...Object.keys(after.choices)])) {
		const choice = after.choices[topicId];
		if (choice !== before.choices[topicId]) events.push(event(choiceEvent(choice), after.id, act, { topicId }));
	}
	return events;
}

function choiceEvent(choice: Subscription | undefined): EventType {
	if (choice === undefined) return "topic.reset";
	return choice === "opt_in" ? "topic.opted_in" : "topic.opted_out";
}

function segmentEvents(before: ContactRecord, after: ContactRecord, act: Act): NewEvent[] {
	const added = after.segmentIds.filter((id) => !before.segmentIds.includes(id));
	const removed = before.segmentIds.filter((id) => !after.segmentIds.includes(id));
	return [
		...added.map((segmentId) => event("segment.added", after.id, act, { segmentId })),
		...removed.map((segmentId) => event("segment.removed", after.id, act, { segmentId })),
	];
}

function fieldsDiffer(before: ContactRecord, after: ContactRecord): boolean {
	if (before.email !== after.email && before.addressKey === after.addressKey) return true;
	if (before.externalId !== after.externalId) return true;
	if (before.firstName !== after.firstName || before.lastName !== after.lastName) return true;
	const keys = new Set([...Object.keys(before.properties), ...Object.keys(after.properties)]);
	return [...keys].some((key) => !sameValue(before.properties[key], after.properties[key]));
}

function sameValue(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
	return a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b;
}

function given<T>(value: T | undefined, otherwise: T): T {
	return value === undefined ? otherwise : value;
}

/** @throws `invalid_input` with `property_too_large`. */
function withProperties(values: PropertyValues, changes: ContactEdit["properties"]): PropertyValues {
	if (changes === undefined) return values;
	const after = withEntries(values, changes);
	checkPropertiesSize(after);
	return after;
}

function withEntries<T>(
	entries: Readonly<Record<string, T>>,
	changes: Readonly<Record<string, T | null>> | undefined,
): Readonly<Record<string, T>> {
	if (changes === undefined) return entries;
	const next = new Map(Object.entries(entries));
	for (const [key, value] of Object.entries(changes)) {
		if (value === null) next.delete(key);
		else next.set(key, value);
	}
	return Object.fromEntries(next);
}

function sortedSet(ids: readonly string[]): string[] {
	return [...new Set(ids)].toSorted();
}

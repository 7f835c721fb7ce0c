import type { TenantContext } from "../context.ts";
import { ConvokeError, notFound } from "../errors.ts";
import type { Contact, ContactRecord, PropertyValues } from "../model/contact.ts";
import type { ContactEntry, ContactKey } from "../ports/storage.ts";
import { changeContact } from "../rules/contact-changes.ts";
import type { Act, ContactEdit, ContactInput } from "../rules/contact-changes.ts";

/** Contacts written in one unit: keeps a storage's stretch without pause short. */
const UNIT = 200;

/** Changes one contact as decided. @throws `not_found`, `already_exists`. */
export async function editContact(
	context: TenantContext,
	key: ContactKey,
	edit: ContactEdit,
	act: Act,
): Promise<ContactRecord> {
	const entry: ContactEntry = { key, address: edit.address, externalId: edit.externalId ?? undefined };
	let after: ContactRecord | undefined;
	await context.tenant.changeContacts([entry], ([found]) => {
		if (found?.contact === undefined) throw notFound("contact");
		const decision = changeContact(found.contact, found, edit, act);
		after = decision.write ?? found.contact;
		return { contacts: [decision] };
	});
	if (after === undefined) throw notFound("contact");
	return after;
}

/** What callers see of a contact. */
export function toContact<Values = PropertyValues>(record: ContactRecord): Contact<Values> {
	return {
		id: record.id,
		email: record.email,
		externalId: record.externalId,
		firstName: record.firstName,
		lastName: record.lastName,
		// The values were checked against the declarations when they were written.
		properties: record.properties as Values,
		unsubscribed: record.unsubscribed,
		confirmation: record.confirmation,
		createdAt: record.createdAt,
		updatedAt: record.updatedAt,
	};
}

/** The entry of a unit that creates or merges this contact. */
export function entryOf(input: ContactInput): ContactEntry {
	const { key, hash } = input.address;
	return { key: { addressKey: key }, address: { key, hash }, externalId: input.externalId ?? undefined };
}

/** @throws `not_found` with `segment_not_found`. */
export async function requireSegments(context: TenantContext, ids: readonly string[]): Promise<void> {
	const wanted = [...new Set(ids)];
	if (wanted.length === 0) return;
	if ((await context.tenant.findSegments(wanted)).includes(undefined)) throw notFound("segment");
}

/** Checks that contacts can be added to these. @throws `not_found`; `invalid_state` with `segment_is_dynamic`. */
export async function requireStaticSegments(context: TenantContext, ids: readonly string[]): Promise<void> {
	const wanted = [...new Set(ids)];
	if (wanted.length === 0) return;
	for (const segment of await context.tenant.findSegments(wanted)) {
		if (segment === undefined) throw notFound("segment");
		if (segment.filter === null) continue;
		throw new ConvokeError("invalid_state", {
			reason: "segment_is_dynamic",
			resource: "segment",
			message: "The segment is dynamic: its filter alone says who belongs to it. Use a static one.",
		});
	}
}

/** @throws `not_found` with `topic_not_found`. */
export async function requireTopics(context: TenantContext, ids: readonly string[]): Promise<void> {
	const wanted = [...new Set(ids)];
	if (wanted.length === 0) return;
	if ((await context.tenant.findTopics(wanted)).includes(undefined)) throw notFound("topic");
}

/** What no other input of the same unit may have: the address, and the external id if there is one. */
export function uniqueKeys({ address, externalId }: ContactInput): readonly string[] {
	const keys = [`address ${address.key}`];
	if (typeof externalId === "string") keys.push(`external ${externalId}`);
	return keys;
}

/** Parts inputs, keeping their order, into units in which every address and external id occurs once. */
export function distinctUnits<T extends ContactInput>(inputs: readonly T[]): T[][] {
	const units: T[][] = [];
	let unit: T[] = [];
	let seen = new Set<string>();
	for (const input of inputs) {
		const keys = uniqueKeys(input);
		if (unit.length === UNIT || keys.some((key) => seen.has(key))) {
			units.push(unit);
			unit = [];
			seen = new Set();
		}
		unit.push(input);
		for (const key of keys) seen.add(key);
	}
	if (unit.length > 0) units.push(unit);
	return units;
}

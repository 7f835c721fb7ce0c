import type { ContactRecord, RetainedOptOut } from "../model/contact.ts";
import type { NewEvent } from "../model/event.ts";
import type { ContactDecision, ContactEntry, FoundContact, TenantStorage } from "../ports/storage.ts";
import { present } from "./proofs.ts";

/** A decision that changes nothing. */
export const NOTHING: ContactDecision = { retain: [], events: [] };

/** Writes contacts in one unit. */
export async function put(tenant: TenantStorage, ...contacts: readonly ContactRecord[]): Promise<void> {
	await tenant.changeContacts(contacts.map(entryOf), () => ({
		contacts: contacts.map((write) => ({ ...NOTHING, write })),
	}));
}

/** The entry of a contact that is to be written as it is. */
export function entryOf({ id, addressKey: key, addressHash: hash, externalId }: ContactRecord): ContactEntry {
	return { key: { id }, address: { key, hash }, externalId: externalId ?? undefined };
}

/** Takes one decision on one entry. */
export async function decideOne(
	tenant: TenantStorage,
	entry: ContactEntry,
	decision: Partial<ContactDecision>,
): Promise<void> {
	await tenant.changeContacts([entry], () => ({ contacts: [{ ...NOTHING, ...decision }] }));
}

/** Removes a contact. */
export async function remove(tenant: TenantStorage, { id }: ContactRecord): Promise<void> {
	await decideOne(tenant, { key: { id } }, { remove: id });
}

/** Appends events. */
export async function append(tenant: TenantStorage, events: readonly NewEvent[]): Promise<void> {
	await decideOne(tenant, { key: { addressHash: "nobody" } }, { events });
}

/** Retains rows. */
export async function retain(tenant: TenantStorage, ...rows: readonly RetainedOptOut[]): Promise<void> {
	await decideOne(tenant, { key: { addressHash: "nobody" } }, { retain: rows });
}

/** What a unit finds for an entry. */
export async function look(tenant: TenantStorage, entry: ContactEntry): Promise<FoundContact> {
	const seen: FoundContact[] = [];
	await tenant.changeContacts([entry], (found) => {
		seen.splice(0, seen.length, ...found);
		return { contacts: found.map(() => NOTHING) };
	});
	return present(seen[0]);
}

/** One contact by id. */
export async function contactOf(
	tenant: TenantStorage,
	{ id }: { readonly id: string },
): Promise<ContactRecord | undefined> {
	return (await tenant.findContacts([{ id }]))[0];
}

/** The same contact under another first name. */
export function rename(contact: ContactRecord, firstName: string): ContactRecord {
	return { ...contact, firstName };
}

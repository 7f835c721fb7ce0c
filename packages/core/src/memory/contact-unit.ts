import type { ContactRecord, RetainedOptOut } from "../model/contact.ts";
import type { ContactDecisions, ContactEntry, FoundContact } from "../ports/storage.ts";
import { copyContact } from "./contact-rows.ts";
import type { TenantTables } from "./tenant-tables.ts";

/** Finds contacts, has it decided what becomes of them, and writes that; see `TenantStorage.changeContacts`. */
export function changeContacts(
	tables: TenantTables,
	entries: readonly ContactEntry[],
	decide: (found: readonly FoundContact[]) => ContactDecisions,
): ContactDecisions {
	const decisions = decide(entries.map((entry) => findEntry(tables, entry)));
	const removed = new Set(decisions.contacts.flatMap(({ remove }) => remove ?? []));
	const written = new Map<string, ContactRecord>();
	for (const { write } of decisions.contacts) {
		if (write !== undefined) written.set(write.id, ownCopy(tables, write));
	}
	// Whatever may throw comes before the first change.
	if (decisions.step !== undefined) tables.checkImportGoesOn(decisions.step);
	tables.contacts.checkUnique(written, removed);

	for (const id of removed) tables.contacts.delete(id);
	for (const contact of written.values()) tables.contacts.set(contact);
	for (const { retain, events } of decisions.contacts) {
		for (const row of retain) tables.retained.set(row);
		tables.events.append(events);
	}
	if (decisions.step !== undefined) {
		const { import: record, issues } = structuredClone(decisions.step);
		tables.imports.replace(record);
		tables.issues.set(record.id, [...(tables.issues.get(record.id) ?? []), ...issues]);
	}
	return decisions;
}

function findEntry(tables: TenantTables, { key, address, externalId }: ContactEntry): FoundContact {
	const { contacts, retained } = tables;
	const existing = (rows: readonly RetainedOptOut[]): readonly RetainedOptOut[] =>
		rows.map((row) => ({ ...row, topicIds: row.topicIds.filter((id) => tables.topics.peek(id) !== undefined) }));
	return {
		contact: contacts.find(key),
		addressHolder: address === undefined ? undefined : contacts.peek({ addressKey: address.key })?.id,
		externalIdHolder: externalId === undefined ? undefined : contacts.peek({ externalId })?.id,
		retained: existing(retained.findByHash(address?.hash ?? ("addressHash" in key ? key.addressHash : undefined))),
		former: existing(retained.findByContact("id" in key ? key.id : undefined)),
	};
}

/** The record as it is to be stored: no longer shared, and without segments and topics that do not exist. */
function ownCopy(tables: TenantTables, contact: ContactRecord): ContactRecord {
	const choices = Object.entries(contact.choices).filter(([topicId]) => tables.topics.peek(topicId) !== undefined);
	return {
		...copyContact(contact),
		segmentIds: [...new Set(contact.segmentIds)].filter((id) => tables.segments.peek(id) !== undefined).toSorted(),
		choices: Object.fromEntries(choices),
	};
}

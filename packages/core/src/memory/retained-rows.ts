import type { RetainedOptOut } from "../model/contact.ts";

/** What outlives contacts: one row by address hash and contact. */
export class RetainedRows {
	readonly #byHash = new Map<string, Map<string, RetainedOptOut>>();
	readonly #byContact = new Map<string, Map<string, RetainedOptOut>>();

	/** Inserts a row, or replaces the one of its address and contact. */
	set(row: RetainedOptOut): void {
		const stored = structuredClone(row);
		nested(this.#byHash, row.addressHash).set(row.contactId, stored);
		nested(this.#byContact, row.contactId).set(row.addressHash, stored);
	}

	/** Whether anything was retained of this contact. */
	hasContact(contactId: string): boolean {
		return this.#byContact.has(contactId);
	}

	/** The rows of an address, by ascending contact id. */
	findByHash(addressHash: string | undefined): readonly RetainedOptOut[] {
		return addressHash === undefined ? [] : inOrder(this.#byHash.get(addressHash));
	}

	/** The rows of a contact, by ascending address hash. */
	findByContact(contactId: string | undefined): readonly RetainedOptOut[] {
		return contactId === undefined ? [] : inOrder(this.#byContact.get(contactId));
	}
}

function nested(maps: Map<string, Map<string, RetainedOptOut>>, key: string): Map<string, RetainedOptOut> {
	const known = maps.get(key);
	if (known !== undefined) return known;
	const made = new Map<string, RetainedOptOut>();
	maps.set(key, made);
	return made;
}

function inOrder(rows: ReadonlyMap<string, RetainedOptOut> | undefined): readonly RetainedOptOut[] {
	if (rows === undefined) return [];
	return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => structuredClone(row));
}

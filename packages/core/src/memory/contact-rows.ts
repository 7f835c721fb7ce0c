import type { Match } from "../filter/match.ts";
import type { ContactRecord, PropertyValue, PropertyValues } from "../model/contact.ts";
import type { ContactKey, PageRequest } from "../ports/storage.ts";
import { uniquenessViolated } from "../storage-errors.ts";
import { OrderedRows } from "./ordered-rows.ts";

/** The contacts of one tenant, and what finds them. Stored records are never changed, only replaced. */
export class ContactRows {
	/** In the order of their ids, for walks. */
	readonly rows: OrderedRows<ContactRecord> = new OrderedRows<ContactRecord>();
	readonly #idByAddressKey = new Map<string, string>();
	readonly #idByAddressHash = new Map<string, string>();
	readonly #idByExternalId = new Map<string, string>();

	/** The stored record itself, to look at. */
	peek(key: ContactKey): ContactRecord | undefined {
		const id = this.#idOf(key);
		return id === undefined ? undefined : this.rows.get(id);
	}

	/** One contact. */
	find(key: ContactKey): ContactRecord | undefined {
		const contact = this.peek(key);
		return contact === undefined ? undefined : copyContact(contact);
	}

	/** A page of those that match, newest first. */
	page(match: Match, page: PageRequest): readonly ContactRecord[] {
		return this.rows.page(page, match).map(copyContact);
	}

	/** How many match. */
	count(match: Match): number {
		let count = 0;
		for (let position = 0; position < this.rows.end; position += 1) {
			const contact = this.rows.at(position);
			if (contact !== undefined && match(contact)) count += 1;
		}
		return count;
	}

	/**
	 * Throws if these writes and removals together would leave two contacts with one address or external id.
	 *
	 * @throws `storage_failed` with `uniqueness_violated`
	 */
	checkUnique(written: ReadonlyMap<string, ContactRecord>, removed: ReadonlySet<string>): void {
		const addressKeys = new Map<string, string>();
		const externalIds = new Map<string, string>();
		for (const contact of written.values()) {
			const after = (id: string): ContactRecord | undefined =>
				removed.has(id) ? undefined : (written.get(id) ?? this.rows.get(id));
			const { id, addressKey, externalId } = contact;
			const addressHolder = addressKeys.get(addressKey) ?? this.#idByAddressKey.get(addressKey) ?? id;
			if (addressHolder !== id && after(addressHolder)?.addressKey === addressKey) throw uniquenessViolated("address");
			addressKeys.set(addressKey, id);
			if (externalId === null) continue;
			const externalHolder = externalIds.get(externalId) ?? this.#idByExternalId.get(externalId) ?? id;
			if (externalHolder !== id && after(externalHolder)?.externalId === externalId)
				throw uniquenessViolated("externalId");
			externalIds.set(externalId, id);
		}
	}

	/** Inserts a contact, or replaces the one with its id. Takes the record over. */
	set(contact: ContactRecord): void {
		const before = this.rows.get(contact.id);
		if (before !== undefined) this.#unindex(before);
		this.rows.set(contact);
		this.#idByAddressKey.set(contact.addressKey, contact.id);
		this.#idByAddressHash.set(contact.addressHash, contact.id);
		if (contact.externalId !== null) this.#idByExternalId.set(contact.externalId, contact.id);
	}

	/** Deletes a contact. */
	delete(id: string): void {
		const contact = this.rows.get(id);
		if (contact === undefined) return;
		this.#unindex(contact);
		this.rows.delete(id);
	}

	/** Takes a property's values from every contact. */
	clearProperty(key: string): void {
		this.#replaceWhere(
			(contact) => Object.hasOwn(contact.properties, key),
			(contact) => ({ ...contact, properties: withoutKey(contact.properties, key) }),
		);
	}

	/** Takes every contact out of a segment. */
	clearSegment(segmentId: string): void {
		this.#replaceWhere(
			(contact) => contact.segmentIds.includes(segmentId),
			(contact) => ({ ...contact, segmentIds: contact.segmentIds.filter((id) => id !== segmentId) }),
		);
	}

	/** Forgets every choice for a topic. */
	clearTopic(topicId: string): void {
		this.#replaceWhere(
			(contact) => Object.hasOwn(contact.choices, topicId),
			(contact) => ({ ...contact, choices: withoutKey(contact.choices, topicId) }),
		);
	}

	#idOf(key: ContactKey): string | undefined {
		if ("id" in key) return key.id;
		if ("addressKey" in key) return this.#idByAddressKey.get(key.addressKey);
		if ("addressHash" in key) return this.#idByAddressHash.get(key.addressHash);
		return this.#idByExternalId.get(key.externalId);
	}

	// Within a unit another contact may have taken the entry over already: only one's own is given up.
	#unindex({ id, addressKey, addressHash, externalId }: ContactRecord): void {
		if (this.#idByAddressKey.get(addressKey) === id) this.#idByAddressKey.delete(addressKey);
		if (this.#idByAddressHash.get(addressHash) === id) this.#idByAddressHash.delete(addressHash);
		if (externalId !== null && this.#idByExternalId.get(externalId) === id) this.#idByExternalId.delete(externalId);
	}

	#replaceWhere(match: Match, replaced: (contact: ContactRecord) => ContactRecord): void {
		for (let position = 0; position < this.rows.end; position += 1) {
			const contact = this.rows.at(position);
			if (contact !== undefined && match(contact)) this.rows.set(replaced(contact));
		}
	}
}

/** A copy that shares nothing with the original. */
export function copyContact(contact: ContactRecord): ContactRecord {
	return {
		...contact,
		properties: copyProperties(contact.properties),
		segmentIds: [...contact.segmentIds],
		confirmationRequest: contact.confirmationRequest && {
			...contact.confirmationRequest,
			topicIds: [...contact.confirmationRequest.topicIds],
		},
		choices: { ...contact.choices },
		createdAt: new Date(contact.createdAt),
		updatedAt: new Date(contact.updatedAt),
	};
}

function copyProperties(properties: PropertyValues): PropertyValues {
	const hasDates = Object.values(properties).some((value) => value instanceof Date);
	if (!hasDates) return { ...properties };
	return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, copyValue(value)]));
}

function copyValue(value: PropertyValue): PropertyValue {
	return value instanceof Date ? new Date(value) : value;
}

function withoutKey<Value>(entries: Readonly<Record<string, Value>>, key: string): Readonly<Record<string, Value>> {
	return Object.fromEntries(Object.entries(entries).filter(([other]) => other !== key));
}

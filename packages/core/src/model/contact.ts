/** A value of a contact's property. A date is a UTC instant. */
export type PropertyValue = string | number | boolean | Date;

/** Property values by key. */
export type PropertyValues = Readonly<Record<string, PropertyValue>>;

/** What a contact said about one topic. */
export type Subscription = "opt_in" | "opt_out";

/** Where a contact stands with double opt-in: never asked, asked, or confirmed. */
export type Confirmation = "none" | "pending" | "confirmed";

/** One e-mail address of one tenant. */
export interface Contact<Values = PropertyValues> {
	/** UUIDv7, lower case. Survives a change of address. */
	readonly id: string;
	/** The address as typed, its domain as an ASCII label in lower case. Unique in its tenant, ignoring ASCII case. */
	readonly email: string;
	/** The host's own id for this person; unique in its tenant. */
	readonly externalId: string | null;
	/** At most 200 characters. */
	readonly firstName: string | null;
	/** At most 200 characters. */
	readonly lastName: string | null;
	/** Values of declared properties; a property without value is absent. */
	readonly properties: Values;
	/** Opted out of every broadcast, whatever the topics say. */
	readonly unsubscribed: boolean;
	/** Where this contact stands with double opt-in. `pending` receives no broadcast. */
	readonly confirmation: Confirmation;
	/** When the contact was created. */
	readonly createdAt: Date;
	/** When a field, segment or subscription of the contact last changed. */
	readonly updatedAt: Date;
}

/** What a contact was asked to confirm, and has not yet. */
export interface ConfirmationRequest {
	/** UUIDv7: the link in the message answers this request, and no other. */
	readonly id: string;
	/** Topics to opt in to once it is confirmed, ascending. */
	readonly topicIds: readonly string[];
	/** Version of the text that asked. */
	readonly textVersion: string;
}

/** A contact as storages hold it, with everything that is written together with it. */
export interface ContactRecord extends Contact {
	/** The normalised address: ASCII lower-case local part at the ASCII domain. Unique in its tenant. */
	readonly addressKey: string;
	/** HMAC-SHA256 of `addressKey`, base64url. */
	readonly addressHash: string;
	/** The local part has characters beyond ASCII, so that only an SMTPUTF8 transport can reach it (RFC 6531). */
	readonly needsSmtputf8: boolean;
	/** The static segments the contact is a member of, in ascending order. */
	readonly segmentIds: readonly string[];
	/** The confirmation that is being waited for; ends with an answer, a newer request or another address. */
	readonly confirmationRequest: ConfirmationRequest | null;
	/** Explicit choices by topic id. */
	readonly choices: Readonly<Record<string, Subscription>>;
}

/**
 * What outlives a contact at an address: its opt-outs, and which contact it was, so that links in old mail still work.
 * One row per address and contact.
 */
export interface RetainedOptOut {
	/** HMAC of the address the contact had. */
	readonly addressHash: string;
	/** The contact that had the address. */
	readonly contactId: string;
	/** Had opted out of everything. */
	readonly unsubscribed: boolean;
	/** Topics it had opted out of, ascending. */
	readonly topicIds: readonly string[];
	/** When the row was last written. */
	readonly at: Date;
}

/** Why an address must never be mailed. */
export type SuppressionOrigin = "bounce" | "complaint" | "manual";

/** An address that is never to be mailed, whether or not a contact has it. */
export interface Suppression {
	/** UUIDv7. */
	readonly id: string;
	/** The address in clear. */
	readonly email: string;
	/** What brought it here. */
	readonly origin: SuppressionOrigin;
	/** When it was added. */
	readonly createdAt: Date;
}

/** A suppression as storages hold it. */
export interface SuppressionRecord extends Suppression {
	/** HMAC of the normalised address; unique in its tenant. */
	readonly addressHash: string;
}

import type { Message, PlanCounts } from "@convoke/core";

/** Takes a message that was made by hand. */
export type TakeMessage = (
	message: Pick<Message, "messageId" | "to" | "subject" | "html" | "text" | "headers">,
) => void;

/** At once, or later where a database is asked. */
type Answer<T> = T | Promise<T>;

/** Somebody to insert, as ours takes them. */
export interface PersonByHand {
	readonly email: string;
	readonly firstName: string;
	readonly lastName: string;
	readonly properties: Readonly<Record<string, string | number>>;
}

/** The smallest hand-written code for what a storage's audience does: the limit that ours is measured against. */
export interface ByHand {
	/** Counts who gets a broadcast and who does not. */
	countPlan(): Answer<PlanCounts>;
	/** Writes that down, in rows that say what `broadcasts.recipients` has to say. `counted` is for afterwards. */
	writePlan(): Answer<{ readonly counted: () => Answer<PlanCounts> }>;
	/** Sends the newsletter to everyone who should get it. `forget` is for afterwards. */
	send(take: TakeMessage): Answer<{ readonly forget: () => Answer<void> }>;
	/** Inserts people in the segment, in one transaction. */
	insert(people: readonly PersonByHand[], hashKey: Uint8Array): Answer<void>;
	/** Goes on without what makes each transaction outlive a power failure, as ours does where work can be resumed. */
	relax(): Answer<void>;
	/** Sets a property of people who are there. */
	upsert(emails: readonly string[], seats: number): Answer<void>;
	/** A page of 100 contacts older than one, and how many it has. */
	page(after: string): Answer<number>;
	/** How many are on the plan `pro`, have 25 seats or more, and are in the segment. */
	count(): Answer<number>;
	/** Gives everything back. */
	close(): Answer<void>;
}

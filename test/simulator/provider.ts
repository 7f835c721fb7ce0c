import type { Message, TransportOutcome } from "@convoke/core";
import type { SimulatedProcess } from "./process.ts";

/** A message that the provider took. */
export interface Copy {
	readonly contactId: string;
	readonly messageId: string;
	readonly process: SimulatedProcess;
	/** Whether the answer has never come back. */
	isAnswerLost: boolean;
}

/** What a provider answers to one contact's first messages, before it takes one. */
export type Temper = readonly TransportOutcome[];

/** Takes messages, and remembers each copy. Honours idempotency keys if it is to. */
export class SimulatedProvider {
	readonly copies: Copy[] = [];
	/** Contacts that were refused for good. */
	readonly refused = new Set<string>();
	readonly #isIdempotent: boolean;
	readonly #tempers: ReadonlyMap<string, Temper>;
	readonly #asked = new Map<string, number>();
	readonly #keys = new Map<string, TransportOutcome>();

	constructor(isIdempotent: boolean, tempers: ReadonlyMap<string, Temper>) {
		this.#isIdempotent = isIdempotent;
		this.#tempers = tempers;
	}

	/** Copies that one contact got. */
	copiesOf(contactId: string): readonly Copy[] {
		return this.copies.filter((copy) => copy.contactId === contactId);
	}

	/** Takes one message, or not. */
	take(message: Message, process: SimulatedProcess): TransportOutcome {
		const known = this.#isIdempotent ? this.#keys.get(message.idempotencyKey) : undefined;
		if (known !== undefined) return known;
		const contactId = message.subject;
		const asked = this.#asked.get(contactId) ?? 0;
		this.#asked.set(contactId, asked + 1);
		const outcome = this.#tempers.get(contactId)?.[asked] ?? { kind: "accepted" };
		if (outcome.kind === "rejected") this.refused.add(contactId);
		if (outcome.kind !== "accepted") return outcome;
		this.copies.push({ contactId, messageId: message.messageId, process, isAnswerLost: false });
		this.#keys.set(message.idempotencyKey, outcome);
		return outcome;
	}
}

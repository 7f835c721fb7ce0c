import type { ContactRecord, PlanCounts, Recipient, Storage } from "@convoke/core";
import { createHmac } from "node:crypto";
import type { ByHand, PersonByHand, TakeMessage } from "./by-hand.ts";
import { nextId } from "./ids-by-hand.ts";
import { createNewsletter } from "./newsletter-by-hand.ts";

const PAGE = 1000;

/** What the limit writes of one recipient. */
type RowByHand = Pick<Recipient, "contactId" | "attempts" | "retryAt" | "providerId"> & {
	readonly state: string;
	readonly reason: string | null;
	readonly updatedAt: number;
};

/** Bare loops over the same records that a storage in memory keeps. */
export class MemoryByHand implements ByHand {
	readonly #contacts: readonly ContactRecord[];
	readonly #segmentId: string;
	readonly #topicId: string;
	readonly #suppressed = new Set<string>();
	readonly #inserted = new Map<string, object>();
	readonly #people = new Map<string, { readonly properties: object; readonly updatedAt: Date }>();

	private constructor(contacts: readonly ContactRecord[], segmentId: string, topicId: string) {
		this.#contacts = contacts;
		this.#segmentId = segmentId;
		this.#topicId = topicId;
	}

	/** On copies of the contacts as the storage gives them out. */
	static async of(storage: Storage, segmentId: string, topicId: string): Promise<MemoryByHand> {
		const tenant = storage.forTenant("default");
		const contacts: ContactRecord[] = [];
		for (;;) {
			const page = await tenant.pageContacts({ kind: "all", of: [] }, { limit: PAGE, after: contacts.at(-1)?.id });
			contacts.push(...page);
			if (page.length < PAGE) return new MemoryByHand(contacts.toReversed(), segmentId, topicId);
		}
	}

	countPlan(): PlanCounts {
		const excluded: Record<string, number> = {};
		let [candidates, planned] = [0, 0];
		for (const contact of this.#contacts) {
			if (!contact.segmentIds.includes(this.#segmentId)) continue;
			candidates += 1;
			const reason = this.#reasonFor(contact);
			if (reason === undefined) planned += 1;
			else excluded[reason] = (excluded[reason] ?? 0) + 1;
		}
		return { candidates, planned, excluded };
	}

	writePlan(): { readonly counted: () => PlanCounts } {
		const updatedAt = Date.now();
		const rows: RowByHand[] = [];
		for (const contact of this.#contacts) {
			if (!contact.segmentIds.includes(this.#segmentId)) continue;
			const reason = this.#reasonFor(contact) ?? null;
			const state = reason === null ? "pending" : "excluded";
			rows.push({ contactId: contact.id, state, reason, attempts: 0, retryAt: null, providerId: null, updatedAt });
		}
		return { counted: () => countRows(rows) };
	}

	send(take: TakeMessage): { readonly forget: () => void } {
		const send = createNewsletter(this.#topicId, take);
		for (const contact of this.#contacts) {
			if (contact.segmentIds.includes(this.#segmentId) && this.#reasonFor(contact) === undefined) send(contact);
		}
		return { forget: () => {} };
	}

	insert(people: readonly PersonByHand[], hashKey: Uint8Array): void {
		for (const { email, ...fields } of people) {
			const addressHash = createHmac("sha256", hashKey).update(email).digest("base64url");
			const at = new Date();
			const contact = { id: nextId(), email, addressHash, ...fields, createdAt: at, updatedAt: at };
			this.#inserted.set(email, { ...contact, segmentIds: [this.#segmentId], choices: {} });
		}
	}

	relax(): void {}

	upsert(emails: readonly string[], seats: number): void {
		for (const email of emails) {
			const contact = this.#people.get(email);
			const properties = { ...contact?.properties, seats };
			this.#people.set(email, { ...contact, properties, updatedAt: new Date() });
		}
	}

	page(after: string): number {
		let low = 0;
		let high = this.#contacts.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if ((this.#contacts[middle]?.id ?? "") < after) low = middle + 1;
			else high = middle;
		}
		return structuredClone(this.#contacts.slice(Math.max(0, low - 100), low).toReversed()).length;
	}

	count(): number {
		let count = 0;
		for (const { properties, segmentIds } of this.#contacts) {
			const matches = properties["plan"] === "pro" && Number(properties["seats"]) >= 25;
			if (matches && segmentIds.includes(this.#segmentId)) count += 1;
		}
		return count;
	}

	close(): void {}

	/** The rules of design section 4, written by hand. */
	#reasonFor(contact: ContactRecord): string | undefined {
		if (this.#suppressed.has(contact.addressHash)) return "suppressed";
		if (contact.unsubscribed) return "unsubscribed";
		if (contact.confirmation === "pending") return "unconfirmed";
		if (contact.choices[this.#topicId] === "opt_out") return "topic_opted_out";
		if (contact.needsSmtputf8) return "address_needs_smtputf8";
		return undefined;
	}
}

function countRows(rows: readonly RowByHand[]): PlanCounts {
	const excluded: Record<string, number> = {};
	for (const { reason } of rows) if (reason !== null) excluded[reason] = (excluded[reason] ?? 0) + 1;
	return { candidates: rows.length, planned: rows.filter(({ state }) => state === "pending").length, excluded };
}

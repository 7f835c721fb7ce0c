import { createAudience } from "@convoke/core";
import type { Audience, ContactRecord, NewBroadcast, Storage, Transport } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { randomBytes } from "node:crypto";
import type { Settings } from "./measure.ts";
import { createStorage } from "./storages.ts";

const PROPERTIES = { plan: "string", seats: "number", company: "string" } as const;
const CHUNK = 1000;

/** An audience to run benches on. */
export interface World {
	readonly storage: Storage;
	readonly audience: Audience<typeof PROPERTIES>;
	/** Holds everyone. */
	readonly segmentId: string;
	/** Subscribed to by default. */
	readonly topicId: string;
	/** Copies of the contacts as the storage gives them out, for the limit. */
	readonly contacts: readonly ContactRecord[];
	/** The same audience on another storage. */
	on(storage: Storage): Audience<typeof PROPERTIES>;
	/** Drafts a broadcast on the topic to the segment. */
	draft(content: Pick<NewBroadcast, "subject" | "html" | "text">): Promise<string>;
	/** Deletes a broadcast, sent or not, so that runs leave nothing to those after them. */
	discard(broadcastId: string): Promise<void>;
}

/**
 * Makes an audience of `n` contacts: all in one segment, 5 % unsubscribed, 10 % opted out of a topic. The same every
 * time, but for ids and keys.
 */
export async function createWorld({ n, storage: name, log }: Settings, transport: Transport): Promise<World> {
	const storage = createStorage(name);
	const audience = createAudience({
		storage,
		renderer: createRenderer(),
		sender: () => ({ transport, from: "Tidal <news@tidal.test>", postalAddress: "1 Quay Street, Bristol" }),
		links: { baseUrl: "https://bench.test/mail", keys: [randomBytes(32)] },
		hashKey: randomBytes(32),
		properties: PROPERTIES,
	});
	await audience.migrate();
	const segment = await audience.segments.create({ name: "Everyone" });
	const topic = await audience.topics.create({ name: "Newsletter", defaultSubscription: "opt_in" });
	const chance = createChance();
	for (let start = 0; start < n; start += CHUNK) {
		const indexes = Array.from({ length: Math.min(CHUNK, n - start) }, (_, index) => start + index);
		await audience.contacts.createMany(
			indexes.map((index) => ({
				email: `person${index}@example${index % 97}.test`,
				firstName: chance() < 0.2 ? null : `First${index % 1009}`,
				lastName: `O'Last${index % 2003}`,
				properties: {
					plan: index % 3 === 0 ? "pro" : "free",
					seats: index % 50,
					company: `Company & Sons ${index % 499}`,
				},
				unsubscribed: chance() < 0.05,
				segments: [{ id: segment.id }],
				topics: chance() < 0.1 ? [{ id: topic.id, subscription: "opt_out" as const }] : [],
			})),
		);
		if ((start + CHUNK) % 100_000 === 0) log(`${start + CHUNK} contacts`);
	}
	return {
		storage,
		audience,
		segmentId: segment.id,
		topicId: topic.id,
		contacts: await readContacts(storage),
		on: (other) => audience.using(other),
		async draft(content) {
			const { id } = await audience.broadcasts.create({ ...content, segmentId: segment.id, topicId: topic.id });
			return id;
		},
		async discard(broadcastId) {
			const states = ["draft", "queued", "sending", "sent"] as const;
			await storage.forTenant(audience.tenantId).deleteBroadcast(broadcastId, states);
		},
	};
}

/**
 * Why a contact does not get a broadcast of the world, or `undefined`: the rules of design section 4 for its topic and
 * transport, written by hand.
 */
export function createReasonByHand(topicId: string): (contact: ContactRecord) => string | undefined {
	const suppressed = new Set<string>();
	return (contact) => {
		if (suppressed.has(contact.addressHash)) return "suppressed";
		if (contact.unsubscribed) return "unsubscribed";
		if (contact.confirmation === "pending") return "unconfirmed";
		if (contact.choices[topicId] === "opt_out") return "topic_opted_out";
		if (contact.needsSmtputf8) return "address_needs_smtputf8";
		return undefined;
	};
}

async function readContacts(storage: Storage): Promise<readonly ContactRecord[]> {
	const tenant = storage.forTenant("default");
	const contacts: ContactRecord[] = [];
	for (;;) {
		const page = await tenant.pageContacts({ kind: "all", of: [] }, { limit: CHUNK, after: contacts.at(-1)?.id });
		contacts.push(...page);
		if (page.length < CHUNK) return contacts.toReversed();
	}
}

/** Numbers from 0 to 1, the same every time (mulberry32). */
function createChance(): () => number {
	let state = 1;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

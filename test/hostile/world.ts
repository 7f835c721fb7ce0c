import { createAudience, createMemoryStorage, DEFAULT_TENANT } from "@convoke/core";
import type { Audience, AudienceOptions, Broadcast, Contact, Property, Segment, Storage, Topic } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { dump } from "../support/dump.ts";
import { createOutbox } from "../support/outbox.ts";
import type { Outbox } from "../support/outbox.ts";
import { recordStorage } from "../support/recorded-storage.ts";
import type { StorageCalls } from "../support/recorded-storage.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** Keys that are good enough. */
export const KEYS = {
	link: "5tSUmgtNDBVq1GvuZTQ1ZSwQbPyB3pdAZe0rdxYw3vQ",
	otherLink: "pB1yHYr1o6ZpfzZIfcVYHMsYcXGkX5rNyOe0zA3Dk9E",
	hash: "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0",
} as const;

/** The tenant whose data no hostile input of another tenant may touch. */
export const NEIGHBOUR = "neighbour";

/** What a tenant has before anything hostile comes. */
export interface Seed {
	readonly ada: Contact;
	readonly bob: Contact;
	readonly segment: Segment;
	readonly topic: Topic;
	readonly property: Property;
	readonly draft: Broadcast;
}

/** Two tenants with a few of everything, whose storage is watched. */
export interface World extends Seed {
	readonly audience: Audience;
	readonly neighbour: Audience;
	/** What the neighbour has. */
	readonly theirs: Seed;
	readonly clock: VirtualClock;
	readonly outbox: Outbox;
	readonly calls: StorageCalls;
	/** Another audience on the same storage. */
	readonly make: (options?: Partial<AudienceOptions>) => Audience;
	/** Everything that is stored. */
	readonly dump: (tenantIds?: readonly string[]) => Promise<unknown>;
}

/** Makes a world. */
export async function createWorld(): Promise<World> {
	const clock = new VirtualClock();
	const outbox = createOutbox();
	const plain = createMemoryStorage({ clock });
	const { storage, calls } = recordStorage(plain);
	const make = (options: Partial<AudienceOptions> = {}): Audience =>
		createAudience({ ...settings(storage), clock, transport: outbox, ...options });
	const audience = make();
	const neighbour = audience.tenant(NEIGHBOUR);
	return {
		audience,
		neighbour,
		...(await plant(audience)),
		theirs: await plant(neighbour),
		clock,
		outbox,
		calls,
		make,
		dump: (tenantIds = [DEFAULT_TENANT, NEIGHBOUR]) => dump(plain, tenantIds),
	};
}

/** What any audience needs. */
export function settings(storage: Storage = createMemoryStorage()): AudienceOptions {
	return {
		storage,
		renderer: createRenderer(),
		links: { baseUrl: "https://tidal.test/mail", keys: KEYS.link },
		hashKey: KEYS.hash,
	};
}

/** A value of a type that the compiler would refuse. */
export function hostile(value: unknown): never {
	return value as never;
}

/** What a broadcast needs besides a target. */
export const LETTER = { subject: "News", text: "Hello {{{UNSUBSCRIBE_URL}}}", from: "news@tidal.test" } as const;

async function plant(audience: Audience): Promise<Seed> {
	const property = await audience.properties.create({ key: "plan", type: "string" });
	await audience.properties.create({ key: "seats", type: "number" });
	await audience.properties.create({ key: "vip", type: "boolean" });
	await audience.properties.create({ key: "since", type: "date" });
	const segment = await audience.segments.create({ name: "Founders" });
	const topic = await audience.topics.create({ name: "Product news" });
	const [ada, bob] = await audience.contacts.createMany([
		{
			email: "ada@seed.test",
			externalId: "ada",
			firstName: "Ada",
			properties: { plan: "pro", seats: 3, vip: true, since: new Date("2025-05-05T00:00:00Z") },
			segments: [{ id: segment.id }],
		},
		{ email: "bob@seed.test", externalId: "bob", segments: [{ id: segment.id }] },
		{ email: "cy@seed.test", externalId: "cy", topics: [{ id: topic.id, subscription: "opt_out" }] },
		{ email: "gone@seed.test", externalId: "gone", unsubscribed: true },
	]);
	await audience.contacts.remove({ externalId: "gone" });
	await audience.suppressions.add({ email: "bounced@seed.test", origin: "bounce" });
	const draft = await audience.broadcasts.create({ ...LETTER, segmentId: segment.id, topicId: topic.id });
	if (ada === undefined || bob === undefined) throw new Error("The seed was not planted.");
	return { ada, bob, segment, topic, property, draft };
}

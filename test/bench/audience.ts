import { createAudience } from "@convoke/core";
import type { Audience, NewBroadcast, Storage, Transport } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createRandom } from "../support/random.ts";
import type { ByHand } from "./by-hand.ts";
import type { Settings } from "./measure.ts";
import { createStorage } from "./storages.ts";

const PROPERTIES = { plan: "string", seats: "number", company: "string" } as const;
const CHUNK = 1000;

/** The transport of benches that send nothing. */
export const UNUSED: Transport = {
	name: "none",
	smtputf8: false,
	idempotent: false,
	send: () => Promise.reject(new Error("This bench sends nothing.")),
	close: () => Promise.resolve(),
};

/** An audience to run benches on. */
export interface World {
	readonly storage: Storage;
	readonly audience: Audience<typeof PROPERTIES>;
	/** Holds everyone. */
	readonly segmentId: string;
	/** Subscribed to by default. */
	readonly topicId: string;
	/** The contact in the middle. */
	readonly middleId: string;
	/** The limit on the same data. */
	readonly byHand: ByHand;
	/** The same audience on another storage. */
	on(storage: Storage): Audience<typeof PROPERTIES>;
	/** Drafts a broadcast on the topic to the segment. */
	draft(content: Pick<NewBroadcast, "subject" | "html" | "text">): Promise<string>;
	/** Deletes a broadcast, sent or not, so that runs leave nothing to those after them. */
	discard(broadcastId: string): Promise<void>;
	/** Gives everything back. */
	close(): Promise<void>;
}

/**
 * Makes an audience of `n` contacts: all in one segment, 5 % unsubscribed, 10 % opted out of a topic. The same every
 * time, but for ids and keys.
 */
export async function createWorld({ n, storage: name, log }: Settings, transport: Transport): Promise<World> {
	const measured = await createStorage(name);
	const { storage } = measured;
	const audience = openAudience(storage, transport);
	// What a database holds is made by a process of its own, so that this one's memory is that of what is measured.
	const { segmentId, topicId, middleId } =
		measured.place === undefined ? await fill(audience, n, log) : fillApart(measured.place, n);
	const byHand = await measured.byHand(segmentId, topicId);
	return {
		storage,
		audience,
		segmentId,
		topicId,
		middleId,
		byHand,
		on: (other) => audience.using(other),
		async draft(content) {
			const { id } = await audience.broadcasts.create({ ...content, segmentId, topicId });
			return id;
		},
		async discard(broadcastId) {
			const states = ["draft", "queued", "sending", "sent"] as const;
			await storage.forTenant(audience.tenantId).deleteBroadcast(broadcastId, states);
		},
		close: async () => {
			await byHand.close();
			await measured.close();
		},
	};
}

/** What a filled audience is asked by. */
interface Filled {
	readonly segmentId: string;
	readonly topicId: string;
	readonly middleId: string;
}

/** The audience of all benches. */
export function openAudience(storage: Storage, transport: Transport): Audience<typeof PROPERTIES> {
	return createAudience({
		storage,
		renderer: createRenderer(),
		sender: () => ({ transport, from: "Tidal <news@tidal.test>", postalAddress: "1 Quay Street, Bristol" }),
		links: { baseUrl: "https://bench.test/mail", keys: [randomBytes(32)] },
		hashKey: randomBytes(32),
		properties: PROPERTIES,
	});
}

/** Makes the tables of an audience, and its `n` contacts. */
export async function fill(
	audience: Audience<typeof PROPERTIES>,
	n: number,
	log: (line: string) => void,
): Promise<Filled> {
	await audience.migrate();
	const { id: segmentId } = await audience.segments.create({ name: "Everyone" });
	const { id: topicId } = await audience.topics.create({ name: "Newsletter", defaultSubscription: "opt_in" });
	const chance = createRandom(1);
	let middleId = "";
	for (let start = 0; start < n; start += CHUNK) {
		const indexes = Array.from({ length: Math.min(CHUNK, n - start) }, (_, index) => start + index);
		const created = await audience.contacts.createMany(
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
				segments: [{ id: segmentId }],
				topics: chance() < 0.1 ? [{ id: topicId, subscription: "opt_out" as const }] : [],
			})),
		);
		middleId = created[(n >> 1) - start]?.id ?? middleId;
		if ((start + CHUNK) % 100_000 === 0) log(`${start + CHUNK} contacts`);
	}
	return { segmentId, topicId, middleId };
}

function fillApart(place: string, n: number): Filled {
	const program = join(import.meta.dirname, "fill.ts");
	const stdout = execFileSync(process.execPath, [...process.execArgv, program, place, String(n)], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	return JSON.parse(stdout.toString()) as Filled;
}

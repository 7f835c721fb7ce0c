import { setTimeout as wait } from "node:timers/promises";
import type { Audience, BroadcastRecipient, RecipientState, WorkerOptions } from "@convoke/core";
import { openAudience } from "./audience.ts";
import type { Place } from "./audience.ts";
import { makeDatabase } from "./database.ts";
import type { Database } from "./database.ts";
import { Fleet } from "./fleet.ts";
import type { Provider } from "./provider.ts";
import { startIdempotentProvider, startMailServer } from "./provider.ts";
import { createRandom } from "./random.ts";
import type { Finding, Settings } from "./settings.ts";

/** Seconds a lease lasts: short, for whatever a dead worker held waits for its end. */
export const LEASE_SECONDS = 1;

/** Milliseconds that a worker lives on average before it is killed. */
const LIFE_MS = 150;

/** Milliseconds in which a worker that takes another's place starts, while the others go on sending. */
const START_MS = 500;

/** How a scene differs from the usual one. */
export interface SceneOptions {
	readonly isIdempotent?: boolean | undefined;
	readonly onUncertain?: "resend" | "hold" | undefined;
	/** Where the database's file is to be. */
	readonly folder?: string | undefined;
}

/** A broadcast under way, and what happens to it. */
export interface Scene {
	readonly settings: Settings;
	readonly database: Database;
	readonly place: Place;
	/** This process's own view. */
	readonly audience: Audience;
	readonly broadcastId: string;
	readonly provider: Provider;
	readonly fleet: Fleet;
	readonly random: () => number;
	/**
	 * Waits until messages go out and then for a random time, so that so many of them together last about as long as the
	 * broadcast.
	 */
	pass(): Promise<void>;
	/** Waits a random time. */
	rest(): Promise<void>;
	/** Whether the plan is written. */
	hasBegun(): Promise<boolean>;
	/** Whether everybody is settled. */
	isOver(): Promise<boolean>;
	/** Recipients that were marked as being sent to since then, and still are. */
	sendingSince(start: number): Promise<number>;
	/** Waits until everybody is settled. */
	finish(): Promise<void>;
	/** Compares what the provider took with what the audience says. */
	judge(crash: string, kills: number, allowed: number, more?: readonly string[]): Promise<Finding>;
}

/** Sets a scene, lets something happen in it, and clears it away. */
export async function withScene<Answer>(
	settings: Settings,
	options: SceneOptions,
	act: (scene: Scene) => Promise<Answer>,
): Promise<Answer> {
	const database = await makeDatabase(settings.storage, options.folder);
	const scene = await setScene(settings, options, database);
	try {
		return await act(scene);
	} finally {
		await scene.fleet.end("SIGKILL");
		await scene.audience.close();
		await scene.provider.close();
		await database.drop();
	}
}

async function setScene(settings: Settings, options: SceneOptions, database: Database): Promise<Scene> {
	const { kills, recipients, concurrency, workers, seed, log } = settings;
	const random = createRandom(seed);
	// As slow as it takes for the broadcast to last through all that is done to it.
	const eachMs = workers === 1 ? LIFE_MS : LIFE_MS + START_MS;
	const meanMs = Math.max(2, (kills * eachMs * concurrency * workers) / recipients);
	const start = options.isIdempotent === true ? startIdempotentProvider : startMailServer;
	const provider = await start(meanMs, random);
	const place: Place = {
		storage: settings.storage,
		at: database.at,
		provider: provider.url,
		concurrency,
	};
	const audience = openAudience(place);
	await audience.migrate();
	for (let from = 0; from < recipients; from += 1000) {
		const count = Math.min(1000, recipients - from);
		await audience.contacts.createMany(Array.from({ length: count }, (_, index) => ({ email: address(from + index) })));
	}
	const { id: broadcastId } = await audience.broadcasts.create({
		everyone: true,
		from: "News <news@example.com>",
		subject: "Hello {{{contact.first_name|there}}}",
		html: "<p>Hello {{{contact.first_name|there}}}</p>",
	});
	await audience.broadcasts.send(broadcastId);
	const workerOptions: WorkerOptions = {
		concurrency,
		leaseSeconds: LEASE_SECONDS,
		sendTimeoutSeconds: LEASE_SECONDS,
		pollSeconds: 0.1,
		retryMinutes: [0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001],
		...(options.onUncertain !== undefined && { onUncertain: options.onUncertain }),
	};
	const fleet = new Fleet({ place, options: workerOptions });
	const isOver = async () => (await audience.broadcasts.get(broadcastId)).status === "sent";
	return {
		settings,
		database,
		place,
		audience,
		broadcastId,
		provider,
		fleet,
		random,
		hasBegun: async () => (await audience.broadcasts.get(broadcastId)).status === "sending",
		isOver,
		async pass() {
			const taken = provider.taken();
			while (provider.taken() === taken && !(await isOver())) await wait(10);
			await wait(random() * 2 * LIFE_MS);
		},
		async rest() {
			await wait(random() * 2 * LIFE_MS);
		},
		async sendingSince(since) {
			const rows = await recipientsIn(audience, broadcastId, "sending");
			return rows.filter(({ updatedAt }) => updatedAt.getTime() >= since).length;
		},
		async finish() {
			log("waiting for the end");
			while (!(await isOver())) await wait(50);
		},
		judge: (crash, done, allowed, more = []) =>
			judge(crash, done, allowed, more, { settings, audience, broadcastId, provider }),
	};
}

/** The address of a contact by its number. */
export function address(index: number): string {
	return `c${index}@example.com`;
}

async function judge(
	crash: string,
	kills: number,
	allowed: number,
	more: readonly string[],
	{ settings, audience, broadcastId, provider }: Pick<Scene, "settings" | "audience" | "broadcastId" | "provider">,
): Promise<Finding> {
	const { storage, recipients, concurrency, workers } = settings;
	const copies = provider.copies();
	const { counts, problems } = await audience.broadcasts.verify(broadcastId);
	const open = [
		...(await recipientsIn(audience, broadcastId, "excluded")),
		...(await recipientsIn(audience, broadcastId, "uncertain")),
		...(await recipientsIn(audience, broadcastId, "skipped")),
	];
	const without = new Set(open.map(({ contact }) => contact?.email));
	const found = { lost: 0, duplicates: 0, maxCopies: 0 };
	const wrong = [...problems, ...more];
	for (let index = 0; index < recipients; index += 1) {
		const ids = copies.get(address(index)) ?? [];
		if (ids.length === 0 && !without.has(address(index))) found.lost += 1;
		found.duplicates += Math.max(0, ids.length - 1);
		found.maxCopies = Math.max(found.maxCopies, ids.length);
		if (new Set(ids).size > 1) wrong.push("Copies of one message have different Message-IDs.");
	}
	if (counts.candidates !== recipients) wrong.push(`${counts.candidates} candidates, not ${recipients}.`);
	if (counts.pending + counts.sending + counts.failed > 0)
		wrong.push(`Not everybody is settled: ${JSON.stringify(counts)}`);
	if (found.lost > 0) wrong.push(`${found.lost} are lost.`);
	if (found.duplicates > allowed) wrong.push(`${found.duplicates} duplicates, and ${allowed} are allowed.`);
	const run = { crash, storage, kills, recipients, concurrency, workers };
	return { ...run, ...found, allowed, uncertain: counts.uncertain, problems: wrong };
}

async function recipientsIn(
	audience: Audience,
	broadcastId: string,
	state: RecipientState,
): Promise<readonly BroadcastRecipient[]> {
	const rows: BroadcastRecipient[] = [];
	for (;;) {
		const page = await audience.broadcasts.recipients(broadcastId, {
			state,
			limit: 100,
			after: rows.at(-1)?.contactId,
		});
		rows.push(...page.data);
		if (!page.hasMore) return rows;
	}
}

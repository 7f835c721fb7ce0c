import { setTimeout as wait } from "node:timers/promises";
import type { Audience, BroadcastRecipient, RecipientState, WorkerOptions } from "@convoke/core";
import { openAudience } from "./audience.ts";
import type { Place } from "./audience.ts";
import { makeDatabase } from "./database.ts";
import type { Database } from "./database.ts";
import { Fleet } from "./fleet.ts";
import type { Provider } from "./provider.ts";
import { startIdempotentProvider, startSlowMailServer } from "./provider.ts";
import { createRandom } from "../support/random.ts";
import type { Finding, Settings } from "./settings.ts";

/** Seconds a lease lasts: short, for whatever a dead worker held waits for its end. */
export const LEASE_SECONDS = 1;

/** Milliseconds that a provider takes for its answer on average. */
const ANSWER_MS = 10;

/** Milliseconds that {@link Scene.rest} takes on average. */
const REST_MS = 150;

/** Milliseconds after which nobody waits any longer for the end of a broadcast. */
const LONGEST_END_MS = 120_000;

/** How a scene differs from the usual one. */
export interface SceneOptions {
	readonly isIdempotent?: boolean | undefined;
	readonly worker?: Pick<WorkerOptions, "onUncertain" | "leaseSeconds"> | undefined;
	readonly durability?: Place["durability"];
	/** Milliseconds that the provider takes for its answer on average. @default 10 */
	readonly answerMs?: number | undefined;
	/** Where the database's file is to be. */
	readonly folder?: string | undefined;
}

/** How far a broadcast is. */
export interface Progress {
	/** How many are done. @default the messages that the provider has taken */
	readonly done?: (() => number | Promise<number>) | undefined;
	/** How many will be for certain. @default all but those who may be held, since nobody knows whether they got it */
	readonly total?: number | undefined;
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
	 * The moments to do something, by their numbers from 1: as many as are wanted, spread over the whole broadcast by how
	 * far it is, each by chance within its part.
	 */
	moments(progress?: Progress): AsyncIterable<number>;
	/** Waits a random time. */
	rest(): Promise<void>;
	/** Whether the plan is written. */
	hasBegun(): Promise<boolean>;
	/** Waits until everybody is settled; not for ever. */
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
	const { kills, recipients, concurrency, seed, log } = settings;
	const random = createRandom(seed);
	const answerMs = options.answerMs ?? ANSWER_MS;
	const start = options.isIdempotent === true ? startIdempotentProvider : startSlowMailServer;
	const provider = await start(answerMs, random);
	const place: Place = {
		storage: settings.storage,
		at: database.at,
		provider: provider.url,
		durability: options.durability,
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
		...options.worker,
	};
	const fleet = new Fleet({ place, options: workerOptions }, random);
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
		async *moments({ done = () => provider.taken(), total = recipients - kills * concurrency } = {}) {
			for (let nth = 1; nth <= kills; nth += 1) {
				const moment = ((nth - 1 + random()) * total) / kills;
				while ((await done()) < moment && !(await isOver())) await wait(5);
				if (await isOver()) return;
				// Not always just when a message has come.
				await wait(random() * 2 * answerMs);
				yield nth;
			}
		},
		async rest() {
			await wait(random() * 2 * REST_MS);
		},
		async finish() {
			log("waiting for the end");
			const end = Date.now() + LONGEST_END_MS;
			while (!(await isOver()) && Date.now() < end) await wait(50);
		},
		judge: (crash, done, allowed, more = []) =>
			judge(crash, done, allowed, more, { settings, audience, broadcastId, provider, fleet }),
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
	{
		settings,
		audience,
		broadcastId,
		provider,
		fleet,
	}: Pick<Scene, "settings" | "audience" | "broadcastId" | "provider" | "fleet">,
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
	if (kills < settings.kills) wrong.push(`The broadcast was over after ${kills} times.`);
	if (fleet.deserters > 0) wrong.push(`${fleet.deserters} workers ended that nobody had told to.`);
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

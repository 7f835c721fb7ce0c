import { createAudience, createMemoryStorage } from "@convoke/core";
import type { Audience, Message, Renderer, SliceLease, Worker, WorkerOptions } from "@convoke/core";
import { createRandom } from "../support/random.ts";
import type { Bug } from "./bugs.ts";
import { Observer } from "./observer.ts";
import { SimulatedProcess } from "./process.ts";
import type { Blow, CrashPoint, Fate } from "./process.ts";
import { SimulatedProvider } from "./provider.ts";
import type { Temper } from "./provider.ts";
import { Timeline } from "./timeline.ts";
import { KEYS } from "../support/keys.ts";

/** How a simulation is told to go, besides its seed. */
export interface SimulationOptions {
	/** What is wrong with the worker or its storage. */
	readonly bug?: Bug | undefined;
	/** What happens at one point, the first time; nothing else goes wrong then. */
	readonly blow?: { readonly point: CrashPoint; readonly blow: Blow } | undefined;
}

/** What a simulation came to. */
export interface Result {
	/** What must not be, a sentence each. */
	readonly problems: readonly string[];
	/** Whether the blow was dealt. */
	readonly isStruck: boolean;
	readonly copies: number;
	readonly kills: number;
}

const LEASE_MS = 2000;
const CHAOS_MS = 8000;
const LONGEST_MS = 3_600_000;

/** Sends one broadcast through simulated processes in which whatever the seed wants goes wrong, and judges what came of it. */
export async function simulate(seed: number, { bug, blow }: SimulationOptions = {}): Promise<Result> {
	const random = createRandom(seed);
	const chance = (probability: number): boolean => random() < probability;
	const upTo = (most: number): number => Math.floor(random() * (most + 1));
	const timeline = new Timeline();
	const isCalm = blow !== undefined;
	const mode = (["resend", "resend", "hold", "idempotent"] as const)[upTo(3)] ?? "resend";
	const options: WorkerOptions = {
		concurrency: 1 + upTo(3),
		leaseSeconds: LEASE_MS / 1000,
		sendTimeoutSeconds: 1,
		pollSeconds: 1,
		retryMinutes: Array.from({ length: 12 }, () => 0.02),
		onUncertain: mode === "hold" ? "hold" : "resend",
		...(chance(0.2) && { perDomain: 1 + upTo(2) }),
	};
	const healthy = new SimulatedProcess({ timeline, latency: () => 0, fate: () => "none" });
	const memory = createMemoryStorage({ clock: healthy.clock });
	let broadcastId = "";
	const observer = new Observer(memory, () => broadcastId, 1 + upTo(11));
	const leases: SliceLease[] = [];
	const tempers = new Map<string, Temper>();
	const provider = new SimulatedProvider(mode === "idempotent", tempers);
	const faults = isCalm ? 0 : chance(0.5) ? 0 : 0.03 * random();
	/** Milliseconds that a call takes at most, each way. */
	const slowness = chance(0.3) ? 300 : 20;
	let [isChaos, isStruck, kills] = [true, false, 0];
	const processes: SimulatedProcess[] = [];
	const workers = new Map<SimulatedProcess, Worker>();

	const fate: Fate = (point) => {
		if (blow !== undefined && !isStruck && blow.point.call === point.call && blow.point.when === point.when) {
			isStruck = true;
			return blow.blow;
		}
		if (!isChaos || random() >= faults) return "none";
		return chance(0.05) ? "hang" : "fail";
	};

	function open(process: SimulatedProcess, isWorker: boolean): Audience {
		const watched = observer.watched(isWorker ? process : undefined);
		const storage = isWorker ? process.storage(bug?.storage?.(watched, leases) ?? watched) : watched;
		return createAudience({
			storage,
			renderer: RENDERER,
			transport: process.transport({
				isIdempotent: mode === "idempotent",
				begin(message) {
					if (process.inFlight >= (options.concurrency ?? 1)) observer.say("More messages are in flight than may be.");
					if (observer.lastMark(message.subject)?.process !== process) {
						observer.say("A message goes out for a recipient whom another worker was given.");
					}
				},
				take(message) {
					const before = provider.copiesOf(message.subject);
					const outcome = provider.take(bug?.message?.(message, random) ?? message, process);
					const isAgain = provider.copiesOf(message.subject).length > before.length && before.length > 0;
					// Somebody had died, stood still or got no answer; or this one stood still, with the message on its way.
					const isExcused =
						process.wasFrozen ||
						before.some((copy) => copy.process.isDead || copy.process.wasFrozen || copy.isAnswerLost);
					if (isAgain && (mode !== "resend" || !isExcused)) observer.say("A message goes out twice for no reason.");
					return outcome;
				},
				lose(message) {
					const copy = provider.copiesOf(message.subject).at(-1);
					if (copy !== undefined) copy.isAnswerLost = true;
					return { kind: "uncertain", reason: "connection_lost" };
				},
			}),
			...KEYS,
			clock: bug?.clock?.(process.clock, process) ?? process.clock,
			random,
		});
	}

	function hire(): void {
		const latency = (): number => Math.floor(random() * slowness);
		const process = new SimulatedProcess({ timeline, latency, fate: (point, self) => suffer(fate(point, self), self) });
		processes.push(process);
		const worker = open(process, true).worker(options);
		workers.set(process, worker);
		worker.start();
	}

	/** A call that never answers is to the rest like standing still. */
	function suffer(blowOf: Blow, process: SimulatedProcess): Blow {
		if (blowOf === "hang") process.wasFrozen = true;
		if (blowOf === "kill") kills += 1;
		return blowOf;
	}

	const admin = open(healthy, false);
	const count = 6 + upTo(6);
	await admin.contacts.createMany(
		Array.from({ length: count }, (_, index) => ({ email: `c${index}@example${index % 2}.com` })),
	);
	const ids = (await admin.contacts.list({ limit: 100 })).data.map(({ id }) => id);
	for (const id of ids) if (chance(0.3)) tempers.set(id, temperOf(random));
	broadcastId = (await admin.broadcasts.create({ everyone: true, from: "a@example.com", subject: "Hi", text: "Hi" }))
		.id;
	await admin.broadcasts.send(broadcastId);

	// What is done from outside, at random times.
	const during = (ms: number, act: () => Promise<unknown>): void =>
		void timeline.after(ms, () => void act().catch(() => undefined));
	const resume = async (): Promise<void> => {
		observer.isPaused = false;
		await admin.broadcasts.resume(broadcastId);
	};
	const sometime = (): number => random() * CHAOS_MS;
	for (let worker = 0, most = 1 + upTo(2); worker < most; worker += 1) during(upTo(500), async () => hire());
	if (!isCalm) {
		for (let kill = 0, most = upTo(3); kill < most; kill += 1) {
			during(sometime(), async () => {
				const victim = processes[upTo(Math.max(0, processes.length - 1))];
				if (victim === undefined || !workers.has(victim) || victim.isDead) return;
				kills += 1;
				victim.kill();
				during(upTo(1500), async () => hire());
			});
		}
		for (let stop = 0, most = upTo(2); stop < most; stop += 1) {
			during(sometime(), async () => {
				const leaver = processes[upTo(Math.max(0, processes.length - 1))];
				const worker = leaver === undefined ? undefined : workers.get(leaver);
				if (leaver === undefined || worker === undefined || leaver.isDead) return;
				await worker.stop();
				if (leaver.inFlight > 0) observer.say("A worker stops with messages in flight.");
				// Where calls fail, it may not have recorded all it sent.
				if (faults > 0) leaver.kill();
				workers.delete(leaver);
				during(upTo(1500), async () => hire());
			});
		}
		for (let freeze = 0, most = upTo(2); freeze < most; freeze += 1) {
			during(sometime() / 2, async () => {
				const victim = processes[upTo(Math.max(0, processes.length - 1))];
				const ms = LEASE_MS * 3 * random();
				if (chance(0.5)) victim?.freeze(ms);
				// Where it matters most: between a mark and the message.
				else victim?.stallAfter("advanceSlice", ms);
			});
		}
		for (let leave = 0, most = upTo(3); leave < most; leave += 1) {
			during(sometime() / 2, async () => {
				const id = ids[upTo(ids.length - 1)] ?? "";
				await admin.contacts.update({ id }, { unsubscribed: true });
				observer.optedOut.add(id);
			});
		}
		if (chance(0.3)) {
			const start = sometime() / 2;
			during(start, async () => {
				await admin.broadcasts.pause(broadcastId);
				observer.isPaused = true;
			});
			during(start + upTo(2000), resume);
		}
		if (chance(0.05)) during(sometime(), () => admin.broadcasts.cancel(broadcastId));
	}
	const isFound = (): boolean => observer.problems.length > 0;
	await timeline.run(isFound, CHAOS_MS);
	// Nothing goes wrong any more: whoever is stuck is replaced, and whoever paused resumes.
	isChaos = false;
	for (const process of processes) if (process.wasFrozen) process.kill();
	hire();
	const mend = (): void => {
		during(0, resume);
		timeline.after(5000, mend);
	};
	mend();
	let isOver = false;
	const look = (): void => {
		during(0, async () => {
			const { status } = await admin.broadcasts.get(broadcastId);
			const { pending, sending } = (await admin.broadcasts.progress(broadcastId)).counts;
			isOver = status === "sent" || (status === "canceled" && pending + sending === 0);
		});
		timeline.after(1000, look);
	};
	look();
	if (!(await timeline.run(() => isOver || isFound(), CHAOS_MS + LONGEST_MS)))
		observer.say("The broadcast never ends.");
	for (const process of processes) process.kill();
	if (!isFound()) await judge(admin, broadcastId, ids, observer, provider, mode);
	return { problems: observer.problems, isStruck, copies: provider.copies.length, kills };
}

/** Compares what the audience says in the end with what the provider has. */
async function judge(
	admin: Audience,
	broadcastId: string,
	ids: readonly string[],
	observer: Observer,
	provider: SimulatedProvider,
	mode: "resend" | "hold" | "idempotent",
): Promise<void> {
	const { problems, counts } = await admin.broadcasts.verify(broadcastId);
	for (const problem of problems) observer.say(problem);
	const isCanceled = (await admin.broadcasts.get(broadcastId)).status === "canceled";
	// One that is canceled early has a plan of a part of them.
	if (counts.candidates !== ids.length && !isCanceled) observer.say("Not every contact has a recipient.");
	for (const { contactId, state } of (await admin.broadcasts.recipients(broadcastId, { limit: 100 })).data) {
		const copies = provider.copiesOf(contactId);
		const mayBeOut = observer.optedOut.has(contactId) || isCanceled;
		if (state === "sent" && copies.length === 0) observer.say("A recipient is said to be sent and got nothing.");
		if (state === "failed" && !provider.refused.has(contactId))
			observer.say("A recipient has failed whom nobody refused.");
		if (state === "skipped" && !mayBeOut) observer.say("A recipient is skipped for no reason.");
		if (state === "uncertain" && mode !== "hold" && !mayBeOut) observer.say("A recipient is uncertain for no reason.");
		if (state === "pending" || state === "sending") observer.say(`A recipient is left ${state}.`);
		if (new Set(copies.map(({ messageId }) => messageId)).size > 1) observer.say("Copies have different ids.");
	}
}

/** What a contact's first messages are answered with. */
function temperOf(random: () => number): Temper {
	const kinds: Temper = [
		{ kind: "deferred", reason: "greylisted" },
		{ kind: "deferred", reason: "greylisted" },
		{ kind: "rejected", reason: "unknown_recipient" },
		{ kind: "account_problem", reason: "quota_exceeded" },
		{ kind: "deferred", reason: "connection_failed", unreached: true },
	];
	const one = (): Temper => kinds.slice(Math.floor(random() * kinds.length)).slice(0, 1);
	return random() < 0.5 ? one() : [...one(), ...one()];
}

/** Makes messages that name their contact, and nothing else. */
const RENDERER: Renderer = {
	compile: async () => ({ html: null, text: "Hi", variables: [], unguarded: [], findings: [] }),
	prepare:
		({ from, broadcastId }) =>
		(contact): Message => ({
			messageId: `<${broadcastId}.${contact.id}@example.com>`,
			idempotencyKey: `${broadcastId}_${contact.id}`,
			from,
			to: { name: null, address: contact.email },
			replyTo: [],
			subject: contact.id,
			html: null,
			text: "Hi",
			headers: {},
			tags: [],
			attachments: [],
		}),
} as Partial<Renderer> as Renderer;

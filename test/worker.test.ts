import { ConvokeError, createAudience, createMemoryStorage } from "@convoke/core";
import type {
	Audience,
	Message,
	Renderer,
	Storage,
	TenantStorage,
	Transport,
	TransportOutcome,
	WorkerOptions,
} from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { createFakeClock } from "@convoke/testing";
import { describe, expect, test } from "vitest";
import { bound } from "./support/bound.ts";
import { KEYS } from "./support/keys.ts";

const ACCEPTED: TransportOutcome = { kind: "accepted" };

type Answer = (message: Message, signal: AbortSignal) => unknown;

/** A transport that keeps what it gets and answers as told. */
function createRecorder(answer: Answer = () => ACCEPTED, idempotent = false) {
	const messages: Message[] = [];
	const state = { inFlight: 0, most: 0, answer };
	const transport: Transport = {
		name: "recorder",
		smtputf8: false,
		idempotent,
		async send(message, signal) {
			messages.push(message);
			state.inFlight += 1;
			state.most = Math.max(state.most, state.inFlight);
			try {
				return (await state.answer(message, signal)) as TransportOutcome;
			} finally {
				state.inFlight -= 1;
			}
		},
		async close() {},
	};
	return { transport, messages, state, to: () => messages.map(({ to }) => to.address).toSorted() };
}

interface Host {
	readonly audience: Audience;
	readonly clock: ReturnType<typeof createFakeClock>;
	readonly recorder: ReturnType<typeof createRecorder>;
	readonly broadcastId: string;
	readonly work: (options?: WorkerOptions) => Promise<{ readonly sent: number; readonly remaining: number }>;
	readonly states: () => Promise<Record<string, number>>;
}

/** An audience of `count` contacts with a queued broadcast for all of them. */
async function queued(
	count: number,
	{
		answer,
		idempotent,
		renderer = createRenderer(),
		wrap = (storage) => storage,
	}: { answer?: Answer; idempotent?: boolean; renderer?: Renderer; wrap?: (storage: Storage) => Storage } = {},
): Promise<Host> {
	const clock = createFakeClock();
	const recorder = createRecorder(answer, idempotent);
	const audience = createAudience({
		storage: wrap(createMemoryStorage({ clock })),
		renderer,
		transport: recorder.transport,
		...KEYS,
		clock,
		random: () => 0.5,
	});
	await audience.contacts.createMany(Array.from({ length: count }, (_, index) => ({ email: address(index) })));
	const { id } = await audience.broadcasts.create({
		everyone: true,
		from: "news@example.com",
		subject: "Hi",
		html: "<p>Hi</p>",
	});
	await audience.broadcasts.send(id);
	return {
		audience,
		clock,
		recorder,
		broadcastId: id,
		work: (options) => audience.worker(options).run(),
		states: async () => {
			const { ok, problems, counts } = await audience.broadcasts.verify(id);
			expect(problems).toEqual([]);
			expect(ok).toBe(true);
			const { excluded: _excluded, ...states } = counts;
			return Object.fromEntries(Object.entries(states).filter(([, value]) => value > 0));
		},
	};
}

const address = (index: number) => `c${String(index).padStart(4, "0")}@example.com`;
const addresses = (count: number) => Array.from({ length: count }, (_, index) => address(index));

/** A storage one of whose verbs fails while `broken.now` holds. */
function failing(verb: keyof TenantStorage, broken: { now: boolean }) {
	return (storage: Storage): Storage => {
		const fail = (): Promise<never> =>
			Promise.reject(new ConvokeError("storage_unavailable", { reason: "disk_full", message: "No space." }));
		const forTenant = (id: string): TenantStorage => {
			const tenant = storage.forTenant(id);
			const method = (...args: readonly unknown[]): unknown =>
				broken.now ? fail() : Reflect.apply(tenant[verb], tenant, args);
			return bound(tenant, { [verb]: method });
		};
		return bound(storage, { forTenant });
	};
}

/** Waits, turn by turn of the event loop, until something holds. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
	for (let turn = 0; turn < 10_000; turn += 1) {
		if (await holds()) return;
		await new Promise((resolve) => setImmediate(resolve));
	}
	throw new Error("The condition never held.");
}

describe("a run", () => {
	test("mails every recipient once and closes the broadcast", async () => {
		const { audience, clock, recorder, broadcastId, work, states } = await queued(2500);
		expect(await work()).toEqual({ sent: 2500, remaining: 0 });
		expect(recorder.to()).toEqual(addresses(2500));
		expect(await states()).toEqual({ candidates: 2500, sent: 2500 });
		expect(await audience.broadcasts.get(broadcastId)).toMatchObject({ status: "sent", sentAt: clock.now() });
		expect(await work()).toEqual({ sent: 0, remaining: 0 });
	});

	test("never has more messages in flight than its concurrency", async () => {
		const gates: (() => void)[] = [];
		const host = await queued(60, { answer: () => new Promise((resolve) => gates.push(() => resolve(ACCEPTED))) });
		const running = host.work({ concurrency: 7 });
		while (host.recorder.messages.length < 60) {
			await until(() => gates.length > 0);
			expect(host.recorder.state.inFlight).toBeLessThanOrEqual(7);
			gates.shift()?.();
		}
		await until(() => {
			for (const open of gates.splice(0)) open();
			return host.recorder.state.inFlight === 0;
		});
		expect(await running).toEqual({ sent: 60, remaining: 0 });
		expect(host.recorder.state.most).toBe(7);
	});

	test("closes a broadcast without recipients without a message", async () => {
		const { audience, recorder, broadcastId, work } = await queued(0);
		expect(await work()).toEqual({ sent: 0, remaining: 0 });
		expect(recorder.messages).toEqual([]);
		expect(await audience.broadcasts.progress(broadcastId)).toMatchObject({ status: "sent", done: 1 });
	});

	test("stops after maxMessages and goes on later", async () => {
		const { audience, recorder, work } = await queued(50);
		expect(await audience.worker({ concurrency: 8 }).run({ maxMessages: 20 })).toEqual({ sent: 20, remaining: 30 });
		expect(await work()).toEqual({ sent: 30, remaining: 0 });
		expect(recorder.to()).toEqual(addresses(50));
	});

	test("closes what its last message settles, and tells of what is still to be planned", async () => {
		const { audience, broadcastId, work } = await queued(5);
		const next = await audience.broadcasts.duplicate(broadcastId);
		expect(await audience.worker().run({ maxMessages: 5 })).toEqual({ sent: 5, remaining: 0 });
		expect(await audience.broadcasts.get(broadcastId)).toMatchObject({ status: "sent" });
		await audience.broadcasts.send(next.id);
		expect(await audience.worker().run({ signal: AbortSignal.abort() })).toEqual({ sent: 0, remaining: 1 });
		expect(await work()).toEqual({ sent: 5, remaining: 0 });
	});

	test("ends when what is due cannot be done", async () => {
		const stuck = (storage: Storage): Storage =>
			bound(storage, {
				async findDue(at, limit) {
					const due = await storage.findDue(at, limit);
					const sent = await storage.forTenant("default").pageBroadcasts({ limit: 9 });
					const ids = sent.filter(({ status }) => status === "sent").map(({ id }) => id);
					return [...due, ...ids.map((broadcastId) => ({ tenantId: "default", broadcastId, need: "cancel" as const }))];
				},
			});
		const { work } = await queued(3, { wrap: stuck });
		expect(await work()).toEqual({ sent: 3, remaining: 0 });
	});

	test("is refused while its worker is started, also between two looks", async () => {
		const { audience, recorder } = await queued(2);
		const worker = audience.worker();
		worker.start();
		await expect(worker.run()).rejects.toMatchObject({ reason: "worker_busy" });
		await until(() => recorder.messages.length === 2);
		await until(async () => (await worker.health()).backlog.broadcasts === 0);
		await expect(worker.run()).rejects.toMatchObject({ reason: "worker_busy" });
		expect((await worker.health()).lastError).toBeUndefined();
		await worker.stop();
		expect(await worker.run()).toEqual({ sent: 0, remaining: 0 });
	});

	test("begins nothing after its end or its signal", async () => {
		const { audience, clock, recorder } = await queued(5);
		expect((await audience.worker().run({ until: clock.now() })).sent).toBe(0);
		expect((await audience.worker().run({ signal: AbortSignal.abort() })).sent).toBe(0);
		expect(recorder.messages).toEqual([]);
	});

	test("shares a broadcast with other workers", async () => {
		const { audience, recorder, states } = await queued(3000);
		const reports = await Promise.all([audience.worker().run(), audience.worker().run(), audience.worker().run()]);
		expect(reports.reduce((sum, { sent }) => sum + sent, 0)).toBe(3000);
		expect(recorder.to()).toEqual(addresses(3000));
		expect(await states()).toEqual({ candidates: 3000, sent: 3000 });
	});

	test("refuses to run twice at once in one worker", async () => {
		const { audience } = await queued(5);
		const worker = audience.worker();
		const first = worker.run();
		await expect(worker.run()).rejects.toMatchObject({ code: "invalid_state", reason: "worker_busy" });
		expect((await first).sent).toBe(5);
	});
});

describe("the recheck at the moment of sending", () => {
	test("skips whoever opted out, was suppressed or removed after the plan", async () => {
		const { audience, recorder, broadcastId, work, states } = await queued(5);
		await audience.worker().run({ maxMessages: 1 });
		await audience.contacts.update({ email: address(1) }, { unsubscribed: true });
		await audience.suppressions.add({ email: address(2) });
		const { id } = await audience.contacts.get({ email: address(3) });
		await audience.contacts.remove({ email: address(3) });
		expect(await work()).toEqual({ sent: 1, remaining: 0 });
		expect(recorder.to()).toEqual([address(0), address(4)]);
		expect(await states()).toEqual({ candidates: 5, sent: 2, skipped: 3 });
		const why = (ref: Parameters<typeof audience.contacts.get>[0]) => audience.broadcasts.explain(broadcastId, ref);
		expect(await why({ email: address(1) })).toMatchObject({ outcome: "skipped", reason: "unsubscribed" });
		expect(await why({ email: address(2) })).toMatchObject({ outcome: "skipped", reason: "suppressed" });
		expect(await why({ id })).toMatchObject({ outcome: "skipped", reason: "removed" });
	});

	test("mails contacts by their data of now, and nobody who came after the plan", async () => {
		const { audience, recorder, work } = await queued(1);
		await audience.contacts.update({ email: address(0) }, { email: "moved@example.com" });
		await audience.contacts.create({ email: "late@example.com" });
		await work();
		expect(recorder.to()).toEqual(["moved@example.com"]);
	});
});

describe("pause, resume and cancel", () => {
	test("a paused broadcast sends nothing more until it is resumed", async () => {
		const { audience, recorder, broadcastId, work, states } = await queued(40);
		await audience.worker({ concurrency: 4 }).run({ maxMessages: 10 });
		expect(await audience.broadcasts.pause(broadcastId)).toMatchObject({ status: "paused" });
		expect((await work()).sent).toBe(0);
		expect(await states()).toEqual({ candidates: 40, sent: 10, pending: 30 });
		await audience.broadcasts.resume(broadcastId);
		expect((await work()).sent).toBe(30);
		expect(recorder.to()).toEqual(addresses(40));
	});

	test("pausing lets what is in flight end and begins nothing", async () => {
		const gates: (() => void)[] = [];
		const host = await queued(20, { answer: () => new Promise((resolve) => gates.push(() => resolve(ACCEPTED))) });
		const running = host.work({ concurrency: 3 });
		await until(() => gates.length === 3);
		await host.audience.broadcasts.pause(host.broadcastId);
		for (const open of gates.splice(0)) open();
		expect((await running).sent).toBe(3);
		expect(await host.states()).toEqual({ candidates: 20, sent: 3, pending: 17 });
	});

	test("canceling skips the rest", async () => {
		const { audience, recorder, broadcastId, work, states } = await queued(30);
		await audience.worker().run({ maxMessages: 10 });
		expect(await audience.broadcasts.cancel(broadcastId)).toMatchObject({ status: "canceled" });
		expect((await work()).sent).toBe(0);
		expect(recorder.messages).toHaveLength(10);
		expect(await states()).toEqual({ candidates: 30, sent: 10, skipped: 20 });
		const rest = await audience.broadcasts.recipients(broadcastId, { reason: "canceled", limit: 100 });
		expect(rest.data).toHaveLength(20);
	});
});

describe("a canceled broadcast", () => {
	test("whose cancel was interrupted is brought to its end by a worker", async () => {
		const broken = { now: false };
		const { audience, broadcastId, work, states } = await queued(30, { wrap: failing("moveRecipients", broken) });
		await audience.worker().run({ maxMessages: 10 });
		broken.now = true;
		await expect(audience.broadcasts.cancel(broadcastId)).rejects.toMatchObject({ reason: "disk_full" });
		broken.now = false;
		const { problems } = await audience.broadcasts.verify(broadcastId);
		expect(problems).toEqual(["The broadcast is canceled, but 20 recipients are pending until a worker runs."]);
		expect(await work()).toEqual({ sent: 0, remaining: 0 });
		expect(await states()).toEqual({ candidates: 30, sent: 10, skipped: 20 });
	});

	test("lists as uncertain what a dead worker had in hand, once its lease has ended", async () => {
		const host = await queued(30, { answer: () => new Promise(() => {}) });
		void host.audience.worker({ concurrency: 8 }).run();
		await until(() => host.recorder.messages.length === 8);
		await host.audience.broadcasts.cancel(host.broadcastId);
		expect(await host.work()).toEqual({ sent: 0, remaining: 0 });
		expect(await host.states()).toEqual({ candidates: 30, sending: 8, skipped: 22 });
		host.clock.advance({ minutes: 7 });
		await host.work();
		expect(await host.states()).toEqual({ candidates: 30, uncertain: 8, skipped: 22 });
	});
});

describe("a transport", () => {
	const broken: readonly [string, Answer][] = [
		["answers nothing", () => undefined],
		["answers something else", () => ({ kind: "delighted" })],
		["answers without a reason", () => ({ kind: "rejected" })],
		["throws a string", () => Promise.reject("no")],
		[
			"throws before it begins",
			() => {
				throw new Error("at once");
			},
		],
	];
	test.each(broken)("that %s leaves the message uncertain and the others sent", async (_name, answer) => {
		const host = await queued(6, {
			answer: (message, signal) => (message.to.address === address(2) ? answer(message, signal) : ACCEPTED),
		});
		expect(await host.work({ onUncertain: "hold" })).toEqual({ sent: 5, remaining: 0 });
		expect(await host.states()).toEqual({ candidates: 6, sent: 5, uncertain: 1 });
	});

	test("that never answers is given up after the time-out, and stalls nobody else", async () => {
		const host = await queued(30, {
			answer: ({ to }) => (to.address === address(0) ? new Promise(() => {}) : ACCEPTED),
		});
		const running = host.work({ concurrency: 2, sendTimeoutSeconds: 60, leaseSeconds: 60, onUncertain: "hold" });
		await until(() => host.recorder.messages.length === 30);
		host.clock.advance({ seconds: 61 });
		expect(await running).toEqual({ sent: 29, remaining: 0 });
		expect(await host.states()).toEqual({ candidates: 30, sent: 29, uncertain: 1 });
	});

	test("that is uncertain gets the message again, with the same ids, by default", async () => {
		let first = true;
		const host = await queued(1, {
			answer: () => (first ? ((first = false), { kind: "uncertain", reason: "lost" }) : ACCEPTED),
		});
		expect(await host.work()).toEqual({ sent: 0, remaining: 1 });
		host.clock.advance({ minutes: 1 });
		expect(await host.work()).toEqual({ sent: 1, remaining: 0 });
		const [one, two] = host.recorder.messages;
		expect(two).toEqual(one);
	});

	test("that refuses for good makes the recipient failed, with its reason", async () => {
		const host = await queued(2, {
			answer: ({ to }) => (to.address === address(1) ? { kind: "rejected", reason: "mailbox_unknown" } : ACCEPTED),
		});
		expect(await host.work()).toEqual({ sent: 1, remaining: 0 });
		expect(await host.audience.broadcasts.explain(host.broadcastId, { email: address(1) })).toMatchObject({
			outcome: "failed",
			reason: "mailbox_unknown",
		});
	});

	test("that refuses for now is tried 6 times over hours, then the recipient has failed", async () => {
		const host = await queued(1, { answer: () => ({ kind: "deferred", reason: "greylisted" }) });
		for (const minutes of [1, 5, 15, 60, 240]) {
			expect(await host.work()).toEqual({ sent: 0, remaining: 1 });
			host.clock.advance(minutes * 60_000 - 1000);
			expect(await host.work()).toEqual({ sent: 0, remaining: 1 });
			host.clock.advance({ seconds: 1 });
		}
		expect(host.recorder.messages).toHaveLength(5);
		expect(await host.work()).toEqual({ sent: 0, remaining: 0 });
		expect(host.recorder.messages).toHaveLength(6);
		expect(await host.states()).toEqual({ candidates: 1, failed: 1 });
	});

	test("that says when to come back is not asked earlier", async () => {
		let calls = 0;
		const host = await queued(1, {
			answer: () => ((calls += 1) === 1 ? { kind: "deferred", reason: "later", retryAfterMs: 600_000 } : ACCEPTED),
		});
		await host.work();
		host.clock.advance({ minutes: 9 });
		await host.work();
		expect(calls).toBe(1);
		host.clock.advance({ minutes: 1 });
		expect((await host.work()).sent).toBe(1);
	});

	test("that refuses everything pauses the broadcast with its reason, and nobody has failed", async () => {
		const host = await queued(50, { answer: () => ({ kind: "account_problem", reason: "authentication_failed" }) });
		expect((await host.work({ concurrency: 4 })).sent).toBe(0);
		expect(await host.audience.broadcasts.get(host.broadcastId)).toMatchObject({
			status: "paused",
			statusReason: "authentication_failed",
		});
		expect(host.recorder.messages.length).toBeLessThanOrEqual(8);
		expect(await host.states()).toEqual({ candidates: 50, pending: 50 });
		host.recorder.state.answer = () => ACCEPTED;
		await host.audience.broadcasts.resume(host.broadcastId);
		expect(await host.work()).toEqual({ sent: 50, remaining: 0 });
	});
});

describe("an account problem", () => {
	test("uses up nobody's attempts", async () => {
		const { audience, clock, recorder, broadcastId, work } = await queued(1, {
			answer: () => ({ kind: "account_problem", reason: "quota_exceeded" }),
		});
		for (let time = 0; time < 8; time += 1) {
			await work();
			await audience.broadcasts.resume(broadcastId);
		}
		const { data } = await audience.broadcasts.recipients(broadcastId);
		expect(data).toMatchObject([{ state: "pending", reason: "quota_exceeded", attempts: 0 }]);
		recorder.state.answer = () => ({ kind: "deferred", reason: "greylisted" });
		expect(await work()).toEqual({ sent: 0, remaining: 1 });
		recorder.state.answer = () => ACCEPTED;
		clock.advance({ minutes: 1 });
		expect(await work()).toEqual({ sent: 1, remaining: 0 });
	});
});

describe("a sender that was mended", () => {
	test("is seen by the worker that was running all along, which tells what was wrong", async () => {
		const clock = createFakeClock();
		const broken = createRecorder(() => ({ kind: "account_problem", reason: "authentication_failed" }));
		const mended = createRecorder();
		const state = { transport: broken.transport };
		const audience = createAudience({
			storage: createMemoryStorage({ clock }),
			renderer: createRenderer(),
			sender: () => ({ transport: state.transport, from: "news@example.com" }),
			...KEYS,
			clock,
		});
		await audience.contacts.createMany(addresses(3).map((email) => ({ email })));
		const { id } = await audience.broadcasts.create({ everyone: true, subject: "Hi", text: "Hi" });
		await audience.broadcasts.send(id);
		const worker = audience.worker();
		expect(await worker.run()).toEqual({ sent: 0, remaining: 0 });
		expect((await worker.health()).lastError).toEqual({ reason: "authentication_failed", at: clock.now() });
		state.transport = mended.transport;
		await audience.broadcasts.resume(id);
		expect(await worker.run()).toEqual({ sent: 3, remaining: 0 });
		expect(mended.to()).toEqual(addresses(3));
	});
});

describe("after a worker has died", () => {
	/** Runs a worker that dies with its messages accepted but not recorded. */
	async function dieMidway(host: Host, concurrency: number): Promise<void> {
		host.recorder.state.answer = () => new Promise(() => {});
		void host.audience.worker({ concurrency, sendTimeoutSeconds: 300, leaseSeconds: 300 }).run();
		await until(() => host.recorder.messages.length === concurrency);
		host.recorder.state.answer = () => ACCEPTED;
	}

	test("another one waits for the lease, then sends everything; at most the window goes out twice, with the same id", async () => {
		const host = await queued(100);
		await dieMidway(host, 8);
		expect(await host.work()).toEqual({ sent: 0, remaining: 100 });
		host.clock.advance({ minutes: 5, seconds: 1 });
		expect((await host.work()).sent).toBe(100);
		const copies = new Map<string, string[]>();
		for (const { to, messageId } of host.recorder.messages)
			copies.set(to.address, [...(copies.get(to.address) ?? []), messageId]);
		expect(copies.size).toBe(100);
		const twice = [...copies.values()].filter((ids) => ids.length > 1);
		expect(twice).toHaveLength(8);
		expect(twice.every(([one, two]) => one === two)).toBe(true);
		expect(await host.states()).toEqual({ candidates: 100, sent: 100 });
	});

	test("with `hold`, nothing goes out twice and the doubtful ones are listed", async () => {
		const host = await queued(100);
		await dieMidway(host, 8);
		host.clock.advance({ minutes: 5, seconds: 1 });
		expect(await host.work({ onUncertain: "hold" })).toEqual({ sent: 92, remaining: 0 });
		expect(host.recorder.to()).toEqual(addresses(100));
		const held = await host.audience.broadcasts.recipients(host.broadcastId, { state: "uncertain", limit: 100 });
		expect(held.data).toHaveLength(8);
		expect(await host.states()).toEqual({ candidates: 100, sent: 92, uncertain: 8 });
	});
});

describe("recipients who did not get the message", () => {
	const answers: Readonly<Record<string, TransportOutcome>> = {
		[address(1)]: { kind: "rejected", reason: "unknown_recipient" },
		[address(2)]: { kind: "rejected", reason: "mailbox_full" },
		[address(3)]: { kind: "uncertain", reason: "connection_lost" },
		[address(4)]: { kind: "rejected", reason: "unknown_recipient" },
	};
	const mixed = () => queued(6, { answer: ({ to }) => answers[to.address] ?? ACCEPTED });

	test("are counted by reason, and listed by it", async () => {
		const { audience, broadcastId, work } = await mixed();
		await audience.contacts.update({ email: address(5) }, { unsubscribed: true });
		const later = await audience.broadcasts.duplicate(broadcastId);
		await work({ onUncertain: "hold" });
		expect(await audience.broadcasts.failures(broadcastId)).toEqual({
			failed: [
				{ reason: "unknown_recipient", count: 2 },
				{ reason: "mailbox_full", count: 1 },
			],
			uncertain: [{ reason: "connection_lost", count: 1 }],
			skipped: [],
		});
		const list = await audience.broadcasts.recipients(broadcastId, { state: "failed", reason: "mailbox_full" });
		expect(list.data.map(({ contact }) => contact?.email)).toEqual([address(2)]);
		expect(await audience.broadcasts.failures(later.id)).toEqual({ failed: [], uncertain: [], skipped: [] });
	});

	test("are mailed again when those that failed are to be retried, with all their tries", async () => {
		const host = await mixed();
		const { audience, broadcastId, clock, recorder, work, states } = host;
		await work({ onUncertain: "hold" });
		expect(await audience.broadcasts.retryFailed(broadcastId, { reason: "mailbox_full" })).toEqual({ retried: 1 });
		expect(await audience.broadcasts.get(broadcastId)).toMatchObject({ status: "sending" });
		recorder.state.answer = () => ({ kind: "deferred", reason: "greylisted" });
		for (const minutes of [1, 5, 15]) {
			await work({ onUncertain: "hold" });
			clock.advance({ minutes });
		}
		recorder.state.answer = () => ACCEPTED;
		expect(await work({ onUncertain: "hold" })).toEqual({ sent: 1, remaining: 0 });
		expect(await audience.broadcasts.retryFailed(broadcastId)).toEqual({ retried: 2 });
		expect((await work({ onUncertain: "hold" })).sent).toBe(2);
		expect(await states()).toEqual({ candidates: 6, sent: 5, uncertain: 1 });
		expect(await audience.broadcasts.retryFailed(broadcastId)).toEqual({ retried: 0 });
		expect(await audience.broadcasts.get(broadcastId)).toMatchObject({ status: "sent" });
	});

	test("are settled when somebody says what became of them", async () => {
		const { audience, broadcastId, recorder, work, states } = await mixed();
		await work({ onUncertain: "hold" });
		const nobody = { as: "sent", recipient: { email: address(0) } } as const;
		expect(await audience.broadcasts.resolveUncertain(broadcastId, nobody)).toEqual({ resolved: 0 });
		const one = { as: "retry", recipient: { email: address(3) } } as const;
		expect(await audience.broadcasts.resolveUncertain(broadcastId, one)).toEqual({ resolved: 1 });
		expect((await work({ onUncertain: "hold" })).sent).toBe(0);
		const sent = recorder.messages.filter(({ to }) => to.address === address(3));
		expect(sent[1]).toEqual(sent[0]);
		expect(await audience.broadcasts.resolveUncertain(broadcastId, { as: "failed" })).toEqual({ resolved: 1 });
		expect(await audience.broadcasts.failures(broadcastId)).toMatchObject({
			failed: [{ reason: "unknown_recipient" }, { reason: "mailbox_full" }, { reason: "resolved" }],
		});
		expect(await states()).toEqual({ candidates: 6, sent: 2, failed: 4 });
	});

	test("are not mailed after all when the broadcast's topic is gone", async () => {
		const { audience, work } = await mixed();
		const topic = await audience.topics.create({ name: "News" });
		const { id } = await audience.broadcasts.create({
			everyone: true,
			topicId: topic.id,
			from: "news@example.com",
			subject: "Hi",
			text: "Hi",
		});
		await audience.broadcasts.send(id);
		await work({ onUncertain: "hold" });
		await audience.topics.remove(topic.id);
		await expect(audience.broadcasts.retryFailed(id)).rejects.toMatchObject({ reason: "topic_not_found" });
		expect(await audience.broadcasts.get(id)).toMatchObject({ status: "sent" });
	});
});

describe("retries", () => {
	test("come when the schedule says, up to a fifth sooner or later, and end with its last", async () => {
		const due: number[] = [];
		const clock = createFakeClock();
		const random = { next: 0 };
		const audience = createAudience({
			storage: createMemoryStorage({ clock }),
			renderer: createRenderer(),
			transport: createRecorder(() => ({ kind: "deferred", reason: "greylisted" })).transport,
			...KEYS,
			clock,
			random: () => random.next,
		});
		await audience.contacts.create({ email: address(0) });
		const { id } = await audience.broadcasts.create({
			everyone: true,
			from: "a@example.com",
			subject: "Hi",
			text: "Hi",
		});
		await audience.broadcasts.send(id);
		for (const chance of [0, 0.5, 1 - 2 ** -53]) {
			random.next = chance;
			await audience.worker({ retryMinutes: [10, 10, 20] }).run();
			const { data } = await audience.broadcasts.recipients(id);
			const wait = (data[0]?.retryAt?.getTime() ?? 0) - clock.now().getTime();
			due.push(wait / 60_000);
			clock.advance(wait);
		}
		expect(due).toEqual([8, 10, 24]);
		expect(await audience.worker({ retryMinutes: [10, 10, 20] }).run()).toEqual({ sent: 0, remaining: 0 });
		expect(await audience.broadcasts.failures(id)).toMatchObject({ failed: [{ reason: "greylisted", count: 1 }] });
	});

	test("are spread over a whole list, and none comes before its time", async () => {
		// Three in ten are deferred, each as often as its number says.
		const left = new Map<string, number>();
		for (let index = 0; index < 10_000; index += 1)
			left.set(address(index), index % 10 < 3 ? (Math.floor(index / 10) % 5) + 1 : 0);
		const host = await queued(10_000, {
			answer: ({ to }) => {
				const times = left.get(to.address) ?? 0;
				left.set(to.address, times - 1);
				return times > 0 ? { kind: "deferred", reason: "greylisted" } : ACCEPTED;
			},
		});
		for (const minutes of [1, 5, 15, 60, 240]) {
			await host.work();
			const before = host.recorder.messages.length;
			host.clock.advance(minutes * 60_000 - 1);
			await host.work();
			expect(host.recorder.messages).toHaveLength(before);
			host.clock.advance(1);
		}
		expect(await host.work()).toEqual({ sent: 600, remaining: 0 });
		const attempts = new Map<number, number>();
		for (let after: string | undefined; ; ) {
			const { data, hasMore } = await host.audience.broadcasts.recipients(host.broadcastId, { limit: 100, after });
			for (const one of data) attempts.set(one.attempts, (attempts.get(one.attempts) ?? 0) + 1);
			after = data.at(-1)?.contactId;
			if (!hasMore) break;
		}
		expect(Object.fromEntries(attempts)).toEqual({ 1: 7000, 2: 600, 3: 600, 4: 600, 5: 600, 6: 600 });
		expect(await host.states()).toEqual({ candidates: 10_000, sent: 10_000 });
	}, 60_000);
});

describe("when the storage fails", () => {
	test("a run ends with its error, and a later one loses nothing", async () => {
		const broken = { now: false };
		const host = await queued(100, {
			wrap: failing("advanceSlice", broken),
			answer: () => {
				broken.now = host.recorder.messages.length >= 40;
				return ACCEPTED;
			},
		});
		await expect(host.work({ concurrency: 8 })).rejects.toMatchObject({ reason: "disk_full" });
		host.recorder.state.answer = () => ACCEPTED;
		broken.now = false;
		host.clock.advance({ hours: 1 });
		await host.work();
		expect(await host.states()).toEqual({ candidates: 100, sent: 100 });
		expect(new Set(host.recorder.to()).size).toBe(100);
		expect(host.recorder.messages.length).toBeLessThanOrEqual(108);
	});

	test("the same worker, run again, records what it could not, and nobody is mailed twice", async () => {
		const broken = { now: false };
		const host = await queued(100, {
			wrap: failing("advanceSlice", broken),
			answer: () => {
				broken.now = host.recorder.messages.length >= 40;
				return ACCEPTED;
			},
		});
		const worker = host.audience.worker({ concurrency: 8 });
		await expect(worker.run()).rejects.toMatchObject({ reason: "disk_full" });
		await expect(worker.run()).rejects.toMatchObject({ reason: "disk_full" });
		host.recorder.state.answer = () => ACCEPTED;
		broken.now = false;
		await worker.run();
		expect(await host.states()).toEqual({ candidates: 100, sent: 100 });
		expect(host.recorder.to()).toEqual(addresses(100));
	});

	test("a started worker keeps the error for its health and goes on when the storage is back", async () => {
		const broken = { now: true };
		const host = await queued(10, { wrap: failing("advanceSlice", broken) });
		const worker = host.audience.worker({ pollSeconds: 1 });
		worker.start();
		await until(async () => (await worker.health()).lastError !== undefined);
		expect((await worker.health()).lastError).toEqual({ reason: "disk_full", at: host.clock.now() });
		broken.now = false;
		await until(async () => {
			host.clock.advance({ minutes: 10 });
			return host.recorder.messages.length === 10;
		});
		await worker.stop();
		expect(await host.states()).toEqual({ candidates: 10, sent: 10 });
	});
});

describe("a started worker", () => {
	test("finds work by itself, tells its health, and stops after what is in flight", async () => {
		const gates: (() => void)[] = [];
		const host = await queued(10, { answer: () => new Promise((resolve) => gates.push(() => resolve(ACCEPTED))) });
		const worker = host.audience.worker({ concurrency: 4 });
		worker.start();
		expect(() => worker.start()).toThrow(expect.objectContaining({ reason: "worker_busy" }));
		await until(() => gates.length === 4);
		expect(await worker.health()).toMatchObject({
			running: true,
			inFlight: 4,
			backlog: { broadcasts: 1, recipients: 10 },
			lastError: undefined,
		});
		const stopping = worker.stop();
		for (const open of gates.splice(0)) open();
		await stopping;
		expect(host.recorder.messages).toHaveLength(4);
		expect(await worker.health()).toMatchObject({
			running: false,
			inFlight: 0,
			backlog: { recipients: 6, oldestLease: undefined },
		});
		expect(await host.states()).toEqual({ candidates: 10, sent: 4, pending: 6 });
	});
});

describe("a scheduled broadcast", () => {
	test("is not begun before its time", async () => {
		const { audience, clock, recorder, broadcastId, work } = await queued(3);
		await work();
		const { id } = await audience.broadcasts.duplicate(broadcastId);
		const scheduledAt = new Date(clock.now().getTime() + 3_600_000);
		expect(await audience.broadcasts.send(id, { scheduledAt })).toMatchObject({ status: "scheduled", scheduledAt });
		await work();
		expect(recorder.messages).toHaveLength(3);
		clock.advance({ hours: 1 });
		expect((await work()).sent).toBe(3);
		expect(await audience.broadcasts.get(id)).toMatchObject({ status: "sent" });
	});

	test("sends its new content when it is changed while the old one is being made ready", async () => {
		const change = { now: async () => {} };
		const renderer = createRenderer();
		const compile: typeof renderer.compile = async (content) => {
			const compiled = await renderer.compile(content);
			await change.now();
			return compiled;
		};
		const { audience, clock, recorder, broadcastId, work } = await queued(1, { renderer: { ...renderer, compile } });
		await work();
		const { id } = await audience.broadcasts.duplicate(broadcastId);
		const inSeconds = (seconds: number) => ({ scheduledAt: new Date(clock.now().getTime() + seconds * 1000) });
		await audience.broadcasts.send(id, inSeconds(1));
		clock.advance({ seconds: 1 });
		change.now = async () => {
			change.now = async () => {};
			await audience.broadcasts.cancel(id);
			await audience.broadcasts.update(id, { subject: "New" });
			await audience.broadcasts.send(id, inSeconds(3600));
		};
		await work();
		expect(recorder.messages).toHaveLength(1);
		expect(await audience.broadcasts.get(id)).toMatchObject({ status: "scheduled", subject: "New" });
		clock.advance({ hours: 1 });
		await work();
		expect(recorder.messages.map(({ subject }) => subject)).toEqual(["Hi", "New"]);
	});

	test.each(["2031-02-29T09:00:00Z", "2031-04-31T09:00:00+01:00", "2031-02-30T23:30:00-01:00"])(
		"is not scheduled for %s, a day that there is not",
		async (scheduledAt) => {
			const { audience, broadcastId } = await queued(0);
			const { id } = await audience.broadcasts.duplicate(broadcastId);
			await expect(audience.broadcasts.send(id, { scheduledAt })).rejects.toMatchObject({ reason: "invalid_date" });
			expect(await audience.broadcasts.send(id, { scheduledAt: "2032-02-29T09:00:00+01:00" })).toMatchObject({
				status: "scheduled",
				scheduledAt: new Date("2032-02-29T08:00:00Z"),
			});
		},
	);

	test("becomes a draft again when it is canceled", async () => {
		const { audience, clock, broadcastId } = await queued(1);
		const { id } = await audience.broadcasts.duplicate(broadcastId);
		await audience.broadcasts.send(id, { scheduledAt: new Date(clock.now().getTime() + 1000) });
		expect(await audience.broadcasts.cancel(id)).toMatchObject({ status: "draft", scheduledAt: null });
	});

	test("fails with its reason when it cannot be sent at its time", async () => {
		const { audience, clock, work } = await queued(1);
		await audience.properties.create({ key: "plan", type: "string" });
		const { id } = await audience.broadcasts.create({
			everyone: true,
			from: "a@example.com",
			subject: "{{plan}}",
			text: "Hi",
		});
		await audience.broadcasts.send(id, { scheduledAt: new Date(clock.now().getTime() + 1000) });
		await audience.properties.remove({ key: "plan" });
		clock.advance({ seconds: 1 });
		await work();
		expect(await audience.broadcasts.get(id)).toMatchObject({ status: "failed", statusReason: "unknown_variable" });
	});
});

describe("a broadcast that cannot be planned", () => {
	test("keeps no other from being sent, however many there are of them", async () => {
		const recorder = createRecorder();
		let isBroken = false;
		const audience = createAudience({
			storage: createMemoryStorage(),
			renderer: createRenderer(),
			sender: (_broadcast, tenantId) => {
				if (isBroken && tenantId === "broken") throw new Error("No such account.");
				return { transport: recorder.transport, from: "news@example.com" };
			},
			...KEYS,
		});
		for (const tenantId of [...Array.from({ length: 101 }, () => "broken"), "sound"]) {
			const tenant = audience.tenant(tenantId);
			await tenant.contacts.create({ email: `ada@${tenantId}.example` });
			await tenant.broadcasts.send((await tenant.broadcasts.create({ everyone: true, subject: "Hi", text: "Hi" })).id);
		}
		isBroken = true;
		await expect(audience.worker().run()).rejects.toThrow("No such account.");
		expect(recorder.to()).toEqual(["ada@sound.example"]);
	});
});

describe("a worker's options", () => {
	const refused: readonly [WorkerOptions, string][] = [
		[{ concurrency: 0 }, "concurrency"],
		[{ concurrency: -1 }, "concurrency"],
		[{ concurrency: 1.5 }, "concurrency"],
		[{ concurrency: 1e9 }, "concurrency"],
		[{ leaseSeconds: 10, sendTimeoutSeconds: 20 }, "leaseSeconds"],
		[{ pollSeconds: 0 }, "pollSeconds"],
	];
	test.each(refused)("%j is refused", async (options, field) => {
		const { audience } = await queued(0);
		expect(() => audience.worker(options)).toThrow(expect.objectContaining({ reason: "invalid_option", field }));
	});
});

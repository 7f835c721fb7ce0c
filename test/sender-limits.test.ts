import { createAudience, createMemoryStorage, systemClock } from "@convoke/core";
import type {
	AudienceOptions,
	Message,
	SenderResolver,
	SendingRate,
	Storage,
	Transport,
	TransportOutcome,
	Worker,
	WorkerOptions,
} from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { createSmtpTransport } from "@convoke/smtp";
import { describe, expect, onTestFinished, test } from "vitest";
import { CONTENDERS, REFERENCE } from "./differential/contenders.ts";
import { startMailServer } from "./support/mail-server.ts";
import { VirtualClock } from "./support/virtual-clock.ts";
import { KEYS } from "./support/keys.ts";

const ACCEPTED: TransportOutcome = { kind: "accepted" };

interface Sent {
	readonly at: number;
	readonly to: string;
}

/** Audiences on one storage, as of several processes, with a queued broadcast to `count` contacts. */
async function scene(
	count: number,
	answer: (message: Message, clock: VirtualClock) => TransportOutcome | Promise<TransportOutcome> = () => ACCEPTED,
	options: Partial<AudienceOptions> = {},
	addressOf: (index: number) => string = (index) => `c${String(index).padStart(5, "0")}@example.com`,
	senderOf?: (transport: Transport) => SenderResolver,
) {
	const clock = new VirtualClock();
	const storage: Storage = createMemoryStorage({ clock });
	const sent: Sent[] = [];
	const transport: Transport = {
		name: "timed",
		smtputf8: false,
		idempotent: false,
		async send(message: Message) {
			sent.push({ at: clock.monotonic(), to: message.to.address });
			return answer(message, clock);
		},
		async close() {},
	};
	const open = () =>
		createAudience({
			storage,
			renderer: createRenderer(),
			...(senderOf === undefined ? { transport } : { sender: senderOf(transport) }),
			...KEYS,
			clock,
			random: () => 0.5,
			...options,
		});
	const audience = open();
	await audience.contacts.createMany(Array.from({ length: count }, (_, index) => ({ email: addressOf(index) })));
	const draft = { everyone: true, from: "news@example.com", subject: "Hi", text: "Hi" } as const;
	const { id } = await audience.broadcasts.create(draft);
	await audience.broadcasts.send(id);
	return { audience, open, clock, sent, id, draft };
}

describe("a rate limit", () => {
	test("is shared by all workers: ten a second over a minute, and no second with more than twelve", async () => {
		const { audience, open, sent, clock, id } = await scene(900, () => ACCEPTED, { rateLimit: { perSecond: 10 } });
		const workers = [audience, open(), open()].map((each) => each.worker({ concurrency: 8 }));
		const start = clock.monotonic();
		await Promise.all(workers.map((worker) => worker.run({ until: new Date(clock.now().getTime() + 60_000) })));
		const minute = sent.filter(({ at }) => at < start + 60_000);
		expect(minute.length).toBeGreaterThanOrEqual(570);
		expect(minute.length).toBeLessThanOrEqual(630);
		for (const { at } of minute) {
			expect(minute.filter((each) => each.at >= at && each.at < at + 1000).length).toBeLessThanOrEqual(12);
		}
		expect((await audience.broadcasts.verify(id)).problems).toEqual([]);
	});

	test("of a day lets no more out, and the rest on the next day", async () => {
		const { audience, sent, clock } = await scene(50, () => ACCEPTED, { rateLimit: { perDay: 20 } });
		expect(await audience.worker().run()).toEqual({ sent: 20, remaining: 30 });
		expect(await audience.worker().run()).toEqual({ sent: 0, remaining: 30 });
		clock.advance(24 * 3_600_000);
		expect((await audience.worker().run()).sent).toBe(20);
		expect(sent).toHaveLength(40);
	});

	test("of a day loses none to runs that find little to do", async () => {
		const { audience, clock, draft, sent, id } = await scene(0, () => ACCEPTED, { rateLimit: { perDay: 40 } });
		await audience.broadcasts.cancel(id);
		await audience.contacts.create({ email: "ada@example.com" });
		const worker = audience.worker();
		for (let messages = 1; messages <= 40; messages += 1) {
			await audience.broadcasts.send((await audience.broadcasts.create(draft)).id);
			expect(await (messages % 2 === 0 ? worker : audience.worker()).run()).toEqual({ sent: 1, remaining: 0 });
			clock.advance(60_000);
		}
		await audience.broadcasts.send((await audience.broadcasts.create(draft)).id);
		expect(await worker.run()).toEqual({ sent: 0, remaining: 1 });
		expect(sent).toHaveLength(40);
	});

	test("of one sender holds up no broadcast of another", async () => {
		const { audience, sent, draft, id } = await scene(
			30,
			() => ACCEPTED,
			{},
			undefined,
			(transport) => (broadcast) => {
				if (broadcast?.name !== "slow") return { transport, from: "b@example.com" };
				return { transport: { ...transport, name: "slow" }, from: "a@example.com", rateLimit: { perDay: 5 } };
			},
		);
		await audience.broadcasts.cancel(id);
		for (const name of ["slow", "fast"]) {
			const next = await audience.broadcasts.create({ ...draft, name });
			await audience.broadcasts.send(next.id);
		}
		expect(await audience.worker().run()).toEqual({ sent: 35, remaining: 25 });
		expect(sent).toHaveLength(35);
	});

	test("of each sender is its own, also through one transport", async () => {
		const { audience, draft } = await scene(
			30,
			() => ACCEPTED,
			{},
			undefined,
			(transport) => (_broadcast, key) => ({ transport, rateLimit: { key, perDay: key === "default" ? 5 : 20 } }),
		);
		const other = audience.tenant("other");
		await other.contacts.createMany(Array.from({ length: 30 }, (_, index) => ({ email: `o${index}@example.com` })));
		await other.broadcasts.send((await other.broadcasts.create(draft)).id);
		expect(await audience.worker().run()).toEqual({ sent: 25, remaining: 35 });
	});

	test.each([
		[{ perSecond: 0 }, "rateLimit.perSecond"],
		[{ perSecond: -1 }, "rateLimit.perSecond"],
		[{ perSecond: Number.NaN }, "rateLimit.perSecond"],
		[{ perDay: 0 }, "rateLimit.perDay"],
		[{ perDay: 1.5 }, "rateLimit.perDay"],
		[{ perHour: 1 }, "perHour"],
	])("of %j is refused", async (rateLimit, field) => {
		await expect(scene(0, () => ACCEPTED, { rateLimit: rateLimit as SendingRate })).rejects.toMatchObject({
			code: "invalid_input",
			field,
		});
	});
});

describe("the circuit breaker", () => {
	const options: WorkerOptions = { concurrency: 8 };

	test.each([REFERENCE, ...CONTENDERS])(
		"pauses a broadcast soon after its password is refused, on a real server, and nobody has failed: $name",
		async (contender) => {
			const state = { attempts: 0, isMended: false };
			const server = await startMailServer({
				allowInsecureAuth: true,
				onAuth: (_auth, _session, done) => done(null, { user: "news" }),
				onMailFrom(_address, _session, done) {
					state.attempts += 1;
					const isRefused = state.attempts > 500 && !state.isMended;
					done(isRefused ? Object.assign(new Error("5.7.8 wrong password"), { responseCode: 535 }) : null);
				},
			});
			onTestFinished(() => server.close());
			const transport = createSmtpTransport(server.url.replace("//", "//news:secret@"));
			onTestFinished(() => transport.close());
			const audience = createAudience({
				storage: await contender.open(systemClock),
				renderer: createRenderer(),
				transport,
				...KEYS,
			});
			onTestFinished(() => audience.close());
			await audience.contacts.createMany(
				Array.from({ length: 800 }, (_, index) => ({ email: `c${index}@example.com` })),
			);
			const { id } = await audience.broadcasts.create({
				everyone: true,
				from: "a@example.com",
				subject: "Hi",
				text: "Hi",
			});
			await audience.broadcasts.send(id);
			expect((await audience.worker(options).run()).sent).toBe(500);
			expect(await audience.broadcasts.get(id)).toMatchObject({
				status: "paused",
				statusReason: "authentication_failed",
			});
			expect(state.attempts).toBeLessThanOrEqual(501 + 8 + 5);
			expect((await audience.broadcasts.progress(id)).counts).toMatchObject({ sent: 500, failed: 0, pending: 300 });
			state.isMended = true;
			await audience.broadcasts.resume(id);
			expect(await audience.worker(options).run()).toEqual({ sent: 300, remaining: 0 });
		},
		60_000,
	);

	test("waits for a server that is away for a minute, and uses up nobody's attempts", async () => {
		const { audience, sent, clock, id } = await scene(100, (_message, time) =>
			time.monotonic() - began < 60_000
				? { kind: "deferred", reason: "connection_failed", unreached: true }
				: { kind: "accepted" },
		);
		const began = clock.monotonic();
		expect(await audience.worker(options).run()).toEqual({ sent: 100, remaining: 0 });
		expect(sent.length).toBeLessThan(100 + 8 + 8);
		const { data } = await audience.broadcasts.recipients(id, { limit: 100 });
		expect(data.every(({ attempts }) => attempts === 1)).toBe(true);
	});

	test("gives up on a server that stays away", async () => {
		const { audience, id } = await scene(50, () => ({ kind: "deferred", reason: "dns_failed", unreached: true }));
		await audience.worker(options).run();
		expect(await audience.broadcasts.get(id)).toMatchObject({ status: "paused", statusReason: "dns_failed" });
		expect((await audience.broadcasts.progress(id)).counts).toMatchObject({ pending: 50, failed: 0 });
	});

	test("does as a throttling provider asks", async () => {
		let calls = 0;
		const { audience, sent } = await scene(40, () =>
			(calls += 1) % 10 === 0 ? { kind: "account_problem", reason: "throttled", retryAfterMs: 3000 } : ACCEPTED,
		);
		expect(await audience.worker({ concurrency: 1 }).run()).toEqual({ sent: 40, remaining: 0 });
		const gaps = sent.map(({ at }, index) => at - (sent[index - 1]?.at ?? at)).filter((gap) => gap > 100);
		expect(gaps).toEqual([3000, 3000, 3000, 3000]);
	});
});

describe("a bound for each domain", () => {
	test("is kept, and a slow domain stalls no other", async () => {
		const inFlight = new Map<string, number>();
		const most = new Map<string, number>();
		const { audience, sent, clock, id } = await scene(
			400,
			async ({ to }, time) => {
				const domain = to.address.split("@")[1] ?? "";
				inFlight.set(domain, (inFlight.get(domain) ?? 0) + 1);
				most.set(domain, Math.max(most.get(domain) ?? 0, inFlight.get(domain) ?? 0));
				await time.sleep(domain === "slow.example" ? 10_000 : 50);
				inFlight.set(domain, (inFlight.get(domain) ?? 0) - 1);
				return ACCEPTED;
			},
			{},
			(index) => `c${String(index).padStart(4, "0")}@${index % 4 === 0 ? "slow.example" : `fast${index % 4}.example`}`,
		);
		const began = clock.monotonic();
		const report = await audience.worker({ concurrency: 16, perDomain: 4 }).run();
		for (let runs = 0; report.remaining > 0 && runs < 200; runs += 1) {
			clock.advance(10_000);
			if ((await audience.worker({ concurrency: 16, perDomain: 4 }).run()).remaining === 0) break;
		}
		expect([...most.values()].every((count) => count <= 4)).toBe(true);
		const fast = sent.filter(({ to }) => !to.endsWith("slow.example"));
		expect(Math.max(...fast.map(({ at }) => at)) - began).toBeLessThan(20_000);
		expect((await audience.broadcasts.verify(id)).counts).toMatchObject({ sent: 400 });
	});

	test("is used up by one domain alone, which takes not much longer than it must", async () => {
		const { audience, clock } = await scene(500, (_message, time) => time.sleep(3000).then(() => ACCEPTED));
		const began = clock.monotonic();
		await drain(audience.worker({ concurrency: 32, perDomain: 8 }), clock);
		expect(clock.monotonic() - began).toBeLessThan((500 / 8) * 3000 * 1.1);
	});

	test("is not kept for those of a broadcast that was canceled", async () => {
		const { audience, clock, id, draft, sent } = await scene(3000, (_message, time) =>
			time.sleep(500).then(() => ACCEPTED),
		);
		const worker = audience.worker({ concurrency: 32, perDomain: 2 });
		await worker.run({ until: new Date(clock.now().getTime() + 3000) });
		await audience.broadcasts.cancel(id);
		const before = sent.length;
		const filter = { field: "email", op: "startsWith", value: "c0001" } as const;
		await audience.broadcasts.send((await audience.broadcasts.create({ ...draft, everyone: false, filter })).id);
		const began = clock.monotonic();
		await drain(worker, clock);
		expect(sent.length - before).toBe(10);
		expect(clock.monotonic() - began).toBeLessThan(10_000);
	});
});

/** Runs a worker until nothing remains. */
async function drain(worker: Worker, clock: VirtualClock): Promise<void> {
	for (let runs = 0; runs < 1000; runs += 1) {
		if ((await worker.run()).remaining === 0) return;
		clock.advance(1000);
	}
	throw new Error("Something remains after 1,000 runs.");
}

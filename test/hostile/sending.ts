import type { Message, NewBroadcast, Transport, TransportOutcome, Worker } from "@convoke/core";
import { expect } from "vitest";
import type { Row } from "./row.ts";
import { show } from "./row.ts";
import { hostile, LETTER } from "./world.ts";
import type { World } from "./world.ts";

const VICTIM = "bob@seed.test";
const WEEK = 7 * 24 * 3_600_000;

interface Misbehaviour {
	readonly name: string;
	readonly reason: "transport_contract" | "transport_threw" | "transport_timeout";
	readonly send: Transport["send"];
}

const answers = (name: string, answer: unknown): Misbehaviour => ({
	name: `answers with ${name}`,
	reason: "transport_contract",
	send: async () => hostile(answer),
});

const throws = (name: string, thrown: unknown): Misbehaviour[] => [
	{
		name: `rejects with ${name}`,
		reason: "transport_threw",
		send: () => Promise.reject(thrown),
	},
	{
		name: `throws ${name} before it answers`,
		reason: "transport_threw",
		send: () => {
			throw thrown;
		},
	},
];

/** What a transport must not do, and does. */
const MISBEHAVIOURS: readonly Misbehaviour[] = [
	answers("undefined", undefined),
	answers("null", null),
	answers("true", true),
	answers("a text", "250 OK"),
	answers("an empty object", {}),
	answers("an empty list", []),
	answers("a kind there is not", { kind: "sent" }),
	answers("a kind of every object", { kind: "toString" }),
	answers("a kind that is no text", { kind: 250 }),
	answers("a refusal without reason", { kind: "rejected" }),
	answers("a deferral whose reason is no text", { kind: "deferred", reason: 451 }),
	answers("an account problem without reason", { kind: "account_problem", reason: null }),
	...throws("a text", "550 no"),
	...throws("an error", new Error(`550 ${VICTIM} unknown`)),
	...throws("undefined", undefined),
	...throws("null", null),
	{
		name: "answers with an object that throws when it is looked at",
		reason: "transport_threw",
		send: async () =>
			Object.defineProperty(hostile({}), "kind", {
				get: () => {
					throw new Error("looked");
				},
			}),
	},
	{ name: "never answers", reason: "transport_timeout", send: () => new Promise(() => undefined) },
	{
		name: "throws when it is told to stop",
		reason: "transport_threw",
		send: (_, signal) =>
			new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("stopped")))),
	},
];

/** H122 and H128. */
export const sending: readonly Row[] = [
	...MISBEHAVIOURS.flatMap(misbehaving),
	...[Number.NaN, "soon", Number.POSITIVE_INFINITY, 1e16, -1, {}].map(badDelay),
	...[42, { id: () => 42 }, null, "nul\u0000nul", "\ud800", "x".repeat(10_000)].map(badId),
	...[`550 <${VICTIM}> unknown`, "nul\u0000nul", "x".repeat(10_000)].flatMap((reason) =>
		(["rejected", "deferred", "uncertain"] as const).map((kind) => badReason(kind, reason)),
	),
	{
		h: 122,
		name: "a transport that resolves twice, of which the first counts,",
		act: (world) => async () => {
			const { audience, mailed } = withTransport(
				world,
				(message) =>
					new Promise((resolve, reject) => {
						const thoughts = [accept(message, mailed), { kind: "rejected", reason: "second_thought" } as const];
						for (const thought of thoughts) resolve(thought);
						for (const thought of thoughts) reject(thought);
					}),
			);
			await expectAllSentOnce(audience, mailed);
		},
	},
	{
		h: 122,
		name: "a transport whose thenable calls back twice, of which the first counts,",
		act: (world) => async () => {
			const { audience, mailed } = withTransport(world, (message) =>
				hostile({
					// oxlint-disable-next-line unicorn/no-thenable -- A thenable that is no promise is what comes in here.
					then: (resolve: (answer: unknown) => void) => {
						resolve(accept(message, mailed));
						resolve({ kind: "rejected", reason: "second_thought" });
						throw new Error("third thought");
					},
				}),
			);
			await expectAllSentOnce(audience, mailed);
		},
	},
	{
		h: 122,
		name: "a transport that answers at once and not by a promise, taken at its word,",
		act: (world) => async () => {
			const { audience, mailed } = withTransport(world, ({ to }) => {
				mailed.push(to.address);
				return hostile({ kind: "accepted" });
			});
			await expectAllSentOnce(audience, mailed);
		},
	},
	{
		h: 122,
		name: "a transport that fails for everybody, after which the worker sends another broadcast,",
		act: (world) => async () => {
			let broken = true;
			const { audience, mailed } = withEveryMessage(world, (message) => {
				if (broken) throw new Error("broken");
				return accept(message, mailed);
			});
			const first = await queue(audience);
			const worker = audience.worker({ onUncertain: "hold" });
			await worker.run();
			expect(await audience.broadcasts.progress(first)).toMatchObject({ counts: { uncertain: 3, sent: 0 } });
			broken = false;
			const second = await queue(audience);
			expect(await worker.run()).toEqual({ sent: 3, remaining: 0 });
			expect(await audience.broadcasts.progress(second)).toMatchObject({ status: "sent", counts: { sent: 3 } });
			expect(await worker.health()).toMatchObject({ running: false, inFlight: 0, lastError: undefined });
		},
	},
	{
		h: 122,
		name: "a transport that never answers, and to the request to stop says that nothing was sent, taken at its word,",
		act: (world) => async () => {
			const { audience } = withTransport(
				world,
				(_, signal) =>
					new Promise((resolve) => {
						signal.addEventListener("abort", () => resolve({ kind: "deferred", reason: "not_begun" }));
					}),
			);
			const id = await queue(audience);
			expect(await audience.worker({ onUncertain: "hold" }).run()).toEqual({ sent: 2, remaining: 1 });
			const found = await audience.broadcasts.explain(id, { email: VICTIM });
			expect(found).toMatchObject({ outcome: "pending", reason: "not_begun" });
		},
	},
	{
		h: 122,
		name: "a transport that never answers one of 100 recipients, with one place, while the others are sent,",
		act: (world) => async () => {
			const { audience, mailed } = withTransport(world, () => new Promise(() => undefined));
			const others = Array.from({ length: 97 }, (_, index) => ({ email: `r${index}@x.test` }));
			await audience.contacts.createMany(others);
			const id = await queue(audience);
			expect(await audience.worker({ concurrency: 1, onUncertain: "hold" }).run()).toEqual({ sent: 99, remaining: 0 });
			expect(new Set(mailed).size).toBe(99);
			expect(await audience.broadcasts.progress(id)).toMatchObject({ counts: { sent: 99, uncertain: 1 }, done: 1 });
		},
	},

	nobody("a tenant without contacts", async ({ audience }) => ({
		audience: audience.tenant("empty"),
		given: { everyone: true },
	})),
	nobody("a segment without members", async ({ audience }) => {
		const { id } = await audience.segments.create({ name: "Empty" });
		return { audience, given: { segmentId: id } };
	}),
	nobody("a filter that no one matches", async ({ audience }) => ({ audience, given: { filter: { or: [] } } })),
	nobody("a segment whose members were all removed", async ({ audience, segment }) => {
		for (const externalId of ["ada", "bob"]) await audience.contacts.remove({ externalId });
		return { audience, given: { segmentId: segment.id } };
	}),
	{
		h: 128,
		name: "a broadcast whose candidates are all left out, sent at once without a message,",
		act:
			({ audience, outbox, topic }) =>
			async () => {
				const filter = { topic: topic.id, is: "opt_out" } as const;
				const { id } = await audience.broadcasts.create({ ...LETTER, filter, topicId: topic.id });
				await audience.broadcasts.send(id);
				expect(await audience.worker().run()).toEqual({ sent: 0, remaining: 0 });
				expect(await audience.broadcasts.progress(id)).toMatchObject({
					status: "sent",
					counts: { candidates: 1, excluded: { topic_opted_out: 1 }, pending: 0, sent: 0 },
					done: 1,
				});
				expect(outbox.messages).toEqual([]);
			},
	},
];

type Setting = Pick<World, "audience"> & { readonly given: Partial<NewBroadcast> };

/** A broadcast to nobody: sent by one run of a worker, with a report of zeros. */
function nobody(name: string, setting: (world: World) => Promise<Setting>): Row {
	return {
		h: 128,
		name: `a broadcast to ${name}, sent at once without a message,`,
		act: (world) => async () => {
			const { audience, given } = await setting(world);
			const { id } = await audience.broadcasts.create({ ...LETTER, ...given });
			expect(await audience.broadcasts.plan(id)).toEqual({
				candidates: 0,
				planned: 0,
				excluded: {},
				frozen: false,
				complete: true,
			});
			await audience.broadcasts.send(id);
			expect(await audience.worker().run()).toEqual({ sent: 0, remaining: 0 });
			const counts = {
				candidates: 0,
				excluded: {},
				pending: 0,
				sending: 0,
				sent: 0,
				failed: 0,
				skipped: 0,
				uncertain: 0,
			};
			expect(await audience.broadcasts.progress(id)).toEqual({
				status: "sent",
				counts,
				done: 1,
				perSecond: 0,
				estimatedEnd: null,
			});
			expect(await audience.broadcasts.get(id)).toMatchObject({ statusReason: null, sentAt: world.clock.now() });
			expect(await audience.broadcasts.plan(id)).toMatchObject({
				candidates: 0,
				planned: 0,
				frozen: true,
				complete: true,
			});
			expect(await audience.broadcasts.recipients(id)).toEqual({ data: [], hasMore: false });
			expect(await audience.broadcasts.verify(id)).toEqual({ ok: true, problems: [], counts });
			expect(world.outbox.messages).toEqual([]);
		},
	};
}

interface Mailing extends Pick<World, "audience"> {
	/** Addresses that were sent to, in order. */
	readonly mailed: string[];
}

/** An audience whose transport misbehaves towards one recipient. */
function withTransport(world: World, send: Transport["send"]): Mailing {
	const mailing = withEveryMessage(world, (message, signal) =>
		message.to.address === VICTIM ? send(message, signal) : accept(message, mailing.mailed),
	);
	return mailing;
}

function withEveryMessage(world: World, send: Transport["send"]): Mailing {
	const transport = { name: "hostile", smtputf8: false, idempotent: false, send, close: async () => undefined };
	return { audience: world.make({ transport }), mailed: [] };
}

async function accept({ to }: Message, mailed: string[]): Promise<TransportOutcome> {
	mailed.push(to.address);
	return { kind: "accepted" };
}

async function queue({ broadcasts }: World["audience"]): Promise<string> {
	const { id } = await broadcasts.create({ ...LETTER, everyone: true });
	await broadcasts.send(id);
	return id;
}

async function expectAllSentOnce(audience: World["audience"], mailed: readonly string[]): Promise<void> {
	const id = await queue(audience);
	expect(await audience.worker().run()).toEqual({ sent: 3, remaining: 0 });
	expect(mailed.toSorted()).toEqual(["ada@seed.test", VICTIM, "cy@seed.test"]);
	expect(await audience.broadcasts.get(id)).toMatchObject({ status: "sent" });
	await expectSound(audience, id);
}

/** Whether what is kept is a text of that form; does not show it. */
function isPlain(kept: unknown, form: RegExp): boolean {
	return typeof kept === "string" && form.test(kept);
}

/** Every candidate in one state, and no address in what is kept of the outcome. */
async function expectSound({ broadcasts }: World["audience"], id: string): Promise<void> {
	expect(await broadcasts.verify(id)).toMatchObject({ ok: true, problems: [] });
	const { data } = await broadcasts.recipients(id);
	expect(data.map(({ state }) => state)).not.toContain("sending");
	for (const { reason, providerId } of data) expect(`${reason} ${providerId}`).not.toContain("@");
}

/** The same worker goes on with another tenant's broadcast. */
async function expectAlive(audience: World["audience"], worker: Worker, mailed: readonly string[]): Promise<void> {
	const other = audience.tenant("other");
	await other.contacts.create({ email: "ada@other.test" });
	const id = await queue(other);
	const before = mailed.length;
	expect(await worker.run()).toEqual({ sent: 1, remaining: 0 });
	expect(mailed.slice(before)).toEqual(["ada@other.test"]);
	expect(await other.broadcasts.get(id)).toMatchObject({ status: "sent" });
}

function badDelay(retryAfterMs: unknown): Row {
	return {
		h: 122,
		name: `a transport that defers by ${show(retryAfterMs)} milliseconds, whose recipient is tried again in time,`,
		act: (world) => async () => {
			let turns = 0;
			const { audience, mailed } = withTransport(world, async (message) => {
				turns += 1;
				return turns > 1 ? accept(message, mailed) : hostile({ kind: "deferred", reason: "try_later", retryAfterMs });
			});
			const id = await queue(audience);
			const worker = audience.worker();
			expect(await worker.run()).toEqual({ sent: 2, remaining: 1 });
			const { recipient } = await audience.broadcasts.explain(id, { email: VICTIM });
			expect(recipient?.retryAt?.getTime()).toBeGreaterThan(world.clock.now().getTime());
			world.clock.advance(WEEK);
			expect(await worker.run()).toEqual({ sent: 1, remaining: 0 });
			expect(await audience.broadcasts.get(id)).toMatchObject({ status: "sent" });
			await expectSound(audience, id);
		},
	};
}

function badId(providerId: unknown): Row {
	return {
		h: 122,
		name: `a transport that accepts by the id ${show(providerId)}, of which nothing is kept that is no id,`,
		act: (world) => async () => {
			const { audience, mailed } = withTransport(world, async ({ to }) => {
				mailed.push(to.address);
				return hostile({ kind: "accepted", providerId });
			});
			const id = await queue(audience);
			await audience.worker({ onUncertain: "hold" }).run();
			expect(mailed.toSorted()).toEqual(["ada@seed.test", VICTIM, "cy@seed.test"]);
			const { recipient } = await audience.broadcasts.explain(id, { email: VICTIM });
			expect(recipient?.state).toMatch(/^(sent|uncertain)$/);
			expect(isPlain(recipient?.providerId ?? "", /^[^\p{Cc}\p{Surrogate}]{0,1000}$/u)).toBe(true);
			expect(await audience.broadcasts.get(id)).toMatchObject({ status: "sent" });
			await expectSound(audience, id);
		},
	};
}

function misbehaving({ name, reason, send }: Misbehaviour): readonly Row[] {
	return [
		{
			h: 122,
			name: `a transport that ${name}, whose recipient is held as uncertain while others are sent,`,
			act: (world) => async () => {
				const { audience, mailed } = withTransport(world, send);
				const id = await queue(audience);
				const worker = audience.worker({ onUncertain: "hold" });
				expect(await worker.run()).toEqual({ sent: 2, remaining: 0 });
				expect(mailed).toEqual(["ada@seed.test", "cy@seed.test"]);
				expect(await audience.broadcasts.explain(id, { email: VICTIM })).toMatchObject({
					outcome: "uncertain",
					reason,
				});
				expect(await audience.broadcasts.get(id)).toMatchObject({ status: "sent" });
				await expectSound(audience, id);
				await expectAlive(audience, worker, mailed);
			},
		},
		{
			h: 122,
			name: `a transport that ${name} once, whose recipient is tried again,`,
			act: (world) => async () => {
				let turns = 0;
				const { audience, mailed } = withTransport(world, (message, signal) => {
					turns += 1;
					return turns === 1 ? send(message, signal) : accept(message, mailed);
				});
				const id = await queue(audience);
				const worker = audience.worker();
				expect(await worker.run()).toEqual({ sent: 2, remaining: 1 });
				expect(await audience.broadcasts.explain(id, { email: VICTIM })).toMatchObject({ outcome: "pending", reason });
				world.clock.advance(WEEK);
				expect(await worker.run()).toEqual({ sent: 1, remaining: 0 });
				expect(mailed).toEqual(["ada@seed.test", "cy@seed.test", VICTIM]);
				expect(await audience.broadcasts.explain(id, { email: VICTIM })).toMatchObject({ outcome: "sent" });
				expect(await audience.broadcasts.get(id)).toMatchObject({ status: "sent" });
				await expectSound(audience, id);
			},
		},
		{
			h: 122,
			name: `a transport that ${name} every time, whose recipient ends as uncertain,`,
			act: (world) => async () => {
				const { audience, mailed } = withTransport(world, send);
				const id = await queue(audience);
				const worker = audience.worker();
				for (let turn = 0; turn < 8; turn += 1) {
					await worker.run();
					world.clock.advance(WEEK);
				}
				expect(await audience.broadcasts.explain(id, { email: VICTIM })).toMatchObject({
					outcome: "uncertain",
					reason,
					recipient: { attempts: 6 },
				});
				expect(await audience.broadcasts.get(id)).toMatchObject({ status: "sent" });
				await expectSound(audience, id);
				await expectAlive(audience, worker, mailed);
			},
		},
	];
}

function badReason(kind: "rejected" | "deferred" | "uncertain", reason: string): Row {
	return {
		h: 122,
		name: `a transport that answers ${kind} with the reason ${show(reason)}, which is not kept,`,
		act: (world) => async () => {
			const { audience } = withTransport(world, async () => ({ kind, reason }));
			const id = await queue(audience);
			const worker = audience.worker({ onUncertain: "hold" });
			expect(await worker.run()).toMatchObject({ sent: 2 });
			const { recipient } = await audience.broadcasts.explain(id, { email: VICTIM });
			expect(recipient?.state).toMatch(/^(failed|pending|uncertain)$/);
			expect(isPlain(recipient?.reason, /^[a-z0-9_]{1,100}$/)).toBe(true);
			await expectSound(audience, id);
		},
	};
}

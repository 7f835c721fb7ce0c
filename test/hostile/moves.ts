import type { Audience, BroadcastStatus, TransportOutcome } from "@convoke/core";
import { expect } from "vitest";
import type { Row } from "./row.ts";
import { LETTER } from "./world.ts";
import type { World } from "./world.ts";

const HOUR = 3_600_000;

interface Act {
	readonly name: string;
	/** Where it is allowed (design section 4). */
	readonly from: readonly BroadcastStatus[];
	readonly do: (broadcasts: Audience["broadcasts"], id: string, world: World) => Promise<unknown>;
}

const ACTS: readonly Act[] = [
	{ name: "update", from: ["draft"], do: (broadcasts, id) => broadcasts.update(id, { subject: "Other news" }) },
	{ name: "remove", from: ["draft", "scheduled"], do: (broadcasts, id) => broadcasts.remove(id) },
	{ name: "send", from: ["draft"], do: (broadcasts, id) => broadcasts.send(id) },
	{
		name: "schedule",
		from: ["draft"],
		do: (broadcasts, id, { clock }) => broadcasts.send(id, { scheduledAt: new Date(clock.now().getTime() + HOUR) }),
	},
	{ name: "pause", from: ["sending"], do: (broadcasts, id) => broadcasts.pause(id) },
	{ name: "resume", from: ["paused"], do: (broadcasts, id) => broadcasts.resume(id) },
	{
		name: "cancel",
		from: ["scheduled", "queued", "sending", "paused"],
		do: (broadcasts, id) => broadcasts.cancel(id),
	},
	{ name: "retryFailed", from: ["sent", "failed"], do: (broadcasts, id) => broadcasts.retryFailed(id) },
	{
		name: "resolveUncertain",
		from: ["sending", "paused", "sent", "failed", "canceled"],
		do: (broadcasts, id) => broadcasts.resolveUncertain(id, { as: "sent" }),
	},
	{
		name: "resolveUncertain by another try",
		from: ["sending", "paused", "sent", "failed"],
		do: (broadcasts, id) => broadcasts.resolveUncertain(id, { as: "retry" }),
	},
];

/** How to bring a broadcast into each state, through the public API. */
const ROADS: Readonly<Record<BroadcastStatus, (world: World) => Promise<string>>> = {
	async draft({ audience }) {
		await audience.properties.create({ key: "passing", type: "string" });
		const { id } = await audience.broadcasts.create({ ...LETTER, subject: "News{{passing}}", everyone: true });
		return id;
	},
	async scheduled(world) {
		const id = await ROADS.draft(world);
		await world.audience.broadcasts.send(id, { scheduledAt: new Date(world.clock.now().getTime() + HOUR) });
		return id;
	},
	async queued(world) {
		const id = await ROADS.draft(world);
		await world.audience.broadcasts.send(id);
		return id;
	},
	async sending(world) {
		const id = await ROADS.queued(world);
		await world.audience.worker().run({ maxMessages: 1 });
		return id;
	},
	async paused(world) {
		const id = await ROADS.sending(world);
		await world.audience.broadcasts.pause(id);
		return id;
	},
	async sent(world) {
		const id = await ROADS.queued(world);
		await world.audience.worker().run();
		return id;
	},
	async canceled(world) {
		const id = await ROADS.sending(world);
		await world.audience.broadcasts.cancel(id);
		return id;
	},
	async failed(world) {
		const id = await ROADS.scheduled(world);
		// What its subject asks for is gone by the time it is due.
		await world.audience.properties.remove({ key: "passing" });
		world.clock.advance(HOUR);
		await world.audience.worker().run();
		return id;
	},
};

const STATES = Object.keys(ROADS) as BroadcastStatus[];

/** H127: what a broadcast's state forbids. */
export const moves: readonly Row[] = [
	...STATES.flatMap((status) => ACTS.map((act) => move(status, act))),
	{
		h: 127,
		name: "broadcasts.send twice in parallel, the second refused,",
		act: inParallel("draft", 2, (broadcasts, id) => broadcasts.send(id), "queued"),
	},
	{
		h: 127,
		name: "broadcasts.send twenty times in parallel, all but one refused,",
		act: inParallel("draft", 20, (broadcasts, id) => broadcasts.send(id), "queued"),
	},
	{
		h: 127,
		name: "broadcasts.pause twice in parallel, the second refused,",
		act: inParallel("sending", 2, (broadcasts, id) => broadcasts.pause(id), "paused"),
	},
	{
		h: 127,
		name: "broadcasts.resume twice in parallel, the second refused,",
		act: inParallel("paused", 2, (broadcasts, id) => broadcasts.resume(id), "sending"),
	},
	{
		h: 127,
		name: "broadcasts.cancel twice in parallel, the second refused,",
		act: inParallel("sending", 2, (broadcasts, id) => broadcasts.cancel(id), "canceled"),
	},
	{
		h: 127,
		name: "broadcasts.send and update in parallel, one of them refused or the update first,",
		act: async (world) => {
			const id = await ROADS.draft(world);
			const { broadcasts } = world.audience;
			return async () => {
				const [sent, updated] = await Promise.allSettled([
					broadcasts.send(id),
					broadcasts.update(id, { subject: "Other news" }),
				]);
				expect(sent.status === "fulfilled" || updated.status === "fulfilled").toBe(true);
				const { status, subject } = await broadcasts.get(id);
				await world.audience.worker().run();
				// Whoever was told of an update gets the updated message, or it is still a draft.
				const subjects = new Set(world.outbox.messages.map((message) => message.subject));
				expect([...subjects]).toEqual(status === "draft" ? [] : [subject.replace("{{passing}}", "")]);
			};
		},
	},
	{
		h: 127,
		name: "broadcasts.send and a change of the target in parallel, whose message goes to those it was meant for,",
		act: async ({ audience, draft, outbox }) => {
			const { broadcasts } = audience;
			return async () => {
				await Promise.allSettled([
					broadcasts.send(draft.id),
					broadcasts.update(draft.id, { subject: "For everyone", everyone: true, topicId: null }),
				]);
				await audience.worker().run();
				const mailed = outbox.messages.map(({ subject, to }) => `${subject} ${to.address}`).toSorted();
				const founders = ["News ada@seed.test", "News bob@seed.test"];
				const everyone = ["ada", "bob", "cy"].map((name) => `For everyone ${name}@seed.test`);
				expect([[], founders, everyone]).toContainEqual(mailed);
			};
		},
	},
	{
		h: 127,
		name: "broadcasts.update twice in parallel, of which none is lost,",
		act:
			({ audience, draft }) =>
			async () => {
				const changes = [{ subject: "Other news" }, { text: "Other words" }];
				const outcomes = await Promise.allSettled(changes.map((each) => audience.broadcasts.update(draft.id, each)));
				const made = changes.filter((_, index) => outcomes[index]?.status === "fulfilled");
				expect(await audience.broadcasts.get(draft.id)).toMatchObject(Object.assign({}, ...made));
			},
	},
	{
		h: 127,
		name: "broadcasts.cancel while messages are handed over that are then deferred, with nobody left waiting,",
		act: async (world) => {
			let settle: (outcome: TransportOutcome) => void = () => undefined;
			const outcome = new Promise<TransportOutcome>((resolve) => {
				settle = resolve;
			});
			const send = async (): Promise<TransportOutcome> => outcome;
			const transport = { name: "slow", smtputf8: false, idempotent: false, send, close: async () => undefined };
			const audience = world.make({ transport });
			const id = await ROADS.queued({ ...world, audience });
			return async () => {
				const run = audience.worker({ concurrency: 2 }).run();
				while ((await audience.broadcasts.progress(id)).counts.sending < 2) await world.clock.pause();
				await audience.broadcasts.cancel(id);
				settle({ kind: "deferred", reason: "try_later" });
				await run;
				world.clock.advance(24 * HOUR);
				await audience.worker().run();
				const { status, counts } = await audience.broadcasts.progress(id);
				expect([status, counts.pending, counts.sending]).toEqual(["canceled", 0, 0]);
				expect(await audience.broadcasts.verify(id)).toMatchObject({ ok: true });
			};
		},
	},
	{
		h: 127,
		name: "properties.remove of what the filter of a queued broadcast asks about, refused or without a new recipient,",
		act: async ({ audience, outbox }) => {
			const filter = { field: "properties.plan", op: "ne", value: "pro" } as const;
			const { id } = await audience.broadcasts.create({ ...LETTER, filter });
			const { candidates } = await audience.broadcasts.plan(id);
			await audience.broadcasts.send(id);
			return async () => {
				await Promise.allSettled([audience.properties.remove({ key: "plan" })]);
				await audience.worker().run();
				expect(outbox.messages.map(({ to }) => to.address)).not.toContain("ada@seed.test");
				expect((await audience.broadcasts.plan(id)).candidates).toBeLessThanOrEqual(candidates);
			};
		},
	},
	{
		h: 127,
		name: "broadcasts.send twice and two workers, one message each,",
		act: async (world) => {
			const { audience, outbox } = world;
			const id = await ROADS.draft(world);
			return async () => {
				await Promise.allSettled([audience.broadcasts.send(id), audience.broadcasts.send(id)]);
				await Promise.all([audience.worker().run(), audience.worker().run()]);
				await audience.worker().run();
				const addresses = outbox.messages.map(({ to }) => to.address).toSorted();
				expect(addresses).toEqual(["ada@seed.test", "bob@seed.test", "cy@seed.test"]);
				expect(await audience.broadcasts.get(id)).toMatchObject({ status: "sent" });
				expect(await audience.broadcasts.verify(id)).toMatchObject({ ok: true });
			};
		},
	},
];

/** An act upon a broadcast that stands there, taken or refused. */
function move(status: BroadcastStatus, { name, from, do: act }: Act): Row {
	const isAllowed = from.includes(status);
	return {
		h: 127,
		name: `broadcasts.${name} of one that is ${status}${isAllowed ? "," : ""}`,
		act: async (world) => {
			const id = await ROADS[status](world);
			const before = await world.audience.broadcasts.get(id);
			expect(before.status).toBe(status);
			return () => act(world.audience.broadcasts, id, world);
		},
		refused: isAllowed
			? undefined
			: { code: "invalid_state", reason: "illegal_transition", says: [status], reaches: "units" },
	};
}

/** One of several calls at once succeeds; the others are refused like any other illegal move. */
function inParallel(
	from: BroadcastStatus,
	times: number,
	act: (broadcasts: Audience["broadcasts"], id: string) => Promise<unknown>,
	to: BroadcastStatus,
): Row["act"] {
	return async (world) => {
		const id = await ROADS[from](world);
		const { broadcasts } = world.audience;
		return async () => {
			const outcomes = await Promise.allSettled(Array.from({ length: times }, () => act(broadcasts, id)));
			const refusals = outcomes.flatMap((outcome) =>
				outcome.status === "rejected" ? [outcome.reason as unknown] : [],
			);
			expect(refusals).toHaveLength(times - 1);
			for (const error of refusals)
				expect(error).toMatchObject({ code: "invalid_state", reason: "illegal_transition" });
			expect(await broadcasts.get(id)).toMatchObject({ status: to });
		};
	};
}

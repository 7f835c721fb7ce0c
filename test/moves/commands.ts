import assert from "node:assert/strict";
import type { Audience, BroadcastAct } from "@convoke/core";
import { ConvokeError } from "@convoke/core";
import type { FakeClock } from "@convoke/testing";
import fc from "fast-check";
import type { Model, ModelBroadcast } from "./model.ts";
import { RESOLVED } from "./model.ts";

/** The audience under test. */
export interface Real {
	readonly audience: Audience;
	readonly clock: FakeClock;
	/** Ids of the broadcasts, in the order of the model's. */
	readonly ids: string[];
	/** What the transport goes by. */
	readonly mood: { isKind: boolean };
}

type Command = fc.AsyncCommand<Model, Real>;

const HOUR = 3_600_000;

/** A command that is always possible. */
function command(name: string, run: (model: Model, real: Real) => Promise<void>): Command {
	return {
		check: () => true,
		async run(model, real) {
			await run(model, real);
			await agree(model, real);
		},
		toString: () => name,
	};
}

/** An act on one of the broadcasts: done if the table allows it, refused as `illegal_transition` otherwise. */
function act(
	name: BroadcastAct,
	pick: number,
	run: (real: Real, id: string) => Promise<unknown>,
	follow: (broadcast: ModelBroadcast, model: Model, answer: unknown) => void,
	isAllowed: (broadcast: ModelBroadcast, model: Model) => boolean = (broadcast, model) => model.allows(name, broadcast),
): Command {
	return command(`${name}(${pick})`, async (model, real) => {
		const index = pick % Math.max(1, model.broadcasts.length);
		const broadcast = model.broadcasts[index];
		const id = real.ids[index];
		if (broadcast === undefined || id === undefined) return;
		let answer: unknown;
		try {
			answer = await run(real, id);
		} catch (error) {
			assert.ok(ConvokeError.is(error) && error.reason === "illegal_transition", String(error));
			assert.equal(isAllowed(broadcast, model), false, `${name} of ${broadcast.status} was refused`);
			return;
		}
		assert.equal(isAllowed(broadcast, model), true, `${name} of ${broadcast.status} was done`);
		follow(broadcast, model, answer);
	});
}

/** Compares every broadcast and recipient with the model. */
async function agree(model: Model, { audience, ids }: Real): Promise<void> {
	for (const [index, id] of ids.entries()) {
		const { status, recipients } = model.broadcasts[index] ?? { status: "none", recipients: [] };
		assert.equal((await audience.broadcasts.get(id)).status, status);
		const counts = { pending: 0, sending: 0, sent: 0, failed: 0, skipped: 0, uncertain: 0 };
		for (const state of recipients) if (state !== "excluded") counts[state] += 1;
		const { problems, counts: found } = await audience.broadcasts.verify(id);
		assert.deepEqual(found, { candidates: recipients.length, excluded: {}, ...counts });
		assert.deepEqual(problems, []);
	}
}

const DRAFT = { everyone: true, from: "news@example.com", subject: "Hi", text: "Hi" } as const;

const create = command("create", async (model, { audience, ids }) => {
	ids.push((await audience.broadcasts.create(DRAFT)).id);
	model.broadcasts.push({ status: "draft", scheduledAt: undefined, recipients: [] });
});

const pass = command("pass an hour", async (model, { clock }) => {
	clock.advance({ hours: 1 });
	model.now += 1;
});

const soften = command("change the transport's mood", async (model, { mood }) => {
	model.isKind = !model.isKind;
	mood.isKind = model.isKind;
});

function work(most: number): Command {
	return command(`work(${most})`, async (model, { audience }) => {
		const limits = Number.isFinite(most) ? { maxMessages: most } : {};
		await audience.worker({ onUncertain: "hold", concurrency: 1 }).run(limits);
		model.work(most);
	});
}

const send = (pick: number) =>
	act(
		"send",
		pick,
		({ audience }, id) => audience.broadcasts.send(id),
		(broadcast) => {
			broadcast.status = "queued";
		},
	);

const schedule = (pick: number) =>
	act(
		"send",
		pick,
		({ audience, clock }, id) =>
			audience.broadcasts.send(id, { scheduledAt: new Date(clock.now().getTime() + HOUR).toISOString() }),
		(broadcast, model) => {
			broadcast.status = "scheduled";
			broadcast.scheduledAt = model.now + 1;
		},
	);

const update = (pick: number) =>
	act(
		"update",
		pick,
		({ audience }, id) => audience.broadcasts.update(id, { name: "Renamed" }),
		() => undefined,
	);

const remove = (pick: number): Command =>
	command(`remove(${pick})`, async (model, { audience, ids }) => {
		const index = pick % Math.max(1, model.broadcasts.length);
		const [broadcast, id] = [model.broadcasts[index], ids[index]];
		if (broadcast === undefined || id === undefined) return;
		if (model.allows("remove", broadcast)) {
			await audience.broadcasts.remove(id);
			model.broadcasts.splice(index, 1);
			ids.splice(index, 1);
		} else {
			await assert.rejects(audience.broadcasts.remove(id), { reason: "illegal_transition" });
		}
	});

const pause = (pick: number) =>
	act(
		"pause",
		pick,
		({ audience }, id) => audience.broadcasts.pause(id),
		(broadcast) => {
			broadcast.status = "paused";
		},
	);

const resume = (pick: number) =>
	act(
		"resume",
		pick,
		({ audience }, id) => audience.broadcasts.resume(id),
		(broadcast) => {
			broadcast.status = "sending";
		},
	);

const cancel = (pick: number) =>
	act(
		"cancel",
		pick,
		({ audience }, id) => audience.broadcasts.cancel(id),
		(broadcast, model) => {
			broadcast.status = broadcast.status === "scheduled" ? "draft" : "canceled";
			model.moveAll(broadcast, "pending", "skipped");
		},
		(broadcast, model) => model.allows("cancel", broadcast) || model.allows("unschedule", broadcast),
	);

const retryFailed = (pick: number) =>
	act(
		"retryFailed",
		pick,
		({ audience }, id) => audience.broadcasts.retryFailed(id),
		(broadcast, model, answer) => {
			const retried = model.moveAll(broadcast, "failed", "pending");
			assert.deepEqual(answer, { retried });
			if (retried > 0) broadcast.status = "sending";
		},
	);

const resolve = (pick: number, as: keyof typeof RESOLVED) =>
	act(
		"resolveUncertain",
		pick,
		({ audience }, id) => audience.broadcasts.resolveUncertain(id, { as }),
		(broadcast, model, answer) => {
			const resolved = model.moveAll(broadcast, "uncertain", RESOLVED[as]);
			assert.deepEqual(answer, { resolved });
			if (as === "retry" && resolved > 0 && broadcast.status === "sent") broadcast.status = "sending";
		},
		(broadcast, model) =>
			model.allows("resolveUncertain", broadcast) && (as !== "retry" || broadcast.status !== "canceled"),
	);

const picks = fc.nat(3);

/** Any number of commands up to `most`. */
export function commands(most: number): fc.Arbitrary<Iterable<Command>> {
	const ofBroadcast = [send, send, schedule, update, remove, pause, resume, cancel, retryFailed];
	return fc.commands(
		[
			fc.constant(create),
			fc.constant(pass),
			fc.constant(soften),
			fc.constantFrom(1, 1, 2, Number.POSITIVE_INFINITY).map(work),
			fc.constantFrom(1, 3, Number.POSITIVE_INFINITY).map(work),
			...ofBroadcast.map((make) => picks.map(make)),
			fc.tuple(picks, fc.constantFrom("sent", "failed", "retry")).map(([pick, as]) => resolve(pick, as)),
		],
		{ maxCommands: most, size: "max" },
	);
}

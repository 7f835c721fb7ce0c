import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createAudience, createMemoryStorage } from "@convoke/core";
import type { Message, Progress, TransportOutcome } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { createFakeClock } from "@convoke/testing";
import { describe, expect, test } from "vitest";
import { KEYS } from "./support/keys.ts";

const ACCEPTED: TransportOutcome = { kind: "accepted" };
const DRAFT = { everyone: true, from: "news@example.com", subject: "Hi", text: "Hi" } as const;

async function scene(
	count: number,
	answer: (message: Message) => TransportOutcome | Promise<TransportOutcome> = () => ACCEPTED,
) {
	const clock = createFakeClock();
	const messages: Message[] = [];
	const audience = createAudience({
		storage: createMemoryStorage({ clock }),
		renderer: createRenderer(),
		transport: {
			name: "recorder",
			smtputf8: false,
			idempotent: false,
			async send(message) {
				messages.push(message);
				return answer(message);
			},
			async close() {},
		},
		...KEYS,
		clock,
		random: () => 0.5,
	});
	await audience.contacts.createMany(Array.from({ length: count }, (_, index) => ({ email: `c${index}@example.com` })));
	return { audience, clock, messages };
}

describe("a key of the caller's", () => {
	test("makes `create` harmless to repeat, also at once, for a day", async () => {
		const { audience, clock } = await scene(0);
		const once = { idempotencyKey: "spring" };
		const made = await Promise.all(Array.from({ length: 5 }, () => audience.broadcasts.create(DRAFT, once)));
		expect(new Set(made.map(({ id }) => id)).size).toBe(1);
		expect((await audience.broadcasts.list()).data).toHaveLength(1);
		await expect(audience.broadcasts.create({ ...DRAFT, subject: "Ho" }, once)).rejects.toMatchObject({
			code: "already_exists",
			reason: "idempotency_key_reused",
		});
		expect((await audience.tenant("other").broadcasts.create(DRAFT, once)).id).not.toBe(made[0]?.id);
		clock.advance({ days: 1, ms: 1 });
		expect((await audience.broadcasts.create(DRAFT, once)).id).not.toBe(made[0]?.id);
		await expect(audience.broadcasts.create(DRAFT, { idempotencyKey: "" })).rejects.toMatchObject({
			field: "idempotencyKey",
		});
	});

	test("makes `send` harmless to repeat, whatever has become of the broadcast", async () => {
		const { audience, messages } = await scene(3);
		const { id } = await audience.broadcasts.create(DRAFT);
		const once = { idempotencyKey: "spring" };
		expect(await audience.broadcasts.send(id, once)).toMatchObject({ status: "queued" });
		expect(await audience.broadcasts.send(id, once)).toMatchObject({ status: "queued" });
		await audience.worker().run();
		expect(await audience.broadcasts.send(id, once)).toMatchObject({ status: "sent" });
		expect(messages).toHaveLength(3);
		await expect(audience.broadcasts.send(id)).rejects.toMatchObject({ reason: "illegal_transition" });
		const { id: other } = await audience.broadcasts.create(DRAFT);
		await expect(audience.broadcasts.send(other, once)).rejects.toMatchObject({ reason: "idempotency_key_reused" });
	});
});

describe("a broadcast that was called off", () => {
	test("is not sent by a call that is repeated, but by one with another key", async () => {
		const { audience, messages } = await scene(3);
		const { id } = await audience.broadcasts.create(DRAFT);
		const once = { idempotencyKey: "spring", scheduledAt: "2030-01-01T10:00:00Z" };
		expect(await audience.broadcasts.send(id, once)).toMatchObject({ status: "scheduled" });
		expect(await audience.broadcasts.cancel(id)).toMatchObject({ status: "draft", statusReason: "canceled" });
		const refused = { code: "invalid_state", reason: "canceled" };
		await expect(audience.broadcasts.send(id, once)).rejects.toMatchObject(refused);
		await audience.broadcasts.update(id, { subject: "After all" });
		await expect(audience.broadcasts.send(id, once)).rejects.toMatchObject(refused);
		const anew = { idempotencyKey: "spring, after all" };
		for (const _ of [1, 2]) {
			expect(await audience.broadcasts.send(id, anew)).toMatchObject({ status: "queued", statusReason: null });
		}
		await audience.worker().run();
		expect(messages).toHaveLength(3);
	});
});

describe("a slice that a host's queue has sent", () => {
	test("is planned and sent by jobs, several at once, each recipient by one of them", async () => {
		const { audience, messages } = await scene(7000);
		const { id: broadcastId } = await audience.broadcasts.create(DRAFT);
		const other = await audience.broadcasts.create(DRAFT);
		await audience.broadcasts.send(broadcastId);
		await audience.broadcasts.send(other.id);
		expect(await audience.worker().runSlice({ broadcastId })).toEqual({ sent: 3000, remaining: 4000 });
		const jobs = await Promise.all([1, 2, 3].map(() => audience.worker().runSlice({ broadcastId })));
		expect(jobs.reduce((sum, { sent }) => sum + sent, 0)).toBe(4000);
		expect(new Set(messages.map(({ to }) => to.address)).size).toBe(7000);
		expect(await audience.broadcasts.get(broadcastId)).toMatchObject({ status: "sent" });
		expect(await audience.worker().runSlice({ broadcastId })).toEqual({ sent: 0, remaining: 0 });
		expect(await audience.broadcasts.get(other.id)).toMatchObject({ status: "queued" });
	});

	test("remains while its broadcast is not planned to its end", async () => {
		const { audience } = await scene(3);
		const { id: broadcastId } = await audience.broadcasts.create(DRAFT);
		await audience.broadcasts.send(broadcastId);
		const ended = { signal: AbortSignal.abort() };
		expect(await audience.worker().runSlice({ broadcastId }, ended)).toEqual({ sent: 0, remaining: 1 });
		expect(await audience.worker().runSlice({ broadcastId })).toEqual({ sent: 3, remaining: 0 });
	});

	test("is begun when its time has come, and what is to be retried remains", async () => {
		let isKind = false;
		const { audience, clock } = await scene(2, () => (isKind ? ACCEPTED : { kind: "deferred", reason: "later" }));
		const { id: broadcastId } = await audience.broadcasts.create(DRAFT);
		await audience.broadcasts.send(broadcastId, { scheduledAt: "2030-01-01T11:00:00+01:00" });
		expect(await audience.worker().runSlice({ broadcastId })).toEqual({ sent: 0, remaining: 0 });
		clock.set("2030-01-01T10:00:00Z");
		expect(await audience.worker().runSlice({ broadcastId })).toEqual({ sent: 0, remaining: 2 });
		isKind = true;
		expect(await audience.worker().runSlice({ broadcastId })).toEqual({ sent: 0, remaining: 2 });
		clock.advance({ minutes: 1 });
		expect(await audience.worker().runSlice({ broadcastId, tenantId: "default" })).toEqual({ sent: 2, remaining: 0 });
		const missing = { broadcastId, tenantId: "other" };
		await expect(audience.worker().runSlice(missing)).rejects.toMatchObject({ reason: "broadcast_not_found" });
		await expect(audience.worker().runSlice({ broadcastId: "7" })).rejects.toMatchObject({ code: "invalid_input" });
	});
});

test("a worker that is stopped waits no longer than it is told, and says how many are in flight", async () => {
	const gates: (() => void)[] = [];
	const { audience, clock, messages } = await scene(
		5,
		() => new Promise((resolve) => void gates.push(() => resolve(ACCEPTED))),
	);
	const { id } = await audience.broadcasts.create(DRAFT);
	await audience.broadcasts.send(id);
	const worker = audience.worker({ concurrency: 2 });
	worker.start();
	await expect.poll(() => messages.length).toBe(2);
	const stopping = worker.stop({ timeoutSeconds: 10 });
	clock.advance({ seconds: 10 });
	expect(await stopping).toEqual({ inFlight: 2 });
	for (const open of gates) open();
	expect(await worker.stop()).toEqual({ inFlight: 0 });
	expect((await audience.broadcasts.progress(id)).counts).toMatchObject({ sent: 2, pending: 3, sending: 0 });
	await expect(worker.stop({ timeoutSeconds: -1 })).rejects.toMatchObject({ reason: "invalid_option" });
});

test("a run that is stopped begins nothing more, and ends with what it did", async () => {
	const gates: (() => void)[] = [];
	const { audience, messages } = await scene(
		5,
		() => new Promise((resolve) => void gates.push(() => resolve(ACCEPTED))),
	);
	const { id } = await audience.broadcasts.create(DRAFT);
	await audience.broadcasts.send(id);
	const worker = audience.worker({ concurrency: 2 });
	const run = worker.run();
	await expect.poll(() => messages.length).toBe(2);
	expect(await worker.health()).toMatchObject({ running: false, inFlight: 2 });
	expect(await worker.stop({ timeoutSeconds: 0 })).toEqual({ inFlight: 2 });
	const stopped = worker.stop();
	for (const open of gates) open();
	expect(await stopped).toEqual({ inFlight: 0 });
	expect(await run).toEqual({ sent: 2, remaining: 3 });
	expect(messages).toHaveLength(2);
});

describe("progress", () => {
	test("has a rate and an estimated end, once and again and again until the end", async () => {
		const { audience, clock } = await scene(100);
		const { id } = await audience.broadcasts.create(DRAFT);
		await audience.broadcasts.send(id);
		const seen: Progress[] = [];
		for await (const progress of audience.broadcasts.watch(id)) {
			seen.push(progress);
			await audience.worker().run({ maxMessages: 25 });
			clock.advance({ seconds: 5 });
			if (seen.length === 2) {
				const { done, perSecond, estimatedEnd } = await audience.broadcasts.progress(id);
				expect([done, perSecond]).toEqual([0.5, 50 / 11]);
				expect(estimatedEnd?.getTime()).toBe(clock.now().getTime() + 11_000);
			}
			// When it has gone to sleep until its next look.
			setImmediate(() => clock.advance({ seconds: 1 }));
		}
		expect(seen.map(({ done }) => done)).toEqual([0, 0.25, 0.5, 0.75, 1]);
		expect(seen.map(({ perSecond }) => Math.round(perSecond))).toEqual([0, 4, 4, 4, 4]);
		expect(seen.at(-1)).toMatchObject({ status: "sent", estimatedEnd: null });
		expect(() => audience.broadcasts.watch(id, { everySeconds: 0 })).toThrow(
			expect.objectContaining({ reason: "invalid_option" }),
		);
		const missing = audience.broadcasts.watch("0197510c-0000-7000-8000-000000000000");
		await expect(missing[Symbol.asyncIterator]().next()).rejects.toMatchObject({ reason: "broadcast_not_found" });
	});

	test("of a broadcast that hardly moves ends with the last year that there is", async () => {
		const { audience, clock } = await scene(2000);
		const { id } = await audience.broadcasts.create(DRAFT);
		await audience.broadcasts.send(id);
		await audience.worker().run({ maxMessages: 1 });
		clock.advance({ days: 365 * 20 });
		expect((await audience.broadcasts.progress(id)).estimatedEnd?.toISOString()).toBe("9999-12-31T23:59:59.999Z");
	});
});

describe("what a process does", () => {
	test("is told when a broadcast is sent on after it had ended", async () => {
		const { audience } = await scene(2, () => ({ kind: "rejected", reason: "unknown_recipient" }));
		const heard: string[] = [];
		for (const type of ["broadcast.sending", "broadcast.sent"] as const) audience.on(type, () => heard.push(type));
		const { id } = await audience.broadcasts.create(DRAFT);
		await audience.broadcasts.send(id);
		await audience.worker().run();
		expect(await audience.broadcasts.retryFailed(id, { reason: "mailbox_full" })).toEqual({ retried: 0 });
		expect(heard).toEqual(["broadcast.sending", "broadcast.sent"]);
		await audience.broadcasts.retryFailed(id);
		expect(heard).toEqual(["broadcast.sending", "broadcast.sent", "broadcast.sending"]);
	});

	test("is told to handlers and on diagnostics channels, without addresses, and no handler disturbs it", async () => {
		const { audience } = await scene(2, ({ to }) =>
			to.address === "c1@example.com" ? { kind: "rejected", reason: "unknown_recipient" } : ACCEPTED,
		);
		const heard: unknown[] = [];
		const failed: unknown[] = [];
		const listen = (message: unknown): void => void heard.push(message);
		const note = (message: unknown): void => void failed.push(message);
		subscribe("convoke:message.rejected", listen);
		subscribe("convoke:handler_failed", note);
		const end = audience.on("broadcast.sent", ({ type, reason }) => heard.push([type, reason]));
		audience.on("contact.unsubscribed", ({ type, source, tenantId }) => heard.push([type, source, tenantId]));
		audience.on("message.accepted", () => {
			throw new Error("Never mind.");
		});
		const { id } = await audience.broadcasts.create(DRAFT);
		await audience.broadcasts.send(id);
		expect((await audience.worker().run()).sent).toBe(1);
		await audience.contacts.update({ email: "c1@example.com" }, { unsubscribed: true });
		expect(heard).toEqual([
			expect.objectContaining({ type: "message.rejected", reason: "unknown_recipient", attempt: 1, broadcastId: id }),
			["broadcast.sent", null],
			["contact.unsubscribed", "api", "default"],
		]);
		expect(failed).toMatchObject([{ type: "message.accepted" }]);
		expect(JSON.stringify([heard, failed])).not.toContain("@");
		end();
		unsubscribe("convoke:message.rejected", listen);
		unsubscribe("convoke:handler_failed", note);
		await audience.broadcasts.send((await audience.broadcasts.create(DRAFT)).id);
		await audience.worker().run();
		expect(heard).toHaveLength(3);
	});
});

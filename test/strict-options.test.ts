import { aBroadcast, aContact, createTestAudience } from "@convoke/testing";
import { describe, expect, test } from "vitest";

const GONE = "01900000-0000-7000-8000-00000000dead";

/** What a caller without types may write. */
const untyped = (value: unknown) => value as never;

async function scene() {
	const { audience } = createTestAudience();
	await audience.contacts.create(aContact());
	const { id } = await audience.broadcasts.create(aBroadcast());
	const { contacts, broadcasts, segments, events } = audience;
	const calls: Readonly<Record<string, (options: unknown) => Promise<unknown>>> = {
		"contacts.list": (options) => contacts.list(untyped(options)),
		"contacts.count": (options) => contacts.count(untyped(options)),
		"contacts.each": (options) => contacts.each(untyped(options)).next(),
		"contacts.create": (options) => contacts.create({ email: "b@example.com" }, untyped(options)),
		"contacts.imports.list": (options) => contacts.imports.list(untyped(options)),
		"contacts.bulk.remove": (options) => contacts.bulk.remove({ refs: [] }, untyped(options)),
		"segments.list": (options) => segments.list(untyped(options)),
		"broadcasts.list": (options) => broadcasts.list(untyped(options)),
		"broadcasts.recipients": (options) => broadcasts.recipients(id, untyped(options)),
		"broadcasts.exportRecipients": (options) => broadcasts.exportRecipients(id, untyped(options)).next(),
		"broadcasts.retryFailed": (options) => broadcasts.retryFailed(id, untyped(options)),
		"broadcasts.send": (options) => broadcasts.send(id, untyped(options)),
		"events.since": (options) => events.since(undefined, untyped(options)),
		worker: async (options) => audience.worker(untyped(options)),
		"worker.run": (options) => audience.worker().run(untyped(options)),
		"broadcasts.test": (options) => broadcasts.test(id, untyped(options)),
		"broadcasts.watch": async (options) => broadcasts.watch(id, untyped(options)),
		"contacts.export": (options) => contacts.export(untyped(options)).next(),
		"worker.runSlice": (options) => audience.worker().runSlice(untyped(options)),
	};
	return { audience, id, calls };
}

describe("options that are not understood are refused, not overlooked:", () => {
	test.each([
		["contacts.count", { segment: GONE }],
		["contacts.list", { filtr: { field: "email", op: "eq", value: "a@example.com" } }],
		["contacts.each", { filters: [] }],
		["contacts.create", { by: "ops" }],
		["contacts.imports.list", { cursor: GONE }],
		["contacts.bulk.remove", { cursor: GONE }],
		["segments.list", { page: 2 }],
		["broadcasts.list", { filter: {} }],
		["broadcasts.recipients", { states: ["sent"] }],
		["broadcasts.send", { scheduled_at: "2031-01-01T00:00:00Z" }],
		["events.since", { max: 5 }],
		["worker", { leaseMs: 5000 }],
		["worker.run", { max: 5 }],
	])("%s, %j", async (name, options) => {
		const { audience, id, calls } = await scene();
		const field = Object.keys(options)[0];
		await expect(calls[name]?.(options)).rejects.toMatchObject({
			code: "invalid_input",
			reason: "unknown_field",
			field,
		});
		expect(await audience.broadcasts.get(id)).toMatchObject({ status: "draft" });
	});

	test("`null`, everywhere", async () => {
		const { calls } = await scene();
		for (const [name, call] of Object.entries(calls)) {
			await expect(call(null), name).rejects.toMatchObject({ code: "invalid_input", reason: "invalid_type" });
		}
	});
});

describe("values that are not understood are refused before the storage is asked:", () => {
	const unreadable = { toString: 5 };

	test.each([
		["broadcasts.recipients", { state: "subject" }, "invalid_value"],
		["broadcasts.recipients", { state: ["sent"] }, "invalid_value"],
		["broadcasts.recipients", { state: "toString" }, "invalid_value"],
		["broadcasts.recipients", { reason: unreadable }, "invalid_type"],
		["broadcasts.exportRecipients", { state: "subject" }, "invalid_value"],
		["broadcasts.exportRecipients", { reason: 5 }, "invalid_type"],
		["broadcasts.exportRecipients", { onProgress: 5 }, "invalid_option"],
		["broadcasts.retryFailed", { reason: unreadable }, "invalid_type"],
		["broadcasts.watch", { signal: unreadable }, "invalid_option"],
		["broadcasts.test", { to: unreadable }, "invalid_type"],
		["contacts.export", { onProgress: true }, "invalid_option"],
		["contacts.bulk.remove", { onProgress: unreadable }, "invalid_option"],
		["contacts.bulk.remove", { signal: "soon" }, "invalid_option"],
		["worker.runSlice", { tenantId: null, broadcastId: GONE }, "invalid_tenant"],
		["worker.runSlice", { tenantId: unreadable, broadcastId: GONE }, "invalid_tenant"],
	])("%s, %j", async (name, options, reason) => {
		const { calls } = await scene();
		await expect(calls[name]?.(options)).rejects.toMatchObject({
			code: "invalid_input",
			reason,
			field: Object.keys(options)[0],
		});
	});

	test("a cursor that is no text", async () => {
		const { audience } = await scene();
		for (const cursor of [5, unreadable, Symbol("cursor")]) {
			await expect(audience.events.since(untyped(cursor))).rejects.toMatchObject({ reason: "invalid_cursor" });
		}
	});
});

test("an act on many that was aborted before it began says so, and not that nothing is left", async () => {
	const { audience, calls } = await scene();
	const stop = new AbortController();
	stop.abort(new Error("Out of time."));
	await expect(calls["contacts.bulk.remove"]?.({ signal: stop.signal })).rejects.toThrow("Out of time.");
	const everyone = audience.contacts.bulk.remove({ everyone: true }, { signal: stop.signal });
	await expect(everyone).rejects.toThrow("Out of time.");
	expect(await audience.contacts.count()).toBe(1);
});

test("a target of an act on many may have fields that are undefined", async () => {
	const { audience } = await scene();
	const target = { refs: undefined, filter: { field: "email", op: "isSet", value: true }, segmentId: undefined };
	expect(await audience.contacts.bulk.remove(untyped(target))).toMatchObject({ changed: 1 });
});

test("an act on all but the members of a segment that is gone is refused, for those were everyone", async () => {
	const { audience } = await scene();
	const notGone = { filter: { not: { segment: GONE } } } as const;
	await expect(audience.contacts.bulk.remove(notGone)).rejects.toMatchObject({ reason: "segment_not_found" });
	const notTopic = { filter: { not: { topic: GONE, is: "opt_in" } } } as const;
	await expect(audience.contacts.bulk.remove(notTopic)).rejects.toMatchObject({ reason: "topic_not_found" });
	expect(await audience.contacts.count()).toBe(1);
});

describe("a run's limits", () => {
	test("`until` may be text, and holds", async () => {
		const { audience, inbox, clock } = createTestAudience();
		await audience.contacts.create(aContact());
		const { id } = await audience.broadcasts.create(aBroadcast());
		await audience.broadcasts.send(id);
		expect(await audience.worker().run({ until: clock.now().toISOString() })).toMatchObject({ sent: 0 });
		expect(inbox.messages).toEqual([]);
	});

	test.each([
		[{ until: "tomorrow" }, "invalid_date"],
		[{ until: null }, "invalid_date"],
		[{ signal: {} }, "invalid_option"],
		[{ maxMessages: 0 }, "invalid_option"],
	])("%j is refused", async (limits, reason) => {
		const { calls } = await scene();
		await expect(calls["worker.run"]?.(limits)).rejects.toMatchObject({ reason, field: Object.keys(limits)[0] });
	});
});

test("a list of the members of a segment that does not exist is refused", async () => {
	const { calls } = await scene();
	for (const name of ["contacts.list", "contacts.count", "contacts.each"]) {
		const gone = { code: "not_found", reason: "segment_not_found" };
		await expect(calls[name]?.({ segmentId: GONE }), name).rejects.toMatchObject(gone);
	}
});

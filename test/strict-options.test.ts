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
		"broadcasts.send": (options) => broadcasts.send(id, untyped(options)),
		"events.since": (options) => events.since(undefined, untyped(options)),
		worker: async (options) => audience.worker(untyped(options)),
		"worker.run": (options) => audience.worker().run(untyped(options)),
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

import { aBroadcast, aContact, createTestAudience } from "@convoke/testing";
import type { NewBroadcast, TestOptions } from "@convoke/core";
import { expect, test } from "vitest";
import { hostile } from "./hostile/world.ts";

const HTML = "<p>Hello {{{contact.first_name|there}}}, you have the plan {{plan}}.</p>";

async function scene(fields: Partial<NewBroadcast<never>> = {}) {
	const kit = createTestAudience({ properties: { plan: "string" } });
	const ada = await kit.audience.contacts.create(
		aContact({ email: "ada@example.test", firstName: "Ada", properties: { plan: "pro" } }),
	);
	const { id } = await kit.audience.broadcasts.create(aBroadcast({ html: HTML, ...fields }));
	return { ...kit, ada, id };
}

test("a test goes to the addresses given, with a contact's data, with sample data or with neither", async () => {
	const { audience, inbox, id } = await scene();
	const to = ["qa@example.test", "boss@example.test"];
	expect(await audience.broadcasts.test(id, { to, contact: { email: "ada@example.test" } })).toEqual(
		to.map((address) => ({ address, outcome: { kind: "accepted", providerId: undefined } })),
	);
	await audience.broadcasts.test(id, {
		to: "qa@example.test",
		sample: { firstName: "Zoë", properties: { plan: "free" } },
	});
	await audience.broadcasts.test(id, { to: "qa@example.test" });
	expect(inbox.messages.map((message) => [message.to, /Hello.*plan \w*/.exec(message.html ?? "")?.[0]])).toEqual([
		[{ name: null, address: "qa@example.test" }, "Hello Ada, you have the plan pro"],
		[{ name: null, address: "boss@example.test" }, "Hello Ada, you have the plan pro"],
		[{ name: null, address: "qa@example.test" }, "Hello Zoë, you have the plan free"],
		[{ name: null, address: "qa@example.test" }, "Hello Sam, you have the plan "],
	]);
	expect(new Set(inbox.messages.map(({ messageId }) => messageId)).size).toBe(4);
	expect(new Set(inbox.messages.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(4);
});

test("a test touches neither plan nor counts, before or after sending", async () => {
	const { audience, inbox, deliver, id } = await scene();
	const before = { broadcast: await audience.broadcasts.get(id), plan: await audience.broadcasts.plan(id) };
	const events = await audience.events.since();
	await audience.broadcasts.test(id, { to: "ada@example.test" });
	expect({ broadcast: await audience.broadcasts.get(id), plan: await audience.broadcasts.plan(id) }).toEqual(before);
	expect(await audience.events.since()).toEqual(events);
	await audience.broadcasts.send(id);
	await audience.broadcasts.test(id, { to: "ada@example.test" });
	await deliver();
	const progress = await audience.broadcasts.progress(id);
	expect(progress).toMatchObject({ status: "sent", counts: { sent: 1 } });
	await audience.broadcasts.test(id, { to: "ada@example.test" });
	expect(await audience.broadcasts.progress(id)).toEqual(progress);
	expect(await audience.broadcasts.verify(id)).toMatchObject({ ok: true });
	expect(inbox.messages).toHaveLength(4);
});

test("the link in a test opts nobody out", async () => {
	const { audience, inbox, id, ada } = await scene();
	await audience.broadcasts.test(id, { to: "ada@example.test", contact: { id: ada.id } });
	const token = inbox.latest("ada@example.test").unsubscribeUrl.split("/").at(-1) ?? "";
	await expect(audience.preferences.unsubscribe(token)).rejects.toMatchObject({ code: "invalid_token" });
	expect(await audience.contacts.get({ id: ada.id })).toMatchObject({ unsubscribed: false });
});

test("a suppressed address gets no test, and is told so", async () => {
	const { audience, inbox, id } = await scene();
	await audience.suppressions.add({ email: "Bounced@example.test", origin: "bounce" });
	const to = ["bounced@example.test", "qa@example.test"];
	const outcomes = await audience.broadcasts.test(id, { to });
	expect(outcomes.map(({ outcome }) => outcome)).toMatchObject([
		{ kind: "rejected", reason: "suppressed" },
		{ kind: "accepted" },
	]);
	expect(inbox.messages.map((message) => message.to.address)).toEqual(["qa@example.test"]);
});

test("what the transport answers is what a test says", async () => {
	const kit = createTestAudience({
		smtputf8: false,
		onSend: ({ to }) => {
			if (to.address.startsWith("broken")) throw new Error("no line");
			return to.address.startsWith("full") ? { kind: "deferred", reason: "mailbox_full" } : undefined;
		},
	});
	const { id } = await kit.audience.broadcasts.create(aBroadcast());
	const to = ["full@example.test", "broken@example.test", "用户@example.test"];
	expect((await kit.audience.broadcasts.test(id, { to })).map(({ outcome }) => outcome)).toEqual([
		{ kind: "deferred", reason: "mailbox_full", retryAfterMs: undefined },
		{ kind: "uncertain", reason: "transport_threw" },
		{ kind: "rejected", reason: "address_needs_smtputf8" },
	]);
});

test("after sending, test and preview show what was frozen", async () => {
	const { audience, inbox, deliver, id } = await scene({ html: "<p>{{{plan|nothing}}}</p>" });
	await audience.properties.update({ key: "plan" }, { fallback: "basic" });
	await audience.broadcasts.send(id);
	await audience.properties.update({ key: "plan" }, { fallback: "gold" });
	await deliver();
	await audience.broadcasts.test(id, { to: "qa@example.test" });
	const { message, findings } = await audience.broadcasts.preview(id);
	expect(findings).toEqual([]);
	expect(message.html).toContain("<p>nothing</p>");
	expect(inbox.latest("qa@example.test").html).toContain("<p>nothing</p>");
});

test.each<readonly [string, Partial<TestOptions>]>([
	["too_many_addresses", { to: [] }],
	["too_many_addresses", { to: Array.from({ length: 21 }, (_, n) => `p${n}@example.test`) }],
	["invalid_email", { to: ["qa@example.test", "b@x.test, c@x.test"] }],
	["invalid_type", { to: hostile(undefined) }],
	["conflicting_selection", { contact: { email: "ada@example.test" }, sample: {} }],
	["contact_not_found", { contact: { email: "nobody@example.test" } }],
	["unknown_property", { sample: { properties: { plam: "x" } } }],
	["invalid_property_value", { sample: { properties: { plan: 7 } } }],
	["invalid_text", { sample: { firstName: "A\r\nB: c" } }],
	["unknown_field", { sample: hostile({ name: "Ada" }) }],
	["unknown_field", hostile({ contcat: { email: "ada@example.test" } })],
])("%s: case %# is refused, and nothing sent", async (reason, options) => {
	const { audience, inbox, id } = await scene();
	await expect(audience.broadcasts.test(id, { to: "qa@example.test", ...options })).rejects.toMatchObject({ reason });
	expect(inbox.messages).toEqual([]);
});

test("a broadcast that cannot be sent can be previewed as far as a message can be made", async () => {
	const { audience, inbox, id } = await scene({ html: "<p>Hello {{nope}}</p>" });
	await expect(audience.broadcasts.test(id, { to: "qa@example.test" })).rejects.toMatchObject({
		reason: "unknown_variable",
	});
	const { message, findings, page } = await audience.broadcasts.preview(id);
	expect(message.html).toContain("<p>Hello </p>");
	expect(findings[0]).toMatchObject({ severity: "error", reason: "unknown_variable" });
	expect(page).toContain("which is no field and no declared property");
	expect(inbox.messages).toEqual([]);
	const broken = await audience.broadcasts.create(aBroadcast({ html: "<p>{{a" }));
	await expect(audience.broadcasts.preview(broken.id)).rejects.toMatchObject({ reason: "template_syntax" });
});

import { createAudience, createMemoryStorage } from "@convoke/core";
import type { Audience, Transport } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { createResendTransport } from "@convoke/resend";
import { createFakeClock } from "@convoke/testing";
import { expect, onTestFinished, test } from "vitest";
import { startFakeResend } from "./support/fake-resend.ts";
import type { FakeResendOptions } from "./support/fake-resend.ts";
import { KEYS } from "./support/keys.ts";

async function scene(count: number, options: FakeResendOptions & { readonly batchSize?: number } = {}) {
	const server = await startFakeResend(options);
	onTestFinished(() => server.close());
	const clock = createFakeClock();
	const storage = createMemoryStorage({ clock });
	const transport = createResendTransport({ apiKey: "re_test", baseUrl: server.url, batchSize: options.batchSize });
	const open = (wrap: (sound: Transport) => Transport = (sound) => sound): Audience =>
		createAudience({
			storage,
			renderer: createRenderer(),
			transport: wrap(transport),
			...KEYS,
			clock,
		});
	const audience = open();
	const contacts = Array.from({ length: count }, (_, index) => ({ email: `c${index}@example.com`, firstName: "Ada" }));
	await audience.contacts.createMany(contacts);
	const { id } = await audience.broadcasts.create({
		everyone: true,
		from: "News <news@example.com>",
		subject: "Hello {{{contact.first_name}}}",
		html: "<p>Hi</p>",
	});
	await audience.broadcasts.send(id);
	return { audience, open, clock, server, id };
}

test("a broadcast goes to everybody, message by message or in batches of a hundred", async () => {
	const one = await scene(150);
	expect(await one.audience.worker().run()).toEqual({ sent: 150, remaining: 0 });
	expect(one.server.requests()).toBe(150);
	const { data } = await one.audience.broadcasts.recipients(one.id, { limit: 1 });
	expect(data[0]?.providerId).toMatch(/^00000000-0000-4000-8000-/);
	const batch = await scene(250, { batchSize: 100 });
	expect(await batch.audience.worker({ concurrency: 100 }).run()).toEqual({ sent: 250, remaining: 0 });
	expect(batch.server.requests()).toBe(3);
	expect(new Set(batch.server.emails.map(({ to }) => to)).size).toBe(250);
});

test("a message handed over again after a crash is sent once, though its contact has changed meanwhile", async () => {
	const { audience, open, clock, server, id } = await scene(20);
	// Dies with every message taken and no answer recorded.
	const dying = open((transport) => ({
		...transport,
		async send(message, signal) {
			await transport.send(message, signal);
			return new Promise(() => {});
		},
	}));
	void dying.worker({ concurrency: 20 }).run();
	await expect.poll(() => server.emails.length).toBe(20);
	await audience.contacts.update({ email: "c3@example.com" }, { firstName: "Bob" });
	clock.advance({ minutes: 7 });
	expect(await audience.worker({ onUncertain: "hold" }).run()).toEqual({ sent: 20, remaining: 0 });
	expect(server.emails).toHaveLength(20);
	expect(server.emails.map(({ subject }) => subject)).not.toContain("Hello Bob");
	expect((await audience.broadcasts.verify(id)).counts).toMatchObject({ sent: 20 });
});

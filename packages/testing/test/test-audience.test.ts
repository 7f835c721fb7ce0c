import { aBroadcast, aContact, createTestAudience, oneClickUnsubscribe } from "@convoke/testing";
import type { TestAudience } from "@convoke/testing";
import type { NewBroadcast, TransportOutcome } from "@convoke/core";
import { expect, test } from "vitest";

async function send({ audience, deliver }: TestAudience, broadcast: Partial<NewBroadcast> = {}): Promise<string> {
	const { id } = await audience.broadcasts.create(aBroadcast(broadcast));
	await audience.broadcasts.send(id);
	await deliver();
	return id;
}

const addresses = ({ inbox }: TestAudience): readonly string[] => inbox.messages.map(({ to }) => to.address);

test("a broadcast reaches the inbox when the test delivers, and not before", async () => {
	const { audience, inbox, deliver } = createTestAudience();
	await audience.contacts.create(aContact({ email: "Ada@example.test", firstName: "Ada" }));
	const { id } = await audience.broadcasts.create(aBroadcast({ subject: "Hello {{contact.first_name}}" }));
	await audience.broadcasts.send(id);
	expect(inbox.messages).toEqual([]);

	expect(await deliver()).toEqual({ sent: 1, remaining: 0 });
	expect(inbox.latest("ada@example.test")).toMatchObject({
		subject: "Hello Ada",
		from: { name: "Test", address: "news@example.test" },
		to: { name: "Ada", address: "Ada@example.test" },
	});
	expect(await audience.broadcasts.get(id)).toMatchObject({ status: "sent" });
	expect(await deliver()).toEqual({ sent: 0, remaining: 0 });
	expect(inbox.messages).toHaveLength(1);
});

test("a draft made by the builder has nothing to find fault with", async () => {
	const { audience } = createTestAudience();
	const { id } = await audience.broadcasts.create(aBroadcast());
	expect(await audience.broadcasts.check(id)).toEqual([]);
});

test("MJML is compiled, as in earnest", async () => {
	const kit = createTestAudience();
	await kit.audience.contacts.create(aContact({ email: "ada@example.test" }));
	const button = `<mj-button href="https://example.test/offer?a=1&amp;b=2">Offer</mj-button>`;
	const mjml = `<mjml><mj-body><mj-section><mj-column>${button}</mj-column></mj-section></mj-body></mjml>`;
	await send(kit, { mjml });
	const { links, unsubscribeUrl } = kit.inbox.latest("ada@example.test");
	expect(links).toEqual(["https://example.test/offer?a=1&b=2", unsubscribeUrl]);
});

test("declared properties are typed and checked", async () => {
	const kit = createTestAudience({ properties: { plan: "string", seats: "number" } });
	const { audience } = kit;
	const team = await audience.contacts.create(
		aContact({ email: "team@example.test", properties: { plan: "team", seats: 5 } }),
	);
	const plan: string | undefined = team.properties.plan;
	const seats: number | undefined = team.properties.seats;
	expect([plan, seats]).toEqual(["team", 5]);
	// @ts-expect-error -- a contact of this audience has no such property
	expect(team.properties.color).toBeUndefined();
	// @ts-expect-error -- `seats` is a number
	const wrong = audience.contacts.create(aContact({ properties: { seats: "five" } }));
	await expect(wrong).rejects.toMatchObject({ code: "invalid_input" });

	await audience.contacts.create(aContact({ properties: { plan: "free" } }));
	await send(kit, { filter: { field: "properties.seats", op: "gte", value: 5 } });
	expect(addresses(kit)).toEqual(["team@example.test"]);
});

test("a builder's contact can be kept, and made in an audience of any properties", async () => {
	const { audience } = createTestAudience({ properties: { plan: "string" } });
	const plain = aContact();
	const paying = aContact({ properties: { plan: "pro" } });
	expect(await audience.contacts.create(plain)).toMatchObject({ email: plain.email, properties: {} });
	expect(await audience.contacts.create(paying)).toMatchObject({ email: paying.email, properties: { plan: "pro" } });
});

test("a scheduled broadcast goes out when the test's time reaches it", async () => {
	const { audience, inbox, clock, deliver } = createTestAudience({ start: "2030-01-31T09:00:00Z" });
	await audience.contacts.create(aContact());
	const { id } = await audience.broadcasts.create(aBroadcast());
	await audience.broadcasts.send(id, { scheduledAt: "2030-02-03T09:00:00Z" });

	clock.advance({ days: 2, hours: 23, minutes: 59, seconds: 59 });
	expect(await deliver()).toEqual({ sent: 0, remaining: 0 });
	clock.advance({ seconds: 1 });
	expect(await deliver()).toEqual({ sent: 1, remaining: 0 });
	expect(inbox.messages).toHaveLength(1);
	expect(await audience.broadcasts.get(id)).toMatchObject({ sentAt: new Date("2030-02-03T09:00:00Z") });
});

test("relative dates go by the test's time", async () => {
	const kit = createTestAudience({ properties: { trialEndsAt: "date" }, start: "2030-01-31" });
	await kit.audience.contacts.create(aContact({ properties: { trialEndsAt: new Date("2030-02-10") } }));
	const filter = { field: "properties.trialEndsAt", op: "lte", value: { ahead: { days: 3 } } } as const;
	await send(kit, { filter });
	expect(kit.inbox.messages).toHaveLength(0);
	kit.clock.advance({ days: 7 });
	await send(kit, { filter });
	expect(kit.inbox.messages).toHaveLength(1);
});

test("one click leaves the topic of the message, and the next broadcast says why it was not sent", async () => {
	const kit = createTestAudience();
	const { audience, inbox } = kit;
	const topic = await audience.topics.create({ name: "Weekly" });
	await audience.contacts.create(aContact({ email: "ada@example.test" }));
	await audience.contacts.create(aContact({ email: "bob@example.test" }));
	await send(kit, { topicId: topic.id });

	expect(await oneClickUnsubscribe(audience, inbox.latest("ada@example.test"))).toEqual({
		scope: "topic",
		topic: { id: topic.id, name: "Weekly" },
	});
	inbox.clear();
	const next = await send(kit, { topicId: topic.id });
	expect(addresses(kit)).toEqual(["bob@example.test"]);
	expect(await audience.broadcasts.explain(next, { email: "ada@example.test" })).toMatchObject({
		outcome: "excluded",
		reason: "topic_opted_out",
	});
	await send(kit);
	expect(inbox.to("ada@example.test")).toHaveLength(1);
});

test("one click on a message without topic leaves everything", async () => {
	const kit = createTestAudience();
	const { audience, inbox } = kit;
	await audience.contacts.create(aContact({ email: "ada@example.test" }));
	await send(kit);
	expect(await oneClickUnsubscribe(audience, inbox.latest("ada@example.test"))).toMatchObject({ scope: "everything" });
	expect(await audience.contacts.get({ email: "ada@example.test" })).toMatchObject({ unsubscribed: true });
});

test("the unsubscribe link in the headers is the one in both parts", async () => {
	const kit = createTestAudience();
	await kit.audience.contacts.create(aContact({ email: "ada@example.test" }));
	await send(kit);
	const { html, text, links, unsubscribeUrl } = kit.inbox.latest("ada@example.test");
	expect(unsubscribeUrl).toMatch(/^https:\/\/mail\.example\.test\/u\//);
	expect(links).toEqual([unsubscribeUrl]);
	expect(html).toContain(unsubscribeUrl);
	expect(text).toContain(unsubscribeUrl);
});

test("one click needs both headers and a link of Convoke's", async () => {
	const kit = createTestAudience();
	const { audience, inbox } = kit;
	await audience.contacts.create(aContact({ email: "ada@example.test" }));
	await send(kit);
	const { headers } = inbox.latest("ada@example.test");
	const { "List-Unsubscribe": _link, ...withoutLink } = headers;
	const { "List-Unsubscribe-Post": _post, ...withoutPost } = headers;
	const elsewhere = { ...headers, "List-Unsubscribe": "<https://example.test/leave>" };
	const forged = { ...headers, "List-Unsubscribe": "<https://mail.example.test/u/forged>" };
	for (const [given, reason] of [
		[withoutLink, "one_click_missing"],
		[withoutPost, "one_click_missing"],
		[elsewhere, "invalid_token"],
		[forged, "invalid_token"],
	] as const) {
		await expect(oneClickUnsubscribe(audience, { headers: given })).rejects.toMatchObject({ reason });
	}
	expect(await audience.contacts.get({ email: "ada@example.test" })).toMatchObject({ unsubscribed: false });
});

test("a message that is refused for good fails, and the others arrive", async () => {
	const kit = createTestAudience({
		onSend: ({ to }) => (to.address === "bob@example.test" ? { kind: "rejected", reason: "mailbox_full" } : undefined),
	});
	for (const email of ["ada@example.test", "bob@example.test"]) await kit.audience.contacts.create(aContact({ email }));
	const id = await send(kit);
	expect(addresses(kit)).toEqual(["ada@example.test"]);
	expect(await kit.audience.broadcasts.explain(id, { email: "bob@example.test" })).toMatchObject({
		outcome: "failed",
		reason: "mailbox_full",
	});
});

test("a message that is refused for now arrives when its time has come", async () => {
	let answer: TransportOutcome | undefined = { kind: "deferred", reason: "greylisted" };
	const kit = createTestAudience({ onSend: () => answer });
	await kit.audience.contacts.create(aContact());
	await send(kit);
	answer = undefined;
	expect(await kit.deliver()).toEqual({ sent: 0, remaining: 1 });
	kit.clock.advance({ minutes: 1 });
	expect(await kit.deliver()).toEqual({ sent: 1, remaining: 0 });
	expect(kit.inbox.messages).toHaveLength(1);
});

test("a transport that throws leaves the message uncertain, and it is tried again", async () => {
	let fails = true;
	const kit = createTestAudience({
		onSend: () => {
			if (fails) throw new Error("connection lost");
			return undefined;
		},
	});
	await kit.audience.contacts.create(aContact());
	await send(kit);
	fails = false;
	kit.clock.advance({ minutes: 1 });
	expect(await kit.deliver()).toEqual({ sent: 1, remaining: 0 });
});

test("an inbox without SMTPUTF8 leaves out whom it cannot reach", async () => {
	const kit = createTestAudience({ smtputf8: false });
	await kit.audience.contacts.create(aContact({ email: "zoë@example.test" }));
	const id = await send(kit);
	expect(await kit.audience.broadcasts.explain(id, { email: "zoë@example.test" })).toMatchObject({
		reason: "address_needs_smtputf8",
	});
	const reaching = createTestAudience();
	await reaching.audience.contacts.create(aContact({ email: "zoë@example.test" }));
	await send(reaching);
	expect(addresses(reaching)).toEqual(["zoë@example.test"]);
});

test("a delivery serves all tenants, and each audience is a world of its own", async () => {
	const kit = createTestAudience();
	const acme = kit.audience.tenant("acme");
	await acme.contacts.create(aContact({ email: "ada@example.test" }));
	const { id } = await acme.broadcasts.create(aBroadcast());
	await acme.broadcasts.send(id);
	expect(await createTestAudience().deliver()).toEqual({ sent: 0, remaining: 0 });
	expect(await kit.deliver()).toEqual({ sent: 1, remaining: 0 });
	expect(addresses(kit)).toEqual(["ada@example.test"]);
});

test("messages arrive in the order in which their contacts were created", async () => {
	const kit = createTestAudience();
	const emails = Array.from({ length: 100 }, (_, index) => `c${index}@example.test`);
	await kit.audience.contacts.createMany(emails.map((email) => aContact({ email })));
	await send(kit);
	expect(addresses(kit)).toEqual(emails);
});

test("a worker that runs by itself goes by the test's time", async () => {
	const { audience, inbox, clock } = createTestAudience();
	await audience.contacts.create(aContact());
	const worker = audience.worker({ pollSeconds: 10 });
	worker.start();
	await clock.pause();
	const { id } = await audience.broadcasts.create(aBroadcast());
	await audience.broadcasts.send(id);
	for (let turn = 0; turn < 20; turn += 1) await clock.pause();
	expect(inbox.messages).toHaveLength(0);
	clock.advance({ seconds: 10 });
	for (let turn = 0; turn < 20; turn += 1) await clock.pause();
	expect(inbox.messages).toHaveLength(1);
	await worker.stop();
});

test("leases go by the test's time too", async () => {
	let release: (answer: undefined) => void = () => {};
	const answer = new Promise<undefined>((resolve) => (release = resolve));
	const { audience, clock } = createTestAudience({ start: "2030-01-31T09:00:00Z", onSend: () => answer });
	await audience.contacts.create(aContact());
	const { id } = await audience.broadcasts.create(aBroadcast());
	await audience.broadcasts.send(id);
	const worker = audience.worker({ leaseSeconds: 360 });
	const running = worker.run();
	while ((await worker.health()).inFlight === 0) await clock.pause();
	expect((await worker.health()).backlog.oldestLease).toEqual(new Date("2030-01-31T09:06:00Z"));
	release(undefined);
	expect(await running).toEqual({ sent: 1, remaining: 0 });
});

test("a property that cannot be is refused", () => {
	expect(() => createTestAudience({ properties: { email: "string" } })).toThrow(
		expect.objectContaining({ code: "invalid_input" }),
	);
});

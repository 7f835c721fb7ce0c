import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createAudience, createMemoryStorage, systemClock } from "../src/index.ts";
import type { AudienceOptions, Message, TransportOutcome } from "../src/index.ts";
import { tokenOf } from "./support/open-audience.ts";

const key = (name: string) => createHash("sha256").update(name).digest();

/** An audience with an outbox, a contact and two topics. */
async function scene(options: Partial<AudienceOptions> & { readonly outcome?: TransportOutcome } = {}) {
	const messages: Message[] = [];
	const { outcome = { kind: "accepted" }, ...rest } = options;
	let time = Date.parse("2026-01-01T00:00:00Z");
	const audience = createAudience({
		storage: createMemoryStorage(),
		links: { baseUrl: "https://mail.example.com", keys: [key("links")] },
		hashKey: key("hashes"),
		clock: { ...systemClock, now: () => new Date((time += 1000)) },
		sender: (broadcast) => ({
			transport: {
				name: "outbox",
				smtputf8: false,
				idempotent: false,
				send: async (message) => {
					messages.push(message);
					return outcome;
				},
				close: async () => {},
			},
			from: broadcast === undefined ? "Tidal <hello@tidal.test>" : "News <news@tidal.test>",
			brand: "Tidal",
			postalAddress: "1 Quay Street",
		}),
		...rest,
	});
	const news = await audience.topics.create({ name: "News" });
	const offers = await audience.topics.create({ name: "Offers", defaultSubscription: "opt_out" });
	const { id } = await audience.contacts.create({ email: "ada@example.com" });
	const linkIn = (message: Message | undefined) => /https:\/\/\S+\/c\/[\w-]{88}/.exec(message?.text ?? "")?.[0] ?? "";
	const ask = async (topics?: readonly { readonly id: string }[]) => {
		const { contact } = await audience.contacts.requestConfirmation({ id }, { topics });
		return { contact, token: tokenOf(linkIn(messages.at(-1))) };
	};
	const events = async () =>
		(await audience.events.since()).data
			.filter(({ contactId }) => contactId === id)
			.map(({ type, source, textVersion }) => [type, source, textVersion].join(" "));
	return { audience, messages, news, offers, ada: { id }, ask, events };
}

describe("asking", () => {
	test("sends a message with the link, and holds broadcasts back until it is answered", async () => {
		const { audience, messages, offers, ask, ada } = await scene();
		const { contact, token } = await ask([{ id: offers.id }]);
		expect(contact.confirmation).toBe("pending");
		expect(messages).toEqual([
			expect.objectContaining({
				subject: "Please confirm your subscription to Tidal",
				from: { name: "Tidal", address: "hello@tidal.test" },
				to: { name: null, address: "ada@example.com" },
				html: null,
				headers: {},
			}),
		]);
		expect(messages[0]?.text).toContain("- Offers");
		expect(messages[0]?.text).toContain("1 Quay Street");
		expect(token).toHaveLength(88);
		const draft = await audience.broadcasts.create({ everyone: true, subject: "Hello", text: "Hello" });
		expect(await audience.broadcasts.plan(draft.id)).toMatchObject({ planned: 0, excluded: { unconfirmed: 1 } });
		await audience.confirmations.confirm(token);
		expect(await audience.broadcasts.plan(draft.id)).toMatchObject({ planned: 1 });
		expect((await audience.contacts.get(ada)).confirmation).toBe("confirmed");
	});

	test("records what was asked and what was answered, with the version of the text", async () => {
		const { audience, offers, ask, events } = await scene();
		const { token } = await ask([{ id: offers.id }]);
		await audience.confirmations.confirm(token);
		await audience.confirmations.confirm(token);
		expect(await events()).toEqual([
			"contact.created api ",
			"contact.confirmation_requested api convoke-1",
			"contact.confirmed page convoke-1",
			"topic.opted_in page convoke-1",
		]);
		const confirmed = (await audience.events.since()).data.find(({ type }) => type === "contact.confirmed");
		expect(confirmed?.at).toBeInstanceOf(Date);
	});

	test("the version kept is that of the text the person saw, whatever it is by then", async () => {
		let version = "1";
		const confirmation = {
			get version() {
				return version;
			},
			write: ({
				url,
				topics,
				contact,
			}: {
				readonly url: string;
				readonly topics: readonly unknown[];
				readonly contact: { readonly firstName: string | null };
			}) => ({
				subject: `¿${topics.length}? ${contact.firstName}`,
				text: url,
				html: `<a href="${url}">Sí</a>`,
			}),
		};
		const { audience, messages, ask, events } = await scene({ confirmation });
		const { token } = await ask();
		version = "2";
		await audience.confirmations.confirm(token);
		expect((await events()).at(-1)).toBe("contact.confirmed page 1");
		expect(messages[0]).toMatchObject({ subject: "¿0? null", html: expect.stringContaining("Sí") });
	});

	test("somebody who has confirmed before goes on receiving while further topics wait", async () => {
		const { audience, offers, ask, ada } = await scene();
		await audience.confirmations.confirm((await ask()).token);
		const { contact, token } = await ask([{ id: offers.id }]);
		expect(contact.confirmation).toBe("confirmed");
		const subscription = async () =>
			(await audience.contacts.topics.list(ada)).find(({ id }) => id === offers.id)?.subscription;
		expect(await subscription()).toBe("opt_out");
		await audience.confirmations.confirm(token);
		expect(await subscription()).toBe("opt_in");
	});

	test("a whole topic names itself by its id", async () => {
		const { audience, offers, ada } = await scene();
		const { contact } = await audience.contacts.requestConfirmation(ada, { topics: [offers] });
		expect(contact.confirmation).toBe("pending");
	});

	test("what the transport says is in the answer", async () => {
		const outcome = { kind: "rejected", reason: "mailbox_full" } as const;
		const { audience, ada } = await scene({ outcome });
		const requested = await audience.contacts.requestConfirmation(ada);
		expect(requested).toMatchObject({ outcome, contact: { confirmation: "pending" } });
	});

	test.each([
		["a contact that does not exist", "contact_not_found", { ref: { email: "bob@example.com" } }],
		["a topic that does not exist", "topic_not_found", { topics: [{ id: "01900000-0000-7000-8000-00000000dead" }] }],
		["a topic by its name", "invalid_id", { topics: [{ id: "News" }] }],
		["an unknown option", "unknown_field", { options: { topic: "News" } }],
		["an actor that is none", "invalid_type", { options: { actor: 7 } }],
		["a suppressed address", "suppressed", { suppress: true }],
		["no sender", "missing_transport", { scene: { sender: undefined } }],
		["a text without the link", "missing_confirmation_url", { write: () => ({ subject: "Hi", text: "Hi" }) }],
		[
			"an HTML part without the link",
			"missing_confirmation_url",
			{ write: ({ url }: { readonly url: string }) => ({ subject: "Hi", text: url, html: "<p>" }) },
		],
		[
			"a subject that is two headers",
			"invalid_header",
			{ write: ({ url }: { readonly url: string }) => ({ subject: "a\r\nBcc: b", text: url }) },
		],
		["no subject", "missing_subject", { write: ({ url }: { readonly url: string }) => ({ subject: "", text: url }) }],
	] as const)("%s: nothing is sent and nothing written", async (_, reason, wrong) => {
		const given: Partial<AudienceOptions> = {
			...("scene" in wrong && wrong.scene),
			...("write" in wrong && { confirmation: { version: "1", write: wrong.write } }),
		};
		const { audience, messages, ada, events } = await scene(given);
		if ("suppress" in wrong) await audience.suppressions.add({ email: "ada@example.com" });
		const before = await events();
		const options: object = {
			...("topics" in wrong && { topics: wrong.topics }),
			...("options" in wrong && wrong.options),
		};
		const asking = audience.contacts.requestConfirmation("ref" in wrong ? wrong.ref : ada, options);
		await expect(asking).rejects.toMatchObject({ reason });
		expect(messages).toEqual([]);
		expect(await events()).toEqual(before);
		expect((await audience.contacts.get(ada)).confirmation).toBe("none");
	});
});

describe("confirming", () => {
	test("shows what is to be confirmed, and changes nothing by showing", async () => {
		const { audience, news, ask, events } = await scene();
		const { token } = await ask([{ id: news.id }]);
		const before = await events();
		expect(await audience.confirmations.open(token)).toMatchObject({
			maskedEmail: "a***@e***",
			confirmed: false,
			topics: [{ id: news.id, name: "News" }],
			tenantId: "default",
		});
		expect(await events()).toEqual(before);
		expect((await audience.confirmations.confirm(token)).confirmed).toBe(true);
		expect((await audience.confirmations.open(token)).confirmed).toBe(true);
	});

	test("ends being out of everything: the person asked for it, and says so", async () => {
		const { audience, ask, ada, events } = await scene();
		await audience.contacts.update(ada, { unsubscribed: true });
		await audience.confirmations.confirm((await ask()).token);
		expect((await audience.contacts.get(ada)).unsubscribed).toBe(false);
		expect((await events()).slice(-2)).toEqual([
			"contact.confirmed page convoke-1",
			"contact.resubscribed page convoke-1",
		]);
	});

	const outdated = { code: "invalid_token", reason: "confirmation_outdated" };

	test("takes the newest request only", async () => {
		const { audience, ask } = await scene();
		const { token: first } = await ask();
		const { token: second } = await ask();
		await expect(audience.confirmations.open(first)).rejects.toMatchObject(outdated);
		await expect(audience.confirmations.confirm(first)).rejects.toMatchObject(outdated);
		expect((await audience.confirmations.confirm(second)).confirmed).toBe(true);
	});

	test("does not take a link that went to another address", async () => {
		const { audience, ask, ada } = await scene();
		const { token } = await ask();
		await audience.contacts.update(ada, { email: "eve@example.com" });
		await expect(audience.confirmations.confirm(token)).rejects.toMatchObject(outdated);
		expect((await audience.contacts.get(ada)).confirmation).toBe("pending");
	});

	test("does not confirm a contact that was removed", async () => {
		const { audience, ask, ada } = await scene();
		const { token } = await ask();
		await audience.contacts.remove(ada);
		await expect(audience.confirmations.confirm(token)).rejects.toMatchObject(outdated);
	});

	test("leaves out a topic that was removed since", async () => {
		const { audience, ask, offers } = await scene();
		const { token } = await ask([{ id: offers.id }]);
		await audience.topics.remove(offers.id);
		expect((await audience.confirmations.open(token)).topics).toEqual([]);
		expect((await audience.confirmations.confirm(token)).confirmed).toBe(true);
	});

	test("takes no other token", async () => {
		const { audience, ada } = await scene();
		const other = tokenOf(await audience.preferences.url(ada));
		for (const token of ["", other]) {
			await expect(audience.confirmations.confirm(token)).rejects.toMatchObject({ reason: "invalid_token" });
		}
	});

	test("finds the contact of any tenant", async () => {
		const { audience, messages } = await scene();
		const other = audience.tenant("other");
		await other.contacts.create({ email: "ada@example.com" });
		await other.contacts.requestConfirmation({ email: "ada@example.com" });
		const token = tokenOf(/https:\S+/.exec(messages[0]?.text ?? "")?.[0] ?? "");
		expect(await audience.confirmations.confirm(token)).toMatchObject({ tenantId: "other", confirmed: true });
	});
});

test.each([
	[{ version: "", write: () => ({ subject: "", text: "" }) }, "invalid_text"],
	[{ version: "1", write: "Hello" as never }, "invalid_type"],
])("a text that cannot be is refused when the audience is made", async (confirmation, reason) => {
	await expect(scene({ confirmation })).rejects.toMatchObject({ reason });
});

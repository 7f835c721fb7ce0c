import { describe, expect, test } from "vitest";
import { createLinkTokens } from "../src/index.ts";
import type { Audience, LinkPurpose } from "../src/index.ts";
import { createHash } from "node:crypto";
import { openAudience, tokenOf } from "./support/open-audience.ts";

const tokens = createLinkTokens([createHash("sha256").update("links").digest()]);
const BROADCAST = "01900000-0000-7000-8000-000000000001";

/** A contact, two topics (one of them private), and a link of each sort. */
async function scene() {
	const audience = openAudience();
	const news = await audience.topics.create({ name: "News" });
	const secret = await audience.topics.create({ name: "Secret", visibility: "private" });
	const contact = await audience.contacts.create({ email: "ada@example.com" });
	const link = (topicId?: string, purpose: LinkPurpose = "unsubscribe") =>
		tokens.mint(purpose, { contactId: contact.id, broadcastId: BROADCAST, topicId });
	return { audience, news, secret, contact, link };
}

const last = async (audience: Audience) => (await audience.events.since()).data.at(-1);

describe("opening a link", () => {
	test("shows the masked address, public topics, and private ones only with a choice", async () => {
		const { audience, news, secret, contact, link } = await scene();
		const view = await audience.preferences.open(link(news.id));
		expect(view).toMatchObject({ maskedEmail: "a***@e***", unsubscribed: false, topic: { id: news.id, name: "News" } });
		expect(view.topics.map(({ name }) => name)).toEqual(["News"]);
		await audience.contacts.topics.update({ id: contact.id }, [{ id: secret.id, subscription: "opt_out" }]);
		expect((await audience.preferences.open(link())).topics.map(({ name }) => name)).toEqual(["Secret", "News"]);
	});

	test("shows the private topic of the link's own message, which can be left on the page", async () => {
		const { audience, contact, secret, link } = await scene();
		const view = await audience.preferences.open(link(secret.id));
		expect(view.topics.map(({ name }) => name)).toEqual(["Secret", "News"]);
		await audience.preferences.update(link(secret.id), { topics: [{ id: secret.id, subscription: "opt_out" }] });
		const [left] = await audience.contacts.topics.list({ id: contact.id });
		expect(left).toMatchObject({ name: "Secret", subscription: "opt_out", explicit: true });
	});

	test("changes nothing", async () => {
		const { audience, link } = await scene();
		const before = (await audience.events.since()).data;
		await audience.preferences.open(link());
		expect((await audience.events.since()).data).toEqual(before);
	});

	test("refuses other tokens with the same error", async () => {
		const { audience, link } = await scene();
		const stranger = tokens.mint("unsubscribe", { contactId: "01900000-0000-7000-8000-00000000dead" });
		const refused = { code: "invalid_token", reason: "invalid_token" };
		for (const token of ["", "x", `${link()}=`, link(undefined, "view"), link(undefined, "confirm"), stranger]) {
			await expect(audience.preferences.open(token)).rejects.toMatchObject(refused);
			await expect(audience.preferences.unsubscribe(token)).rejects.toMatchObject(refused);
		}
	});
});

describe("one-click", () => {
	test("leaves the topic of the message, once", async () => {
		const { audience, news, contact, link } = await scene();
		expect(await audience.preferences.unsubscribe(link(news.id))).toEqual({
			scope: "topic",
			topic: { id: news.id, name: "News" },
		});
		await audience.preferences.unsubscribe(link(news.id));
		expect((await audience.contacts.get({ id: contact.id })).unsubscribed).toBe(false);
		const { data } = await audience.events.since();
		expect(data.filter(({ type }) => type === "topic.opted_out")).toEqual([
			expect.objectContaining({ source: "one_click", broadcastId: BROADCAST, topicId: news.id, contactId: contact.id }),
		]);
	});

	test("leaves everything when the message has no topic, or it was removed", async () => {
		for (const remove of [false, true]) {
			const { audience, news, contact, link } = await scene();
			if (remove) await audience.topics.remove(news.id);
			expect(await audience.preferences.unsubscribe(link(remove ? news.id : undefined))).toEqual({
				scope: "everything",
				topic: null,
			});
			expect((await audience.contacts.get({ id: contact.id })).unsubscribed).toBe(true);
		}
	});

	test("works for a removed contact, and for the one that has the address now", async () => {
		const { audience, contact, link } = await scene();
		await audience.contacts.remove({ id: contact.id });
		await audience.preferences.unsubscribe(link());
		const again = await audience.contacts.create({ email: contact.email });
		expect(again.unsubscribed).toBe(true);
		await audience.contacts.update({ id: again.id }, { unsubscribed: false });
		await audience.preferences.unsubscribe(link());
		expect((await audience.contacts.get({ id: again.id })).unsubscribed).toBe(true);
	});

	test("of a removed contact does not come back after the one that has the address has opted in", async () => {
		const { audience, contact, link } = await scene();
		await audience.contacts.remove({ id: contact.id });
		const again = await audience.contacts.create({ email: contact.email });
		await audience.preferences.unsubscribe(link());
		await audience.contacts.update({ id: again.id }, { unsubscribed: false });
		await audience.contacts.remove({ id: again.id });
		expect((await audience.contacts.create({ email: contact.email })).unsubscribed).toBe(false);
	});

	test("finds the contact of any tenant", async () => {
		const { audience, contact } = await scene();
		const other = await audience.tenant("other").contacts.create({ email: contact.email });
		await audience.preferences.unsubscribe(tokens.mint("unsubscribe", { contactId: other.id }));
		expect((await audience.contacts.get({ id: contact.id })).unsubscribed).toBe(false);
		expect((await audience.tenant("other").contacts.get({ id: other.id })).unsubscribed).toBe(true);
	});
});

describe("the page's form", () => {
	test("opts out with any link, and in only with its own token", async () => {
		const { audience, news, link } = await scene();
		const optIn = { topics: [{ id: news.id, subscription: "opt_in" as const }] };
		const optOut = { topics: [{ id: news.id, subscription: "opt_out" as const }] };
		expect((await audience.preferences.update(link(), optOut)).topics[0]?.subscription).toBe("opt_out");
		expect(await last(audience)).toMatchObject({ type: "topic.opted_out", source: "page" });
		await expect(audience.preferences.update(link(), optIn)).rejects.toMatchObject({
			reason: "opt_in_needs_form_token",
		});
		await expect(audience.preferences.update(link(), { unsubscribed: false })).rejects.toMatchObject({
			code: "invalid_token",
		});
		const { formToken } = await audience.preferences.open(link());
		expect((await audience.preferences.update(formToken, optIn)).topics[0]?.subscription).toBe("opt_in");
	});

	test("switching a topic on while out of everything clears that, with an event", async () => {
		const { audience, news, contact, link } = await scene();
		const { formToken } = await audience.preferences.update(link(), { unsubscribed: true });
		await audience.preferences.update(formToken, { topics: [{ id: news.id, subscription: "opt_in" }] });
		expect((await audience.contacts.get({ id: contact.id })).unsubscribed).toBe(false);
		const { data } = await audience.events.since();
		expect(data.map(({ type }) => type)).toEqual([
			"contact.created",
			"contact.unsubscribed",
			"contact.resubscribed",
			"topic.opted_in",
		]);
	});

	test("refuses topics that this person may not see", async () => {
		const { audience, secret, link } = await scene();
		const { formToken } = await audience.preferences.open(link());
		const changes = { topics: [{ id: secret.id, subscription: "opt_in" as const }] };
		await expect(audience.preferences.update(formToken, changes)).rejects.toMatchObject({ reason: "unknown_topic" });
	});

	test("is there for the host's own account page, and behind a link for any mail", async () => {
		const { audience, contact } = await scene();
		const view = await audience.preferences.forContact({ email: "ada@example.com" });
		expect(view.topics).toHaveLength(1);
		const url = await audience.preferences.url({ id: contact.id });
		expect(url).toMatch(/^https:\/\/mail\.example\.com\/p\//);
		expect((await audience.preferences.open(tokenOf(url))).maskedEmail).toBe(view.maskedEmail);
	});
});

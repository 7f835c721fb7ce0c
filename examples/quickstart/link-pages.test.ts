import { createAudience, createLinkTokens, createMemoryStorage } from "@convoke/core";
import type { Audience } from "@convoke/core";
import { expect, onTestFinished, test } from "vitest";
import { linkPages, startWebServer } from "./link-pages.ts";
import { DEMO_KEYS } from "./story.ts";

const email = "ada@example.com";

async function openLink(): Promise<{ readonly audience: Audience; readonly link: string }> {
	const web = await startWebServer();
	onTestFinished(() => web.close());
	const audience = createAudience({
		storage: createMemoryStorage(),
		links: { baseUrl: `${web.url}/mail`, keys: DEMO_KEYS.links },
		hashKey: DEMO_KEYS.addresses,
	});
	web.serve(linkPages(audience.preferences));
	const { id } = await audience.contacts.create({ email });
	const token = createLinkTokens(DEMO_KEYS.links).mint("unsubscribe", { contactId: id });
	return { audience, link: `${web.url}/mail/u/${token}` };
}

test("opening a link changes nothing, whatever opens it", async () => {
	const { audience, link } = await openLink();
	for (const method of ["GET", "HEAD"]) expect(await fetch(link, { method })).toMatchObject({ status: 200 });
	expect(await audience.contacts.get({ email })).toMatchObject({ unsubscribed: false });
});

test("posting to it opts out, once and again", async () => {
	const { audience, link } = await openLink();
	for (const _ of [1, 2]) {
		const body = new URLSearchParams({ "List-Unsubscribe": "One-Click" });
		const answer = await fetch(link, { method: "POST", body, redirect: "error" });
		expect(answer.status).toBe(200);
		expect(await answer.text()).toContain("everything");
	}
	expect(await audience.contacts.get({ email })).toMatchObject({ unsubscribed: true });
});

test("a link that is not whole leads nowhere", async () => {
	const { audience, link } = await openLink();
	for (const method of ["GET", "POST"])
		expect(await fetch(link.slice(0, -1), { method })).toMatchObject({ status: 404 });
	expect(await audience.contacts.get({ email })).toMatchObject({ unsubscribed: false });
});

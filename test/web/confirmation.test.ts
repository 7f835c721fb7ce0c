import { createAudience, createMemoryStorage, generateLinkKey } from "@convoke/core";
import { createPreferencesHandler } from "@convoke/web";
import { expect, test } from "vitest";
import { dump } from "../support/dump.ts";
import { createOutbox } from "../support/outbox.ts";
import { form, ONE_CLICK } from "./scene.ts";

/** A contact that was asked to confirm, and its link. */
async function setUp() {
	const outbox = createOutbox();
	const storage = createMemoryStorage();
	const audience = createAudience({
		storage,
		sender: () => ({ transport: outbox, from: "Tidal <news@tidal.test>", brand: "Tidal" }),
		links: { baseUrl: "https://tidal.test/mail", keys: generateLinkKey() },
		hashKey: generateLinkKey(),
	});
	const offers = await audience.topics.create({ name: "Offers <b>", defaultSubscription: "opt_out" });
	const ada = await audience.contacts.create({ email: "ada@example.com" });
	const request = async () => {
		await audience.contacts.requestConfirmation({ id: ada.id }, { topics: [{ id: offers.id }] });
		return /https:\S+/.exec(outbox.messages.at(-1)?.text ?? "")?.[0] ?? "";
	};
	const handler = createPreferencesHandler(audience);
	const ask = async (link: string, init?: RequestInit) => {
		const answer = await handler(new Request(link, init));
		return { status: answer.status, reason: answer.headers.get("convoke-reason"), text: await answer.text() };
	};
	return { audience, storage, ada, request, ask };
}

const CONFIRM = form({ action: "confirm" });

test("only the POST of its page confirms", async () => {
	const { audience, storage, ada, request, ask } = await setUp();
	const link = await request();
	const before = await dump(storage, ["default"]);
	for (const method of ["GET", "HEAD", "OPTIONS", "PUT"]) await ask(`${link}?action=confirm`, { method });
	for (const init of [ONE_CLICK, form({}), form({ action: "save" })]) expect((await ask(link, init)).status).toBe(400);
	const headers = { "sec-fetch-site": "cross-site" };
	expect(await ask(link, { ...CONFIRM, headers })).toMatchObject({ status: 403, reason: "cross_site" });
	expect(await dump(storage, ["default"])).toEqual(before);

	const page = await ask(link);
	expect(page.text).toContain("<h1>Confirm your subscription</h1>");
	expect(page.text).toContain("Shall we send our messages to a***@e***?");
	expect(page.text).toContain("<li>Offers &lt;b&gt;</li>");
	expect((await ask(link, CONFIRM)).text).toContain("Thank you. Your subscription is confirmed.");
	expect((await ask(link, CONFIRM)).status).toBe(200);
	expect((await ask(link)).text).toContain("Thank you. Your subscription is confirmed.");
	expect(await audience.contacts.get({ id: ada.id })).toMatchObject({ confirmation: "confirmed" });
	const [offers] = await audience.contacts.topics.list({ id: ada.id });
	expect(offers).toMatchObject({ subscription: "opt_in", explicit: true });
});

test("a link that was replaced says so, and confirms nothing", async () => {
	const { audience, ada, request, ask } = await setUp();
	const first = await request();
	await request();
	for (const init of [{}, CONFIRM]) {
		const answer = await ask(first, init);
		expect(answer).toMatchObject({ status: 410, reason: "confirmation_outdated" });
		expect(answer.text).toContain("This link is no longer valid.");
	}
	expect((await audience.contacts.get({ id: ada.id })).confirmation).toBe("pending");
});

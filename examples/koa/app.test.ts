import { generateLinkKey } from "@convoke/core";
import { createTestInbox } from "@convoke/testing";
import { verifyMount } from "@convoke/web";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createApp } from "./app.ts";
import { sendNewsletter } from "./newsletter.ts";
import { openAudience } from "./open-audience.ts";

const EMAIL = "ada@example.com";

/** The program, with an inbox in place of a mail server. */
async function start() {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
	const home = `http://localhost:${(server.address() as AddressInfo).port}`;
	const inbox = createTestInbox();
	const audience = await openAudience({
		filename: ":memory:",
		transport: inbox,
		baseUrl: `${home}/mail`,
		linkKeys: generateLinkKey(),
		hashKey: generateLinkKey(),
	});
	const listen = createApp(audience).callback();
	server.on("request", (request, response) => void listen(request, response));
	onTestFinished(async () => {
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
		await audience.close();
	});
	return { audience, inbox, home };
}

const post = (url: string, fields: Readonly<Record<string, string>>) =>
	fetch(url, { method: "POST", body: new URLSearchParams(fields) });

const text = async (answer: Response | Promise<Response>) => (await answer).text();

test("sign up, confirm, receive, choose, leave", async () => {
	const { audience, inbox, home } = await start();
	expect(await text(fetch(home))).toContain('<form method="post" action="/sign-up">');

	expect(await text(post(`${home}/sign-up`, { email: EMAIL }))).toContain("Look into your inbox");
	expect(await sendNewsletter(audience, "First", "Hello")).toBe(0);

	const [confirm = ""] = inbox.latest(EMAIL).links;
	expect(await text(fetch(confirm))).toContain("Confirm your subscription");
	expect(await sendNewsletter(audience, "Second", "Hello")).toBe(0);
	expect(await text(post(confirm, { action: "confirm" }))).toContain("Your subscription is confirmed.");
	expect(await sendNewsletter(audience, "Third", "Hello")).toBe(1);

	const link = inbox.latest(EMAIL).unsubscribeUrl;
	expect(await text(fetch(link))).toContain("Unsubscribe from “News”?");
	expect(await text(post(link, { action: "unsubscribe" }))).toContain("You are unsubscribed from “News”.");
	expect(await sendNewsletter(audience, "Fourth", "Hello")).toBe(0);

	const page = await text(fetch(link));
	const token = /name="token" value="([\w-]+)"/.exec(page)?.[1] ?? "";
	const topic = /name="topics" value="([\w-]+)"/.exec(page)?.[1] ?? "";
	expect(await text(post(link, { action: "save", topics: topic, on: topic, token }))).toContain("On: News");
	expect(await sendNewsletter(audience, "Fifth", "Hello")).toBe(1);

	expect((await post(link, { "List-Unsubscribe": "One-Click" })).status).toBe(200);
	expect(await sendNewsletter(audience, "Sixth", "Hello")).toBe(0);
	const { events } = await audience.contacts.history({ email: EMAIL });
	expect(events.find(({ type }) => type === "contact.confirmed")).toMatchObject({ textVersion: "convoke-1" });
});

test("an address that is none is refused, and one that is suppressed looks like any other", async () => {
	const { audience, inbox, home } = await start();
	expect((await post(`${home}/sign-up`, { email: "ada at example.com" })).status).toBe(400);
	expect((await post(`${home}/sign-up`, {})).status).toBe(400);
	await audience.suppressions.add({ email: EMAIL });
	const answer = await post(`${home}/sign-up`, { email: EMAIL });
	expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("Look into your inbox")]);
	expect(inbox.messages).toEqual([]);
});

test("nothing of this program's spoils the pages", async () => {
	const { audience, home } = await start();
	expect((await verifyMount(`${home}/mail`, audience)).checks.flatMap(({ problems }) => problems)).toEqual([]);
});

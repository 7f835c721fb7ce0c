import { createAudience, createMemoryStorage, generateLinkKey } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { createPreferencesHandler } from "@convoke/web";
import { expect, test } from "vitest";
import { createOutbox } from "../support/outbox.ts";

const PICTURE = "iVBORw0KGgo=";

async function send(content: { readonly html?: string; readonly text?: string }) {
	const outbox = createOutbox();
	const audience = createAudience({
		storage: createMemoryStorage(),
		renderer: createRenderer(),
		sender: () => ({ transport: outbox, from: "Tidal <news@tidal.test>" }),
		links: { baseUrl: "https://tidal.test/mail", keys: generateLinkKey() },
		hashKey: generateLinkKey(),
	});
	const ada = await audience.contacts.create({ email: "ada@example.com", firstName: "Ada <3" });
	const attachments =
		content.html?.includes("cid:") === true ? [{ filename: "logo.png", content: PICTURE, contentId: "logo" }] : [];
	const { id } = await audience.broadcasts.create({ everyone: true, subject: "Hello", attachments, ...content });
	await audience.broadcasts.send(id);
	await audience.worker().run();
	const [message] = outbox.messages;
	const link = /https:[^"\s]+\/v\/[\w-]{88}/.exec(message?.html ?? message?.text ?? "")?.[0] ?? "";
	const handler = createPreferencesHandler(audience);
	return { audience, ada, id, message, link, ask: (init?: RequestInit) => handler(new Request(link, init)) };
}

test("{{{VIEW_URL}}} leads to the message as it was sent, with its pictures, in a sandbox", async () => {
	const html = '<p>Hi {{contact.first_name}} <img src="cid:logo" alt=""> <a href="{{{VIEW_URL}}}">In a browser</a></p>';
	const { message, ask } = await send({ html });
	const answer = await ask();
	expect(answer.status).toBe(200);
	expect(await answer.text()).toBe(message?.html?.replace("cid:logo", `data:image/png;base64,${PICTURE}`));
	const policy = answer.headers.get("content-security-policy");
	expect(policy).toContain("default-src 'none'");
	expect(policy).toMatch(/; sandbox allow-popups/);
	expect(policy).not.toMatch(/script|unsafe-eval|allow-scripts|allow-same-origin|allow-forms/);
	for (const [name, value] of [
		["cache-control", "no-store"],
		["referrer-policy", "no-referrer"],
		["x-content-type-options", "nosniff"],
		["x-frame-options", "DENY"],
		["x-robots-tag", "noindex, nofollow"],
	]) {
		expect(answer.headers.get(name ?? "")).toBe(value);
	}
});

test("a message of text only is shown as text", async () => {
	const { ask } = await send({ text: "Hi {{contact.first_name}}, see {{{VIEW_URL}}}" });
	expect(await (await ask()).text()).toContain("Hi Ada &lt;3, see https://");
});

test("it takes no POST, and says when the message can no longer be shown", async () => {
	const { audience, ada, ask } = await send({ html: '<a href="{{{VIEW_URL}}}">x</a>' });
	const posted = await ask({ method: "POST" });
	expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
	await audience.contacts.remove({ id: ada.id });
	const gone = await ask();
	expect(gone.status).toBe(410);
	expect(await gone.text()).toContain("This message can no longer be shown.");
});

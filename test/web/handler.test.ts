import { createAudience, createMemoryStorage, generateLinkKey } from "@convoke/core";
import { createPreferencesHandler } from "@convoke/web";
import type { PageOptions } from "@convoke/web";
import { describe, expect, test, vi } from "vitest";
import { dump } from "../support/dump.ts";
import { form, MULTIPART, ONE_CLICK, receives, setScene } from "./scene.ts";
import type { Scene } from "./scene.ts";

const ORIGIN = "https://tidal.test";

async function open(options: PageOptions = {}) {
	const scene = await setScene();
	const handler = createPreferencesHandler(scene.audience, options);
	const ask = (path: string, init?: RequestInit) => handler(new Request(`${ORIGIN}${path}`, init));
	return { ...scene, ask };
}

/** Everything but what is always the same. */
async function shown(answer: Response) {
	return { status: answer.status, reason: answer.headers.get("convoke-reason"), text: await answer.text() };
}

const events = async ({ audience, ada }: Pick<Scene, "audience" | "ada">) =>
	(await audience.contacts.history({ id: ada.id })).events.map(({ type, source }) => `${type} ${source}`);

describe("one click", () => {
	test.each([["urlencoded", ONE_CLICK] as const, ...MULTIPART])("%s opts out at once", async (_, request) => {
		const { ask, path, news, ...scene } = await open();
		const answer = await ask(path("unsubscribe", { topicId: news.id }), request);
		expect(answer.status).toBe(200);
		expect(answer.headers.get("location")).toBeNull();
		expect(answer.headers.getSetCookie()).toEqual([]);
		expect((await answer.text()).length).toBeLessThan(50);
		expect(await receives(scene)).toEqual(["Secret"]);
		expect((await events(scene))[0]).toBe("topic.opted_out one_click");
	});

	test("of a message without topic leaves everything", async () => {
		const { ask, path, ...scene } = await open();
		await ask(path("unsubscribe"), ONE_CLICK);
		expect(await receives(scene)).toEqual([]);
	});

	test("ten times, and fifty at once, is one opt-out", async () => {
		const { ask, path, ...scene } = await open();
		for (let time = 0; time < 10; time += 1) expect((await ask(path("unsubscribe"), ONE_CLICK)).status).toBe(200);
		const answers = await Promise.all(Array.from({ length: 50 }, () => ask(path("unsubscribe"), ONE_CLICK)));
		expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
		expect(await events(scene)).toEqual(["contact.unsubscribed one_click", "contact.created api"]);
	});

	test("takes any case of letters (H43)", async () => {
		const { ask, path, ...scene } = await open();
		expect((await ask(path("unsubscribe"), form({ "list-unsubscribe": "one-click" }))).status).toBe(200);
		expect(await receives(scene)).toEqual([]);
	});

	test("is never limited, and everything else may be", async () => {
		const asked: string[] = [];
		const rateLimit: PageOptions["rateLimit"] = ({ method, header }) => {
			asked.push(`${method} ${header("x-forwarded-for")}`);
			return true;
		};
		const { ask, path, ...scene } = await open({ rateLimit });
		const headers = { "x-forwarded-for": "192.0.2.7" };
		expect((await ask(path("unsubscribe"), { headers })).status).toBe(429);
		expect((await ask("/mail/u/nonsense", { ...ONE_CLICK, headers })).status).toBe(429);
		expect((await ask(path("unsubscribe"), { ...form({ action: "unsubscribe" }), headers })).status).toBe(429);
		expect(await receives(scene)).toEqual(["News", "Secret"]);
		expect((await ask(path("unsubscribe"), { ...ONE_CLICK, headers })).status).toBe(200);
		expect(asked).toEqual(["GET 192.0.2.7", "POST 192.0.2.7", "POST 192.0.2.7"]);
	});
});

describe("the page", () => {
	test("asks whether to leave the topic of the message, and shows all that may be chosen", async () => {
		const { ask, path, news } = await open({ brand: { name: "Tidal" } });
		const { status, text } = await shown(await ask(path("unsubscribe", { topicId: news.id })));
		expect(status).toBe(200);
		expect(text).toContain("<h1>Unsubscribe from “News”?</h1>");
		expect(text).toContain("<title>Unsubscribe from “News”? – Tidal</title>");
		expect(text).toContain("For a***@e***");
		expect(text).toContain("Every Monday");
		expect(text).toContain("Once a month");
		expect(text).not.toContain("Secret");
		expect(text).not.toMatch(/ada|example\.com|<script|https?:/i);
		expect(Buffer.byteLength(text)).toBeLessThan(20_000);
	});

	test("leaves the topic, says so, and takes it back", async () => {
		const { ask, path, news, formToken, ...scene } = await open();
		const link = path("unsubscribe", { topicId: news.id });
		const left = await shown(await ask(link, form({ action: "unsubscribe" })));
		expect(left.text).toContain("<h1>You are unsubscribed from “News”.</h1>");
		expect(left.text).toContain(">Undo</button>");
		expect((await events(scene))[0]).toBe("topic.opted_out page");
		expect((await shown(await ask(link))).text).toContain("<h1>You are unsubscribed from “News”.</h1>");
		const undo = form({ action: "save", topics: news.id, on: news.id, token: formToken({ topicId: news.id }) });
		expect((await shown(await ask(link, undo))).text).toContain("On: News");
		expect(await receives(scene)).toEqual(["News", "Secret"]);
	});

	test("leaves everything and takes it back", async () => {
		const { ask, path, formToken, ...scene } = await open();
		const left = await shown(await ask(path("preferences"), form({ action: "unsubscribe_all" })));
		expect(left.text).toContain("<h1>You are unsubscribed from everything.</h1>");
		expect(await receives(scene)).toEqual([]);
		expect((await shown(await ask(path("preferences")))).text).toContain(">Subscribe again</button>");
		const back = form({ action: "resubscribe", token: formToken() });
		expect((await shown(await ask(path("preferences"), back))).text).toContain("You are subscribed again.");
		expect(await receives(scene)).toEqual(["News", "Secret"]);
	});

	test("saves what was switched, and says what that was", async () => {
		const { ask, path, news, offers, formToken, ...scene } = await open();
		const save = form({ action: "save", topics: [news.id, offers.id], on: offers.id, token: formToken() });
		const { text } = await shown(await ask(path("preferences"), save));
		expect(text).toContain("<li>On: Offers</li><li>Off: News</li>");
		expect(await receives(scene)).toEqual(["Offers", "Secret"]);
		expect((await shown(await ask(path("preferences"), save))).text).toContain("Nothing was changed.");
	});

	test("switching one topic on while out of everything brings none of the others back", async () => {
		const { ask, path, news, offers, formToken, ...scene } = await open();
		await ask(path("unsubscribe"), ONE_CLICK);
		const save = form({ action: "save", topics: [news.id, offers.id], on: offers.id, token: formToken() });
		await ask(path("preferences"), save);
		expect(await receives(scene)).toEqual(["Offers", "Secret"]);
	});

	test("opts in by the token of its own form only, sent from that page", async () => {
		const { ask, path, offers, formToken, ...scene } = await open();
		const link = path("preferences");
		const urlToken = link.split("/").at(-1) ?? "";
		const save = { action: "save", topics: offers.id, on: offers.id };
		for (const fields of [save, { ...save, token: urlToken }, { ...save, token: "x" }, { action: "resubscribe" }]) {
			expect(await ask(link, form(fields))).toMatchObject({ status: 403 });
		}
		const whole = form({ ...save, token: formToken() });
		for (const site of ["cross-site", "same-site"]) {
			const refused = await shown(await ask(link, { ...whole, headers: { "sec-fetch-site": site } }));
			expect(refused).toMatchObject({ status: 403, reason: "cross_site" });
		}
		expect(await receives(scene)).toEqual(["News", "Secret"]);
		expect((await ask(link, { ...whole, headers: { "sec-fetch-site": "same-origin" } })).status).toBe(200);
		expect(await receives(scene)).toEqual(["News", "Offers", "Secret"]);
	});

	test("asks why only where the host wants to know, and hands the answer on", async () => {
		const answers: unknown[] = [];
		const { ask, path, news, ada } = await open({ onReason: (answer) => void answers.push(answer) });
		const link = path("unsubscribe", { topicId: news.id });
		const left = await shown(await ask(link, form({ action: "unsubscribe" })));
		expect(left.text).toContain("May we ask why?");
		const thanks = await shown(await ask(link, form({ action: "reason", reason: "too_many" })));
		expect(thanks.text).toContain("Thank you for telling us.");
		await ask(link, form({ action: "reason", reason: "<b>" }));
		expect(answers).toEqual([{ reason: "too_many", tenantId: "default", contactId: ada.id, topicId: news.id }]);

		const other = await open();
		const page = await other.ask(other.path("unsubscribe"), form({ action: "unsubscribe" }));
		expect(await page.text()).not.toContain("May we ask why?");
	});

	test.each(["contact", "topic", "broadcast", "contact, and it came back", "nothing"])(
		"H47: %s removed: GET shows a page, POST answers 200 and what can be recorded is",
		async (what) => {
			const { audience, ask, path, news, ada } = await open();
			const link = path("unsubscribe", { topicId: news.id });
			if (what.startsWith("contact")) await audience.contacts.remove({ id: ada.id });
			if (what === "topic") await audience.topics.remove(news.id);
			if (what.endsWith("back")) await audience.contacts.create({ email: ada.email });
			const expected = {
				contact: ["You are not on our list.", "You are not on our list.", "everything"],
				"contact, and it came back": ["You are not on our list.", "You are not on our list.", "everything"],
				topic: ["Unsubscribe from everything?", "so this covers everything we send", "everything"],
				broadcast: ["Unsubscribe from “News”?", "You are unsubscribed from “News”.", "News"],
				nothing: ["Unsubscribe from “News”?", "You are unsubscribed from “News”.", "News"],
			}[what];
			const page = await shown(await ask(link));
			expect(page).toMatchObject({ status: 200, text: expect.stringContaining(expected?.[0] ?? "") });
			const left = await shown(await ask(link, form({ action: "unsubscribe" })));
			expect(left).toMatchObject({ status: 200, text: expect.stringContaining(expected?.[1] ?? "") });
			expect((await ask(link, ONE_CLICK)).status).toBe(200);
			const { unsubscribed } = await audience.contacts.create({ email: ada.email });
			expect(unsubscribed).toBe(expected?.[2] === "everything");
		},
	);
});

describe("languages", () => {
	test.each([
		["es-MX,es;q=0.9", "es", "ltr", "¿Darse de baja de todo?"],
		["ar", "ar", "rtl", "هل تريد إلغاء الاشتراك في كل شيء؟"],
		["fr;q=0.9, AR;q=0.8, en;q=0.1", "ar", "rtl", "هل تريد إلغاء الاشتراك في كل شيء؟"],
		["es;q=0, en", "en", "ltr", "Unsubscribe from everything?"],
		['"><script>', "en", "ltr", "Unsubscribe from everything?"],
		[`es,${"x".repeat(8192)}`, "en", "ltr", "Unsubscribe from everything?"],
	])("H62: Accept-Language %.30s gives %s", async (header, tag, direction, heading) => {
		const { ask, path } = await open();
		const answer = await ask(path("unsubscribe"), { headers: { "accept-language": header } });
		expect(answer.headers.get("content-language")).toBe(tag);
		const text = await answer.text();
		expect(text).toContain(`<html lang="${tag}" dir="${direction}">`);
		expect(text).toContain(`<h1>${heading}</h1>`);
		expect(text).not.toContain("<script");
	});

	test("a contact's property goes before the browser's wish, and others can be added", async () => {
		const { ask, path, audience, ada } = await open({
			languageProperty: "language",
			languages: { de: { leaveEverything: "Alles abbestellen?" }, en: { leave: "Leave" } },
		});
		await audience.contacts.update({ id: ada.id }, { properties: { language: "de-AT" } });
		const text = await (await ask(path("unsubscribe"), { headers: { "accept-language": "es" } })).text();
		expect(text).toContain('<html lang="de" dir="ltr">');
		expect(text).toContain("<h1>Alles abbestellen?</h1>");
		expect(text).toContain(">Unsubscribe</button>");
	});

	test("the case of a tag does not matter, also where words of a language are changed", async () => {
		const { ask, path } = await open({ languages: { ES: { leave: "Adiós" } } });
		const text = await (await ask(path("unsubscribe"), { headers: { "accept-language": "es" } })).text();
		expect(text).toContain("<h1>¿Darse de baja de todo?</h1>");
	});

	test.each(["en", "es", "ar"])("%s: no text is missing and each page holds", async (language) => {
		const { ask, path } = await open({ defaultLanguage: language });
		for (const page of [path("unsubscribe"), path("preferences"), "/mail/u/x"]) {
			expect(await (await ask(page)).text()).not.toMatch(/undefined|\{topic\}|\{address\}/);
		}
	});
});

describe("refusals", () => {
	const cases: readonly (readonly [what: string, init: RequestInit, status: number, reason: string])[] = [
		["H39: nothing", { method: "POST" }, 400, "missing_action"],
		["H39: an empty form", form({}), 400, "missing_action"],
		[
			"H42: JSON",
			{ method: "POST", body: '{"List-Unsubscribe":"One-Click"}', headers: json() },
			415,
			"unsupported_media_type",
		],
		["H42: text", { method: "POST", body: "List-Unsubscribe=One-Click" }, 415, "unsupported_media_type"],
		["H44: no boundary", { ...ONE_CLICK, headers: { "content-type": "multipart/form-data" } }, 400, "malformed_body"],
		["H44: 10,000 parts", parts(10_000), 400, "too_many_fields"],
		[
			"H44: truncated",
			{ ...parts(1), body: '--b\r\nContent-Disposition: form-data; name="List-Unsub' },
			400,
			"malformed_body",
		],
		["H45: 10 MB", { ...ONE_CLICK, body: `a=${"x".repeat(10_000_000)}`, headers: urlencoded() }, 413, "body_too_large"],
		[
			"H51: 10,000 topics",
			form({ action: "save", topics: Array.from({ length: 10_000 }, () => "t") }),
			400,
			"too_many_fields",
		],
		[
			"H51: 101 topics",
			form({ action: "save", topics: Array.from({ length: 101 }, (_, i) => `${i}`) }),
			400,
			"too_many_fields",
		],
		["H53: topics[__proto__][x]=1", form({ action: "save", "topics[__proto__][x]": "1" }), 400, "missing_topics"],
		["H53: topics=a&topics=b", form({ action: "save", topics: ["a", "b"] }), 400, "unknown_topic"],
		["an action that does not exist", form({ action: "destroy" }), 400, "unknown_action"],
	];

	test.each(cases)("%s: %#", async (_, init, status, reason) => {
		const { ask, path, storage, calls } = await open();
		const before = await dump(storage, ["default"]);
		calls.writes.length = 0;
		const start = performance.now();
		expect(await shown(await ask(path("unsubscribe"), init))).toMatchObject({ status, reason });
		expect(performance.now() - start).toBeLessThan(500);
		expect(calls.writes).toEqual([]);
		expect(await dump(storage, ["default"])).toEqual(before);
	});

	test("H52: a topic of another tenant, or a private one, is never opted into", async () => {
		const { ask, path, audience, secret, news, formToken, ada } = await open();
		const other = await audience.tenant("other").topics.create({ name: "Other" });
		await audience.contacts.topics.update({ id: ada.id }, [{ id: news.id, subscription: "opt_out" }]);
		for (const id of [other.id, secret.id, "__proto__", "constructor"]) {
			const save = form({ action: "save", topics: [id, news.id], on: [id, news.id], token: formToken() });
			expect(await shown(await ask(path("preferences"), save))).toMatchObject({ status: 400, reason: "unknown_topic" });
		}
		expect(await receives({ audience, ada })).toEqual(["Secret"]);
	});

	test.each(["PUT", "DELETE", "PATCH"])("H55: %s is not allowed", async (method) => {
		const { ask, path } = await open();
		for (const target of [path("unsubscribe"), "/mail/u/x", "/elsewhere"]) {
			const answer = await ask(target, { method });
			expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS, POST"]);
		}
	});

	test("H56–H58, H63–H66: whatever is no link of ours gets one and the same answer, and costs the storage nothing", async () => {
		const { ask, path, calls } = await open();
		const link = path("unsubscribe");
		const token = link.slice("/mail/u/".length);
		const spellings = [
			"/mail/u/%2e%2e/%2e%2e/etc/passwd",
			"/mail/u//x",
			"/mail/u/",
			"/mail",
			"/",
			`/mail/x/${token}`,
			`/mail/p/${token}`,
			`/mail/v/${token}`,
			`/mail/c/${token}`,
			`/mail/u/${path("preferences").split("/").at(-1)}`,
			...["%00", "%E0%A4%A", ")", ".", ">", "%3E", "=3D", "%20", "/", ";", ";x=1", "=", "==", "%0A", "%2F", "A"].map(
				(end) => link + end,
			),
			link.replace("/u/", "//u/"),
			link.replace("/u/", "/U/"),
			link.replace("/u/", "/u//"),
			link.slice(0, -1),
			`${link.slice(0, 40)}%${link.slice(41)}`,
			`${link.slice(0, 40)}+${link.slice(41)}`,
			link.replace(token, encodeURIComponent(`${token}+`)),
			link.replace(
				token,
				Array.from(token, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`).join(""),
			),
			...Array.from({ length: 88 }, (_, at) => link.replace(token, changed(token, at))),
			`/mail/u/${"A".repeat(88)}`,
			`/mail/u/${"A".repeat(3000)}`,
		];
		const answers = new Set<string>();
		for (const spelling of spellings) {
			// Messages take no POST, whatever the token.
			for (const init of spelling.startsWith("/mail/v/") ? [{}] : [{}, ONE_CLICK]) {
				const answer = await ask(spelling, init);
				answers.add(JSON.stringify([answer.status, [...answer.headers], await answer.text()]));
			}
		}
		expect(answers.size).toBe(1);
		expect([...answers][0]).toContain("This link is incomplete.");
		expect([calls.reads, calls.writes]).toEqual([[], []]);
	});

	test("H48, H50: no parameter and no Host header leads anywhere", async () => {
		const { ask, path } = await open();
		const plain = await (await ask(path("unsubscribe"))).text();
		const answer = await ask(`${path("unsubscribe")}?next=https://evil.test&redirect=//evil.test`, {
			headers: { host: "evil.test", "x-forwarded-host": "evil.test" },
		});
		expect([answer.status, await answer.text()]).toEqual([200, plain]);
	});

	test("H38: the pair in the query does nothing", async () => {
		const { ask, path, ...scene } = await open();
		const link = `${path("unsubscribe")}?List-Unsubscribe=One-Click&action=unsubscribe`;
		expect((await ask(link)).status).toBe(200);
		expect(await shown(await ask(link, form({})))).toMatchObject({ status: 400, reason: "missing_action" });
		expect(await receives(scene)).toEqual(["News", "Secret"]);
	});
});

describe("failures", () => {
	/** An audience whose storage ends every call in this way. */
	async function broken(fail: () => Promise<never>, options: PageOptions = {}) {
		const scene = await setScene();
		const audience = createAudience({
			storage: new Proxy(createMemoryStorage(), {
				get: (storage, verb) => (verb === "forTenant" ? storage.forTenant.bind(storage) : fail),
			}),
			links: { baseUrl: "https://tidal.test/mail", keys: scene.keys },
			hashKey: generateLinkKey(),
		});
		const errors: unknown[] = [];
		const handler = createPreferencesHandler(audience, { onError: (error) => errors.push(error), ...options });
		return { ...scene, errors, ask: (path: string, init?: RequestInit) => handler(new Request(ORIGIN + path, init)) };
	}

	test("a storage that is down, 100 times: 503 with Retry-After, and the host hears of it", async () => {
		const cause = new Error("connection refused");
		const { ask, path, errors } = await broken(() => Promise.reject(cause));
		for (let time = 0; time < 100; time += 1) {
			const answer = await ask(path("unsubscribe"), time % 2 === 0 ? ONE_CLICK : {});
			expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "60"]);
		}
		expect(errors).toEqual(Array.from({ length: 100 }, () => cause));
	});

	test("an onError that throws itself costs nobody the answer", async () => {
		const warnings: unknown[] = [];
		const listen = (warning: unknown): unknown => warnings.push(warning);
		process.on("warning", listen);
		const { ask, path } = await broken(() => Promise.reject(new Error("connection refused")), {
			onError: () => {
				throw new Error("no log");
			},
		});
		expect((await ask(path("unsubscribe"), ONE_CLICK)).status).toBe(503);
		await vi.waitFor(() => expect(warnings).toEqual([expect.objectContaining({ message: "no log" })]));
		process.off("warning", listen);
	});

	test("a storage that hangs: 503 in time", async () => {
		const { ask, path } = await broken(() => new Promise(() => {}), { timeoutMs: 20 });
		const answer = await ask(path("unsubscribe"), ONE_CLICK);
		expect([answer.status, answer.headers.get("convoke-reason")]).toEqual([503, "timeout"]);
	});

	test("H45: a body that does not end: 408", async () => {
		const { ask, path, ...scene } = await open({ timeoutMs: 20 });
		const body = new ReadableStream({
			start: (controller) => controller.enqueue(Buffer.from("List-Unsubscribe=One-C")),
		});
		const init: RequestInit & { readonly duplex: "half" } = {
			method: "POST",
			body,
			headers: urlencoded(),
			duplex: "half",
		};
		const answer = await ask(path("unsubscribe"), init);
		expect([answer.status, answer.headers.get("convoke-reason")]).toEqual([408, "body_timeout"]);
		expect(await receives(scene)).toEqual(["News", "Secret"]);
	});

	test("a body that somebody else has read: 400, and it says so", async () => {
		const { ask: _, path, audience } = await open();
		const request = new Request(ORIGIN + path("unsubscribe"), ONE_CLICK);
		await request.text();
		const answer = await createPreferencesHandler(audience)(request);
		expect(await shown(answer)).toMatchObject({ status: 400, reason: "body_consumed" });
	});
});

function json(): Record<string, string> {
	return { "content-type": "application/json" };
}

function urlencoded(): Record<string, string> {
	return { "content-type": "application/x-www-form-urlencoded" };
}

function parts(count: number): RequestInit {
	const part = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n';
	return {
		method: "POST",
		body: `${part.repeat(count)}--b--\r\n`,
		headers: { "content-type": "multipart/form-data; boundary=b" },
	};
}

function changed(token: string, at: number): string {
	return `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
}

import { createAudience, generateLinkKey } from "@convoke/core";
import type { Audience } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { createSmtpTransport } from "@convoke/smtp";
import { createSqliteStorage } from "@convoke/sqlite";
import { preferencePages } from "@convoke/web/node";
import axe from "axe-core";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import PostalMime from "postal-mime";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { startMailServer } from "../support/mail-server.ts";

const SCREENSHOTS = join(import.meta.dirname, "../../.artifacts/web");
mkdirSync(SCREENSHOTS, { recursive: true });

let browser: Browser | undefined;

beforeAll(async () => {
	browser = await launchBrowser();
}, 60_000);

afterAll(() => browser?.close());

interface Stage {
	readonly audience: Audience;
	/** The text of the newest message. */
	readonly latest: () => Promise<string>;
	/** The link in the message that Ada has received. */
	readonly link: string;
	/** What Ada receives now. */
	readonly receives: () => Promise<readonly string[]>;
}

/** A newsletter, sent over SMTP from an audience in SQLite and received by Ada; its pages behind a server. */
async function setStage(): Promise<Stage> {
	const mail = await startMailServer();
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
	const transport = createSmtpTransport(mail.url);
	const audience = createAudience({
		storage: createSqliteStorage({ filename: ":memory:" }),
		renderer: createRenderer(),
		sender: () => ({ transport, from: "Tidal <news@tidal.test>", brand: "Tidal" }),
		links: { baseUrl: `http://localhost:${(server.address() as AddressInfo).port}/mail`, keys: generateLinkKey() },
		hashKey: generateLinkKey(),
	});
	onTestFinished(async () => {
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
		await transport.close();
		await audience.close();
		await mail.close();
	});
	await audience.migrate();
	server.on("request", preferencePages(audience, { brand: BRAND, onReason: () => {} }));
	await audience.topics.create({ name: "Offers", defaultSubscription: "opt_out", description: "Once a month" });
	await audience.topics.create({ name: "Product news", description: "What is new in Tidal, every Monday" });
	const news = await audience.topics.create({ name: "Tips", description: "How others plan their weeks" });
	const ada = await audience.contacts.create({ email: "ada@example.com", firstName: "Ada" });
	const text = "Hi {{contact.first_name}}, plan the week once.";
	const { id } = await audience.broadcasts.create({ everyone: true, topicId: news.id, subject: "Tips", text });
	await audience.broadcasts.send(id);
	await audience.worker().run();
	const latest = async () => (await PostalMime.parse(mail.deliveries.at(-1)?.raw ?? "")).text ?? "";
	return {
		audience,
		latest,
		link: /Unsubscribe: (http\S+)/.exec(await latest())?.[1] ?? "no link",
		async receives() {
			const { unsubscribed } = await audience.contacts.get({ id: ada.id });
			const topics = await audience.contacts.topics.list({ id: ada.id });
			return topics.filter(({ subscription }) => !unsubscribed && subscription === "opt_in").map(({ name }) => name);
		},
	};
}

const BRAND = {
	name: "Tidal",
	logo: `data:image/svg+xml;base64,${Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><rect width="32" height="32" rx="8" fill="#0e7490"/><path d="M4 20q6-8 12 0t12 0" stroke="#fff" stroke-width="3" fill="none"/></svg>').toString("base64")}`,
	homeUrl: "https://tidal.example",
	colors: { light: { accent: "#0e7490" }, dark: { accent: "#67e8f9" } },
};

/** Opens a page that notes down every request and every complaint of the browser. */
async function openPage(
	options: BrowserContextOptions,
): Promise<{ readonly page: Page; readonly noise: string[] } | undefined> {
	if (browser === undefined) return undefined;
	const context = await browser.newContext(options);
	onTestFinished(() => context.close());
	context.setDefaultTimeout(10_000);
	const page = await context.newPage();
	const noise: string[] = [];
	page.on("request", (request) => {
		if (!request.isNavigationRequest()) noise.push(`${request.method()} ${request.url()}`);
	});
	page.on("console", (message) => noise.push(message.text()));
	page.on("pageerror", (error) => noise.push(error.message));
	return { page, noise };
}

/** What axe-core finds, and what it does not look for. */
async function inspect(page: Page): Promise<void> {
	// By the browser's own debugger: the page itself would not run it.
	await page.evaluate(axe.source);
	const { violations } = await page.evaluate<axe.AxeResults>(
		`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })`,
	);
	expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
	const overflow = await page.evaluate<number>(
		"document.documentElement.scrollWidth - document.documentElement.clientWidth",
	);
	expect(overflow).toBe(0);
	// WCAG 2.2, 2.5.8: targets of at least 24 by 24.
	for (const control of await page.locator("button, input:not([type=hidden])").all()) {
		const box = await control.boundingBox();
		expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(24);
	}
}

const VISITS: readonly (readonly [name: string, options: BrowserContextOptions, words: Words])[] = (
	[
		[
			"en",
			{
				left: "You are unsubscribed from “Tips”.",
				everything: "You are unsubscribed from everything.",
				back: "You are subscribed again.",
			},
		],
		[
			"ar",
			{ left: "تم إلغاء اشتراكك في «Tips».", everything: "تم إلغاء اشتراكك في كل شيء.", back: "أنت مشترك من جديد." },
		],
		[
			"es",
			{
				left: "Se ha dado de baja de «Tips».",
				everything: "Se ha dado de baja de todo.",
				back: "Vuelve a estar suscrito.",
			},
		],
	] as const
).flatMap(([locale, words]) =>
	([360, 1280] as const).flatMap((width) =>
		(["light", "dark"] as const).map((colorScheme) => {
			const options = { locale, colorScheme, viewport: { width, height: 800 } };
			return [`${locale}-${width}-${colorScheme}`, options, words] as const;
		}),
	),
);

interface Words {
	readonly left: string;
	readonly everything: string;
	readonly back: string;
}

/** The same without JavaScript. */
const WITHOUT_SCRIPT = VISITS.filter(([name]) => /^en-.*-light$/.test(name)).map(
	([name, options, words]) => [`${name}-no-script`, { ...options, javaScriptEnabled: false }, words] as const,
);

test.each([...VISITS, ...WITHOUT_SCRIPT])(
	"%s: one topic left, everything left, undone",
	{ timeout: 60_000 },
	async (name, options, words) => {
		const { link, receives } = await setStage();
		const opened = await openPage(options);
		if (opened === undefined) return;
		const { page, noise } = opened;
		// Without the marks that keep names apart from text of the other direction.
		const heading = async () => (await page.locator("h1").textContent())?.replace(/[\u2068\u2069]/g, "");
		const look = async (step: string): Promise<void> => {
			await page.screenshot({ path: join(SCREENSHOTS, `${name}-${step}.png`), fullPage: true });
			// axe-core is a script.
			if (options.javaScriptEnabled !== false) await inspect(page);
		};

		await page.goto(link);
		expect(await receives()).toEqual(["Tips", "Product news"]);
		await look("1-asked");

		await page.locator("button[value=unsubscribe]").click();
		expect(await heading()).toBe(words.left);
		expect(await receives()).toEqual(["Product news"]);
		await look("2-left");

		await page.locator("button[value=unsubscribe_all]").click();
		expect(await heading()).toBe(words.everything);
		expect(await receives()).toEqual([]);
		await look("3-left-everything");

		await page.locator("button[value=resubscribe]").click();
		expect(await heading()).toBe(words.back);
		expect(await receives()).toEqual(["Product news"]);

		await page.locator("input[role=switch]").first().check();
		await page.locator("fieldset ~ button[value=save]").click();
		expect(await receives()).toEqual(["Tips", "Product news"]);
		await look("4-saved");

		expect(await page.locator("html").getAttribute("dir")).toBe(options.locale === "ar" ? "rtl" : "ltr");
		expect(noise).toEqual([]);
	},
);

test("by keyboard alone: every control in order, all of it done", { timeout: 60_000 }, async () => {
	const { link, receives } = await setStage();
	const opened = await openPage({ viewport: { width: 360, height: 800 } });
	if (opened === undefined) return;
	const { page } = opened;
	/** What the focus is on, and whether that shows. */
	const focused = () =>
		page.evaluate<string>(
			`(() => { const e = document.activeElement; return e === document.body ? "" : [e.tagName, e.value ?? e.href, getComputedStyle(e).outlineStyle].join(" "); })()`,
		);
	const tabUntil = async (selector: string): Promise<void> => {
		for (let press = 0; press < 30; press += 1) {
			await page.keyboard.press("Tab");
			if ((await page.locator(`${selector}:focus`).count()) === 1) return;
		}
		throw new Error(`No ${selector} was reached.`);
	};

	await page.goto(link);
	const controls = await page.evaluate<readonly string[]>(
		`[...document.querySelectorAll("a, button, input:not([type=hidden])")].map((e) => [e.tagName, e.value ?? e.href, "solid"].join(" "))`,
	);
	expect(controls).toHaveLength(7);
	const reached: string[] = [];
	for (const _ of controls) {
		await page.keyboard.press("Tab");
		reached.push(await focused());
	}
	expect(reached).toEqual(controls);

	await page.goto(link);
	await tabUntil("button[value=unsubscribe]");
	await page.keyboard.press("Enter");
	await page.waitForURL(link);
	await page.getByText("You are unsubscribed from “Tips”.").waitFor();
	expect(await receives()).toEqual(["Product news"]);

	// The question why, by its arrows.
	await tabUntil("input[type=radio]");
	await page.keyboard.press("ArrowDown");
	expect(await page.locator("input[value=not_relevant]").isChecked()).toBe(true);
	await tabUntil("button[value=reason]");
	await page.keyboard.press("Enter");
	await page.getByText("Thank you for telling us.").waitFor();

	await page.goto(link);
	await tabUntil("input[role=switch]");
	await page.keyboard.press("Space");
	await tabUntil("button[value=save]");
	await page.keyboard.press("Enter");
	await page.getByText("On: Tips").waitFor();
	expect(await receives()).toEqual(["Tips", "Product news"]);

	await tabUntil("button[value=unsubscribe_all]");
	await page.keyboard.press("Space");
	await page.getByText("You are unsubscribed from everything.").waitFor();
	expect(await receives()).toEqual([]);

	await tabUntil("button[value=resubscribe]");
	await page.keyboard.press("Enter");
	await page.getByText("You are subscribed again.").waitFor();
	expect(await receives()).toEqual(["Tips", "Product news"]);
});

test("what else there is to see: to confirm, a link that is cut, a contact that is gone", {
	timeout: 60_000,
}, async () => {
	const { audience, link, latest } = await setStage();
	const opened = await openPage({ viewport: { width: 360, height: 800 } });
	if (opened === undefined) return;
	const { page } = opened;
	const look = async (name: string, heading: string): Promise<void> => {
		expect(await page.locator("h1").textContent()).toBe(heading);
		await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
		await inspect(page);
	};
	await audience.contacts.requestConfirmation({ email: "ada@example.com" });
	await page.goto(/http\S+\/c\/\S+/.exec(await latest())?.[0] ?? "no link");
	await look("confirm", "Confirm your subscription");
	await page.locator("button").click();
	await look("confirmed", "Thank you. Your subscription is confirmed.");
	expect(await audience.contacts.get({ email: "ada@example.com" })).toMatchObject({ confirmation: "confirmed" });
	await page.goto(link.slice(0, -1));
	await look("incomplete", "This link is incomplete.");
	await audience.contacts.remove({ email: "ada@example.com" });
	await page.goto(link);
	await look("gone", "You are not on our list.");
});

import type { NewBroadcast, Preview } from "@convoke/core";
import { aContact, createTestAudience } from "@convoke/testing";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "./support/browser.ts";

// Twelve messages in the manner of the common ones, as authors write them: checked, previewed, and shown by a browser.
// Screenshots go to .artifacts/messages, text parts are golden files.

const FOLDER = join(import.meta.dirname, "messages");
const SCREENSHOTS = join(import.meta.dirname, "..", ".artifacts", "messages");
const NAMES = readdirSync(FOLDER)
	.filter((name) => name.endsWith(".mjml"))
	.map((name) => name.replace(".mjml", ""));
/** Without and with a dark style, with a picture, from right to left. */
const PREVIEWED = ["event", "digest", "welcome", "scripts"];
const ADDRESS = "Tidal, 1 Quay Street, Bristol BS1 4QA";
const LOGO = { filename: "logo.png", content: readFileSync(join(FOLDER, "logo.png")), contentId: "logo" };
// For the browser, as text: the program itself knows no document.
const MEASURE = `({
	overflow: Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth),
	broken: Array.from(document.images).filter((image) => image.naturalWidth === 0).length,
	scripts: document.scripts.length,
})`;
const GROUND = `getComputedStyle(document.querySelector(".page") ?? document.body).backgroundColor`;
const FILTER = "getComputedStyle(document.documentElement).filter";
const SAMPLE = {
	firstName: "Zoë <Smith>",
	properties: { plan: "pro", company: "Moss & Sons", seats: 25, city: "Whitby", trialEndsAt: new Date("2030-03-01") },
};

const source = (name: string): string => readFileSync(join(FOLDER, `${name}.mjml`), "utf8");

async function previewOf(name: string, fields: Partial<NewBroadcast<never>> = {}): Promise<Preview> {
	const { audience } = createTestAudience({
		properties: { plan: "string", company: "string", seats: "number", city: "string", trialEndsAt: "date" },
	});
	await audience.contacts.create(aContact({ firstName: "Ada" }));
	const mjml = source(name);
	const { id } = await audience.broadcasts.create({
		everyone: true,
		subject: "A letter from Tidal",
		mjml,
		...(mjml.includes("cid:logo") && { attachments: [LOGO] }),
		...fields,
	});
	return audience.broadcasts.preview(id, { sample: SAMPLE });
}

test("there are twelve messages", () => {
	expect(NAMES).toHaveLength(12);
});

describe.each(NAMES)("the message %s", (name) => {
	test("leaves check nothing to say but where its sender lives", async () => {
		const { findings } = await previewOf(name);
		expect(findings.map(({ reason, message }) => [reason, message])).toEqual(
			// The test kit has its seat elsewhere.
			["html", "text"].map((field) => ["postal_address_not_shown", expect.stringContaining(`\`${field}\``)]),
		);
	});

	test("has a text part that reads well", async () => {
		const { message } = await previewOf(name);
		const text = (message.text ?? "").replace(/\/u\/[\w-]{88}/g, "/u/TOKEN");
		expect(text).not.toMatch(/\{\{|<\/|&\w+;|undefined|null|\[object/);
		expect(text).not.toMatch(/\n{5}/);
		expect(text).toContain(ADDRESS);
		expect(text).toContain("https://mail.example.test/u/TOKEN");
		await expect(text).toMatchFileSnapshot(join(FOLDER, `${name}.txt`));
	});

	test("is refused with a condition around a section, which MJML would drop", async () => {
		const { audience } = createTestAudience();
		const mjml = source(name).replace(
			/<mj-section[^]*?<\/mj-section>/,
			"{{#contact.first_name}}$&{{/contact.first_name}}",
		);
		const { id } = await audience.broadcasts.create({ everyone: true, subject: "Hi", mjml });
		expect(await audience.broadcasts.check(id)).toContainEqual(
			expect.objectContaining({ severity: "error", reason: "mustache_tag_lost" }),
		);
		await expect(audience.broadcasts.send(id)).rejects.toMatchObject({ reason: "mustache_tag_lost" });
	});
});

describe("in a browser", { timeout: 60_000 }, () => {
	let browser: Browser | undefined;

	beforeAll(async () => {
		mkdirSync(SCREENSHOTS, { recursive: true });
		browser = await launchBrowser();
	}, 60_000);
	afterAll(() => browser?.close());

	test.for(NAMES)("%s fits a desktop and a phone, shows its pictures and its way out", async (name, context) => {
		if (browser === undefined) return context.skip();
		const { message } = await previewOf(name);
		const html = (message.html ?? "").replaceAll(
			"cid:logo",
			`data:image/png;base64,${LOGO.content.toString("base64")}`,
		);
		for (const width of [700, 375]) {
			const page = await browser.newPage({ viewport: { width, height: 900 } });
			const failures: string[] = [];
			page.on("pageerror", (error) => failures.push(error.message));
			await page.setContent(html);
			await page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}.png`), fullPage: true });
			expect(await page.evaluate(MEASURE)).toEqual({ overflow: 0, broken: 0, scripts: 0 });
			expect(await page.getByText("Unsubscribe", { exact: true }).isVisible()).toBe(true);
			expect(await page.getByText(ADDRESS).isVisible()).toBe(true);
			if (/contact\.first_name/.test(source(name))) {
				expect(await page.getByText("Zoë <Smith>").first().isVisible()).toBe(true);
			}
			expect(failures).toEqual([]);
			await page.close();
		}
	});

	test.for(PREVIEWED)("the preview page of %s shows all of it, and needs nothing else", async (name, context) => {
		if (browser === undefined) return context.skip();
		const { page: document, message } = await previewOf(name, { previewText: "</title><script>alert(1)</script>" });
		const page = await browser.newPage({ viewport: { width: 1500, height: 2600 } });
		const asked: string[] = [];
		await page.route("**", (route) => {
			asked.push(route.request().url());
			return route.abort();
		});
		await page.setContent(document);
		expect(await page.locator("h2").allTextContents()).toEqual([
			"Desktop, light",
			"Phone, light",
			expect.stringMatching(/^Desktop, dark/),
			expect.stringMatching(/^Phone, dark/),
			"Text part",
			"Headers",
		]);
		expect(await page.locator("pre").textContent()).toBe(message.text);
		expect(await page.locator("tr").allTextContents()).toContain(
			`List-Unsubscribe${message.headers["List-Unsubscribe"]}`,
		);
		expect(page.frames()).toHaveLength(5);
		for (const frame of page.frames().slice(1)) {
			expect(await frame.getByText("Unsubscribe", { exact: true }).count()).toBe(1);
			expect(await frame.evaluate(MEASURE)).toMatchObject({ broken: 0, scripts: 0 });
		}
		await page.screenshot({ path: join(SCREENSHOTS, `${name}-preview.png`) });
		// Web fonts are MJML's; without them the fonts of the system do.
		expect(asked.filter((url) => !url.startsWith("https://fonts.googleapis.com/"))).toEqual([]);
		await page.close();
	});

	test("a message's own dark style shows in the dark frames, and apps' recolouring where it has none", async (context) => {
		if (browser === undefined) return context.skip();
		for (const [name, background] of [
			["digest", ["rgb(238, 243, 244)", "rgb(16, 25, 28)"]],
			["receipt", ["none", "invert(1) hue-rotate(180deg)"]],
		] as const) {
			const page = await browser.newPage({ colorScheme: "dark" });
			await page.setContent((await previewOf(name)).page);
			const looks: unknown[] = [];
			for (const index of [1, 3]) looks.push(await page.frames()[index]?.evaluate(name === "digest" ? GROUND : FILTER));
			expect(looks).toEqual(background);
			await page.close();
		}
	});
});

import { createAudience, createMemoryStorage, generateLinkKey } from "@convoke/core";
import { describe, expect, test } from "vitest";
import { createPreferencesHandler } from "../src/index.ts";
import type { PageOptions } from "../src/index.ts";

const audience = createAudience({
	storage: createMemoryStorage(),
	links: { baseUrl: "https://tidal.test/mail", keys: generateLinkKey() },
	hashKey: generateLinkKey(),
});

const PIXEL =
	"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

describe("what pages cannot be made of is refused at once", () => {
	const cases: readonly (readonly [string, unknown, string])[] = [
		["H49: a protocol-relative home", { brand: { homeUrl: "//evil.test" } }, "invalid_url"],
		["H49: a script for a home", { brand: { homeUrl: "javascript:alert(1)" } }, "invalid_url"],
		["H49: a home with contact data", { brand: { homeUrl: "https://x/{{email}}" } }, "invalid_url"],
		["a home without https", { brand: { homeUrl: "http://tidal.test" } }, "invalid_url"],
		["a logo that would have to be loaded", { brand: { logo: "https://tidal.test/logo.png" } }, "invalid_logo"],
		["a logo that is no picture", { brand: { logo: "data:text/html;base64,PGI+" } }, "invalid_logo"],
		["a large logo", { brand: { logo: `data:image/png;base64,${"A".repeat(12_000)}` } }, "invalid_logo"],
		["an empty name", { brand: { name: " " } }, "invalid_text"],
		["a colour that ends its rule", { brand: { colors: { light: { accent: "red;}" } } } }, "invalid_color"],
		["grey on white", { brand: { colors: { light: { text: "#999999" } } } }, "low_contrast"],
		["black on the dark background", { brand: { colors: { dark: { text: "#000000" } } } }, "low_contrast"],
		["a language that is none", { languages: { '"><b>': {} } }, "invalid_language"],
		["a default without texts", { defaultLanguage: "fr" }, "invalid_language"],
		["a text that does not exist", { languages: { en: { greeting: "Hi" } } }, "unknown_field"],
		["a text that is none", { languages: { en: { save: 1 } } }, "invalid_type"],
		["an option that does not exist", { colour: "red" }, "unknown_field"],
		["an option of another type", { onReason: "log" }, "invalid_type"],
		["an option that is null", { brand: null }, "invalid_type"],
		["a path with a query", { path: "/mail?x" }, "invalid_path"],
		["no time to answer", { timeoutMs: 0 }, "invalid_option"],
	];
	test.each(cases)("%s", (_, options, reason) => {
		expect(() => createPreferencesHandler(audience, options as PageOptions)).toThrow(
			expect.objectContaining({ code: "invalid_input", reason }),
		);
	});
});

test("name, logo, home and colours are on every page, that of an incomplete link too", async () => {
	const brand = {
		name: "Tidal & Sons",
		logo: PIXEL,
		homeUrl: "https://tidal.test/?a=1&b=2",
		colors: { light: { accent: "#ffff00" }, dark: { background: "#000000" } },
	};
	const text = await (
		await createPreferencesHandler(audience, { brand })(new Request("https://tidal.test/mail/u/x"))
	).text();
	expect(text).toContain(`<img src="${PIXEL}" alt="">Tidal &amp; Sons</a>`);
	expect(text).toContain('<a href="https://tidal.test/?a=1&amp;b=2" aria-label="Tidal &amp; Sons">');
	expect(text).toContain("--accent:#ffff00;--on-accent:#000000");
	expect(text).toContain("--background:#000000");
});

test("a tenant's brand is asked for, and one that is no brand is the host's fault", async () => {
	const { id } = await audience.tenant("blue").contacts.create({ email: "ada@example.com" });
	const url = await audience.tenant("blue").preferences.url({ id });
	const asked: (string | undefined)[] = [];
	const brand: PageOptions["brand"] = (tenantId) => {
		asked.push(tenantId);
		return { name: tenantId };
	};
	const page = await createPreferencesHandler(audience, { brand })(new Request(url));
	expect(await page.text()).toContain("<header>blue</header>");
	expect(asked).toEqual(["blue"]);
	const errors: unknown[] = [];
	const wrong = createPreferencesHandler(audience, {
		brand: () => ({ name: "" }),
		onError: (error) => errors.push(error),
	});
	expect((await wrong(new Request(url))).status).toBe(503);
	expect(errors).toEqual([expect.objectContaining({ reason: "invalid_text" })]);
});

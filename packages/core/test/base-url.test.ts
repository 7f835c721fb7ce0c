import fc from "fast-check";
import { expect, test } from "vitest";
import { linkUrl, parseBaseUrl } from "../src/base-url.ts";

const TOKEN = "A".repeat(88);

const refusal = (reason: string): unknown =>
	expect.objectContaining({ code: "invalid_input", reason, field: "links.baseUrl" });

test.each([
	["https://example.com", "https://example.com"],
	["https://example.com/", "https://example.com"],
	["https://example.com/mail", "https://example.com/mail"],
	["https://example.com/mail///", "https://example.com/mail"],
	["HTTPS://Example.COM:443/Mail/", "https://example.com/Mail"],
	["https://example.com:8443/a/b", "https://example.com:8443/a/b"],
	["https://münchen.example/über", "https://xn--mnchen-3ya.example/%C3%BCber"],
	["https://example.com/a/../b", "https://example.com/b"],
	["https://example.com/@team", "https://example.com/@team"],
	["https://localhost", "https://localhost"],
	["http://localhost:3000/", "http://localhost:3000"],
	["http://127.0.0.1:3000/mail", "http://127.0.0.1:3000/mail"],
	["http://[::1]:3000", "http://[::1]:3000"],
])("%s is the base URL %s", (input, expected) => {
	expect(parseBaseUrl(input)).toBe(expected);
});

test.each([
	"http://example.com",
	"HTTP://example.com/mail",
	"http://localhost.example.com",
	"http://127.0.0.2",
	"http://0.0.0.0:3000",
	"http://10.0.0.1",
	"http://[::2]",
])("plain http is for the developer's own machine, not for %s", (input) => {
	expect(() => parseBaseUrl(input)).toThrow(refusal("insecure_base_url"));
});

test.each([
	"https://user:pw@example.com/",
	"https://user@example.com/",
	"https://@example.com/",
	"https://:@example.com",
	"https://example.com?a=b",
	"https://example.com/?",
	"https://example.com/mail?a=b",
	"https://example.com#x",
	"https://example.com/#",
	"http://example.com/?a=b",
	"javascript:alert(1)",
	"javascript://example.com/%0aalert(1)",
	"data:text/html,x",
	"ftp://example.com",
	"file:///etc/passwd",
	"mailto:a@example.com",
	"",
	" ",
	"//example.com",
	"/mail",
	"mail",
	"example.com",
	"https:",
	"https://",
	"https:example.com",
	"https:/example.com",
	"https:\\\\example.com",
	"https://example.com\\mail",
	"https://exa mple.com",
	" https://example.com",
	"https://example.com/ ",
	"https://example.com/a\tb",
	"https://example.com/a\r\nBcc: x",
	"https://example.com/a\0",
	"https://[::1",
	"https://%41%00.com",
	"https://example.com:99999",
])("a base URL is an absolute one of scheme, host and path, unlike %j", (input) => {
	expect(() => parseBaseUrl(input)).toThrow(refusal("invalid_base_url"));
});

test.each([{ input: undefined }, { input: null }, { input: 42 }, { input: {} }, { input: ["https://example.com"] }])(
	"what is no string is refused: $input",
	({ input }) => {
		expect(() => parseBaseUrl(input)).toThrow(refusal("invalid_type"));
	},
);

test("a one-click link has at most 400 characters", () => {
	const longest = `https://example.com/${"p".repeat(289)}`;
	expect(linkUrl(parseBaseUrl(longest), "unsubscribe", TOKEN)).toHaveLength(400);
	expect(() => parseBaseUrl(`${longest}p`)).toThrow(refusal("unsubscribe_url_too_long"));
	expect(() => parseBaseUrl(`https://example.com/${"p".repeat(900)}`)).toThrow(refusal("unsubscribe_url_too_long"));
	// Counted as it will stand in the message: each of these takes six characters there.
	expect(() => parseBaseUrl(`https://example.com/${"ü".repeat(60)}`)).toThrow(refusal("unsubscribe_url_too_long"));
});

test("each page has its path", () => {
	const base = parseBaseUrl("https://example.com/mail/");
	expect(linkUrl(base, "unsubscribe", TOKEN)).toBe(`https://example.com/mail/u/${TOKEN}`);
	expect(linkUrl(base, "preferences", TOKEN)).toBe(`https://example.com/mail/p/${TOKEN}`);
	expect(linkUrl(base, "view", TOKEN)).toBe(`https://example.com/mail/v/${TOKEN}`);
	expect(linkUrl(base, "confirm", TOKEN)).toBe(`https://example.com/mail/c/${TOKEN}`);
});

test("an error does not repeat the password", () => {
	expect(() => parseBaseUrl("https://user:hunter2@example.com")).toThrow(refusal("invalid_base_url"));
	expect(() => parseBaseUrl("https://user:hunter2@example.com")).not.toThrow(/hunter2/);
});

test("an accepted base URL makes a link that can stand in a header, and reads back as itself", () => {
	fc.assert(
		fc.property(fc.webUrl({ validSchemes: ["https"] }), (input) => {
			fc.pre(input.length < 250);
			const base = parseBaseUrl(input);
			expect(parseBaseUrl(base)).toBe(base);
			expect(linkUrl(base, "unsubscribe", TOKEN)).toMatch(/^https:\/\/[!#-;=?-Z[\]_a-z~%]+$/);
		}),
	);
});

import type { BroadcastContent, Contact, Message } from "@convoke/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createRenderer } from "../src/index.ts";
import { aContact, aContent, aSource, renderMessage, renderSubject, UNSUBSCRIBE_URL } from "./rendering.ts";

function prepare(changes: Partial<BroadcastContent> = {}): (contact: Contact) => Message {
	const content = aContent({ text: "Hello {{{UNSUBSCRIBE_URL}}}", ...changes });
	return createRenderer().prepare(content, {
		unsubscribeUrl: (contactId) => `https://tidal.test/mail/u/${contactId}`,
		viewUrl: (contactId) => `https://tidal.test/mail/v/${contactId}`,
	});
}

test("a message is all that a transport needs", () => {
	const render = prepare({
		replyTo: [{ name: "Help", address: "help@tidal.test" }],
		html: "<p>Hello {{FIRST_NAME}}, <a href='{{{UNSUBSCRIBE_URL}}}'>bye</a></p>",
		headers: { "X-Campaign": "spring" },
		tags: [{ name: "campaign", value: "spring" }],
		attachments: [{ filename: "a.txt", content: "YQ==", contentType: null, contentId: null }],
	});
	expect(render(aContact())).toEqual({
		messageId: "<df199bcab7dbd0aa1e5ec3ec40766b194fb78bfa@tidal.test>",
		idempotencyKey: "bc_0190b5a0-0000-7000-8000-0000000000b1_0190b5a0-0000-7000-8000-000000000001",
		from: { name: "Tidal", address: "news@tidal.test" },
		to: { name: "Ada Lovelace", address: "ada@example.com" },
		replyTo: [{ name: "Help", address: "help@tidal.test" }],
		subject: "Spring tide",
		html: "<p>Hello Ada, <a href='https://tidal.test/mail/u/0190b5a0-0000-7000-8000-000000000001'>bye</a></p>",
		text: "Hello https://tidal.test/mail/u/0190b5a0-0000-7000-8000-000000000001",
		headers: {
			"X-Campaign": "spring",
			"List-Unsubscribe": "<https://tidal.test/mail/u/0190b5a0-0000-7000-8000-000000000001>",
			"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		},
		tags: [{ name: "campaign", value: "spring" }],
		attachments: [{ filename: "a.txt", content: "YQ==", contentType: null, contentId: null }],
	});
});

test("every attempt is the same message, and no two messages share an id", () => {
	const contacts = Array.from({ length: 500 }, (_, n) =>
		aContact({ id: `0190b5a0-0000-7000-8000-${String(n).padStart(12, "0")}` }),
	);
	const first = contacts.map(prepare());
	expect(contacts.map(prepare())).toEqual(first);
	expect(new Set(first.map(({ messageId }) => messageId)).size).toBe(500);
	expect(new Set(first.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(500);
	const other = prepare({ broadcastId: "0190b5a0-0000-7000-8000-0000000000b2" })(aContact());
	expect(other.messageId).not.toBe(prepare()(aContact()).messageId);
	expect(prepare()(aContact({ email: "moved@example.com", firstName: "A." })).messageId).toBe(
		prepare()(aContact()).messageId,
	);
});

test("the id of a message holds nobody's address, and stays within what headers and providers take", () => {
	const { messageId, idempotencyKey } = prepare({ from: { name: null, address: "news@xn--mnchen-3ya.test" } })(
		aContact(),
	);
	expect(messageId).toMatch(/^<[0-9a-f]{40}@xn--mnchen-3ya\.test>$/);
	expect(messageId).not.toContain("ada");
	expect(idempotencyKey.length).toBeLessThanOrEqual(256);
});

test.each([
	["Ada", "Lovelace", "Ada Lovelace"],
	["Ada", null, "Ada"],
	[null, "Lovelace", "Lovelace"],
	["", "", null],
	[null, null, null],
])("a contact called %j %j is addressed as %j", (firstName, lastName, name) => {
	expect(prepare()(aContact({ firstName, lastName })).to).toEqual({ name, address: "ada@example.com" });
});

const control = fc.constantFrom("\r\n", "\n", "\r", "\0", "\u0008", "\u007f", "\u001f", "\t");
const nasty = fc.tuple(fc.string(), control, fc.string()).map((parts) => parts.join(""));
const invalid = (field: string): unknown =>
	expect.objectContaining({ code: "render_failed", reason: "invalid_header", field });

test("what would end a header is refused, wherever it comes from", () => {
	fc.assert(
		fc.property(nasty, (text) => {
			const contact = aContact({ properties: { x: text } });
			expect(() => prepare({ subject: "Hi {{x}}" })(contact)).toThrow(invalid("subject"));
			expect(() => prepare({ subject: "Hi {{{y}}}", fallbacks: { y: text } })(contact)).toThrow(invalid("subject"));
			expect(() => prepare()(aContact({ firstName: text }))).toThrow(invalid("to"));
			expect(() => prepare()(aContact({ email: text }))).toThrow(invalid("to"));
			expect(() => prepare({ from: { name: text, address: "a@x.test" } })).toThrow(invalid("from"));
			expect(() => prepare({ from: { name: null, address: text } })).toThrow(invalid("from"));
			expect(() => prepare({ replyTo: [{ name: text, address: "a@x.test" }] })).toThrow(invalid("replyTo"));
			expect(() => prepare({ replyTo: [{ name: null, address: text }] })).toThrow(invalid("replyTo"));
			expect(() => prepare({ headers: { "X-A": text } })).toThrow(invalid("headers"));
			expect(() => prepare({ headers: { [text]: "a" } })).toThrow(invalid("headers"));
		}),
		{ numRuns: 200 },
	);
});

test("a subject with data that is no control character is rendered", async () => {
	for (const x of ["\u2028", "\u0085", "\u202e", "😀", "A".repeat(5000)]) {
		expect(await renderSubject("Hi {{x}}", { contact: { properties: { x } } })).toBe(`Hi ${x}`);
	}
});

test("an author's own list headers are refused, in any spelling", () => {
	for (const name of ["List-Unsubscribe", "list-unsubscribe", "LIST-UNSUBSCRIBE-POST"]) {
		const refused = expect.objectContaining({ code: "render_failed", reason: "reserved_header", field: "headers" });
		expect(() => prepare({ headers: { [name]: "<https://x.test>" } })).toThrow(refused);
	}
});

test("frozen content that is no template says so when it is prepared", () => {
	const broken = expect.objectContaining({ code: "render_failed", reason: "template_syntax", field: "html" });
	expect(() => prepare({ html: "{{#a}}" })).toThrow(broken);
});

test("values that add up to more than 2,000,000 characters spoil one message, not the code", async () => {
	const plan = "x".repeat(4000);
	const template = "{{plan}}".repeat(499);
	const { html } = await renderMessage({ source: { html: template }, contact: { properties: { plan } } });
	expect(html?.length).toBeGreaterThan(1_996_000);
	for (const source of [{ html: template.repeat(2), text: "" }, { text: template.repeat(2) }]) {
		await expect(renderMessage({ source, contact: { properties: { plan } } })).rejects.toMatchObject({
			code: "render_failed",
			reason: "message_too_large",
			field: Object.keys(source)[0],
		});
	}
});

test("a host's format that fails spoils one message, not the code", async () => {
	const options = {
		format: (): string => {
			throw new Error("no");
		},
	};
	const failed = expect.objectContaining({ code: "render_failed", reason: "format_failed", field: "properties.x" });
	await expect(renderSubject("{{x}}", { contact: { properties: { x: 1 } }, options })).rejects.toThrow(failed);
});

test("a part with a link of its own gets no footer", async () => {
	const { html, text } = await renderMessage({ source: { html: "<p><a href='{{{UNSUBSCRIBE_URL}}}'>bye</a></p>" } });
	expect(html).toBe(`<p><a href='${UNSUBSCRIBE_URL.replace("&", "&amp;")}'>bye</a></p>`);
	expect(text).toBe(`bye [${UNSUBSCRIBE_URL}]`);
});

const FOOTER = { brand: "Tidal & Sons", postalAddress: "1 Sea Road\r\nPortsmouth" };

test("a part without link gets a footer with link, address and brand", async () => {
	const { html, text } = await renderMessage({
		source: { html: "<html><body><p>Hello</p></body></html>" },
		content: { footer: FOOTER },
	});
	expect(html).toMatch(
		/^<html><body><p>Hello<\/p><div style="[^"]*">Tidal &amp; Sons<br>1 Sea Road<br>Portsmouth<br><a /,
	);
	expect(html).toContain(`<a href="${UNSUBSCRIBE_URL.replace("&", "&amp;")}" `);
	expect(html).toMatch(/>Unsubscribe<\/a><\/div><\/body><\/html>$/);
	expect(text).toBe(`Hello\n\n-- \nTidal & Sons\n1 Sea Road\nPortsmouth\nUnsubscribe: ${UNSUBSCRIBE_URL}\n`);
});

test("each part is judged by itself", async () => {
	const link = "{{{UNSUBSCRIBE_URL}}}";
	const onlyHtml = await renderMessage({ source: { html: `<p>${link}</p>`, text: "Hello" } });
	expect(onlyHtml.html).not.toContain("Unsubscribe<");
	expect(onlyHtml.text).toContain(`Unsubscribe: ${UNSUBSCRIBE_URL}`);
	const onlyText = await renderMessage({ source: { html: "<p>Hello</p>", text: link } });
	expect(onlyText.html).toContain("Unsubscribe<");
	expect(onlyText.text).toBe(UNSUBSCRIBE_URL);
});

test("a body that ends for some only has its footer at the end for all", async () => {
	const source = { html: "<body>{{#x}}a</body>{{/x}}", text: "x" };
	const { html } = await renderMessage({ source, contact: { properties: { x: true } } });
	expect(html).toMatch(/^<body>a<\/body><div .*<\/div>$/);
});

test("a link behind a comment that ends for some only leaves the footer to all", async () => {
	const html = "<!--[if mso]>{{#x}}<![endif]-->{{/x}}<a href='{{{UNSUBSCRIBE_URL}}}'>x</a>";
	expect((await renderMessage({ source: { html, text: "x" } })).html).toContain(">Unsubscribe</a>");
});

test("a link that only some are shown leaves the footer to the others", async () => {
	const source = { html: "<body>{{#vip}}<a href='{{{UNSUBSCRIBE_URL}}}'>bye</a>{{/vip}}</body>" };
	const vip = await renderMessage({ source, contact: { properties: { vip: true } } });
	const other = await renderMessage({ source });
	expect(vip.html).not.toContain("Unsubscribe<");
	expect(vip.text).not.toContain("Unsubscribe:");
	expect(other.html).toContain(">Unsubscribe</a></div></body>");
	expect(other.text).toContain(`Unsubscribe: ${UNSUBSCRIBE_URL}`);
});

test.each([
	"<!-- {{{UNSUBSCRIBE_URL}}} --><p>x</p>",
	"<!--[if mso]><a href='{{{UNSUBSCRIBE_URL}}}'>x</a><![endif]--><p>x</p>",
	"<title>{{{UNSUBSCRIBE_URL}}}</title><p>x</p>",
])("a link that no reader sees is none: %s", async (html) => {
	expect((await renderMessage({ source: { html } })).html).toContain(">Unsubscribe</a>");
});

test.each([
	["<p>a</p>", "<p>a</p>F"],
	["<body>a</body>", "<body>a F</body>"],
	["<html><body>a</html>", "<html><body>a F</html>"],
	["<BODY>a</BODY >\n</HTML>", "<BODY>a F</BODY >\n</HTML>"],
	["<body><!-- </body> -->a</body>", "<body><!-- </body> -->a F</body>"],
	["<body><textarea></body></textarea>a</body>", "<body><textarea></body></textarea>a F</body>"],
	["<body>{{#x}}a</body>{{/x}}", "<body>F"],
])("in %s the footer stands at the end", async (html, expected) => {
	const message = await renderMessage({ source: { html, text: "x" } });
	const rendered = (message.html ?? "").replace(/<div style=.*?<\/div>/, "F");
	expect(rendered.replaceAll(" ", "")).toBe(expected.replaceAll(" ", ""));
});

test.each([
	["<p>a</p>", "P<p>a</p>"],
	["<!doctype html><p>a</p>", "<!doctype html>P<p>a</p>"],
	["<html><p>a</p></html>", "<html>P<p>a</p></html>"],
	["<html><head></head><p>a</p></html>", "<html><head></head>P<p>a</p></html>"],
	[
		'<html><head></head><body title="a>b" style="{{x}}"><p>a</p></body>',
		'<html><head></head><body title="a>b" style="">P<p>a</p></body>',
	],
	["<!-- <body> --><body><p>a</p></body>", "<!-- <body> --><body>P<p>a</p></body>"],
	["<!--[if mso]><body><![endif]--><body><p>a</p></body>", "<!--[if mso]><body><![endif]--><body>P<p>a</p></body>"],
])("in %s the preview text stands at the beginning", async (html, expected) => {
	const link = "{{{UNSUBSCRIBE_URL}}}";
	const message = await renderMessage({ source: { html: html + link, text: link, previewText: "for {{FIRST_NAME}}" } });
	const rendered = (message.html ?? "").replace(UNSUBSCRIBE_URL.replace("&", "&amp;"), "");
	expect(rendered.replace(/<div style="display:none[^"]*">for Ada<\/div>/, "P")).toBe(expected);
});

test("a preview text that comes out empty is left out", async () => {
	const { html, text } = await renderMessage({
		source: { html: "<p>a {{{UNSUBSCRIBE_URL}}}</p>", previewText: "{{nick}} " },
	});
	expect(html).toBe(`<p>a ${UNSUBSCRIBE_URL.replace("&", "&amp;")}</p>`);
	expect(text).toBe(`a ${UNSUBSCRIBE_URL}`);
});

test("compiling says where a footer will be added", async () => {
	const renderer = createRenderer();
	const findings = async (changes: Parameters<typeof aSource>[0]) =>
		(await renderer.compile(aSource(changes))).findings.map(({ severity, reason, field }) =>
			[severity, reason, field].join(" "),
		);
	expect(await findings({ html: "<p>a</p>" })).toEqual(["info footer_added html", "info footer_added text"]);
	expect(await findings({ html: "<p>{{{UNSUBSCRIBE_URL}}}</p>" })).toEqual([]);
	expect(await findings({ html: "<p>{{{UNSUBSCRIBE_URL}}}</p>", text: "a" })).toEqual(["info footer_added text"]);
	expect(await findings({ text: "a" })).toEqual(["info footer_added text"]);
	expect(await findings({ text: "{{#a}}{{UNSUBSCRIBE_URL}}{{/a}}" })).toEqual(["info footer_added text"]);
	expect(await findings({ html: "<a href='{{{UNSUBSCRIBE_URL}}}'>x</a>", text: "{{UNSUBSCRIBE_URL}}" })).toEqual([]);
});

test("a newsletter of 20 KB renders for many, in flat strings that nobody copies twice", async () => {
	const paragraph = "<p>Dear {{FIRST_NAME|reader}}, here is what happened at sea this week, wave by wave.</p>\n";
	const html = `<body>${paragraph.repeat(230)}<a href="{{{UNSUBSCRIBE_URL}}}">bye</a></body>`;
	expect(html.length).toBeGreaterThan(20_000);
	const compiled = await createRenderer().compile(aSource({ html }));
	const render = prepare({ html: compiled.html, text: compiled.text });
	let octets = 0;
	for (let n = 0; n < 500; n += 1)
		octets += Buffer.byteLength(render(aContact({ firstName: `Reader ${n}` })).html ?? "");
	expect(octets).toBeGreaterThan(500 * 17_000);
});

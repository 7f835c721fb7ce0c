import type { MessageSource } from "@convoke/core";
import { expect, test } from "vitest";
import { createRenderer } from "../src/index.ts";
import { aSource, renderMessage, renderText } from "./rendering.ts";

const renderer = createRenderer();
const compile = (source: MessageSource) => renderer.compile(source);
const refused = (reason: string, field: string, message = ""): unknown =>
	expect.objectContaining({ code: "invalid_input", reason, field, message: expect.stringContaining(message) });

test("a message is HTML, MJML or text", async () => {
	await expect(compile(aSource())).rejects.toThrow(refused("content_missing", "html"));
	await expect(compile(aSource({ text: "" }))).rejects.toThrow(refused("content_missing", "html"));
	await expect(compile(aSource({ html: "<p>x</p>", mjml: "<mjml></mjml>" }))).rejects.toThrow(
		refused("content_ambiguous", "mjml"),
	);
	expect(await compile(aSource({ text: "Hello" }))).toMatchObject({ html: null, text: "Hello" });
	expect(await compile(aSource({ html: "<p>x</p>" }))).toMatchObject({ html: "<p>x</p>", text: "x" });
	expect(await compile(aSource({ html: "<p>x</p>", text: "y" }))).toMatchObject({ html: "<p>x</p>", text: "y" });
});

test("an empty text is how an author asks for no text part", async () => {
	expect(await compile(aSource({ html: "<p>x</p>", text: "" }))).toMatchObject({ html: "<p>x</p>", text: null });
});

const BROKEN: readonly [string, string, string][] = [
	["{{a", "template_syntax", "not closed"],
	["a\nb\n{{a", "template_syntax", "line 3"],
	["{{#a}}", "template_syntax", "Unclosed section"],
	["x\n{{#a}}\n{{#b}}{{/a}}{{/b}}", "template_syntax", "line 3"],
	["{{/a}}", "template_syntax", "Unopened section"],
	["{{}}", "template_syntax", "no name"],
	["{{{ }}}", "template_syntax", "no name"],
	["{{|x}}", "template_syntax", "no name"],
	["{{#}}{{/}}", "template_syntax", "section"],
	["{{#a|b}}{{/a|b}}", "template_syntax", "no fallback"],
	["{{{a}}", "template_syntax", ""],
	[`{{a${" ".repeat(5000)}}}`, "template_syntax", "longer than"],
	[`{{${" ".repeat(999_000)}`, "template_syntax", "not closed"],
	["{{> a}}", "template_partial_unsupported", "partials"],
	["{{#a}}{{>a}}{{/a}}", "template_partial_unsupported", "partials"],
	["{{=<% %>=}}<% a %>", "template_delimiters_unsupported", "delimiters"],
	[`${"{{#a}}".repeat(51)}${"{{/a}}".repeat(51)}`, "template_too_deep", "50"],
	[`${"{{#a}}".repeat(40_000)}${"{{/a}}".repeat(40_000)}`, "template_too_deep", "50"],
	["x".repeat(1_000_001), "template_too_large", "1000000"],
	["é".repeat(500_001), "template_too_large", "1000000"],
];

test.each(BROKEN.map(([template, reason, message]) => [template.slice(0, 40), template, reason, message] as const))(
	"%j is refused, wherever it stands",
	async (_, template, reason, message) => {
		const html = "<p>x</p>";
		await expect(compile(aSource({ html: template }))).rejects.toThrow(refused(reason, "html", message));
		await expect(compile(aSource({ text: template }))).rejects.toThrow(refused(reason, "text", message));
		await expect(compile(aSource({ mjml: template }))).rejects.toThrow(refused(reason, "mjml", message));
		await expect(compile(aSource({ html, subject: template }))).rejects.toThrow(refused(reason, "subject", message));
		await expect(compile(aSource({ html, previewText: template }))).rejects.toThrow(
			refused(reason, "previewText", message),
		);
	},
);

test("at the limits templates compile", async () => {
	const deep = `${"{{#a}}".repeat(50)}x${"{{/a}}".repeat(50)}`;
	expect(await renderText(deep, { contact: { properties: { a: true } } })).toBe("x");
	expect((await compile(aSource({ html: "x".repeat(1_000_000) }))).html).toHaveLength(1_000_000);
});

test("braces that are no tag stay", async () => {
	expect(await renderText("a { b } }} c {x}")).toBe("a { b } }} c {x}");
});

const TEXTS: readonly [string, string][] = [
	["<h1>Hello {{FIRST_NAME}}</h1><p>We are<br>here</p>", "Hello {{FIRST_NAME}}\n\nWe are\nhere"],
	["<h2>{{{contact.first_name|dear friend}}}</h2>", "{{{contact.first_name|dear friend}}}"],
	['<p>See <a href="https://x.test/?a=1&amp;b=2">our site</a>.</p>', "See our site [https://x.test/?a=1&b=2]."],
	['<a href="https://x.test">https://x.test</a>', "https://x.test"],
	['<a href="{{{UNSUBSCRIBE_URL}}}">Unsubscribe</a>', "Unsubscribe [{{{UNSUBSCRIBE_URL}}}]"],
	['<a href="%7B%7B%7BUNSUBSCRIBE_URL%7D%7D%7D">Unsubscribe</a>', "Unsubscribe [{{{UNSUBSCRIBE_URL}}}]"],
	['<a href="https://x.test/{{#a}}b{{/a}}">x</a>', "x [https://x.test/{{#a}}b{{/a}}]"],
	[
		'<a href="https://x.test"><img src="https://x.test/a.png" alt="Logo of {{company}}"></a>',
		"Logo of {{company}} [https://x.test]",
	],
	["<p>{{{x|Tom &amp; Jerry&#39;s &lt;3}}}</p>", "{{{x|Tom & Jerry's <3}}}"],
	["<p>&#123;&#123;a&#125;&#125; {{b}}</p>", "{ {a}} {{b}}"],
	["<ul><li>one</li><li>{{two}}</li></ul>", " * one\n * {{two}}"],
	["<table><tr><td>a</td><td>b</td></tr></table>", "a | b"],
	[
		"<p>x</p><table><thead><tr><th>Seats</th><th>Amount</th></tr></thead><tr><td>{{seats}}</td><td>{{{amount|0}}}</td></tr></table><p>y</p>",
		"x\n\nSeats | Amount\n{{seats}} | {{{amount|0}}}\n\ny",
	],
	[
		"<table>{{#x}}<tr><td>a</td><td>{{x}}</td></tr>{{/x}}<tr><td>b</td><td>c</td></tr></table>",
		"{{#x}}\na | {{x}}\n{{/x}}\nb | c",
	],
	["<table role='presentation'><tr><td>a</td><td>b</td></tr></table>", "ab"],
	["<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", "a\n\nb"],
	["<head><title>T</title><style>p{}</style></head><body><script>x()</script><p>a</p></body>", "a"],
	['<div style="display:none">preview</div><p>a</p>', "a"],
	["<!-- note --><!--[if mso]><p>old</p><![endif]--><!--[if !mso]><!--><p>new</p><!--<![endif]-->", "new"],
	["<p>a</p>{{#x}}<p>b</p>{{/x}}<p>c</p>", "a\n\n{{#x}}\nb\n\n{{/x}}\nc"],
	["<img {{#x}}src='a'{{/x}} alt='b'>", "b"],
	[`<p>${"word ".repeat(40)}</p>`, "word ".repeat(40).trim()],
	["{{#x}}<body><p>a</p></body>{{/x}}", "{{#x}}\na\n\n{{/x}}"],
];

test.each(TEXTS)("the text of %s is %j", async (html, text) => {
	const compiled = await compile(aSource({ html }));
	expect(compiled.text).toBe(text);
	expect(compiled.findings.filter(({ severity }) => severity === "error")).toEqual([]);
});

test("a section that text cannot keep whole is an error to send", async () => {
	const html = '{{#x}}<p title="{{/x}}">a</p>';
	await expect(compile(aSource({ html }))).rejects.toThrow(refused("template_split_markup", "html"));
	const hidden = "{{#x}}<div style='display:none'>{{/x}}</div><p>a</p>";
	const { text, findings } = await compile(aSource({ html: hidden }));
	expect(text).toBe(null);
	expect(findings[0]).toMatchObject({ severity: "error", reason: "mustache_tag_lost", field: "text" });
});

test("a document nested without end makes a text", async () => {
	const html = `${"<div>".repeat(20_000)}x${"</div>".repeat(20_000)}`;
	expect((await compile(aSource({ html }))).html).toBe(html);
});

test("many templates leave nothing behind", async () => {
	for (let n = 0; n < 200; n += 1) {
		const message = await renderMessage({ source: { html: `<p>${n} {{FIRST_NAME}}</p>` } });
		expect(message.html).toContain(`<p>${n} Ada</p>`);
	}
});

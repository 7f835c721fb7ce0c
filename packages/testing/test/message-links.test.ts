import { expect, test } from "vitest";
import { linksOf } from "../src/message-links.ts";

const inHtml = (html: string): readonly string[] => linksOf({ html, text: null });
const inText = (text: string): readonly string[] => linksOf({ html: null, text });

test.each([
	["in double quotes", `<a href="https://x.test/a">a</a>`],
	["in single quotes", `<a href='https://x.test/a'>a</a>`],
	["without quotes", `<a href=https://x.test/a>a</a>`],
	["in capitals", `<A HREF="https://x.test/a">a</A>`],
	["with spaces and line ends around", `<a\n\thref = "\n https://x.test/a "\n>a</a>`],
	["after other attributes", `<a class=x title="href=no > <a href='no'>" data-href="no" href="https://x.test/a">a</a>`],
	["of an area", `<area shape="rect" href="https://x.test/a" />`],
	["given twice, of which the first counts", `<a href="https://x.test/a" href="https://x.test/no">a</a>`],
])("a link of the HTML part is found %s", (_, html) => {
	expect(inHtml(html)).toEqual(["https://x.test/a"]);
});

test("a link of the HTML part is read as a mail program reads it", () => {
	expect(inHtml(`<a href="https:&#x2F;&#47;x.test/?a=1&amp;b=2&copy=3&#x110000;&unknown;">a</a>`)).toEqual([
		"https://x.test/?a=1&b=2&copy=3&#x110000;&unknown;",
	]);
});

test.each([
	["a comment", `<!-- <a href="https://x.test/a">a</a> -->`],
	["what only Outlook reads", `<!--[if mso]><a href="https://x.test/a">a</a><![endif]-->`],
	["a style", `<style>a::after { content: '<a href="https://x.test/a">' }</style>`],
	["a script", `<script>"<a href='https://x.test/a'>"</script>`],
	["another element", `<abbr href="https://x.test/a">a</abbr><link href="https://x.test/a">`],
	["an anchor without link", `<a name="top">a</a>`],
	["text that is no tag", `a &lt;a href="https://x.test/a">`],
])("%s holds no link", (_, html) => {
	expect(inHtml(html)).toEqual([]);
});

test("what all but Outlook read holds links", () => {
	expect(inHtml(`<!--[if !mso]><!--><a href="https://x.test/a">a</a><!--<![endif]-->`)).toEqual(["https://x.test/a"]);
});

test.each([
	["See https://x.test/a.", "https://x.test/a"],
	["Terms [https://x.test/a] apply", "https://x.test/a"],
	["(more at https://x.test/a)", "https://x.test/a"],
	["<https://x.test/a>", "https://x.test/a"],
	["https://x.test/wiki/A_(b)", "https://x.test/wiki/A_(b)"],
	["Unsubscribe: HTTPS://x.test/a?b=1&c=2\n", "HTTPS://x.test/a?b=1&c=2"],
])("the URL in %j is found", (text, url) => {
	expect(inText(text)).toEqual([url]);
});

test("links stand in order, those of the HTML part first, each once", () => {
	const html = `<a href="https://x.test/b">b</a><a href="mailto:a@x.test">mail</a><a href="https://x.test/b">b</a>`;
	const text = "https://x.test/c https://x.test/b https://x.test/a";
	expect(linksOf({ html, text })).toEqual([
		"https://x.test/b",
		"mailto:a@x.test",
		"https://x.test/c",
		"https://x.test/a",
	]);
});

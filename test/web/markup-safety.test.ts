import { createPreferencesHandler } from "@convoke/web";
import { expect, test } from "vitest";
import { form, setScene } from "./scene.ts";

const PAYLOADS = [
	"<img src=x onerror=alert(1)>",
	'"><script>alert(1)</script>',
	"' onmouseover='alert(1)",
	"</title><script>1</script>",
	"</style><script>1</script>",
	"</h1><h1>",
	"<svg/onload=1>",
	'" autofocus onfocus="1',
	"<!-- ",
	"-->",
	"<![CDATA[",
	"&lt;script&gt;",
	"{{topic}}",
	"{topic}",
	"{address}",
	"$&$1$`",
	"javascript:alert(1)",
	"`${1}`",
	"<a href=//evil.test>",
	"<form action=//evil.test>",
	"\u202Eevil",
	"<base href=//evil.test>",
	'" formaction="//evil.test',
	"<meta http-equiv=refresh>",
	"'-alert(1)-'",
	"<input name=token>",
	"<iframe>",
	"</label></span></div></form>",
	"<plaintext>",
	"<textarea>",
	"<ScRiPt>1</sCrIpT>",
	"<script >1</script >",
	"<img/src=x/onerror=1>",
	"<img src=`x` onerror=1>",
	"<<b>",
	"<b",
	"<b x='",
	'<b x="',
	"</",
	"<!doctype html>",
	"<?xml ?>",
	"<math><mi>",
	"<template>",
	"<object data=//evil.test>",
	"<embed src=//evil.test>",
	"<link rel=stylesheet href=//evil.test>",
	"<style>*{display:none}</style>",
	"<body onload=1>",
	"<html dir=rtl>",
	"<dialog open>",
	"<button formaction=//evil.test>",
	"<details open ontoggle=1>",
	"<video src=x onerror=1>",
	"<marquee onstart=1>",
	"<noscript><p title='</noscript>'>",
	"&#60;b&#62;",
	"&#x3c;b&#x3e;",
	"\u0000<b>".slice(1),
	"＜script＞",
	"\"'><&",
];

/** The elements and attributes of a page, without any text or value. */
function skeleton(html: string): string {
	return (html.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/="[^"]*"/g, "")).join("");
}

async function pagesWith(text: string): Promise<readonly string[]> {
	const { audience, news, path } = await setScene();
	await audience.topics.update(news.id, { name: text.slice(0, 50), description: text });
	const languages = { en: { leave: text, saved: text, topics: text } };
	const handler = createPreferencesHandler(audience, { brand: { name: text }, languages, onReason: () => {} });
	const link = `https://tidal.test${path("unsubscribe", { topicId: news.id })}`;
	const requests: readonly RequestInit[] = [
		{},
		{ headers: { "accept-language": text.replace(/[^\x20-\x7e]/g, "") } },
		form({ action: "save", topics: news.id }),
		form({ action: "unsubscribe" }),
		form({ action: text }),
	];
	return Promise.all(requests.map(async (init) => (await handler(new Request(link, init))).text()));
}

test.each(PAYLOADS)("H59, H60: %s is shown as text: in a topic, the brand, the texts, the request", async (payload) => {
	const [plain, hostile] = await Promise.all([pagesWith("plain"), pagesWith(payload)]);
	expect(hostile.map(skeleton)).toEqual(plain.map(skeleton));
	expect(hostile[0]).not.toMatch(/<(script|img|iframe|svg)/i);
});

test("H61: a topic's name is neither empty nor long", async () => {
	const { audience } = await setScene();
	for (const name of ["x".repeat(10_000), "", "   "]) {
		await expect(audience.topics.create({ name })).rejects.toMatchObject({ reason: "topic_name_invalid" });
	}
});

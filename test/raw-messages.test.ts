import type { NewBroadcast, NewContact, Topic } from "@convoke/core";
import fc from "fast-check";
import PostalMime from "postal-mime";
import { expect, test } from "vitest";
import { readFuzz } from "./support/fuzz.ts";
import { rawHeaders } from "./support/mail-server.ts";
import type { Delivery } from "./support/mail-server.ts";
import { openPostOffice } from "./support/post-office.ts";

// Random messages over SMTP, read by a parser that is not the composer's. In full: RAW_MESSAGES_RUNS=10000.

const PER_BROADCAST = 20;
const { runs, seed } = readFuzz("RAW_MESSAGES", 500);

/** Words of twelve scripts, and signs beyond them. */
const SCRIPTS: Readonly<Record<string, readonly string[]>> = {
	latin: ["Zoë", "Łukasz", "naïve", "Søren", "İstanbul", "O'Brien", "Smith-Jones", "a"],
	greek: ["Ευαγγελία", "παλίρροια", "Ώρα"],
	cyrillic: ["Новости", "Щука", "Ёлка"],
	armenian: ["Լուրեր", "Արամ"],
	georgian: ["სიახლეები", "ნინო"],
	hebrew: ["חדשות", "שָׁלוֹם"],
	arabic: ["أخبار", "مُحَمَّد"],
	devanagari: ["समाचार", "क्षत्रिय"],
	thai: ["ข่าวสาร", "สมชาย"],
	ethiopic: ["ዜና", "አበበ"],
	han: ["潮汐", "新聞", "𠮷野家"],
	kana: ["ニュース", "さくら"],
	hangul: ["소식", "한글"],
	signs: ["🌊", "👩‍👩‍👧‍👦", "—", "“quoted”", "50 %", "a&b", "<b>", "(c)", "x@y", "€9"],
};

const word = fc.constantFrom(...Object.values(SCRIPTS)).chain((words) => fc.constantFrom(...words));
const phrase = (maxLength: number) => fc.array(word, { minLength: 1, maxLength }).map((words) => words.join(" "));
const lines = fc.array(phrase(30), { minLength: 1, maxLength: 8 });

interface Plot {
	readonly subject: string;
	readonly fromName: string | null;
	readonly replyName: string | null;
	readonly body: readonly string[];
	readonly parts: "both" | "html" | "text" | "own text";
	readonly topic: boolean;
	readonly picture: boolean;
	readonly file: string | null;
	readonly campaign: string | null;
	readonly contacts: readonly Person[];
}

interface Person {
	readonly firstName: string | null;
	readonly lastName: string | null;
	readonly word: string;
}

const plots: fc.Arbitrary<Plot> = fc.record({
	subject: phrase(12),
	fromName: fc.option(phrase(6)),
	replyName: fc.option(phrase(6)),
	body: lines,
	parts: fc.constantFrom("both", "html", "text", "own text"),
	topic: fc.boolean(),
	picture: fc.boolean(),
	file: fc.option(phrase(3).map((name) => `${name.replaceAll("/", "")}.txt`)),
	campaign: fc.option(phrase(10)),
	contacts: fc.array(fc.record({ firstName: fc.option(phrase(3)), lastName: fc.option(phrase(3)), word: phrase(5) }), {
		minLength: PER_BROADCAST,
		maxLength: PER_BROADCAST,
	}),
});

const PICTURE = { filename: "logo.png", content: "iVBORw0KGgo=", contentId: "logo" };

test("messages are what an independent parser expects, in twelve scripts", { timeout: 600_000 }, async () => {
	const { audience, deliveries, mail } = await openPostOffice();
	await audience.properties.create({ key: "word", type: "string" });
	const topic = await audience.topics.create({ name: "Новости 🌊", defaultSubscription: "opt_in" });
	const messageIds = new Set<string>();
	let count = 0;
	await fc.assert(
		fc.asyncProperty(plots, async (plot) => {
			const people = plot.contacts.map((person, index) => ({ ...person, email: `p${count + index}@x.test` }));
			const contacts = await audience.contacts.createMany(people.map(toContact));
			await mail(toBroadcast(plot, topic));
			expect(deliveries).toHaveLength(people.length);
			for (const delivery of deliveries) {
				const person = people.find(({ email }) => email === delivery.to[0]);
				if (person === undefined) throw new Error("A message went to nobody.");
				checkRaw(delivery);
				messageIds.add(checkHeaders(delivery, plot, topic));
				await checkParsed(delivery, plot, person);
			}
			count += deliveries.length;
			deliveries.length = 0;
			for (const { id } of contacts) await audience.contacts.remove({ id });
		}),
		{ numRuns: Math.ceil(runs / PER_BROADCAST), seed, endOnFailure: true },
	);
	console.log(`${count} messages`);
	expect(messageIds.size).toBe(count);
});

function toContact({ word: own, ...contact }: Person & { readonly email: string }): NewContact<{ word: string }> {
	return { ...contact, properties: { word: own } };
}

function toBroadcast(plot: Plot, topic: Topic): Partial<NewBroadcast> {
	const paragraphs = plot.body.map((line) => `<p>${escape(line)}</p>`).join("\n");
	const picture = plot.picture && plot.parts !== "text" ? '<img src="cid:logo" alt="Tidal">' : "";
	const html = `<!doctype html><html><body>${picture}${paragraphs}<p>{{word}}</p></body></html>`;
	const text = `${plot.body.join("\n")}\n{{word}}`;
	return {
		subject: `${plot.subject} {{word}}`,
		from: { name: plot.fromName, address: "news@tidal.test" },
		replyTo: plot.replyName === null ? [] : [{ name: plot.replyName, address: "help@tidal.test" }],
		topicId: plot.topic ? topic.id : null,
		headers: plot.campaign === null ? {} : { "X-Campaign": plot.campaign },
		attachments: [
			...(picture === "" ? [] : [PICTURE]),
			...(plot.file === null ? [] : [{ filename: plot.file, content: Buffer.from("tides") }]),
		],
		...(plot.parts === "text" ? { text } : { html, text: { both: null, html: "", "own text": text }[plot.parts] }),
	};
}

/** RFC 5322 sections 2.1 and 2.1.1: ASCII headers, lines of at most 998 octets that end in CRLF. */
function checkRaw({ raw }: Delivery): void {
	const text = raw.toString("latin1");
	expect(text).not.toMatch(/[^\r]\n|\r[^\n]/);
	expect(Math.max(...text.split("\r\n").map(({ length }) => length))).toBeLessThanOrEqual(998);
	expect(text.slice(0, text.indexOf("\r\n\r\n"))).toMatch(/^[\r\n\t -~]*$/);
	expect(text).not.toMatch(/[^\r\n\t -~]/);
}

/** Answers with the message's id. */
function checkHeaders({ raw }: Delivery, plot: Plot, topic: Topic): string {
	const headers = rawHeaders(raw);
	const values = (name: string) => headers.filter((each) => each.name === name).map(({ value }) => value);
	expect(values("list-unsubscribe")).toEqual([expect.stringMatching(/^<https:\/\/tidal\.test\/mail\/u\/[\w-]{88}>$/)]);
	expect(values("list-unsubscribe-post")).toEqual(["List-Unsubscribe=One-Click"]);
	expect(values("list-id")).toEqual(plot.topic ? [expect.stringMatching(`<${topic.id}\\.tidal\\.test>$`)] : []);
	expect(values("mime-version")).toEqual(["1.0"]);
	expect(values("date").map((date) => Number.isNaN(Date.parse(date)))).toEqual([false]);
	for (const name of ["precedence", "auto-submitted", "bcc", "cc", "sender"]) expect(values(name)).toEqual([]);
	const [messageId = ""] = values("message-id");
	expect(messageId).toMatch(/^<[0-9a-f]{40}@tidal\.test>$/);
	return messageId;
}

async function checkParsed({ raw }: Delivery, plot: Plot, person: Person & { readonly email: string }): Promise<void> {
	const message = await PostalMime.parse(raw);
	const name = [person.firstName, person.lastName].filter((part) => part !== null).join(" ");
	expect(message.subject).toBe(`${plot.subject} ${person.word}`);
	expect(message.to).toEqual([{ name, address: person.email }]);
	expect(message.from).toEqual({ name: plot.fromName ?? "", address: "news@tidal.test" });
	expect(message.replyTo ?? []).toEqual(
		plot.replyName === null ? [] : [{ name: plot.replyName, address: "help@tidal.test" }],
	);
	const hasHtml = plot.parts !== "text";
	const hasText = plot.parts !== "html";
	if (hasHtml) expect(message.html).toContain(`<p>${escape(person.word)}</p>`);
	if (hasText) expect(message.text).toContain(person.word);
	for (const line of plot.body) {
		if (hasHtml) expect(message.html).toContain(`<p>${escape(line)}</p>`);
		if (hasText) expect(message.text).toContain(line);
	}
	expect(message.attachments.map(({ filename, contentId }) => [filename, contentId])).toEqual([
		...(plot.picture && hasHtml ? [["logo.png", "<logo>"]] : []),
		...(plot.file === null ? [] : [[plot.file, undefined]]),
	]);
	expect(typesOf(raw)).toEqual(expectedTypes(plot));
}

/** The content types in the order they stand in the message, texts with their charset. */
function typesOf(raw: Buffer): readonly string[] {
	const unfolded = raw.toString("latin1").replace(/\r\n[ \t]+/g, " ");
	return [...unfolded.matchAll(/^Content-Type: ([\w/]+)(?:.*?(charset=[\w-]+))?/gim)].map(([, type = "", charset]) =>
		charset === undefined ? type : `${type} ${charset}`,
	);
}

function expectedTypes({ parts, picture, file }: Plot): readonly string[] {
	const html =
		parts !== "text" && picture
			? ["multipart/related", "text/html charset=utf-8", "image/png"]
			: ["text/html charset=utf-8"];
	const text = "text/plain charset=utf-8";
	const bodies: Readonly<Record<Plot["parts"], readonly string[]>> = {
		text: [text],
		html,
		both: ["multipart/alternative", text, ...html],
		"own text": ["multipart/alternative", text, ...html],
	};
	return [...(file === null ? [] : ["multipart/mixed"]), ...bodies[parts], ...(file === null ? [] : ["text/plain"])];
}

function escape(text: string): string {
	return text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;")
		.replaceAll("'", "&#39;");
}

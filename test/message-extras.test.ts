import type { NewBroadcast } from "@convoke/core";
import { createTestAudience, aBroadcast, aContact } from "@convoke/testing";
import { generateKeyPairSync } from "node:crypto";
import PostalMime from "postal-mime";
import { describe, expect, test } from "vitest";
import { hostile } from "./hostile/world.ts";
import { rawHeaders } from "./support/mail-server.ts";
import type { Delivery } from "./support/mail-server.ts";
import { openPostOffice } from "./support/post-office.ts";

const PNG = Buffer.from("89504e470d0a1a0a", "hex");

function header(delivery: Delivery | undefined, name: string): string | undefined {
	return rawHeaders(delivery?.raw ?? Buffer.alloc(0)).find((each) => each.name === name)?.value;
}

describe("attachments", () => {
	test("arrive as they are, and pictures where the HTML shows them", async () => {
		const { audience, mail } = await openPostOffice();
		await audience.contacts.create({ email: "ada@x.test" });
		const [delivery] = await mail({
			html: '<p>Hello <img src="cid:logo" alt="Tidal"></p>',
			attachments: [
				{ filename: "Zoë's tide tables.pdf", content: Buffer.from("%PDF-1.7"), contentType: "application/pdf" },
				{ filename: "logo.png", content: PNG.toString("base64"), contentId: "logo" },
			],
		});
		const { attachments, html, text } = await PostalMime.parse(delivery?.raw ?? "");
		expect(html).toContain('<img src="cid:logo" alt="Tidal">');
		expect(text).toContain("Hello");
		expect(
			attachments.map(({ filename, mimeType, disposition, contentId, related, content }) => ({
				filename,
				mimeType,
				disposition,
				contentId,
				related,
				content: Buffer.from(content as ArrayBuffer),
			})),
		).toEqual([
			{
				filename: "logo.png",
				mimeType: "image/png",
				disposition: "inline",
				contentId: "<logo>",
				related: true,
				content: PNG,
			},
			{
				filename: "Zoë's tide tables.pdf",
				mimeType: "application/pdf",
				disposition: "attachment",
				contentId: undefined,
				related: undefined,
				content: Buffer.from("%PDF-1.7"),
			},
		]);
	});

	test("are frozen with the rest, and copied by duplicate", async () => {
		const { audience, inbox, deliver } = createTestAudience();
		await audience.contacts.create(aContact());
		const { id } = await audience.broadcasts.create(
			aBroadcast({
				attachments: [{ filename: "a.txt", content: "YQ==" }],
				tags: [{ name: "campaign", value: "spring" }],
			}),
		);
		const copy = await audience.broadcasts.duplicate(id);
		await audience.broadcasts.send(id);
		await deliver();
		const expected = {
			attachments: [{ filename: "a.txt", content: "YQ==", contentType: null, contentId: null }],
			tags: [{ name: "campaign", value: "spring" }],
		};
		expect(inbox.messages).toMatchObject([expected]);
		expect(copy).toMatchObject(expected);
		expect(await audience.broadcasts.update(copy.id, { attachments: [], tags: [] })).toMatchObject({
			attachments: [],
			tags: [],
		});
	});

	test.each<readonly [string, Partial<NewBroadcast>]>([
		["too_many_attachments", { attachments: Array.from({ length: 11 }, (_, n) => file({ filename: `${n}` })) }],
		["attachments_too_large", { attachments: [file({ content: Buffer.alloc(5 * 1024 * 1024 + 1) })] }],
		["attachments_too_large", { attachments: [file({ content: "A".repeat(11 * 1024 * 1024) })] }],
		["invalid_attachment", { attachments: [file({ content: "" })] }],
		["invalid_attachment", { attachments: [file({ content: "no base64!" })] }],
		["invalid_attachment", { attachments: [file({ content: hostile({ path: "/etc/passwd" }) })] }],
		["unknown_field", { attachments: [hostile({ ...file(), path: "/etc/passwd" })] }],
		["unknown_field", { attachments: [hostile({ ...file(), href: "https://evil.test" })] }],
		["invalid_filename", { attachments: [file({ filename: " " })] }],
		["invalid_filename", { attachments: [file({ filename: "../a.txt" })] }],
		["invalid_filename", { attachments: [file({ filename: "C:\\a.txt" })] }],
		["invalid_header", { attachments: [file({ filename: "a\r\nBcc: e@x.test" })] }],
		["header_too_long", { attachments: [file({ filename: "a".repeat(256) })] }],
		["invalid_content_type", { attachments: [file({ contentType: "text/plain\r\nX: y" })] }],
		["invalid_content_type", { attachments: [file({ contentType: "text" })] }],
		["invalid_content_id", { attachments: [file({ contentId: "a>b" })] }],
		["duplicate_content_id", { attachments: [file({ contentId: "a" }), file({ contentId: "a" })] }],
		["too_many_tags", { tags: Array.from({ length: 51 }, (_, n) => ({ name: `n${n}`, value: "v" })) }],
		["invalid_tag", { tags: [{ name: "a b", value: "v" }] }],
		["invalid_tag", { tags: [{ name: "a", value: "v\r\n" }] }],
		["invalid_tag", { tags: [{ name: "", value: "v" }] }],
		[
			"duplicate_tag",
			{
				tags: [
					{ name: "a", value: "1" },
					{ name: "a", value: "2" },
				],
			},
		],
		["invalid_type", { tags: hostile("a") }],
		["invalid_type", { attachments: hostile({}) }],
	])("%s: case %# is refused", async (reason, fields) => {
		const { audience } = createTestAudience();
		await expect(audience.broadcasts.create(aBroadcast(fields))).rejects.toMatchObject({
			code: "invalid_input",
			reason,
		});
		expect((await audience.broadcasts.list()).data).toEqual([]);
	});
});

function file(changes: Partial<NonNullable<NewBroadcast["attachments"]>[number]> = {}) {
	return { filename: "a.txt", content: "YQ==", ...changes };
}

// Quotes, brackets, encoded words, other scripts.
const NAMES = [
	"News",
	'"quoted"',
	"back\\slash",
	"<angle>",
	"a <b@x.test>",
	"(comment",
	"comment)",
	"a, b; c: d",
	"=?UTF-8?B?SGk=?=",
	"Grüße",
	"潮汐新聞",
	"أخبار المد والجزر",
	"חדשות",
	"новости",
	"समाचार",
	"🌊",
	"🌊".repeat(25),
	"é".repeat(50),
	"a".repeat(50),
	"\u202eswen",
	"a\u2028b",
	"x\u0085y",
	"https://x.test/",
	"a.b.c",
	"...",
	"@",
	'"',
	"\\",
	"'",
	"`",
	"<",
	">",
	"<>",
	"><",
	"]",
	"[a]",
	"%0d%0a",
	"&lt;",
	"=0D=0A",
	"\u00a0a\u00a0",
	"{{contact.email}}",
	"a\u200bb",
	"ẞ",
	"ﬀ",
	"👩‍👩‍👧‍👦",
	"é̂̃",
	"null",
	"0",
	"-",
	"List-Id",
];

describe("List-Id", () => {
	test("names the topic by its id, and stays when the topic is renamed", async () => {
		const { audience, mail } = await openPostOffice();
		await audience.contacts.create({ email: "ada@x.test" });
		const topic = await audience.topics.create({ name: "News", defaultSubscription: "opt_in" });
		const [before] = await mail({ topicId: topic.id });
		expect(header(before, "list-id")).toBe(`"News" <${topic.id}.tidal.test>`);
		await audience.topics.update(topic.id, { name: "Daily news" });
		const [after] = await mail({ topicId: topic.id });
		expect(header(after, "list-id")).toBe(`"Daily news" <${topic.id}.tidal.test>`);
		const [none] = await mail({});
		expect(header(none, "list-id")).toBeUndefined();
		const [own] = await mail({ topicId: topic.id, headers: { "list-id": "<own.tidal.test>" } });
		expect(rawHeaders(own?.raw ?? Buffer.alloc(0)).filter(({ name }) => name === "list-id")).toEqual([
			{ name: "list-id", value: "<own.tidal.test>" },
		]);
	});

	test("keeps a private topic's name to itself", async () => {
		const { audience, mail } = await openPostOffice();
		await audience.contacts.create({ email: "ada@x.test" });
		const { id } = await audience.topics.create({
			name: "Winback",
			defaultSubscription: "opt_in",
			visibility: "private",
		});
		const [delivery] = await mail({ topicId: id });
		expect(header(delivery, "list-id")).toBe(`<${id}.tidal.test>`);
	});

	test("can be read, whatever the topic is called", async () => {
		expect(NAMES).toHaveLength(50);
		const { audience, mail } = await openPostOffice();
		await audience.contacts.create({ email: "ada@x.test" });
		for (const name of NAMES) {
			const { id } = await audience.topics.create({ name, defaultSubscription: "opt_in" });
			const [delivery] = await mail({ topicId: id });
			const value = header(delivery, "list-id") ?? "";
			expect(value).toMatch(/^[ -~]+$/);
			const [, phrase = "", listId] = /^(.*) <([^<>]+)>$/.exec(value) ?? [];
			expect(listId).toBe(`${id}.tidal.test`);
			// The phrase is that of an address: an independent parser reads it as the name in one.
			const parsed = await PostalMime.parse(`From: ${phrase} <list@tidal.test>\r\n\r\n`);
			expect(parsed.from).toEqual({ name, address: "list@tidal.test" });
			await audience.topics.remove(id);
		}
	});
});

test("a signature covers the list headers, and check knows whose it is", async () => {
	const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
	const dkim = { domainName: "elsewhere.test", keySelector: "a", privateKey };
	const { audience, mail } = await openPostOffice({}, dkim);
	await audience.contacts.create({ email: "ada@x.test" });
	const { id } = await audience.topics.create({ name: "News", defaultSubscription: "opt_in" });
	const [delivery] = await mail({ topicId: id });
	const signed = /\bh=([^;]*)/.exec(header(delivery, "dkim-signature") ?? "")?.[1]?.replace(/\s/g, "");
	expect(signed?.toLowerCase().split(":")).toEqual(
		expect.arrayContaining(["from", "to", "subject", "list-id", "list-unsubscribe", "list-unsubscribe-post"]),
	);
	const [broadcast] = (await audience.broadcasts.list()).data;
	expect((await audience.broadcasts.check(broadcast?.id ?? "")).map(({ reason }) => reason)).toContain(
		"dkim_domain_differs",
	);
});

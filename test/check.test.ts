import { createAudience, createMemoryStorage } from "@convoke/core";
import type { Audience, Finding, NewBroadcast, Sender } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { describe, expect, test } from "vitest";
import { KEYS } from "./hostile/world.ts";
import { createOutbox } from "./support/outbox.ts";

const ADDRESS = "1 Quay Street, Bristol";
const PICTURE = { filename: "logo.png", content: "iVBORw0KGgo=", contentId: "logo" };
const LINK = '<a href="{{{UNSUBSCRIBE_URL}}}">Unsubscribe</a>';

interface Part {
	/** What stands before the end of the message. */
	readonly body?: string;
	readonly end?: string;
}

function html({ body = "", end = `<p>${ADDRESS}</p><p>${LINK}</p>` }: Part = {}): string {
	return `<h1>Spring tide</h1><p>Hello {{{contact.first_name|there}}}, the rotas are here.</p>${body}${end}`;
}

function mjml(body: string): string {
	const end = `<mj-section><mj-column><mj-text>${ADDRESS} ${LINK}</mj-text></mj-column></mj-section>`;
	return `<mjml><mj-body>${body}${end}</mj-body></mjml>`;
}

const SECTION = "<mj-section><mj-column><mj-text>Only for you, and for nobody else.</mj-text></mj-column></mj-section>";

type Defaults = Omit<Partial<Sender>, "transport"> & { readonly dkimDomain?: string };

function openAudience({ dkimDomain, ...defaults }: Defaults = {}) {
	return createAudience({
		storage: createMemoryStorage(),
		renderer: createRenderer(),
		sender: () => ({
			transport: { ...createOutbox(), dkimDomain },
			from: "Tidal <news@tidal.test>",
			postalAddress: ADDRESS,
			...defaults,
		}),
		links: { baseUrl: "https://tidal.test/mail", keys: KEYS.link },
		hashKey: KEYS.hash,
		properties: { plan: "string", seats: "number", city: "string", link: "string" },
	});
}

async function findingsOf(
	broadcast: Partial<NewBroadcast<never>> = {},
	sender: Defaults = {},
): Promise<readonly Finding[]> {
	const audience = openAudience(sender);
	await audience.contacts.create({
		email: "ada@example.com",
		firstName: "Ada",
		properties: { link: "https://x.test" },
	});
	const { id } = await audience.broadcasts.create({
		everyone: true,
		subject: "Spring tide",
		...(broadcast.mjml === undefined && { html: html() }),
		...broadcast,
	});
	return audience.broadcasts.check(id);
}

const shown = ({ severity, reason, field, count }: Finding): string =>
	[severity, reason, field, count].filter((word) => word !== undefined).join(" ");

test("a message with everything in it leaves nothing to say", async () => {
	expect(await findingsOf()).toEqual([]);
	expect(await findingsOf({}, { dkimDomain: "mail.tidal.test" })).toEqual([]);
	expect(await findingsOf({ html: html({ body: "<img src='cid:logo' alt=''>" }), attachments: [PICTURE] })).toEqual([]);
	expect(
		await findingsOf({ html: html({ body: '<p><a href="{{link}}">Here</a> <a href="#top">Top</a></p>' }) }),
	).toEqual([]);
});

test("a postal address is found however it is laid out", async () => {
	const postalAddress = "Moss & Sons\n1 Quay Street\nBristol";
	const end = `<p>Moss &amp; Sons<br>1 Quay Street, <b>Bristol</b></p><p>${LINK}</p>`;
	expect(await findingsOf({ html: html({ end }) }, { postalAddress })).toEqual([]);
});

test("the variables that recipients lack are not counted while a property that says who they are is gone", async () => {
	const { audience, id } = await draft({ html: html({ body: "{{plan}}" }) });
	await audience.contacts.create({ email: "ada@example.com", firstName: "Ada" });
	const shoe = await audience.properties.create({ key: "shoe", type: "number" });
	const untyped: Audience = audience;
	await untyped.broadcasts.update(id, { filter: { field: "properties.shoe", op: "isSet", value: false } });
	expect((await audience.broadcasts.check(id)).map(shown)).toEqual(["warning variable_missing 1"]);
	await audience.properties.remove({ id: shoe.id });
	expect((await audience.broadcasts.check(id)).map(shown)).toEqual(["error unknown_field filter"]);
});

/** Each message lacks one thing. */
const LACKING: readonly (readonly [string, string, Partial<NewBroadcast<never>>, Defaults?])[] = [
	["a variable that exists", "error unknown_variable", { html: html({ body: "{{{plam|free}}}" }) }],
	[
		"an unsubscribe link in its HTML",
		"info footer_added html",
		{ html: html({ end: "" }), text: `${ADDRESS} {{{UNSUBSCRIBE_URL}}} {{{contact.first_name|you}}}` },
	],
	["an unsubscribe link in its text", "info footer_added text", { text: "Hello {{{contact.first_name|you}}}" }],
	["an author", "error sender_missing from", {}, { from: undefined }],
	["a postal address", "warning postal_address_missing", {}, { postalAddress: undefined }],
	["a signature by the author's domain", "warning dkim_domain_differs from", {}, { dkimDomain: "sendgrid.net" }],
	["https in a link", "warning insecure_link html 1", { html: html({ body: '<a href="http://tidal.test/a">a</a>' }) }],
	[
		"https in a picture",
		"warning insecure_link html 1",
		{ html: html({ body: "<img src='http://tidal.test/a.png' alt='A'>" }) },
	],
	["a link's host", "warning relative_link html 1", { html: html({ body: '<a href="/whats-new">a</a>' }) }],
	[
		"a link that may be followed",
		"error unsafe_url html 1",
		{ html: html({ body: '<a href=" java\nscript:go()">a</a>' }) },
	],
	[
		"an alternative text",
		"warning alt_missing html 2",
		{ html: html({ body: "<img src='https://x.test/a.png'><img src='https://x.test/b.png'>" }) },
	],
	["brevity", "warning message_too_large html", { html: html({ body: `<p>${"word ".repeat(21_000)}</p>` }) }],
	["a value for the only recipient", "warning variable_missing 1", { html: html({ body: "Your plan is {{plan}}." }) }],
	["a subject in small letters", "warning subject_shouts subject", { subject: "THE SPRING SALE" }],
	["a subject that is calm", "warning subject_punctuation subject", { subject: "The spring sale!!" }],
	["a subject of its own", "warning subject_pretends_reply subject", { subject: "Re: your order" }],
	["a subject as it reads", "warning bidi_in_subject subject", { subject: "Spring \u202eedit" }],
	["an open link", "warning link_shortener html 1", { html: html({ body: '<a href="https://bit.ly/3x">a</a>' }) }],
	[
		"a link to a domain",
		"warning link_to_number html 1",
		{ html: html({ body: '<a href="https://192.0.2.7/a">a</a>' }) },
	],
	[
		"an honest link",
		"warning misleading_link html 1",
		{ html: html({ body: '<a href="https://stage.evil.test/a">https://www.bank.test/login</a>' }) },
	],
	[
		"the picture that it shows",
		"warning inline_image_missing attachments",
		{ html: html({ body: "<img src='cid:logo' alt='Tidal'>" }) },
	],
	["a place for its picture", "info inline_image_unused attachments", { attachments: [PICTURE] }],
	[
		"a variable in its text",
		"info variable_unused text",
		{ html: html({ body: "{{{plan|free}}}" }), text: `${ADDRESS} {{{UNSUBSCRIBE_URL}}} {{{contact.first_name|you}}}` },
	],
	["a section that MJML keeps", "error mustache_tag_lost mjml", { mjml: mjml(`{{#plan}}${SECTION}{{/plan}}`) }],
];

const cases = LACKING.map(([lacking, expected, broadcast, sender]) => ({ lacking, expected, broadcast, sender }));

test.each(cases)("a message without $lacking is told so alone", async ({ expected, broadcast, sender }) => {
	const findings = await findingsOf(broadcast, sender);
	expect(findings.map(shown)).toEqual([expected]);
	for (const { message } of findings) expect(message).toMatch(/^[A-Z0-9`].*[.]$/);
});

test("words in a message's pictures alone are told", async () => {
	const { id, audience } = await draft({
		html: `<a href="https://x.test"><img src="https://x.test/a.png" alt="Sale"></a>`,
	});
	expect((await audience.broadcasts.check(id)).map(shown)).toContain("warning pictures_only html");
});

test("what check calls an error keeps a broadcast from being sent, and a warning does not", async () => {
	const errors = await draft({ mjml: mjml(`{{#plan}}${SECTION}{{/plan}}`), html: undefined });
	await expect(errors.audience.broadcasts.send(errors.id)).rejects.toMatchObject({ reason: "mustache_tag_lost" });
	const warnings = await draft({ html: html({ body: '<a href="http://x.test">a</a>' }) });
	expect(await warnings.audience.broadcasts.send(warnings.id)).toMatchObject({ status: "queued" });
});

describe("how many recipients lack a value", () => {
	test("is counted among 10,000, whoever is left out aside", async () => {
		const { audience, id } = await draft({
			subject: "{{plan}}",
			html: html({ body: "{{contact.last_name}} {{#seats}}{{seats}}{{/seats}} {{{city|nowhere}}} {{tier}}" }),
		});
		await audience.properties.create({ key: "tier", type: "string", fallback: "basic" });
		for (let start = 0; start < 10_000; start += 1000) {
			await audience.contacts.createMany(
				Array.from({ length: 1000 }, (_, offset) => {
					const n = start + offset;
					return {
						email: `p${n}@example.com`,
						lastName: n % 4 === 0 ? null : "L",
						unsubscribed: n % 10 === 0,
						properties: { plan: n % 3 === 0 ? "" : n % 3 === 1 ? "pro" : null },
					};
				}),
			);
		}
		const numbers = Array.from({ length: 10_000 }, (_, n) => n).filter((n) => n % 10 !== 0);
		const findings = (await audience.broadcasts.check(id)).filter(({ reason }) => reason === "variable_missing");
		expect(findings.map(({ count, message }) => [/`(\w+)`/.exec(message)?.[1], count])).toEqual([
			["plan", numbers.filter((n) => n % 3 !== 1).length],
			["lastName", numbers.filter((n) => n % 4 === 0).length],
		]);
	});
});

async function draft(broadcast: Partial<NewBroadcast<never>>) {
	const audience = openAudience();
	const { id } = await audience.broadcasts.create({ everyone: true, subject: "Spring tide", ...broadcast });
	return { audience, id };
}

import { createLinkTokens, linkUrl } from "@convoke/core";
import type { BroadcastContent, Contact, MessageLinks, Renderer } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import mustache from "mustache";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { compare, heapUsed } from "./measure.ts";
import type { Bench } from "./measure.ts";
import { MJML_NEWSLETTER } from "./newsletter.ts";

/** How many templates there are for each message. */
const TEMPLATES = 5;

/** Makes messages of one newsletter, and compiles many different ones. */
export const renderBench: Bench = {
	name: "render",
	about: [
		"Messages made of an MJML newsletter that becomes 20 KB of HTML and 1 KB of text, with six variables and a signed",
		"unsubscribe link, for n contacts. All of it is written into a buffer as UTF-8.",
		"render       the renderer's messages of a broadcast, which was compiled before, in messages/s. Limit:",
		"             Mustache.render of the same subject, HTML and text, and the same signed link.",
		`render_heap_growth  MB that the heap has grown by after ${TEMPLATES} n different small templates were compiled and`,
		"             a message made of each. Limit: Mustache.render of the same templates, which keeps them all.",
	],
	n: 20_000,
	storages: ["memory"],
	async run(settings) {
		const renderer = createRenderer();
		const contacts = Array.from({ length: settings.n }, (_, index) => aContact(index));
		const links = createLinks();
		// Before MJML is loaded, much of whose code the machine drops again while this goes on.
		const growth = await measureGrowth(settings.n * TEMPLATES, links);
		const content = await compileNewsletter(renderer);
		settings.log(`the newsletter is ${Math.round(Buffer.byteLength(content.html ?? "") / 1024)} KB of HTML`);
		const sink = new Sink();
		const ours = renderer.prepare(content, links);
		const limit = createLimit(content, links);
		const times = await compare(
			async (time) => {
				await time(() => {
					for (const contact of contacts) sink.take(ours(contact));
				});
				sink.check(contacts.length);
			},
			async (time) => {
				await time(() => {
					for (const contact of contacts) sink.take(limit(contact));
				});
				sink.check(contacts.length);
			},
			settings,
		);
		const rate = (ms: number): number => (settings.n * 1000) / ms;
		return [
			{ name: "render", value: rate(times.ours), unit: "messages/s", limit: rate(times.limit) },
			{ name: "render_heap_growth", value: growth.ours, unit: "MB", limit: growth.limit },
		];
	},
};

interface Written {
	readonly subject: string;
	readonly html: string | null;
	readonly text: string | null;
}

/** Takes messages, reading every byte of them. */
class Sink {
	readonly #buffer = Buffer.alloc(1 << 20);
	#messages = 0;
	#bytes = 0;
	#expected: number | undefined;

	take({ subject, html, text }: Written): void {
		let end = this.#buffer.write(subject);
		end += this.#buffer.write(html ?? "", end);
		end += this.#buffer.write(text ?? "", end);
		this.#messages += 1;
		this.#bytes += end;
	}

	/** Both sides have made the same, but for what each escapes. */
	check(messages: number): void {
		assert.equal(this.#messages, messages);
		this.#expected ??= this.#bytes;
		assert.ok(Math.abs(this.#bytes / this.#expected - 1) < 0.02);
		this.#messages = 0;
		this.#bytes = 0;
	}
}

function createLinks(): MessageLinks {
	const tokens = createLinkTokens([randomBytes(32)]);
	const broadcastId = "019b76da-a800-77ff-bfff-fffffffffff2";
	const link = (page: "unsubscribe" | "view", contactId: string) =>
		linkUrl("https://bench.test/mail", page, tokens.mint(page, { contactId, broadcastId }));
	return {
		unsubscribeUrl: (contactId) => link("unsubscribe", contactId),
		viewUrl: (contactId) => link("view", contactId),
	};
}

async function compileNewsletter(renderer: Renderer): Promise<BroadcastContent> {
	const { subject, mjml } = MJML_NEWSLETTER;
	const { html, text } = await renderer.compile({ subject, mjml, previewText: null, html: null, text: null });
	return contentOf(subject, html, text);
}

function contentOf(subject: string, html: string | null, text: string | null): BroadcastContent {
	return {
		broadcastId: "019b76da-a800-77ff-bfff-fffffffffff2",
		topicId: null,
		from: { name: "Tidal", address: "news@tidal.test" },
		replyTo: [],
		subject,
		previewText: null,
		html,
		text,
		headers: {},
		tags: [],
		attachments: [],
		footer: { postalAddress: null, brand: null },
		baseUrl: "https://bench.test/mail",
		fallbacks: {},
	};
}

/** What somebody writes who has a template, mustache and a contact. */
function createLimit({ subject, html, text }: BroadcastContent, links: MessageLinks): (contact: Contact) => Written {
	const templates = { subject: plain(subject), html: plain(html ?? ""), text: unescaped(plain(text ?? "")) };
	return (contact) => {
		const view = {
			first_name: contact.firstName ?? "there",
			last_name: contact.lastName,
			email: contact.email,
			company: contact.properties["company"] ?? "your company",
			plan: contact.properties["plan"],
			seats: contact.properties["seats"],
			UNSUBSCRIBE_URL: links.unsubscribeUrl(contact.id),
		};
		return {
			subject: mustache.render(templates.subject, view),
			html: mustache.render(templates.html, view),
			text: mustache.render(templates.text, view),
		};
	};
}

/** Mustache knows no fallbacks and no `contact`: they are in the view. */
function plain(template: string): string {
	return template.replaceAll(/\{\{(\{?)(?:contact\.)?(\w+)(?:\|[^{}]*)?(\}?)\}\}/g, "{{$1$2$3}}");
}

function unescaped(template: string): string {
	return template.replaceAll(/\{?\{\{(\w+)\}\}\}?/g, "{{{$1}}}");
}

async function measureGrowth(count: number, links: MessageLinks): Promise<{ ours: number; limit: number }> {
	const contact = aContact(1);
	const renderer = createRenderer();
	const small = (n: number): string => `<p>Hello {{contact.first_name|there}}, this is letter ${n}. {{plan}}</p>`;
	const one = async (n: number): Promise<void> => {
		const source = { subject: "Hello", mjml: null, previewText: null, html: small(n), text: null };
		const { html, text } = await renderer.compile(source);
		renderer.prepare(contentOf(source.subject, html, text), links)(contact);
	};
	// What the first ones load and compile is not theirs.
	for (let n = 0; n < 1000; n += 1) await one(-n);
	const before = heapUsed();
	for (let n = 0; n < count; n += 1) await one(n);
	const ours = heapUsed() - before;
	const beforeLimit = heapUsed();
	for (let n = 0; n < count; n += 1) mustache.render(plain(small(n)), { first_name: "there", plan: "pro" });
	const limit = heapUsed() - beforeLimit;
	mustache.clearCache();
	return { ours, limit };
}

function aContact(index: number): Contact {
	return {
		id: `019b76da-a800-77ff-bfff-${index.toString(16).padStart(12, "0")}`,
		email: `person${index}@example${index % 97}.test`,
		externalId: null,
		firstName: index % 5 === 0 ? null : `First${index % 1009}`,
		lastName: `O'Last${index % 2003}`,
		properties: { plan: index % 3 === 0 ? "pro" : "free", seats: index % 50, company: `Company & Sons ${index % 499}` },
		unsubscribed: false,
		confirmation: "none",
		createdAt: new Date(0),
		updatedAt: new Date(0),
	};
}

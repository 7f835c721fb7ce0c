import type { BroadcastContent, Contact, Message, MessageSource, PropertyValues } from "@convoke/core";
import { createRenderer } from "../src/index.ts";
import type { RendererOptions } from "../src/index.ts";

/** Where every message made here can be seen. */
export const VIEW_URL = "https://tidal.test/mail/v/token-of-0190b5a0?a=1&b=2";

/** The link of every message made here. */
export const UNSUBSCRIBE_URL = "https://tidal.test/mail/u/token-of-0190b5a0?a=1&b=2";

/** A contact called Ada, and what a test wants changed. */
export function aContact(changes: Partial<Contact> = {}): Contact {
	return {
		id: "0190b5a0-0000-7000-8000-000000000001",
		email: "ada@example.com",
		externalId: null,
		firstName: "Ada",
		lastName: "Lovelace",
		properties: {},
		unsubscribed: false,
		confirmation: "none",
		createdAt: new Date(0),
		updatedAt: new Date(0),
		...changes,
	};
}

/** What an author wrote: nothing, and what a test wants changed. */
export function aSource(changes: Partial<MessageSource> = {}): MessageSource {
	return { subject: "Spring tide", previewText: null, html: null, mjml: null, text: null, ...changes };
}

/** Frozen content: nothing, and what a test wants changed. */
export function aContent(changes: Partial<BroadcastContent> = {}): BroadcastContent {
	return {
		broadcastId: "0190b5a0-0000-7000-8000-0000000000b1",
		topicId: null,
		from: { name: "Tidal", address: "news@tidal.test" },
		replyTo: [],
		subject: "Spring tide",
		previewText: null,
		html: null,
		text: null,
		headers: {},
		tags: [],
		attachments: [],
		footer: { postalAddress: null, brand: null },
		baseUrl: "https://tidal.test/mail",
		fallbacks: {},
		...changes,
	};
}

/** What a rendering starts from. */
export interface Rendering {
	readonly source: Partial<MessageSource>;
	readonly contact?: Partial<Contact> | undefined;
	readonly content?: Partial<BroadcastContent> | undefined;
	readonly options?: RendererOptions | undefined;
}

/** Compiles, freezes and renders, as a broadcast does. */
export async function renderMessage({ source, contact, content, options }: Rendering): Promise<Message> {
	const renderer = createRenderer(options);
	const written = aSource(source);
	const { html, text } = await renderer.compile(written);
	const { subject, previewText } = written;
	const frozen = aContent({ subject, previewText, html, text, ...content });
	return renderer.prepare(frozen, { unsubscribeUrl: () => UNSUBSCRIBE_URL, viewUrl: () => VIEW_URL })(
		aContact(contact),
	);
}

/** Renders one template as the HTML part, the link in it, so that no footer is added. */
export async function renderHtml(html: string, rendering: Omit<Rendering, "source"> = {}): Promise<string> {
	const link = "<!---->{{{UNSUBSCRIBE_URL}}}";
	const message = await renderMessage({ ...rendering, source: { html: `${html}${link}` } });
	return (message.html ?? "").split("<!---->")[0] ?? "";
}

/** Renders one template as the text part of a message without HTML, the footer left out. */
export async function renderText(text: string, rendering: Omit<Rendering, "source"> = {}): Promise<string> {
	const message = await renderMessage({ ...rendering, source: { text: `${text}{{UNSUBSCRIBE_URL}}` } });
	return (message.text ?? "").replace(UNSUBSCRIBE_URL, "");
}

/** Renders one template as the subject. */
export async function renderSubject(subject: string, rendering: Omit<Rendering, "source"> = {}): Promise<string> {
	return (await renderMessage({ ...rendering, source: { subject, text: "Hello" } })).subject;
}

/** A contact with these properties. */
export function withProperties(properties: PropertyValues): { readonly contact: Partial<Contact> } {
	return { contact: { properties } };
}

import { checkHeaderText, ConvokeError } from "@convoke/core";
import type { BroadcastContent, Contact, Message, MessageHeaders, MessageLinks, PropertyValue } from "@convoke/core";
import { hash } from "node:crypto";
import { escapeHtml } from "./escape.ts";
import type { Format } from "./format.ts";
import { htmlFooter, htmlPreheader, textFooter } from "./footer.ts";
import { parseHtml } from "./html-part.ts";
import { renderPart } from "./nodes.ts";
import type { Part, Scope } from "./nodes.ts";
import { parsePlain } from "./plain-part.ts";
import type { Variable } from "./variable.ts";

const MAX_PART = 2_000_000;

interface Parts {
	readonly subject: Part;
	readonly previewText: Part;
	readonly html: Part | null;
	readonly text: Part | null;
}

/** What one contact brings to every part. */
type Data = Pick<Scope, "own" | "show" | "fallback" | "unsubscribeUrl">;

/**
 * Makes the messages of one broadcast: its templates are parsed here, once.
 *
 * @throws `render_failed` when the content cannot serve, with the reasons of `Renderer.compile`, `content_missing`,
 * `invalid_header` or `reserved_header`.
 */
export function prepareMessages(
	content: BroadcastContent,
	links: MessageLinks,
	format: Format,
): (contact: Contact) => Message {
	const parts = parseContent(content);
	const domain = content.from.address.slice(content.from.address.lastIndexOf("@") + 1);
	checkAuthored(content);
	return (contact) => {
		const data = readContact(contact, content, links, format);
		return {
			messageId: messageId(content.broadcastId, contact.id, domain),
			idempotencyKey: `bc_${content.broadcastId}_${contact.id}`,
			from: content.from,
			to: { name: checked(fullName(contact), "to"), address: checked(contact.email, "to") },
			replyTo: content.replyTo,
			subject: checked(renderPlain(parts.subject, data), "subject"),
			html: parts.html && bounded(renderHtml(parts.html, parts.previewText, data, content), "html"),
			text:
				parts.text && bounded(renderPlain(parts.text, data, textFooter(content.footer, data.unsubscribeUrl)), "text"),
			headers: { ...content.headers, ...listHeaders(data.unsubscribeUrl) },
			tags: content.tags,
			attachments: content.attachments,
		};
	};
}

function parseContent(content: BroadcastContent): Parts {
	if (content.html === null && content.text === null) {
		const message = "The content has neither an HTML nor a text part.";
		throw new ConvokeError("render_failed", { reason: "content_missing", field: "html", message });
	}
	return asRenderError(() => ({
		subject: parsePlain(content.subject, "subject").part,
		previewText: parsePlain(content.previewText ?? "", "previewText").part,
		html: content.html === null ? null : parseHtml(content.html, "html").part,
		text: content.text === null ? null : parsePlain(content.text, "text").part,
	}));
}

/** Refuses what long values in many placeholders add up to, before a transport copies it several times. */
function bounded(part: string, field: string): string {
	if (part.length <= MAX_PART) return part;
	const message = `With this contact's data \`${field}\` has more than ${MAX_PART} characters.`;
	throw new ConvokeError("render_failed", { reason: "message_too_large", field, message });
}

function renderPlain(part: Part, data: Data, footer = ""): string {
	return renderPart(part, { ...data, escape: (text) => text, preheader: "", footer, linked: false });
}

function renderHtml(part: Part, previewText: Part, data: Data, content: BroadcastContent): string {
	return renderPart(part, {
		...data,
		escape: escapeHtml,
		preheader: htmlPreheader(renderPlain(previewText, data)),
		footer: htmlFooter(content.footer, data.unsubscribeUrl),
		linked: false,
	});
}

/** RFC 8058 section 3.1: one https URI, and the POST field. */
function listHeaders(unsubscribeUrl: string): MessageHeaders {
	return {
		"List-Unsubscribe": checked(`<${unsubscribeUrl}>`, "headers"),
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
	};
}

/** RFC 5322 section 3.6.4. Made of ids, so that every attempt has the same one, and nobody's address in it. */
function messageId(broadcastId: string, contactId: string, domain: string): string {
	return `<${hash("sha256", `${broadcastId}:${contactId}`, "hex").slice(0, 40)}@${domain}>`;
}

function fullName(contact: Contact): string | null {
	const name = [contact.firstName, contact.lastName].filter((part) => part !== null && part !== "").join(" ");
	return name === "" ? null : name;
}

function readContact(contact: Contact, content: BroadcastContent, links: MessageLinks, format: Format): Data {
	const unsubscribeUrl = links.unsubscribeUrl(contact.id);
	const show = (value: PropertyValue, variable: Variable): string =>
		variable.kind === "property" ? formatted(format, value, variable.key) : String(value);
	return {
		unsubscribeUrl,
		own(variable) {
			if (variable.kind === "field") return contact[variable.field];
			if (variable.kind === "unsubscribeUrl") return unsubscribeUrl;
			if (variable.kind === "viewUrl") return links.viewUrl(contact.id);
			return variable.kind === "property" ? readProperty(contact.properties, variable.key) : null;
		},
		show,
		fallback(variable) {
			const value = variable.kind === "property" ? readProperty(content.fallbacks, variable.key) : null;
			return value === null ? "" : show(value, variable);
		},
	};
}

function readProperty(values: Readonly<Record<string, PropertyValue>>, key: string): PropertyValue | null {
	// What every object inherits, such as `constructor`, is nobody's property.
	return Object.hasOwn(values, key) ? (values[key] ?? null) : null;
}

function formatted(format: Format, value: PropertyValue, key: string): string {
	try {
		return format(value, key);
	} catch (cause) {
		const message = `The renderer's \`format\` failed for the property \`${key}\`.`;
		throw new ConvokeError("render_failed", { reason: "format_failed", field: `properties.${key}`, message, cause });
	}
}

function checkAuthored(content: BroadcastContent): void {
	for (const mailbox of [content.from, ...content.replyTo]) {
		const field = mailbox === content.from ? "from" : "replyTo";
		checked(mailbox.name, field);
		checked(mailbox.address, field);
	}
	for (const [name, value] of Object.entries(content.headers)) {
		checked(name, "headers");
		checked(value, "headers");
		if (!/^list-unsubscribe(?:-post)?$/i.test(name)) continue;
		const message = `The header ${name} is the library's own: remove it from \`headers\`.`;
		throw new ConvokeError("render_failed", { reason: "reserved_header", field: "headers", message });
	}
}

/** Refuses what would end a header early, rather than cleaning it away. */
function checked<Text extends string | null>(text: Text, field: string): Text {
	if (text !== null) asRenderError(() => checkHeaderText(text, field, Number.POSITIVE_INFINITY));
	return text;
}

/** The same complaint, about content instead of input. */
function asRenderError<Result>(work: () => Result): Result {
	try {
		return work();
	} catch (cause) {
		if (!ConvokeError.is(cause)) throw cause;
		const { reason, message, field } = cause;
		throw new ConvokeError("render_failed", { reason, message, field, cause });
	}
}

import type { PropertyValue, Renderer } from "@convoke/core";
import { compileSource } from "./compile.ts";
import { prepareMessages } from "./message.ts";
import { previewPage } from "./preview-page.ts";

/** How messages are made. */
export interface RendererOptions {
	/**
	 * Says how a property's value reads. What it answers is data: it is escaped in HTML.
	 *
	 * @default dates as `YYYY-MM-DD` in UTC, everything else plainly
	 */
	readonly format?: ((value: PropertyValue, key: string) => string) | undefined;
}

/**
 * A renderer for MJML, HTML and text with mustache placeholders and sections.
 *
 * Placeholders are `{{contact.first_name}}`, `{{plan}}`, with a fallback `{{{contact.first_name|there}}}`, and
 * `{{{UNSUBSCRIBE_URL}}}`, in two or three braces, which mean the same. A missing or empty value gives way to the
 * placeholder's fallback, then the property's, then nothing. Data is escaped in HTML and stands as it is in subjects and
 * text; a link that data leads elsewhere than http, https, mailto or tel becomes `about:blank`.
 *
 * Sections `{{#plan}}…{{/plan}}` and `{{^plan}}…{{/plan}}` ask for the contact's own value, fallbacks aside; missing,
 * empty, false and zero count as none. `{{.}}` is the value of the section around it.
 *
 * @example
 * ```ts
 * const renderer = createRenderer({ format: (value) => (value instanceof Date ? value.toDateString() : String(value)) });
 * ```
 */
export function createRenderer(options: RendererOptions = {}): Renderer {
	const format = options.format ?? formatPlainly;
	return {
		compile: compileSource,
		prepare: (content, links) => prepareMessages(content, links, format),
		previewPage,
	};
}

function formatPlainly(value: PropertyValue): string {
	return value instanceof Date ? value.toISOString().slice(0, 10) : String(value);
}

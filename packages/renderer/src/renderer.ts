import type { PropertyValue, Renderer } from "@convoke/core";
import { browserPage } from "./browser-page.ts";
import { CompileCache } from "./compile-cache.ts";
import { compileSource } from "./compile.ts";
import { formatFor } from "./format.ts";
import { prepareMessages } from "./message.ts";
import { previewPage } from "./preview-page.ts";
import { renderReact } from "./react.ts";

/** How messages are made. */
export interface RendererOptions {
	/**
	 * How numbers and dates of properties are written: a language tag such as `de-DE`.
	 *
	 * @default numbers plainly, dates as `YYYY-MM-DD`
	 */
	readonly locale?: string | undefined;
	/** The time zone of dates, such as `Europe/Berlin`. @default UTC */
	readonly timeZone?: string | undefined;
	/**
	 * Says how a property's value reads, in place of `locale` and `timeZone`. What it answers is data: it is escaped in
	 * HTML.
	 */
	readonly format?: ((value: PropertyValue, key: string) => string) | undefined;
}

/**
 * A renderer for MJML, HTML and text with mustache placeholders and sections.
 *
 * Placeholders are `{{contact.first_name}}`, `{{plan}}`, with a fallback `{{{contact.first_name|there}}}`, and the links
 * `{{{UNSUBSCRIBE_URL}}}` and `{{{VIEW_URL}}}` (the message in a browser), in two or three braces, which mean the same. A
 * missing or empty value gives way to the placeholder's fallback, then the property's, then nothing. Data is escaped in
 * HTML and stands as it is in subjects and text; a link that data leads elsewhere than http, https, mailto or tel becomes
 * `about:blank`.
 *
 * Sections `{{#plan}}…{{/plan}}` and `{{^plan}}…{{/plan}}` ask for the contact's own value, fallbacks aside; missing,
 * empty, false and zero count as none. `{{.}}` is the value of the section around it.
 *
 * @example
 * ```ts
 * const renderer = createRenderer({ locale: "de-DE", timeZone: "Europe/Berlin" });
 * ```
 *
 * @throws `invalid_input` with `invalid_option` for a locale or time zone that does not exist.
 */
export function createRenderer(options: RendererOptions = {}): Renderer {
	const format = options.format ?? formatFor(options.locale, options.timeZone);
	const cache = new CompileCache(compileSource);
	return {
		compile: (source) => cache.compile(source),
		renderReact,
		prepare: (content, links) => prepareMessages(content, links, format),
		previewPage,
		browserPage,
	};
}

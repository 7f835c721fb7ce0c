import { html, raw } from "hono/html";
import type { Language } from "../languages/languages.ts";
import { pageHeaders } from "../security-headers.ts";
import type { Brand } from "./brand.ts";
import { styleSheet } from "./style.ts";

/** A piece of a page. Everything in it is escaped. */
export type Markup = ReturnType<typeof html>;

/** What all pages of one visit have in common. */
export interface Look {
	readonly language: Language;
	readonly brand: Brand;
}

/** A page and the headers that belong to it. */
export interface Page {
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string;
}

/**
 * Makes a page: no script, no file to load.
 *
 * @param heading its one first heading, which with the brand's name is its title too.
 */
export async function page(
	{ language, brand }: Look,
	heading: string,
	content: Markup | readonly Markup[],
): Promise<Page> {
	const style = styleSheet(brand);
	const { tag, texts } = language;
	const title = brand.name === undefined ? heading : `${heading} – ${brand.name}`;
	const body = await html`<!doctype html>
<html lang="${tag}" dir="${texts.direction}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title}</title><style>${raw(style)}</style></head><body>
${brandBar(brand)}<main><h1>${heading}</h1>
${content}</main></body></html>
`;
	return { headers: { ...pageHeaders(style), "content-language": tag }, body: String(body) };
}

/** A page that only says something. */
export function notice(look: Look, heading: string, text = ""): Promise<Page> {
	return page(look, heading, html`<p>${text}</p>`);
}

function brandBar({ name, logo, homeUrl }: Brand): Markup {
	if (name === undefined && logo === undefined) return html``;
	// The name stands beside the logo, which therefore says nothing of its own.
	const content = html`${logo && html`<img src="${logo}" alt="">`}${name}`;
	return html`<header>${homeUrl === undefined ? content : html`<a href="${homeUrl}" aria-label="${name ?? homeUrl}">${content}</a>`}</header>
`;
}

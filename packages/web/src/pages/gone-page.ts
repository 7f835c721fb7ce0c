import { html } from "hono/html";
import { page } from "./page.ts";
import type { Look, Page } from "./page.ts";

/** Where the contact was removed. The button still counts: whoever has the address now leaves by it. */
export function gonePage(look: Look, { left }: { readonly left: boolean }): Promise<Page> {
	const { texts } = look.language;
	const button = html`<form method="post"><button name="action" value="unsubscribe">${texts.leave}</button></form>`;
	return page(look, texts.gone, [html`<p>${texts.goneText}</p>`, ...(left ? [] : [button])]);
}

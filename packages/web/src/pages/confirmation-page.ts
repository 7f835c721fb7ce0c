import type { ConfirmationView } from "@convoke/core";
import { html } from "hono/html";
import { fill } from "../languages/page-texts.ts";
import { notice, page } from "./page.ts";
import type { Look, Page } from "./page.ts";

/** The page on which a person confirms, or sees that it is done. */
export function confirmationPage(look: Look, view: ConfirmationView): Promise<Page> {
	const { texts } = look.language;
	const address = view.maskedEmail;
	if (view.confirmed) return notice(look, texts.confirmed, fill(texts, "address", { address }));
	return page(look, texts.confirmHeading, [
		html`<p>${fill(texts, "confirmText", { address })}</p>`,
		...(view.topics.length === 0 ? [] : [html`<ul>${view.topics.map(({ name }) => html`<li>${name}</li>`)}</ul>`]),
		html`<form method="post"><button class="main" name="action" value="confirm">${texts.confirm}</button></form>`,
	]);
}

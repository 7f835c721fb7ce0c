import { html } from "hono/html";
import type { PageTexts } from "../languages/page-texts.ts";
import type { Markup } from "./page.ts";

/** Why a person left, in one of four answers. */
export type LeaveReason = "too_many" | "not_relevant" | "never_signed_up" | "other";

const ANSWERS: readonly (readonly [LeaveReason, keyof PageTexts])[] = [
	["too_many", "reasonTooMany"],
	["not_relevant", "reasonNotRelevant"],
	["never_signed_up", "reasonNeverSignedUp"],
	["other", "reasonOther"],
];

/** Reads an answer. */
export function readReason(value: string | null): LeaveReason | undefined {
	return ANSWERS.find(([reason]) => reason === value)?.[0];
}

/** The question. It comes after the fact, and nothing depends on its answer. */
export function reasonForm(texts: PageTexts): Markup {
	return html`<form method="post"><fieldset><legend><h2>${texts.reason}</h2></legend>
${ANSWERS.map(([reason, text]) => html`<div class="row"><input type="radio" name="reason" value="${reason}" id="${reason}"><span><label for="${reason}">${texts[text]}</label></span></div>`)}
</fieldset><button name="action" value="reason">${texts.send}</button></form>`;
}

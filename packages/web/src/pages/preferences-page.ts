import type { ContactTopic, Preferences } from "@convoke/core";
import { html } from "hono/html";
import { MAX_TOPICS } from "../form.ts";
import { fill } from "../languages/page-texts.ts";
import type { PageTexts } from "../languages/page-texts.ts";
import { page } from "./page.ts";
import type { Look, Markup, Page } from "./page.ts";
import { reasonForm } from "./reason-form.ts";

/** What was just done, which the page says first. */
export type Done =
	| { readonly kind: "left"; readonly topic: Topic | null; readonly topicRemoved: boolean }
	| { readonly kind: "saved"; readonly on: readonly Topic[]; readonly off: readonly Topic[] }
	| { readonly kind: "resubscribed" };

type Topic = Pick<ContactTopic, "id" | "name">;

/** What the preference page shows. */
export interface PreferencesPage {
	readonly view: Preferences;
	/** Whether it is behind an unsubscribe link, which asks to leave first. */
	readonly unsubscribes: boolean;
	readonly done?: Done | undefined;
	/** Whether to ask why, after something was left. */
	readonly asksReason: boolean;
}

/** The page on which a person chooses topics, or leaves. */
export function preferencesPage(look: Look, shown: PreferencesPage): Promise<Page> {
	const { texts } = look.language;
	const { view, done } = shown;
	const leaves = done === undefined && shown.unsubscribes && isSubscribed(view);
	return page(look, headingOf(texts, shown, leaves), [
		html`<p>${fill(texts, "address", { address: view.maskedEmail })}</p>`,
		...(leaves ? [leaveForm(texts)] : []),
		...(done === undefined ? [] : doneParts(texts, view, done)),
		...(view.unsubscribed ? [resubscribeForm(texts, view, done)] : []),
		...(shown.asksReason && done?.kind === "left" ? [reasonForm(texts)] : []),
		...(view.topics.length === 0 ? [] : [topicsForm(texts, view)]),
		...(view.unsubscribed || (leaves && view.topic === null) ? [] : [everythingForm(texts)]),
	]);
}

/** Whether there is something to leave by the link. */
function isSubscribed({ unsubscribed, topic, topics }: Preferences): boolean {
	if (unsubscribed) return false;
	return topic === null || topics.find(({ id }) => id === topic.id)?.subscription === "opt_in";
}

function headingOf(texts: PageTexts, { view, unsubscribes, done }: PreferencesPage, leaves: boolean): string {
	const topic = view.topic?.name ?? "";
	if (leaves) return view.topic === null ? texts.leaveEverything : fill(texts, "leaveTopic", { topic });
	if (done?.kind === "resubscribed") return texts.resubscribed;
	if (done?.kind === "saved") return done.on.length + done.off.length === 0 ? texts.unchanged : texts.saved;
	if (done?.kind === "left" && done.topic !== null) return fill(texts, "leftTopic", { topic: done.topic.name });
	if (view.unsubscribed) return texts.leftEverything;
	return unsubscribes ? fill(texts, "leftTopic", { topic }) : texts.preferences;
}

function leaveForm(texts: PageTexts): Markup {
	return html`<form method="post"><button class="main" name="action" value="unsubscribe">${texts.leave}</button></form>`;
}

function doneParts(texts: PageTexts, view: Preferences, done: Done): readonly Markup[] {
	switch (done.kind) {
		case "left":
			if (done.topicRemoved) return [html`<p>${texts.topicRemoved}</p>`];
			return done.topic === null ? [] : [undoForm(texts, view, [], [done.topic])];
		case "saved": {
			const lines = [
				...done.on.map(({ name }) => fill(texts, "switchedOn", { topic: name })),
				...done.off.map(({ name }) => fill(texts, "switchedOff", { topic: name })),
			];
			if (lines.length === 0) return [];
			return [html`<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`, undoForm(texts, view, done.on, done.off)];
		}
		case "resubscribed":
			return [];
	}
}

/** Saves the opposite of what was done. */
function undoForm(texts: PageTexts, view: Preferences, on: readonly Topic[], off: readonly Topic[]): Markup {
	return html`<form method="post">${formToken(view)}${[...on, ...off].map(({ id }) => hidden("topics", id))}${off.map(({ id }) => hidden("on", id))}<button name="action" value="save">${texts.undo}</button></form>`;
}

function resubscribeForm(texts: PageTexts, view: Preferences, done: Done | undefined): Markup {
	const label = done?.kind === "left" ? texts.undo : texts.resubscribe;
	return html`<form method="post">${formToken(view)}<button name="action" value="resubscribe">${label}</button></form>`;
}

function topicsForm(texts: PageTexts, view: Preferences): Markup {
	// The form has to hold the link's own topic, however many there are.
	const topics = view.topics
		.toSorted((a, b) => Number(b.id === view.topic?.id) - Number(a.id === view.topic?.id))
		.slice(0, MAX_TOPICS);
	return html`<form method="post" autocomplete="off">${formToken(view)}<fieldset><legend><h2>${texts.topics}</h2></legend>
${topics.map((topic) => topicSwitch(topic, view.unsubscribed))}</fieldset><button name="action" value="save">${texts.save}</button></form>`;
}

function topicSwitch({ id, name, description, subscription }: ContactTopic, unsubscribed: boolean): Markup {
	const checked = !unsubscribed && subscription === "opt_in" ? " checked" : "";
	const describedBy = description === null ? html`` : html` aria-describedby="d-${id}"`;
	return html`<div class="row"><input type="checkbox" role="switch" name="on" value="${id}" id="${id}"${describedBy}${checked}>${hidden("topics", id)}<span><label for="${id}">${name}</label>${description !== null && html`<small id="d-${id}">${description}</small>`}</span></div>
`;
}

function everythingForm(texts: PageTexts): Markup {
	return html`<form method="post"><h2>${texts.everythingHeading}</h2><p>${texts.everythingText}</p><button name="action" value="unsubscribe_all">${texts.everything}</button></form>`;
}

function formToken({ formToken: token }: Preferences): Markup {
	return hidden("token", token);
}

function hidden(name: string, value: string): Markup {
	return html`<input type="hidden" name="${name}" value="${value}">`;
}

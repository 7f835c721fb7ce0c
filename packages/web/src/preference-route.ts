import { ConvokeError } from "@convoke/core";
import type { PreferenceChanges, Preferences } from "@convoke/core";
import { MAX_TOPICS } from "./form.ts";
import type { PageAnswer } from "./page-request.ts";
import type { LinkAudience, PageOptions } from "./page-options.ts";
import { gonePage } from "./pages/gone-page.ts";
import { notice } from "./pages/page.ts";
import { preferencesPage } from "./pages/preferences-page.ts";
import type { Done } from "./pages/preferences-page.ts";
import { readReason } from "./pages/reason-form.ts";
import { Refused } from "./refused.ts";
import { ok, requireOwnForm } from "./route.ts";
import type { Route, Visit } from "./route.ts";
import { plainHeaders } from "./security-headers.ts";
import { topicChanges } from "./topic-changes.ts";

/** What is behind the links to unsubscribe and to choose. */
export class PreferenceRoute implements Route {
	readonly #links: LinkAudience["preferences"];
	readonly #onReason: PageOptions["onReason"];

	constructor(links: LinkAudience["preferences"], onReason: PageOptions["onReason"]) {
		this.#links = links;
		this.#onReason = onReason;
	}

	/** RFC 8058 section 3.2. In any case of letters: reading it too strictly keeps people from leaving. */
	isOneClick(form: URLSearchParams): boolean {
		return [...form].some(([name, value]) => /^list-unsubscribe$/i.test(name) && /^one-click$/i.test(value.trim()));
	}

	async show(visit: Visit): Promise<PageAnswer> {
		const view = await this.#open(visit.token);
		if (view === undefined) return ok(await gonePage(await visit.look(), { left: false }));
		return this.#page(visit, view);
	}

	async act(visit: Visit, form: URLSearchParams, site: string | undefined): Promise<PageAnswer> {
		if (this.isOneClick(form)) {
			await this.#links.unsubscribe(visit.token);
			// No page: nobody sees it. Neither a redirect nor a cookie (RFC 8058 sections 3.1 and 3.2).
			return { status: 200, headers: plainHeaders, body: "Unsubscribed.\n" };
		}
		switch (form.get("action")) {
			case "unsubscribe":
				return this.#leave(visit);
			case "unsubscribe_all":
				return this.#leaveEverything(visit);
			case "resubscribe":
				return this.#resubscribe(visit, optInToken(form, site));
			case "save":
				return this.#save(visit, form, site);
			case "reason":
				return this.#takeReason(visit, form);
			case null:
				throw new Refused(400, "missing_action");
			default:
				throw new Refused(400, "unknown_action");
		}
	}

	async #leave(visit: Visit): Promise<PageAnswer> {
		const before = await this.#open(visit.token);
		const { topic } = await this.#links.unsubscribe(visit.token, "page");
		const view = before && (await this.#open(visit.token));
		if (view === undefined) return ok(await gonePage(await visit.look(), { left: true }));
		return this.#page(visit, view, { kind: "left", topic, topicRemoved: topic === null && view.topicRemoved });
	}

	async #leaveEverything(visit: Visit): Promise<PageAnswer> {
		if ((await this.#open(visit.token)) === undefined) return this.#leave(visit);
		const view = await this.#links.update(visit.token, { unsubscribed: true });
		return this.#page(visit, view, { kind: "left", topic: null, topicRemoved: false });
	}

	async #resubscribe(visit: Visit, token: string): Promise<PageAnswer> {
		const view = await this.#update(token, { unsubscribed: false });
		return this.#page(visit, view, { kind: "resubscribed" });
	}

	async #save(visit: Visit, form: URLSearchParams, site: string | undefined): Promise<PageAnswer> {
		const shown = new Set(form.getAll("topics"));
		const on = new Set(form.getAll("on"));
		if (shown.size === 0) throw new Refused(400, "missing_topics");
		if (shown.size > MAX_TOPICS || on.size > MAX_TOPICS) throw new Refused(400, "too_many_fields");
		const before = await this.#open(visit.token);
		if (before === undefined) return ok(await gonePage(await visit.look(), { left: true }));
		const known = new Set(before.topics.map(({ id }) => id));
		if ([...shown, ...on].some((id) => !known.has(id))) throw new Refused(400, "unknown_topic");
		const changes = topicChanges(before, shown, on);
		const optsIn = changes.some(({ subscription }) => subscription === "opt_in");
		const token = optsIn ? optInToken(form, site) : visit.token;
		const view = changes.length === 0 ? before : await this.#update(token, { topics: changes });
		const named = (which: string) =>
			before.topics.filter(({ id }) => changes.some((each) => each.id === id && each.subscription === which));
		return this.#page(visit, view, { kind: "saved", on: named("opt_in"), off: named("opt_out") });
	}

	async #takeReason(visit: Visit, form: URLSearchParams): Promise<PageAnswer> {
		const reason = readReason(form.get("reason"));
		const view = await this.#open(visit.token);
		if (this.#onReason !== undefined && reason !== undefined && view !== undefined) {
			const { tenantId, contactId, topic } = view;
			await this.#onReason({ reason, tenantId, contactId, topicId: topic?.id ?? null });
		}
		const look = await visit.look(view);
		return ok(await notice(look, look.language.texts.thanks));
	}

	async #page(visit: Visit, view: Preferences, done?: Done): Promise<PageAnswer> {
		const unsubscribes = visit.page === "unsubscribe";
		const asksReason = this.#onReason !== undefined;
		return ok(await preferencesPage(await visit.look(view), { view, unsubscribes, done, asksReason }));
	}

	/** `undefined`: the contact was removed. */
	async #open(token: string): Promise<Preferences | undefined> {
		try {
			return await this.#links.open(token);
		} catch (error) {
			if (ConvokeError.is(error) && error.reason === "contact_not_found") return undefined;
			throw error;
		}
	}

	/** @throws Refused 403 where an opt-in was not asked for by the page's own form. */
	async #update(token: string, changes: PreferenceChanges): Promise<Preferences> {
		try {
			return await this.#links.update(token, changes);
		} catch (error) {
			if (ConvokeError.is(error) && error.code === "invalid_token") throw new Refused(403, error.reason);
			throw error;
		}
	}
}

/**
 * The token that opts in: the one in the page's own form, sent from that page.
 *
 * @throws Refused 403 when another site sent the form.
 */
function optInToken(form: URLSearchParams, site: string | undefined): string {
	requireOwnForm(site);
	return form.get("token") ?? "";
}

import type { ConfirmationView } from "@convoke/core";
import type { PageAnswer } from "./page-request.ts";
import type { LinkAudience } from "./page-options.ts";
import { confirmationPage } from "./pages/confirmation-page.ts";
import { Refused } from "./refused.ts";
import { ok, requireOwnForm } from "./route.ts";
import type { Route, Visit } from "./route.ts";

/** What is behind the link to confirm a subscription. Only its form confirms. */
export class ConfirmationRoute implements Route {
	readonly #confirmations: LinkAudience["confirmations"];

	constructor(confirmations: LinkAudience["confirmations"]) {
		this.#confirmations = confirmations;
	}

	async show(visit: Visit): Promise<PageAnswer> {
		return this.#page(visit, await this.#confirmations.open(visit.token));
	}

	async act(visit: Visit, form: URLSearchParams, site: string | undefined): Promise<PageAnswer> {
		const action = form.get("action");
		if (action !== "confirm") throw new Refused(400, action === null ? "missing_action" : "unknown_action");
		requireOwnForm(site);
		return this.#page(visit, await this.#confirmations.confirm(visit.token));
	}

	async #page(visit: Visit, view: ConfirmationView): Promise<PageAnswer> {
		return ok(await confirmationPage(await visit.look(view), view));
	}
}

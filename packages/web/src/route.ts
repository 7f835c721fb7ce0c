import type { Preferences } from "@convoke/core";
import type { PageLink } from "./link-path.ts";
import type { PageAnswer } from "./page-request.ts";
import type { Look, Page } from "./pages/page.ts";
import { Refused } from "./refused.ts";

/** Somebody at a page, with a token that we made for it. */
export interface Visit extends PageLink {
	/** Language and brand, by whose page it is where that is known. */
	look(of?: Pick<Preferences, "properties" | "tenantId">): Promise<Look>;
}

/** What is behind the links of one or more purposes. */
export interface Route {
	/** Answers GET. Changes nothing. */
	show(visit: Visit): Promise<PageAnswer>;
	/** Whether this form is a mail program's; absent: none is. */
	isOneClick?(form: URLSearchParams): boolean;
	/** Answers POST; absent: it is not allowed. @param site the browser's `Sec-Fetch-Site`. */
	act?(visit: Visit, form: URLSearchParams, site: string | undefined): Promise<PageAnswer>;
}

/**
 * Refuses a form that opts somebody in and that another site sent.
 *
 * @throws Refused 403 with `cross_site`.
 */
export function requireOwnForm(site: string | undefined): void {
	// What a browser says of a form on our page, or of none; older ones say nothing.
	if (site !== undefined && site !== "same-origin" && site !== "none") throw new Refused(403, "cross_site");
}

/** A page that answers. */
export function ok({ headers, body }: Page): PageAnswer {
	return { status: 200, headers, body };
}

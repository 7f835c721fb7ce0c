import type { Preferences } from "@convoke/core";
import type { PageLink } from "./link-path.ts";
import type { PageAnswer } from "./page-request.ts";
import type { Look } from "./pages/page.ts";

/** Somebody at a page, with a token that we made for it. */
export interface Visit extends PageLink {
	/** Language and brand, by whose page it is where that is known. */
	look(of?: Pick<Preferences, "properties" | "tenantId">): Promise<Look>;
}

/** What is behind the links of one or more purposes. */
export interface Route {
	/** Whether it takes POST. */
	readonly acts: boolean;
	/** Whether this form is a mail program's. */
	isOneClick(form: URLSearchParams): boolean;
	/** Answers GET. Changes nothing. */
	show(visit: Visit): Promise<PageAnswer>;
	/** Answers POST. @param site the browser's `Sec-Fetch-Site`. */
	act(visit: Visit, form: URLSearchParams, site: string | undefined): Promise<PageAnswer>;
}

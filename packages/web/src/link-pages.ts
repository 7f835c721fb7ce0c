import { ConvokeError } from "@convoke/core";
import type { LinkPage } from "@convoke/core";
import { ConfirmationRoute } from "./confirmation-route.ts";
import { Deadline } from "./deadline.ts";
import { readForm } from "./form.ts";
import { Languages } from "./languages/languages.ts";
import type { PageLink } from "./link-path.ts";
import { LinkPath } from "./link-path.ts";
import { MessageRoute } from "./message-route.ts";
import type { PageAnswer, PageRequest } from "./page-request.ts";
import type { LinkAudience, PageOptions } from "./page-options.ts";
import { checkPageOptions } from "./page-options.ts";
import { checkBrand } from "./pages/brand.ts";
import type { Brand } from "./pages/brand.ts";
import { errorPage } from "./pages/error-page.ts";
import type { Look } from "./pages/page.ts";
import { PreferenceRoute } from "./preference-route.ts";
import { Refused } from "./refused.ts";
import { emptyHeaders } from "./security-headers.ts";
import type { Route, Visit } from "./route.ts";

const RETRY_AFTER_S = "60";

/**
 * Answers the requests that links in messages lead to, whatever server they came through.
 *
 * Nothing but the token in the path says who asks: no cookie, no session. A token that is not one of ours costs one
 * HMAC, and always gets the same answer; storage is not asked.
 */
export class LinkPages {
	readonly #audience: LinkAudience;
	readonly #options: PageOptions;
	readonly #languages: Languages;
	readonly #routes: Readonly<Record<LinkPage, Route>>;
	/** Where the pages are. */
	readonly path: LinkPath;

	/** @throws `invalid_input` for options that cannot be; see {@link PageOptions}. */
	constructor(audience: LinkAudience, options: PageOptions) {
		checkPageOptions(options);
		if (typeof options.brand === "object") checkBrand(options.brand);
		this.#audience = audience;
		this.#options = options;
		this.#languages = new Languages(options.languages ?? {}, options.defaultLanguage ?? "en");
		this.path = new LinkPath((options.path ?? new URL(audience.baseUrl).pathname).replace(/\/+$/, ""));
		const preferences = new PreferenceRoute(audience.preferences, options.onReason);
		this.#routes = {
			unsubscribe: preferences,
			preferences,
			confirm: new ConfirmationRoute(audience.confirmations),
			view: new MessageRoute(audience.broadcasts),
		};
	}

	/** Answers a request. Never throws. */
	async answer(request: PageRequest): Promise<PageAnswer> {
		const answer = await this.#answerInTime(request);
		return request.method === "HEAD" ? { ...answer, body: "" } : answer;
	}

	async #answerInTime(request: PageRequest): Promise<PageAnswer> {
		const link = this.path.read(request.target);
		const route = link && this.#routes[link.page];
		const deadline = new Deadline();
		try {
			const work = this.#respond(request, link, route, deadline);
			return await deadline.within(this.#options.timeoutMs ?? 4500, work);
		} catch (error) {
			return await this.#refuse(request, asRefused(error), route);
		}
	}

	async #respond(
		request: PageRequest,
		link: PageLink | undefined,
		route: Route | undefined,
		deadline: Deadline,
	): Promise<PageAnswer> {
		if (!methodsOf(route).includes(request.method)) throw new Refused(405, "method_not_allowed");
		if (request.method === "OPTIONS") return { status: 204, headers: { ...emptyHeaders, ...allow(route) }, body: "" };
		if (link === undefined || route === undefined || !this.#audience.preferences.accepts(link.page, link.token)) {
			await this.#limit(request);
			throw new Refused(404, "invalid_token");
		}
		const visit = this.#visit(request, link);
		if (request.method !== "POST" || route.act === undefined) {
			await this.#limit(request);
			return route.show(visit);
		}
		const form = await deadline.reading(readForm(request.form, request.header("content-type") ?? ""));
		if (route.isOneClick?.(form) !== true) await this.#limit(request);
		return route.act(visit, form, request.header("sec-fetch-site"));
	}

	#visit(request: PageRequest, link: PageLink): Visit {
		return {
			...link,
			look: (of) => this.#look(request, of),
		};
	}

	async #look(request: PageRequest, of?: Parameters<Visit["look"]>[0]): Promise<Look> {
		const { languageProperty } = this.#options;
		const wish = languageProperty === undefined ? undefined : of?.properties[languageProperty];
		const language = this.#languages.choose(wish, request.header("accept-language"));
		return { language, brand: await this.#brand(of?.tenantId) };
	}

	async #brand(tenantId: string | undefined): Promise<Brand> {
		const { brand = {} } = this.#options;
		if (typeof brand !== "function") return brand;
		try {
			return checkBrand(await brand(tenantId));
		} catch (cause) {
			throw new Refused(503, "invalid_brand", cause);
		}
	}

	async #limit(request: PageRequest): Promise<void> {
		const { method, remoteAddress, header } = request;
		if ((await this.#options.rateLimit?.({ method, remoteAddress, header })) === true) {
			throw new Refused(429, "too_many_requests");
		}
	}

	async #refuse(request: PageRequest, refused: Refused, route: Route | undefined): Promise<PageAnswer> {
		const { status, reason, cause } = refused;
		if (status === 503) this.#report(cause ?? refused);
		// Without a brand, which may be what failed.
		const language = this.#languages.choose(undefined, request.header("accept-language"));
		const brand = typeof this.#options.brand === "object" ? this.#options.brand : {};
		const { headers, body } = await errorPage({ language, brand }, status);
		return {
			status,
			headers: {
				...headers,
				"convoke-reason": reason,
				...(status === 405 ? allow(route) : {}),
				...(status === 429 || status === 503 ? { "retry-after": RETRY_AFTER_S } : {}),
			},
			body,
		};
	}

	#report(error: unknown): void {
		try {
			(this.#options.onError ?? warn)(error);
		} catch (fault) {
			warn(fault);
		}
	}
}

function warn(error: unknown): void {
	process.emitWarning(error instanceof Error ? error : String(error));
}

/** A failure that nobody foresaw is ours, and worth another try: a mail program told 503 comes back. */
function asRefused(error: unknown): Refused {
	if (error instanceof Refused) return error;
	if (ConvokeError.is(error)) {
		if (error.reason === "confirmation_outdated") return new Refused(410, error.reason);
		if (error.code === "invalid_token") return new Refused(404, error.reason);
		if (error.code === "invalid_input") return new Refused(400, error.reason);
	}
	return new Refused(503, ConvokeError.is(error) ? error.code : "failed", error);
}

function methodsOf(route: Route | undefined): readonly string[] {
	const reading = ["GET", "HEAD", "OPTIONS"];
	return route === undefined || route.act !== undefined ? [...reading, "POST"] : reading;
}

function allow(route: Route | undefined): Readonly<Record<string, string>> {
	return { allow: methodsOf(route).join(", ") };
}

import type { Audience, Broadcasts, Confirmations, PreferenceLinks } from "@convoke/core";
import { invalidInput } from "@convoke/core";
import type { LanguageOptions } from "./languages/languages.ts";
import type { Brand } from "./pages/brand.ts";
import type { LeaveReason } from "./pages/reason-form.ts";

/** The part of an audience that the pages need. Whatever its tenant, they serve the links of all tenants. */
export interface LinkAudience extends Pick<Audience, "baseUrl"> {
	readonly preferences: Pick<PreferenceLinks, "accepts" | "open" | "unsubscribe" | "update">;
	readonly confirmations: Pick<Confirmations, "open" | "confirm">;
	readonly broadcasts: Pick<Broadcasts, "view">;
}

/** What the pages look like, say and ask. */
export interface PageOptions {
	/**
	 * Name, logo and colours; or a function that answers with a tenant's. It gets `undefined` for a page that belongs to
	 * none, such as that of an incomplete link.
	 */
	readonly brand?: Brand | ((tenantId: string | undefined) => Brand | Promise<Brand>) | undefined;
	/** Further languages by their tags, or other words in `en`, `es` and `ar`. */
	readonly languages?: LanguageOptions | undefined;
	/** The language where nothing better is known. @default "en" */
	readonly defaultLanguage?: string | undefined;
	/** A property of contacts that holds a language tag; it goes before the browser's `Accept-Language`. */
	readonly languageProperty?: string | undefined;
	/** Gets the answer to "May we ask why?"; the question is asked only if this is given. */
	readonly onReason?: ((answer: ReasonGiven) => void | Promise<void>) | undefined;
	/**
	 * Whether this request is over a limit of the host's, and to be answered with 429. Never asked about a valid one-click
	 * request: mail providers send those from few addresses, and they must get through.
	 */
	readonly rateLimit?: ((request: LimitedRequest) => boolean | Promise<boolean>) | undefined;
	/** Gets what was answered with 503. @default `process.emitWarning` */
	readonly onError?: ((error: unknown) => void) | undefined;
	/** The path under which requests arrive, where a proxy rewrites it. @default that of the audience's `links.baseUrl` */
	readonly path?: string | undefined;
	/** A request without an answer after this long gets 503, or 408 while its body is awaited: 1 to 60,000 ms. @default 4,500 */
	readonly timeoutMs?: number | undefined;
}

/** Why somebody left. */
export interface ReasonGiven {
	readonly reason: LeaveReason;
	readonly tenantId: string;
	readonly contactId: string;
	/** The topic of the link, if it has one. */
	readonly topicId: string | null;
}

/** What a rate limit may go by. */
export interface LimitedRequest {
	readonly method: string;
	/** The other end of the connection, where the server tells: behind a proxy, the proxy. */
	readonly remoteAddress: string | undefined;
	/** A header's value, such as that of `x-forwarded-for`. */
	readonly header: (name: string) => string | undefined;
}

const FIELDS: Readonly<Record<keyof PageOptions, readonly string[]>> = {
	brand: ["object", "function"],
	languages: ["object"],
	defaultLanguage: ["string"],
	languageProperty: ["string"],
	onReason: ["function"],
	rateLimit: ["function"],
	onError: ["function"],
	path: ["string"],
	timeoutMs: ["number"],
};

/** @throws `invalid_input` with `unknown_field`, `invalid_type`, `invalid_path` or `invalid_option`. */
export function checkPageOptions(options: PageOptions): void {
	for (const [name, value] of Object.entries(options)) {
		const types = Object.hasOwn(FIELDS, name) ? FIELDS[name as keyof PageOptions] : undefined;
		if (types === undefined) {
			throw invalidInput("unknown_field", name, `There is no option \`${name}\`; remove it or mend its spelling.`);
		}
		if (value !== undefined && (value === null || !types.includes(typeof value))) {
			throw invalidInput("invalid_type", name, `\`${name}\` must be of type ${types.join(" or ")}.`);
		}
	}
	const { path, timeoutMs = 1 } = options;
	if (path !== undefined && !/^(?:\/[^\s?#]*)?$/.test(path)) {
		throw invalidInput("invalid_path", "path", "`path` must begin with a slash, and have no query.");
	}
	if (!(timeoutMs >= 1 && timeoutMs <= 60_000)) {
		throw invalidInput("invalid_option", "timeoutMs", "`timeoutMs` must be from 1 to 60,000.");
	}
}

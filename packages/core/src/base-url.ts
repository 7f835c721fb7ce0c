import { invalidInput } from "./errors.ts";
import type { ConvokeError } from "./errors.ts";
import { LINK_TOKEN_LENGTH } from "./link-token.ts";
import type { LinkPurpose } from "./link-token.ts";

const FIELD = "links.baseUrl";
const MAX_LINK = 400;

// A scheme, two slashes, and none of what a URL parser would drop or rewrite: white space, controls, backslashes.
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/[^\s\p{Cc}\\]+$/iu;
const LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"];

// Short, because they are part of a message header.
const PATHS = { unsubscribe: "u", preferences: "p", view: "v", confirm: "c" } as const;

/** A purpose that has a page of its own. Tokens of the other ones travel in forms. */
export type LinkPage = Exclude<LinkPurpose, "subscribe">;

/**
 * Reads the URL under which the host mounts the link pages; answers it normalised and without a slash at its end.
 *
 * RFC 8058 section 3.1 wants https; plain http is for `localhost`, `127.0.0.1` and `[::1]`. A link is at most 400
 * characters, so that it fits the line of its header unbroken (RFC 5322 section 2.1.1): at most 309 for the base URL.
 *
 * @throws `invalid_type` when it is no string, `insecure_base_url` for http elsewhere, `unsubscribe_url_too_long`,
 * `invalid_base_url` for anything else that is not a scheme, a host and a path
 */
export function parseBaseUrl(input: unknown): string {
	if (typeof input !== "string") throw invalidInput("invalid_type", FIELD, `\`${FIELD}\` must be a string.`);
	const url = parseAbsoluteUrl(input);
	if (url.protocol === "http:" && !LOCAL_HOSTS.includes(url.hostname)) {
		const message = `\`${FIELD}\` must begin with https://; mail programs do not use one-click links without it.`;
		throw invalidInput("insecure_base_url", FIELD, message);
	}
	const baseUrl = `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
	if (linkUrl(baseUrl, "unsubscribe", "").length + LINK_TOKEN_LENGTH > MAX_LINK) {
		const message = `\`${FIELD}\` makes links of more than ${MAX_LINK} characters; use a shorter host or path.`;
		throw invalidInput("unsubscribe_url_too_long", FIELD, message);
	}
	return baseUrl;
}

/** The URL of a page of ours for the holder of a token: `https://example.com/mail/u/AQ…`. */
export function linkUrl(baseUrl: string, page: LinkPage, token: string): string {
	return `${baseUrl}/${PATHS[page]}/${token}`;
}

function parseAbsoluteUrl(input: string): URL {
	const url = ABSOLUTE.test(input) && URL.canParse(input) ? new URL(input) : undefined;
	if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
		throw invalid("must be a complete URL such as https://example.com/mail");
	}
	// In the text too: an empty query, fragment or user leaves nothing in the parsed URL.
	if (/[?#]/.test(input)) throw invalid("must not have a query or a fragment");
	if (/^[^/]*\/\/[^/]*@/.test(input)) throw invalid("must not hold a user name or a password");
	return url;
}

function invalid(fault: string): ConvokeError {
	return invalidInput("invalid_base_url", FIELD, `\`${FIELD}\` ${fault}.`);
}

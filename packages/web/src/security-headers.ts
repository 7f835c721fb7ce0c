import { hash } from "node:crypto";

/** What every answer carries, whatever its status. */
const ALWAYS = {
	"cache-control": "no-store",
	// The token is in the URL.
	"referrer-policy": "no-referrer",
	"x-content-type-options": "nosniff",
	"x-frame-options": "DENY",
	"x-robots-tag": "noindex, nofollow",
} as const;

const NOBODY = "form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/** Headers of a page of ours: it runs nothing, loads nothing, and its forms lead only to where it came from. */
export function pageHeaders(style: string): Readonly<Record<string, string>> {
	// A hash rather than a nonce, so that the same page is the same bytes.
	const source = `'sha256-${hash("sha256", style, "base64")}'`;
	return {
		...ALWAYS,
		"content-type": "text/html; charset=utf-8",
		"content-security-policy": `default-src 'none'; style-src ${source}; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
	};
}

/** Headers of an answer without a body. */
export const emptyHeaders: Readonly<Record<string, string>> = {
	...ALWAYS,
	"content-security-policy": `default-src 'none'; ${NOBODY}`,
};

/** Headers of what a mail program gets, which shows nothing. */
export const plainHeaders: Readonly<Record<string, string>> = {
	...emptyHeaders,
	"content-type": "text/plain; charset=utf-8",
};

/**
 * Headers of a message of the host's, which has styles and pictures of its own. It stands in a sandbox: no script, no
 * form, and an origin that shares nothing with the host's.
 */
export const messageHeaders: Readonly<Record<string, string>> = {
	...ALWAYS,
	"content-type": "text/html; charset=utf-8",
	"content-security-policy": `default-src 'none'; style-src 'unsafe-inline' https:; img-src https: data:; font-src https: data:; ${NOBODY}; sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation`,
};

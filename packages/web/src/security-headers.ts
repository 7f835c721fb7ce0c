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
	"content-security-policy": "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
};

/** Headers of what a mail program gets, which shows nothing. */
export const plainHeaders: Readonly<Record<string, string>> = {
	...emptyHeaders,
	"content-type": "text/plain; charset=utf-8",
};

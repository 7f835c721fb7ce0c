/**
 * The pages as middleware of Express 4 and 5.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { preferencePages as nodePages } from "./node.ts";
import type { LinkAudience, PageOptions } from "./page-options.ts";

export type { LinkAudience, PageOptions } from "./page-options.ts";

/** The part of Express's request that tells where a router stands. */
export type ExpressRequest = IncomingMessage & { readonly baseUrl: string };

/**
 * Makes the middleware. Mount it before what checks CSRF tokens and what begins sessions, before or after body parsers:
 * under a path, where it answers everything, or without one, where it passes on what is not under the path of the links.
 *
 * @example
 * ```ts
 * app.use("/mail", preferencePages(audience, { brand: { name: "Tidal" } }));
 * ```
 *
 * @throws `invalid_input` for options that cannot be.
 */
export function preferencePages(
	audience: LinkAudience,
	options: PageOptions = {},
): (request: ExpressRequest, response: ServerResponse, next: () => void) => void {
	const respond = nodePages(audience, options);
	return (request, response, next) => respond(request, response, request.baseUrl === "" ? next : undefined);
}

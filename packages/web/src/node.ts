/**
 * The pages as a request listener of Node's own server.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { LinkPages } from "./link-pages.ts";
import { readNodeRequest, writeNodeResponse } from "./node-request.ts";
import type { NodeRequest } from "./node-request.ts";
import type { LinkAudience, PageOptions } from "./page-options.ts";

export type { NodeRequest } from "./node-request.ts";
export type { LinkAudience, PageOptions } from "./page-options.ts";

/**
 * Makes the listener. Given `next`, as Connect does, it passes on what is not under the path of the links; without, it
 * answers every request. See `createPreferencesHandler` for what it does.
 *
 * @example
 * ```ts
 * createServer(preferencePages(audience, { brand: { name: "Tidal" } })).listen(3000);
 * ```
 *
 * @throws `invalid_input` for options that cannot be.
 */
export function preferencePages(
	audience: LinkAudience,
	options: PageOptions = {},
): (request: IncomingMessage, response: ServerResponse, next?: () => void) => void {
	const pages = new LinkPages(audience, options);
	return (request: NodeRequest, response, next) => {
		const target = request.url ?? "/";
		if (next !== undefined && !pages.path.covers(target)) next();
		else void respond(pages, target, request, response);
	};
}

async function respond(
	pages: LinkPages,
	target: string,
	request: NodeRequest,
	response: ServerResponse,
): Promise<void> {
	writeNodeResponse(response, await pages.answer(readNodeRequest(request, target, request.body)));
}

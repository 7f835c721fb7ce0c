/**
 * The pages as middleware of Koa 3.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import { LinkPages } from "./link-pages.ts";
import { endsConnection, readNodeRequest } from "./node-request.ts";
import type { LinkAudience, PageOptions } from "./page-options.ts";

export type { LinkAudience, PageOptions } from "./page-options.ts";

/** The part of Koa's context that the pages use. */
export interface KoaContext {
	readonly req: IncomingMessage;
	readonly originalUrl: string;
	readonly request: { readonly body?: unknown };
	status: number;
	body: unknown;
	set(headers: Record<string, string>): void;
	remove(header: string): void;
}

/**
 * Makes the middleware. Use it before what checks CSRF tokens and what begins sessions, before or after body parsers. It
 * passes on what is not under the path of the links.
 *
 * @example
 * ```ts
 * app.use(preferencePages(audience, { brand: { name: "Tidal" } }));
 * ```
 *
 * @throws `invalid_input` for options that cannot be.
 */
export function preferencePages(
	audience: LinkAudience,
	options: PageOptions = {},
): (context: KoaContext, next: () => Promise<unknown>) => Promise<void> {
	const pages = new LinkPages(audience, options);
	return async (context, next) => {
		const { req, originalUrl, request } = context;
		if (!pages.path.covers(originalUrl)) {
			await next();
			return;
		}
		const answer = await pages.answer(readNodeRequest(req, originalUrl, request.body));
		const { status, headers, body } = answer;
		if (endsConnection(answer)) context.set({ connection: "close" });
		context.remove("set-cookie");
		context.status = status;
		context.set({ ...headers });
		context.body = status === 204 ? null : body;
	};
}

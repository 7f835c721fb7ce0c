import type { FormSource } from "./form.ts";
import { LinkPages } from "./link-pages.ts";
import type { LinkAudience, PageOptions } from "./page-options.ts";

/**
 * Makes the handler of what links in messages lead to: unsubscribing by one click (RFC 8058), the pages to unsubscribe and
 * to choose topics, confirmation, and messages in the browser. GET and HEAD change nothing. It serves the links of all
 * tenants, reads no cookie, and answers any request, even with an error of the storage's.
 *
 * It takes the web's `Request` and answers with a `Response`, as Hono, Next.js, Bun and Deno do; for others there are
 * `@convoke/web/express`, `/koa` and `/node`.
 *
 * @example
 * ```ts
 * const handler = createPreferencesHandler(audience, { brand: { name: "Tidal" } });
 * app.all("/mail/*", (context) => handler(context.req.raw));
 * ```
 *
 * @throws `invalid_input` for options that cannot be; see {@link PageOptions}.
 */
export function createPreferencesHandler(
	audience: LinkAudience,
	options: PageOptions = {},
): (request: Request) => Promise<Response> {
	const pages = new LinkPages(audience, options);
	return async (request) => {
		const { pathname, search } = new URL(request.url);
		const { status, headers, body } = await pages.answer({
			method: request.method,
			target: pathname + search,
			header: (name) => request.headers.get(name) ?? undefined,
			remoteAddress: undefined,
			form: formOf(request),
		});
		return new Response(status === 204 ? null : body, { status, headers });
	};
}

function formOf(request: Request): FormSource {
	if (request.bodyUsed) return { kind: "consumed" };
	const { body } = request;
	if (body === null) return { kind: "parsed", body: undefined };
	return { kind: "unread", chunks: () => body.values({ preventCancel: true }) };
}

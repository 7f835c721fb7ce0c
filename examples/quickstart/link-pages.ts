import { ConvokeError } from "@convoke/core";
import type { PreferenceLinks } from "@convoke/core";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The host's web server. */
export interface WebServer {
	/** `http://localhost:…` */
	readonly url: string;
	/** Answers requests from now on. */
	serve(listener: RequestListener): void;
	/** Ends it. */
	close(): Promise<void>;
}

type Links = Pick<PreferenceLinks, "open" | "unsubscribe">;

interface Answer {
	readonly status: number;
	readonly html: string;
}

/** Starts a web server on this machine. */
export async function startWebServer(): Promise<WebServer> {
	const server = createServer();
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject);
		server.listen(0, "localhost", resolve);
	});
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://localhost:${port}`,
		serve: (listener) => server.on("request", listener),
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

/**
 * What unsubscribe links lead to. A POST opts out at once, as mail programs expect of their button (RFC 8058). A GET
 * changes nothing, because link scanners open every link of a message.
 */
export function linkPages(links: Links): RequestListener {
	return (request, response) => void respond(links, request, response);
}

async function respond(links: Links, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const { status, html } = await answer(links, request);
	response.writeHead(status, { "content-type": "text/html; charset=utf-8", "referrer-policy": "no-referrer" });
	response.end(html);
}

async function answer(links: Links, { method, url }: IncomingMessage): Promise<Answer> {
	const token = /^\/mail\/u\/([\w-]+)$/.exec(url ?? "")?.[1] ?? "";
	try {
		if (method === "POST") {
			const { scope } = await links.unsubscribe(token);
			const what = scope === "topic" ? "this topic" : "everything";
			return { status: 200, html: `<p>You are unsubscribed from ${what}.</p>` };
		}
		await links.open(token);
		return { status: 200, html: '<form method="post"><button>Unsubscribe</button></form>' };
	} catch (error) {
		if (!ConvokeError.is(error)) return { status: 500, html: "<p>Something went wrong; please try again.</p>" };
		return { status: 404, html: "<p>This link is incomplete; please open it again from the message.</p>" };
	}
}

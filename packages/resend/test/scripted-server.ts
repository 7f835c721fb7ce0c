import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A request as the server got it. */
export interface Request {
	readonly path: string;
	readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
	readonly body: unknown;
}

/** What to answer: a status and a body, or whatever is done to the response. */
export type Script =
	| readonly [status: number, body: unknown, headers?: Readonly<Record<string, string>>]
	| ((response: ServerResponse, request: IncomingMessage) => void);

/** Starts an HTTP server that answers as told, the last answer again and again. */
export async function startServer(...scripts: readonly Script[]): Promise<{
	readonly url: string;
	readonly requests: readonly Request[];
}> {
	const requests: Request[] = [];
	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on("data", (chunk: Buffer) => chunks.push(chunk));
		request.on("error", () => undefined);
		request.on("end", () => {
			const text = Buffer.concat(chunks).toString("utf8");
			requests.push({ path: request.url ?? "", headers: request.headers, body: JSON.parse(text) });
			const script = scripts[Math.min(requests.length, scripts.length) - 1];
			if (typeof script === "function") script(response, request);
			else {
				const [status, body, headers = {}] = script ?? [500, ""];
				response.writeHead(status, { "content-type": "application/json", ...headers });
				response.end(typeof body === "string" ? body : JSON.stringify(body));
			}
		});
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(
		() =>
			new Promise((resolve) => {
				server.closeAllConnections();
				server.close(() => resolve());
			}),
	);
	return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

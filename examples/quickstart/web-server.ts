import { createServer } from "node:http";
import type { RequestListener } from "node:http";
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

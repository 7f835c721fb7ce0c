import { bodyParser } from "@koa/bodyparser";
import type { Audience } from "@convoke/core";
import type { PageOptions } from "@convoke/web";
import { preferencePages as expressPages } from "@convoke/web/express";
import { preferencePages as koaPages } from "@convoke/web/koa";
import { preferencePages as nodePages } from "@convoke/web/node";
import express5 from "express";
import express4 from "express4";
import Koa from "koa";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A server of the host's with the pages at `/mail`, and where its body parsers stand. */
export interface Mount {
	readonly name: string;
	readonly listener: (audience: Audience, options?: PageOptions) => RequestListener;
}

type Parsers = "none" | "before" | "after";

const PARSERS: readonly Parsers[] = ["none", "before", "after"];

/** Every mount with every place for a body parser. */
export const MOUNTS: readonly Mount[] = [
	{ name: "Node", listener: (audience, options) => nodePages(audience, options) },
	...PARSERS.flatMap((parsers) => [
		{
			name: `Express 4, parsers ${parsers}`,
			listener: (audience: Audience, options?: PageOptions) => expressApp(express4, { audience, options, parsers }),
		},
		{
			name: `Express 5, parsers ${parsers}`,
			listener: (audience: Audience, options?: PageOptions) => expressApp(express5, { audience, options, parsers }),
		},
		{
			name: `Koa 3, parsers ${parsers}`,
			listener: (audience: Audience, options?: PageOptions) => koaApp({ audience, options, parsers }),
		},
	]),
];

/** Starts a server that ends with the test, and answers with its port. */
export async function serve(listener: RequestListener): Promise<number> {
	const server = createServer(listener);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(async () => {
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
	});
	return (server.address() as AddressInfo).port;
}

interface Setting {
	readonly audience: Audience;
	readonly options: PageOptions | undefined;
	readonly parsers: Parsers;
}

function expressApp(express: typeof express5, { audience, options, parsers }: Setting): RequestListener {
	const app = express();
	const parse = [express.json(), express.urlencoded({ extended: true }), express.text()];
	if (parsers === "before") app.use(parse);
	// Under a path, and without one.
	if (parsers === "none") app.use(expressPages(audience, options));
	else app.use("/mail", expressPages(audience, options));
	if (parsers === "after") app.use(parse);
	// The host's own route, which a page at the root must not hide.
	app.get("/u/:name", (_, response) => void response.send("profile"));
	return app;
}

function koaApp({ audience, options, parsers }: Setting): RequestListener {
	const app = new Koa();
	const parse = bodyParser({ enableTypes: ["json", "form", "text"] });
	if (parsers === "before") app.use(parse);
	app.use(koaPages(audience, options));
	if (parsers === "after") app.use(parse);
	app.use((context) => {
		if (context.path.startsWith("/u/")) context.body = "profile";
	});
	const listen = app.callback();
	return (request, response) => void listen(request, response);
}

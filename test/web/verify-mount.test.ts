import { preferencePages } from "@convoke/web/express";
import { verifyMount } from "@convoke/web";
import express from "express";
import type { RequestHandler } from "express";
import { expect, test } from "vitest";
import { dump } from "../support/dump.ts";
import { setScene } from "./scene.ts";
import { MOUNTS, serve } from "./servers.ts";

test.each(MOUNTS)("$name: nothing to complain of, and nobody else is touched", async ({ listener }) => {
	const { audience, storage } = await setScene();
	const before = await dump(storage, ["default"]);
	const port = await serve(listener(audience));
	const report = await verifyMount(`http://127.0.0.1:${port}/mail/`, audience);
	expect(report).toMatchObject({ ok: true });
	expect(report.checks.map(({ name, problems }) => [name, problems])).toEqual([
		["opening the link", []],
		["one click, urlencoded", []],
		["one click, multipart", []],
		["one click, multipart as RFC 8058 prints it", []],
		["the page's own form", []],
	]);
	expect(await dump(storage, ["default"])).toEqual(before);
});

const consume: RequestHandler = (request, _, next) => {
	request.on("end", () => next());
	request.resume();
};

const setsCookieLate: RequestHandler = (_, response, next) => {
	const writeHead = response.writeHead.bind(response) as (...args: readonly unknown[]) => typeof response;
	response.writeHead = (...args: readonly unknown[]) => {
		response.setHeader("set-cookie", "session=1");
		return writeHead(...args);
	};
	next();
};

const changesHeaders: RequestHandler = (_, response, next) => {
	const writeHead = response.writeHead.bind(response) as (status: number, headers: object) => typeof response;
	response.writeHead = ((status: number, headers: object) =>
		writeHead(status, { ...headers, "cache-control": "max-age=3600" })) as typeof response.writeHead;
	next();
};

const postsOnly =
	(handler: RequestHandler): RequestHandler =>
	(request, response, next) => {
		if (request.method === "POST") void handler(request, response, next);
		else next();
	};

/** Middleware before the pages, and what it spoils: of opening the link, and of a POST. */
const SPOILED: readonly (readonly [name: string, before: RequestHandler, page: string, post: string])[] = [
	[
		"a CSRF check",
		postsOnly((_, response) => void response.sendStatus(403)),
		"",
		"a check of CSRF tokens or of logins",
	],
	["a login", (_, response) => response.redirect("/login"), "It redirects (302)", "It redirects (302)"],
	["a session", setsCookieLate, "It sets a cookie", "It sets a cookie"],
	["a body that is read and dropped", consume, "", "has read the body and left nothing"],
	["a parser for JSON alone", postsOnly((_, response) => void response.sendStatus(415)), "", "refuses the body (415)"],
	["a rate limit", (_, response) => void response.sendStatus(429), "A rate limit", "A rate limit"],
	["a page for everything", (_, response) => void response.send("Welcome"), "another route", "another route"],
	[
		"nothing mounted",
		(_, response) => void response.sendStatus(404),
		"No page of Convoke is there",
		"No page of Convoke",
	],
	["a failure", (_, response) => void response.sendStatus(500), "server fails", "before the pages are asked (500)"],
	["headers for all answers", changesHeaders, "`cache-control`, which keeps", "`cache-control`, which keeps"],
];

test.each(SPOILED)("%s is found, and said in words", async (_, before, page, post) => {
	const { audience } = await setScene();
	const app = express();
	app.use(before);
	app.use("/mail", preferencePages(audience));
	const port = await serve(app);
	const { ok, checks } = await verifyMount(`http://127.0.0.1:${port}/mail`, audience);
	expect(ok).toBe(false);
	const [opening, ...posts] = checks;
	expect(opening?.problems.join(" ")).toContain(page);
	expect(opening?.ok).toBe(page === "");
	for (const { problems } of posts) expect(problems.join(" ")).toContain(post);
});

test("so are another audience's keys, and a server that is not there", async () => {
	const { audience } = await setScene();
	const other = await setScene();
	const port = await serve(MOUNTS[0]?.listener(other.audience) ?? (() => {}));
	const foreign = await verifyMount(`http://127.0.0.1:${port}/mail`, audience);
	expect(foreign.checks.map(({ problems }) => problems.join())).toEqual(
		Array.from({ length: 5 }, () => expect.stringContaining("do they have the `links.keys`")),
	);
	const silent = await verifyMount("http://127.0.0.1:9/mail", audience);
	expect(silent.checks[0]?.problems[0]).toContain("Nothing answered (");
});

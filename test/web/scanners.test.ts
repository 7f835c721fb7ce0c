import { createMemoryStorage } from "@convoke/core";
import { createSqliteStorage } from "@convoke/sqlite";
import { preferencePages } from "@convoke/web/node";
import { request as httpRequest } from "node:http";
import { expect, test } from "vitest";
import { dump } from "../support/dump.ts";
import { setScene } from "./scene.ts";
import { serve } from "./servers.ts";

/** Mail scanners, previewers, prefetchers and browsers, as they name themselves. */
const USER_AGENTS = [
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
	"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
	"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
	"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
	"Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
	"YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
	"Microsoft Office/16.0 (Microsoft Outlook 16.0; Pro)",
	"BarracudaCentral",
	"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
	"facebookexternalhit/1.1",
	"Twitterbot/1.0",
	"WhatsApp/2.23.20.0",
	"TelegramBot (like TwitterBot)",
	"Proofpoint URL Defense",
	"Mimecast-URL-Protect/1.0",
	"curl/8.7.1",
	"python-requests/2.32.3",
	"",
];

test.each([
	["memory", createMemoryStorage],
	["SQLite", () => createSqliteStorage({ filename: ":memory:" })],
])(
	"R26, %s: 1,000 requests of 20 user agents that do not post leave the storage as it is",
	async (_, createStorage) => {
		const scene = await setScene(createStorage());
		const { audience, storage, calls, path, news, secret } = scene;
		await audience.tenant("other").contacts.create({ email: "bob@example.com" });
		const links = [
			path("unsubscribe"),
			path("unsubscribe", { topicId: news.id }),
			path("unsubscribe", { topicId: secret.id }),
			`${path("unsubscribe")}?List-Unsubscribe=One-Click&action=unsubscribe_all`,
			path("preferences"),
			path("confirm"),
			path("view"),
			path("unsubscribe").slice(0, -1),
			"/mail/u/x",
			path("unsubscribe", { contactId: "01900000-0000-7000-8000-00000000dead" }),
		];
		const visits = ["GET", "HEAD", "OPTIONS", "GET", "GET"].flatMap((method, kind) =>
			links.flatMap((target) => USER_AGENTS.map((agent) => ({ method, target, agent, prefetches: kind > 2 }))),
		);
		expect(visits).toHaveLength(1000);
		const port = await serve(preferencePages(audience));
		const before = await dump(storage, ["default", "other"]);
		calls.writes.length = 0;
		const statuses = new Map<number, number>();
		for (let start = 0; start < visits.length; start += 100) {
			// A hundred at once, as H36 has it.
			const answers = await Promise.all(visits.slice(start, start + 100).map((visit) => send(port, visit)));
			for (const status of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
		}
		expect(calls.writes).toEqual([]);
		expect(await dump(storage, ["default", "other"])).toEqual(before);
		expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual([200, 204, 404, 410]);
		await storage.close();
	},
);

interface Visit {
	readonly method: string;
	readonly target: string;
	readonly agent: string;
	readonly prefetches: boolean;
}

function send(port: number, { method, target, agent, prefetches }: Visit): Promise<number> {
	const headers = {
		"user-agent": agent,
		...(prefetches && { "sec-purpose": "prefetch;prerender", purpose: "prefetch" }),
	};
	return new Promise((resolve, reject) => {
		const request = httpRequest({ port, method, path: target, headers, agent: false }, (response) => {
			response.resume();
			response.on("end", () => resolve(response.statusCode ?? 0));
		});
		request.on("error", reject);
		request.end();
	});
}

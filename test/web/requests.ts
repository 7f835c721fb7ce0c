import { MULTIPART } from "./scene.ts";
import type { Scene } from "./scene.ts";

/** One request of the list that every mount must answer alike. */
export interface ListedRequest {
	readonly name: string;
	readonly method: string;
	readonly target: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string;
}

const URL_ENCODED = { "content-type": "application/x-www-form-urlencoded" };
const ONE_CLICK = "List-Unsubscribe=One-Click";

/** 120 requests: everything people, mail programs, scanners and strangers send. */
export function listRequests(scene: Scene): readonly ListedRequest[] {
	const { news, offers, path, formToken } = scene;
	const topic = { topicId: news.id };
	const links = {
		"a topic's link": path("unsubscribe", topic),
		"a link without topic": path("unsubscribe"),
		"a link to choose": path("preferences"),
		"a broken link": path("unsubscribe").slice(0, -1),
	};
	return [
		...Object.entries(links).flatMap(([name, target]) => [
			...["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"].map((method) => ({ name, method, target })),
			...posts(target, formToken(name === "a topic's link" ? topic : {}), news.id, offers.id).map((each) => ({
				...each,
				name: `${name}: ${each.name}`,
			})),
		]),
		...languages(path("unsubscribe", topic)),
		...strangePaths(path("unsubscribe")),
	];
}

function posts(target: string, token: string, news: string, offers: string): readonly ListedRequest[] {
	const form = (name: string, body: string, headers: Readonly<Record<string, string>> = {}): ListedRequest => ({
		name,
		method: "POST",
		target,
		headers: { ...URL_ENCODED, ...headers },
		body,
	});
	return [
		form("one click", ONE_CLICK),
		form("one click with a charset", ONE_CLICK, { "content-type": "application/x-www-form-urlencoded; charset=utf-8" }),
		form("one click in small letters", "list-unsubscribe=one-click"),
		...MULTIPART.map(([what, { headers, body }]) => form(`one click ${what}`, body, headers)),
		form("one click as JSON", '{"List-Unsubscribe":"One-Click"}', { "content-type": "application/json" }),
		form("one click as text", ONE_CLICK, { "content-type": "text/plain" }),
		{ name: "nothing", method: "POST", target },
		form("an empty form", ""),
		form("another action", "action=destroy"),
		form("leave", "action=unsubscribe"),
		form("leave everything", "action=unsubscribe_all"),
		form("save", `action=save&topics=${news}&topics=${offers}&on=${offers}&token=${token}`),
		form("save from another site", `action=save&topics=${offers}&on=${offers}&token=${token}`, {
			"sec-fetch-site": "cross-site",
		}),
		form("save without token", `action=save&topics=${offers}&on=${offers}`),
		form("save a nested name", "action=save&topics[__proto__][x]=1"),
		form("save unknown topics", "action=save&topics=a&topics=b"),
		form("too many fields", `action=save${"&topics=t".repeat(300)}`),
		form("too large a body", `action=save&token=${"x".repeat(17_000)}`),
	];
}

function languages(target: string): readonly ListedRequest[] {
	const wishes = ["es", "ar-EG", "de, es;q=0.5", '"><script>', "x".repeat(2000)];
	return wishes.map((wish) => ({
		name: `in ${wish.slice(0, 20)}`,
		method: "GET",
		target,
		headers: { "accept-language": wish },
	}));
}

function strangePaths(link: string): readonly ListedRequest[] {
	const targets = [
		"/mail",
		"/mail/",
		"/mail/u",
		"/mail/u/",
		"/mail/u//x",
		"/mail/elsewhere",
		"/mail/u/%2e%2e/%2e%2e/etc/passwd",
		`${link}/`,
		`${link}%00`,
		`${link}%E0%A4%A`,
		`${link})`,
		`${link}%20`,
		`${link}=3D`,
		`${link}?next=https://evil.test`,
		`/mail/u/${"A".repeat(3000)}`,
	];
	return targets.map((target) => ({ name: target.slice(0, 40), method: "GET", target }));
}

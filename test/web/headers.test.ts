import { createAudience, createMemoryStorage, generateLinkKey } from "@convoke/core";
import { createPreferencesHandler } from "@convoke/web";
import type { PageOptions } from "@convoke/web";
import { expect, test } from "vitest";
import { form, ONE_CLICK, setScene } from "./scene.ts";

/** What every answer carries. */
const ALWAYS = {
	"cache-control": "no-store",
	"referrer-policy": "no-referrer",
	"x-content-type-options": "nosniff",
	"x-frame-options": "DENY",
	"x-robots-tag": "noindex, nofollow",
};

const PAGE =
	/^default-src 'none'; style-src 'sha256-[\w+/]{43}='; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/;
const NO_PAGE = /^default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'$/;

const large = {
	...ONE_CLICK,
	body: `a=${"x".repeat(20_000)}`,
	headers: { "content-type": "application/x-www-form-urlencoded" },
};
/** Anew each time, for a stream is read but once. */
function endless(): RequestInit & { readonly duplex: "half" } {
	const body = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from("List-")) });
	return { method: "POST", duplex: "half", headers: large.headers, body };
}
const limited: PageOptions = { rateLimit: () => true };

const cases: readonly (readonly [
	status: number,
	what: string,
	policy: RegExp,
	init: RequestInit | (() => RequestInit),
	options?: PageOptions,
])[] = [
	[200, "a page", PAGE, {}],
	[200, "HEAD", PAGE, { method: "HEAD" }],
	[200, "a form", PAGE, form({ action: "unsubscribe" })],
	[200, "one click", NO_PAGE, ONE_CLICK],
	[204, "OPTIONS", NO_PAGE, { method: "OPTIONS" }],
	[400, "an empty form", PAGE, form({})],
	[403, "an opt-in from elsewhere", PAGE, form({ action: "resubscribe" })],
	[405, "PUT", PAGE, { method: "PUT" }],
	[408, "a body that does not end", PAGE, endless, { timeoutMs: 20 }],
	[413, "a large body", PAGE, large],
	[415, "JSON", PAGE, { method: "POST", body: "{}", headers: { "content-type": "application/json" } }],
	[429, "over the host's limit", PAGE, {}, limited],
];

test.each(["unsubscribe", "preferences"] as const)("every answer of the pages to %s has all headers", async (page) => {
	for (const [status, what, policy, init, options] of cases) {
		const { audience, path } = await setScene();
		const answer = await createPreferencesHandler(
			audience,
			options,
		)(new Request(`https://tidal.test${path(page)}`, typeof init === "function" ? init() : init));
		expect([what, answer.status]).toEqual([what, status]);
		expectHeaders(answer, policy);
	}
});

test("so has that to a link that is none, and that of a storage that is down", async () => {
	const { path, keys, audience } = await setScene();
	const missing = await createPreferencesHandler(audience)(new Request("https://tidal.test/mail/u/x"));
	expect(missing.status).toBe(404);
	expectHeaders(missing, PAGE);
	const storage = createMemoryStorage();
	const links = { baseUrl: "https://tidal.test/mail", keys };
	const down = createAudience({ storage, links, hashKey: generateLinkKey() });
	await storage.close();
	const failed = await createPreferencesHandler(down, { onError: () => {} })(
		new Request(`https://tidal.test${path("unsubscribe")}`),
	);
	expect([failed.status, failed.headers.get("retry-after")]).toEqual([503, "60"]);
	expectHeaders(failed, PAGE);
});

function expectHeaders({ headers }: Response, policy: RegExp): void {
	expect(Object.fromEntries(headers)).toMatchObject(ALWAYS);
	expect(headers.get("content-security-policy")).toMatch(policy);
	expect(headers.get("set-cookie")).toBeNull();
	expect(headers.get("location")).toBeNull();
}

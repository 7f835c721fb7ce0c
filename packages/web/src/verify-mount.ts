import type { Contacts, PreferenceLinks } from "@convoke/core";
import { checkAnswer, checkPage } from "./mount-faults.ts";
import type { Heard } from "./mount-faults.ts";

/** What the verification needs of an audience: the one that the pages were mounted with. */
export interface VerifiedAudience {
	readonly baseUrl: string;
	tenant(id: string): {
		readonly contacts: Pick<Contacts, "create" | "get" | "update">;
		readonly preferences: Pick<PreferenceLinks, "url">;
	};
}

/** What one request showed. */
export interface MountCheck {
	/** What was sent. */
	readonly name: string;
	/** Whether all is as it has to be. */
	readonly ok: boolean;
	/** What is wrong and what mends it, in words; empty when nothing is. */
	readonly problems: readonly string[];
}

/** What the verification of a mount found. */
export interface MountReport {
	/** Whether every check is. */
	readonly ok: boolean;
	readonly checks: readonly MountCheck[];
}

const TENANT = "convoke.verify";
const PROBE = { email: "probe@convoke.invalid" };
const TIMEOUT_MS = 10_000;

const URL_ENCODED = "application/x-www-form-urlencoded";
const DELIMITER = "---FormBoundaryjWmhtjORrn";
const MULTIPART = `${DELIMITER}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n${DELIMITER}--\r\n`;

/** What mail programs and the page itself post: name, content type, body. */
const POSTS: readonly (readonly [name: string, type: string, body: string])[] = [
	["one click, urlencoded", URL_ENCODED, "List-Unsubscribe=One-Click"],
	["one click, multipart", "multipart/form-data; boundary=-FormBoundaryjWmhtjORrn", MULTIPART],
	["one click, multipart as RFC 8058 prints it", `multipart/form-data; boundary=${DELIMITER}`, MULTIPART],
	["the page's own form", URL_ENCODED, "action=unsubscribe_all"],
];

/**
 * Sends to the host's real routes what scanners, mail programs and people send, and says what its middleware spoils.
 *
 * It works with a contact of its own, `probe@convoke.invalid` of the tenant `convoke.verify`, which it creates and which
 * stays, with its events; nobody else is touched.
 *
 * @param url where the pages are mounted, such as `http://localhost:3000/mail`: what `links.baseUrl` leads to.
 *
 * @example
 * ```ts
 * const { ok, checks } = await verifyMount("http://localhost:3000/mail", audience);
 * ```
 *
 * @throws what the storage throws; a server that cannot be reached is in the report.
 */
export async function verifyMount(url: string, audience: VerifiedAudience): Promise<MountReport> {
	const { contacts, preferences } = audience.tenant(TENANT);
	await contacts.create(PROBE);
	const base = url.replace(/\/+$/, "");
	const link = base + (await preferences.url(PROBE, "unsubscribe")).slice(audience.baseUrl.length);
	const checks: MountCheck[] = [];

	const check = async (name: string, init: RequestInit, target: string, find: typeof checkPage): Promise<void> => {
		await contacts.update(PROBE, { unsubscribed: false });
		const answer = await hear(target, init);
		const { unsubscribed } = await contacts.get(PROBE);
		const problems = find(typeof answer === "string" ? answer : { ...answer, unsubscribed });
		checks.push({ name, ok: problems.length === 0, problems });
	};

	await check("opening the link", {}, link, checkPage);
	for (const [name, type, body] of POSTS) {
		// As browsers send forms of a page without referrer, and mail programs send theirs: from nowhere, without cookies.
		const init = { method: "POST", headers: { "content-type": type, origin: "null" }, body };
		await check(name, init, link, checkAnswer);
	}
	return { ok: checks.every(({ ok }) => ok), checks };
}

/** The answer, or why there is none. */
async function hear(target: string, init: RequestInit): Promise<Omit<Heard, "unsubscribed"> | string> {
	try {
		const answer = await fetch(target, { ...init, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
		return { status: answer.status, headers: answer.headers, body: await answer.text() };
	} catch (error) {
		const cause = error instanceof Error ? error.cause : undefined;
		const code =
			typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "no answer in time";
		return `Nothing answered (${code}). Is the server running, and is this where the pages are mounted?`;
	}
}

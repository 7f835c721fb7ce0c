import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How a fake Resend behaves. */
export interface FakeResendOptions {
	/** The key it knows. @default "re_test" */
	readonly apiKey?: string | undefined;
	/** Requests a second; beyond them 429 with `retry-after`. @default any number */
	readonly perSecond?: number | undefined;
	/** Messages until `daily_quota_exceeded`. @default any number */
	readonly dailyQuota?: number | undefined;
	/** Milliseconds until an answer, after which a message is taken. @default 0 */
	readonly delayMs?: (() => number) | undefined;
	/** Milliseconds since 1970. @default the machine's */
	readonly now?: (() => number) | undefined;
}

/** Resend's sending endpoints, by the rules it documents: https://resend.com/docs/api-reference/errors. */
export interface FakeResend {
	/** For `baseUrl`. */
	readonly url: string;
	/** What it took, each message once, in order. */
	readonly emails: readonly { readonly to: string; readonly subject: string }[];
	/** How many requests it got. */
	readonly requests: () => number;
	/** Ends it. */
	close(): Promise<void>;
}

interface Remembered {
	readonly body: string;
	readonly at: number;
	/** Absent while the first request is running. */
	answer?: { readonly status: number; readonly body: unknown };
}

interface Email {
	readonly from?: unknown;
	readonly to?: unknown;
	readonly subject?: unknown;
}

const DAY_MS = 86_400_000;

/** Starts a fake Resend. */
export async function startFakeResend(options: FakeResendOptions = {}): Promise<FakeResend> {
	const { apiKey = "re_test", now = Date.now } = options;
	const emails: { readonly to: string; readonly subject: string }[] = [];
	const keys = new Map<string, Remembered>();
	let requests = 0;
	let window = { second: 0, count: 0 };

	function isTooFast(): boolean {
		const second = Math.floor(now() / 1000);
		window = window.second === second ? { second, count: window.count + 1 } : { second, count: 1 };
		return window.count > (options.perSecond ?? Number.POSITIVE_INFINITY);
	}

	async function take(path: string, text: string): Promise<{ readonly status: number; readonly body: unknown }> {
		const body: unknown = JSON.parse(text);
		const list = (Array.isArray(body) ? body : [body]) as readonly Email[];
		if (path === "/emails/batch" && (list.length < 1 || list.length > 100)) return refusal(422, "validation_error");
		if (list.some((email) => !isComplete(email))) return refusal(422, "validation_error");
		if (emails.length + list.length > (options.dailyQuota ?? Number.POSITIVE_INFINITY)) {
			return refusal(429, "daily_quota_exceeded");
		}
		const ms = options.delayMs?.() ?? 0;
		if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
		const ids = list.map(({ to, subject }) => {
			emails.push({ to: String(to), subject: String(subject) });
			return { id: `00000000-0000-4000-8000-${String(emails.length).padStart(12, "0")}` };
		});
		return { status: 200, body: path === "/emails" ? ids[0] : { data: ids } };
	}

	async function answer(request: IncomingMessage, text: string): Promise<{ status: number; body: unknown }> {
		const { authorization, "idempotency-key": key } = request.headers;
		const path = request.url ?? "";
		if (authorization === undefined) return refusal(401, "missing_api_key");
		if (authorization !== `Bearer ${apiKey}`) return refusal(403, "invalid_api_key");
		if (path !== "/emails" && path !== "/emails/batch") return refusal(404, "not_found");
		if (isTooFast()) return refusal(429, "rate_limit_exceeded");
		if (typeof key !== "string") return take(path, text);
		if (key.length < 1 || key.length > 256) return refusal(400, "invalid_idempotency_key");
		const known = keys.get(key);
		if (known !== undefined && now() - known.at < DAY_MS) {
			if (known.body !== text) return refusal(409, "invalid_idempotent_request");
			return known.answer ?? refusal(409, "concurrent_idempotent_requests");
		}
		const remembered: Remembered = { body: text, at: now() };
		keys.set(key, remembered);
		const given = await take(path, text);
		// What was refused may be asked for again.
		if (given.status === 200) remembered.answer = given;
		else keys.delete(key);
		return given;
	}

	const server = createServer((request, response) => {
		requests += 1;
		const chunks: Buffer[] = [];
		request.on("data", (chunk: Buffer) => chunks.push(chunk));
		request.on("error", () => undefined);
		request.on("end", () => {
			void answer(request, Buffer.concat(chunks).toString("utf8")).then((given) => write(response, given));
		});
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		emails,
		requests: () => requests,
		close: () =>
			new Promise((resolve) => {
				server.closeAllConnections();
				server.close(() => resolve());
			}),
	};
}

function isComplete({ from, to, subject }: Email): boolean {
	return typeof from === "string" && Array.isArray(to) && to.length > 0 && typeof subject === "string";
}

function refusal(status: number, name: string): { status: number; body: unknown } {
	return { status, body: { statusCode: status, name, message: "Refused." } };
}

function write(response: ServerResponse, { status, body }: { readonly status: number; readonly body: unknown }): void {
	response.on("error", () => undefined);
	const wait = status === 429 ? { "retry-after": "1" } : {};
	response.writeHead(status, { "content-type": "application/json", ...wait });
	response.end(JSON.stringify(body));
}

import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { TransportOutcome } from "@convoke/core";
import { expect, onTestFinished, test } from "vitest";
import { createResendTransport } from "../src/index.ts";
import { toUnanswered } from "../src/outcome.ts";
import { aMessage } from "./message.ts";
import { startServer } from "./scripted-server.ts";
import type { Script } from "./scripted-server.ts";

const forEver = new AbortController().signal;
const apiKey = "re_test_123";

const account = (reason: string): TransportOutcome => ({ kind: "account_problem", reason });
const rejected = (reason: string): TransportOutcome => ({ kind: "rejected", reason });
const uncertain = (reason: string): TransportOutcome => ({ kind: "uncertain", reason });
const throttled = (retryAfterMs: number): TransportOutcome => ({
	kind: "account_problem",
	reason: "throttled",
	retryAfterMs,
});
const error = (statusCode: number, name: string, message = "No."): Script => [
	statusCode,
	{ statusCode, name, message },
];

async function sendTo(script: Script): Promise<TransportOutcome> {
	const { url } = await startServer(script);
	const transport = createResendTransport({ apiKey, baseUrl: url });
	onTestFinished(() => transport.close());
	return transport.send(aMessage(), forEver);
}

test.each<[string, Script, TransportOutcome]>([
	["200", [200, { id: "49a3999c" }], { kind: "accepted", providerId: "49a3999c" }],
	["400", error(400, "validation_error"), rejected("invalid_message")],
	["400 for a malformed key", error(400, "validation_error", "API key is invalid"), account("authentication_failed")],
	["401", error(401, "missing_api_key"), account("authentication_failed")],
	["401 for an unknown key", error(401, "validation_error", "API key is invalid"), account("authentication_failed")],
	["401 for a key of less rights", error(401, "restricted_api_key"), account("authentication_failed")],
	["403", error(403, "invalid_api_key"), account("authentication_failed")],
	["403 for a suspended key", error(403, "suspended_api_key"), account("authentication_failed")],
	["403 for a domain", error(403, "validation_error", "The domain is not verified."), account("sender_refused")],
	["404", error(404, "not_found"), account("service_refused")],
	["405", error(405, "method_not_allowed"), account("service_refused")],
	["409 for the same key and another body", error(409, "invalid_idempotent_request"), { kind: "accepted" }],
	["409 for the same key at once", error(409, "concurrent_idempotent_requests"), uncertain("concurrent_request")],
	["409 for a lock", error(409, "resource_locked"), { kind: "deferred", reason: "try_later" }],
	["409 for a page of its own", [409, "<html>"], uncertain("concurrent_request")],
	["413", [413, "<html>too large"], rejected("message_too_large")],
	["422", error(422, "validation_error"), rejected("invalid_message")],
	["422 for the sender", error(422, "invalid_from_address"), account("sender_refused")],
	["422 for an attachment", error(422, "invalid_attachment"), rejected("invalid_message")],
	["429", [429, { name: "rate_limit_exceeded" }, { "retry-after": "3" }], throttled(3000)],
	["429 without a time", error(429, "rate_limit_exceeded"), throttled(1000)],
	["429 with a date", [429, {}, { "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" }], throttled(1000)],
	["429 for the day's quota", error(429, "daily_quota_exceeded"), account("daily_quota_exceeded")],
	["429 for the month's quota", error(429, "monthly_quota_exceeded"), account("monthly_quota_exceeded")],
	["451", error(451, "security_error"), account("service_refused")],
	["500", error(500, "application_error"), uncertain("server_error")],
	["502 of a proxy", [502, "<html>"], uncertain("server_error")],
	["503", error(503, "service_unavailable"), uncertain("server_error")],
	["200 with broken JSON", [200, '{"id":"49a3'], uncertain("broken_answer")],
	["200 without an id", [200, {}], uncertain("broken_answer")],
	["200 with a page of a captive portal", [200, "<html>Welcome"], uncertain("broken_answer")],
	["a redirect, which is not followed", [307, "", { location: "http://127.0.0.1:1/" }], uncertain("connection_lost")],
])("the answer %s", async (_name, script, outcome) => {
	expect(await sendTo(script)).toEqual(outcome);
});

/** The beginning of an answer, after which `then` happens. */
const half =
	(then: (response: ServerResponse) => void): Script =>
	(response) => {
		response.writeHead(200, { "content-length": "100" });
		response.write('{"id":', () => then(response));
	};

test.each<[string, Script, TransportOutcome]>([
	["a hang-up before the answer", (response) => response.destroy(), uncertain("connection_lost")],
	["a hang-up in the middle of the answer", half((response) => response.destroy()), uncertain("connection_lost")],
	["silence before the answer", () => undefined, uncertain("timed_out")],
	["silence in the middle of the answer", half(() => undefined), uncertain("timed_out")],
])("%s, once the request has gone, leaves its fate unknown", async (_name, script, outcome) => {
	const { url, requests } = await startServer(script);
	const transport = createResendTransport({ apiKey, baseUrl: url });
	onTestFinished(() => transport.close());
	expect(await transport.send(aMessage(), AbortSignal.timeout(300))).toEqual(outcome);
	expect(requests).toHaveLength(1);
});

test("silence before there is a connection can be tried again", () => {
	// As `fetch` reports it after ten seconds.
	const cause = Object.assign(new Error("Connect Timeout Error"), { code: "UND_ERR_CONNECT_TIMEOUT" });
	expect(toUnanswered(new TypeError("fetch failed", { cause }))).toEqual({
		kind: "deferred",
		reason: "timed_out",
		unreached: true,
	});
});

test("a server that is not reached can be tried again", async () => {
	const deferred = (reason: string): TransportOutcome => ({ kind: "deferred", reason, unreached: true });
	const to = (baseUrl: string) => createResendTransport({ apiKey, baseUrl }).send(aMessage(), forEver);
	const port = await new Promise<number>((resolve) => {
		const server = createServer();
		server.listen(0, "127.0.0.1", () => {
			const { port: free } = server.address() as AddressInfo;
			server.close(() => resolve(free));
		});
	});
	expect(await to(`http://127.0.0.1:${port}`)).toEqual(deferred("connection_failed"));
	expect(await to("https://nowhere.invalid")).toEqual(deferred("dns_failed"));
	const sockets = new Set<Socket>();
	const plain = createServer((socket) => {
		sockets.add(socket);
		socket.on("error", () => undefined).end("hello\r\n");
	});
	await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => {
		for (const socket of sockets) socket.destroy();
		plain.close();
	});
	expect(await to(`https://127.0.0.1:${(plain.address() as AddressInfo).port}`)).toEqual(deferred("tls_failed"));
});

test("a message goes with everything in it, by its own key", async () => {
	const { url, requests } = await startServer([200, { id: "1" }]);
	const transport = createResendTransport({ apiKey, baseUrl: `${url}/mail/` });
	const message = aMessage({
		from: { name: 'Tidal "T" News', address: "news@tidal.test" },
		replyTo: [{ name: null, address: "help@tidal.test" }],
		text: null,
		tags: [{ name: "issue", value: "7" }],
		attachments: [
			{ filename: "a.txt", content: "aGk=", contentType: null, contentId: null },
			{ filename: "b.png", content: "aGk=", contentType: "image/png", contentId: "logo" },
		],
	});
	await transport.send(message, forEver);
	await transport.send(message, forEver);
	expect(requests[0]).toMatchObject({
		path: "/mail/emails",
		headers: { authorization: "Bearer re_test_123", "idempotency-key": "bc_1_1", "content-type": "application/json" },
		body: {
			from: '"Tidal \\"T\\" News" <news@tidal.test>',
			to: ['"Ada Lovelace" <ada@example.com>'],
			reply_to: ["help@tidal.test"],
			subject: "Spring tide",
			html: message.html,
			text: "",
			headers: message.headers,
			tags: [{ name: "issue", value: "7" }],
			attachments: [
				{ filename: "a.txt", content: "aGk=" },
				{ filename: "b.png", content: "aGk=", content_type: "image/png", content_id: "logo" },
			],
		},
	});
	expect(requests[1]).toEqual({ ...requests[0], headers: requests[1]?.headers });
	expect(transport.idempotent).toBe(true);
	await transport.close();
	expect(await transport.send(message, forEver)).toEqual({
		kind: "deferred",
		reason: "transport_closed",
		unreached: true,
	});
});

const several = (count: number) =>
	Array.from({ length: count }, (_, index) => aMessage({ idempotencyKey: `bc_1_${index}`, subject: String(index) }));
const ids = (count: number) => ({ data: Array.from({ length: count }, (_, index) => ({ id: `id-${index}` })) });

test("messages begun together go in batches of at most so many, and each gets its own answer", async () => {
	const { url, requests } = await startServer([200, ids(3)], [200, ids(2)]);
	const transport = createResendTransport({ apiKey, baseUrl: url, batchSize: 3 });
	expect(transport.idempotent).toBe(false);
	const outcomes = await Promise.all(several(5).map((message) => transport.send(message, forEver)));
	expect(outcomes.map((outcome) => outcome.kind)).toEqual(Array.from({ length: 5 }, () => "accepted"));
	expect(requests.map(({ path, body }) => [path, (body as unknown[]).length])).toEqual([
		["/emails/batch", 3],
		["/emails/batch", 2],
	]);
	const [one, two] = requests.map(({ headers }) => headers["idempotency-key"]);
	expect(one).toMatch(/^batch_[0-9a-f]{64}$/);
	expect(two).not.toBe(one);
	const attached = aMessage({ attachments: [{ filename: "a", content: "", contentType: null, contentId: null }] });
	await transport.send(attached, forEver);
	expect(requests[2]?.path).toBe("/emails");
});

test("one bad message of a batch spoils no other", async () => {
	const permissive = { data: [{ id: "a" }, { id: "c" }], errors: [{ index: 1, message: "Invalid `to` field." }] };
	const { url } = await startServer([200, permissive]);
	const transport = createResendTransport({ apiKey, baseUrl: url, batchSize: 100 });
	expect(await Promise.all(several(3).map((message) => transport.send(message, forEver)))).toEqual([
		{ kind: "accepted", providerId: "a" },
		rejected("invalid_message"),
		{ kind: "accepted", providerId: "c" },
	]);
	const strict = await startServer(error(422, "validation_error"), [200, { id: "a" }], error(422, "validation_error"));
	const other = createResendTransport({ apiKey, baseUrl: strict.url, batchSize: 100 });
	const outcomes = await Promise.all(several(2).map((message) => other.send(message, forEver)));
	expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(["accepted", "rejected"]);
	expect(strict.requests.map(({ path }) => path)).toEqual(["/emails/batch", "/emails", "/emails"]);
});

test("a batch whose answer is lost is requested again, by the same key", async () => {
	const { url, requests } = await startServer((response) => response.destroy(), error(500, "application_error"), [
		200,
		ids(2),
	]);
	const transport = createResendTransport({ apiKey, baseUrl: url, batchSize: 100 });
	const outcomes = await Promise.all(several(2).map((message) => transport.send(message, forEver)));
	expect(outcomes.map(({ kind }) => kind)).toEqual(["accepted", "accepted"]);
	expect(new Set(requests.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
	expect(requests).toHaveLength(3);
	const lost = await startServer((response) => response.destroy());
	const other = createResendTransport({ apiKey, baseUrl: lost.url, batchSize: 100 });
	expect(await Promise.all(several(2).map((message) => other.send(message, forEver)))).toEqual([
		uncertain("connection_lost"),
		uncertain("connection_lost"),
	]);
	expect(lost.requests).toHaveLength(3);
});

test.each([
	[{ apiKey: undefined }, "missing_api_key"],
	[{ apiKey: "" }, "missing_api_key"],
	[{ apiKey: "re_1\r\nx: y" }, "missing_api_key"],
	[{ apiKey, baseUrl: "http://api.resend.com" }, "invalid_option"],
	[{ apiKey, baseUrl: "https://user:secret@api.resend.com" }, "invalid_option"],
	[{ apiKey, baseUrl: "nowhere" }, "invalid_option"],
	[{ apiKey, batchSize: 0 }, "invalid_option"],
	[{ apiKey, batchSize: 101 }, "invalid_option"],
])("%j is refused", (options, reason) => {
	expect(() => createResendTransport(options)).toThrow(expect.objectContaining({ code: "invalid_input", reason }));
});

test("no reason holds an address, whatever the server says", async () => {
	const outcome = await sendTo(error(422, "ada@example.com", "ada@example.com is bad"));
	expect(JSON.stringify(outcome)).not.toContain("@");
});

import { readFileSync } from "node:fs";
import { generateKeyPairSync } from "node:crypto";
import PostalMime from "postal-mime";
import { expect, onTestFinished, test } from "vitest";
import type { Message, TransportOutcome } from "@convoke/core";
import { createSmtpTransport } from "../src/index.ts";
import type { SmtpOptions } from "../src/index.ts";
import { startMailServer, startScriptedServer } from "./mail-server.ts";
import type { Delivery } from "./mail-server.ts";
import { aMessage } from "./message.ts";

const forEver = new AbortController().signal;

/** Hands one message to a real server and answers with what arrived. */
async function deliver(changes: Partial<Message> = {}, options: Partial<SmtpOptions> = {}): Promise<Delivery> {
	const server = await startMailServer();
	onTestFinished(() => server.close());
	const transport = createSmtpTransport({ host: "127.0.0.1", port: server.port, ...options });
	onTestFinished(() => transport.close());
	expect(await transport.send(aMessage(changes), forEver)).toEqual({ kind: "accepted", providerId: "4F1A2B3C" });
	expect(server.deliveries).toHaveLength(1);
	return server.deliveries[0] ?? { from: "", to: [], raw: "" };
}

const head = (raw: string): string => raw.slice(0, raw.indexOf("\r\n\r\n"));
const unfold = (raw: string): readonly string[] =>
	head(raw)
		.replace(/\r\n[ \t]+/g, " ")
		.split("\r\n");
const names = (raw: string): readonly string[] =>
	unfold(raw).map((line) => line.slice(0, line.indexOf(":")).toLowerCase());

test("it says what it can do", () => {
	const transport = createSmtpTransport("smtp://localhost:1025");
	expect(transport).toMatchObject({ name: "smtp", smtputf8: false, idempotent: false });
	expect(createSmtpTransport({ host: "localhost", smtputf8: true }).smtputf8).toBe(true);
});

test("a message arrives as it was made", async () => {
	const { from, to, raw } = await deliver({ replyTo: [{ name: "Help, desk", address: "help@tidal.test" }] });
	expect(from).toBe("news@tidal.test");
	expect(to).toEqual(["ada@example.com"]);
	const parsed = await PostalMime.parse(raw);
	expect(parsed).toMatchObject({
		from: { name: "Tidal", address: "news@tidal.test" },
		to: [{ name: "Ada Lovelace", address: "ada@example.com" }],
		replyTo: [{ name: "Help, desk", address: "help@tidal.test" }],
		subject: "Spring tide",
		messageId: "<0123456789abcdef@tidal.test>",
	});
	expect(parsed.html?.trim()).toBe(aMessage().html);
	expect(parsed.text?.trim()).toBe(aMessage().text);
	expect(names(raw).toSorted()).toEqual([
		"content-type",
		"date",
		"from",
		"list-unsubscribe",
		"list-unsubscribe-post",
		"message-id",
		"mime-version",
		"reply-to",
		"subject",
		"to",
	]);
});

test("the two list headers go out byte by byte as RFC 8058 prints them", async () => {
	const { raw } = await deliver();
	const golden = readFileSync(new URL("golden/list-headers.txt", import.meta.url), "latin1").replaceAll("\n", "\r\n");
	expect(raw).toContain(golden);
	expect(names(raw).filter((name) => name.startsWith("list-"))).toEqual(["list-unsubscribe", "list-unsubscribe-post"]);
});

test.each([20, 100, 300])("an unsubscribe link with a base of %i characters is never folded", async (length) => {
	const url = `https://${"a".repeat(length - 18)}.test/u/${"Ab-_".repeat(22)}`;
	const { raw } = await deliver({ headers: { ...aMessage().headers, "List-Unsubscribe": `<${url}>` } });
	expect(raw.split("\r\n")).toContain(`List-Unsubscribe: <${url}>`);
	expect(Math.max(...raw.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(998);
});

test("a part that is not there is not made up", async () => {
	const textOnly = await PostalMime.parse((await deliver({ html: null })).raw);
	expect(textOnly.headers.find(({ key }) => key === "content-type")?.value).toContain("text/plain");
	const htmlOnly = await PostalMime.parse((await deliver({ text: null })).raw);
	expect(htmlOnly.headers.find(({ key }) => key === "content-type")?.value).toContain("text/html");
});

test.each([
	["plain", "Spring tide", "7bit"],
	["with a few other letters", `Frühjahr — ${"waves and tides ".repeat(20)}`, "quoted-printable"],
	["of another script", "春の大潮のお知らせ".repeat(20), "base64"],
])("a text that is %s arrives as it is, as small as may be", async (_what, text, encoding) => {
	const { raw } = await deliver({ html: null, text });
	expect(unfold(raw)).toContain(`Content-Transfer-Encoding: ${encoding}`);
	expect((await PostalMime.parse(raw)).text?.trimEnd()).toBe(text.trimEnd());
});

test("a mailbox without name stands alone", async () => {
	const { raw } = await deliver({
		from: { name: null, address: "news@tidal.test" },
		to: { name: null, address: "ada@example.com" },
	});
	expect(unfold(raw)).toEqual(expect.arrayContaining(["From: news@tidal.test", "To: ada@example.com"]));
});

test.each([
	'Bob" <evil@x.test>, "',
	"Bob <evil@x.test>",
	"Bob, evil@x.test",
	"evil@x.test; other@x.test",
	"Group: evil@x.test;",
	"Bob (comment)",
	"Bob \\",
	"=?utf-8?Q?Bob?= <evil@x.test>",
	"Zoë, Ltd. <evil@x.test>",
	"\u202eevil",
])("a from name of %j stays the name of one mailbox", async (name) => {
	const { from, to, raw } = await deliver({
		from: { name, address: "news@tidal.test" },
		to: { name, address: "ada@example.com" },
		replyTo: [{ name, address: "help@tidal.test" }],
	});
	expect({ from, to }).toEqual({ from: "news@tidal.test", to: ["ada@example.com"] });
	const parsed = await PostalMime.parse(raw);
	expect(parsed.from?.address).toBe("news@tidal.test");
	expect(parsed.to?.map(({ address }) => address)).toEqual(["ada@example.com"]);
	expect(parsed.replyTo?.map(({ address }) => address)).toEqual(["help@tidal.test"]);
});

test.each([
	"b@x.test, c@x.test",
	"b@x.test; c@x.test",
	"b@x.test\r\nRCPT TO:<c@x.test>",
	"b@x.test> <c@x.test",
	"g: b@x.test, c@x.test;",
])("an address of %j that should never have come this far is one recipient at most", async (address) => {
	const server = await startMailServer();
	onTestFinished(() => server.close());
	const transport = createSmtpTransport(server.url);
	onTestFinished(() => transport.close());
	await transport.send(aMessage({ to: { name: null, address } }), forEver);
	for (const { to } of server.deliveries) {
		expect(to).toHaveLength(1);
		expect(["b@x.test", "c@x.test"]).not.toContain(to[0]);
	}
});

test.each(["\u2028", "\u0085", "\u202e", "日本語の件名", "ünïcode".repeat(60), "😀"])(
	"a subject with %j arrives encoded and whole",
	async (text) => {
		const { raw } = await deliver({ subject: `Hi ${text} there` });
		expect(/^[\x20-\x7e\r\n\t]*$/.test(head(raw))).toBe(true);
		expect((await PostalMime.parse(raw)).subject).toBe(`Hi ${text} there`);
		expect(Math.max(...raw.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(998);
	},
);

test("no control character makes a header of its own", async () => {
	const expected = names((await deliver({ headers: { ...aMessage().headers, "X-Campaign": "spring" } })).raw);
	const nasty = ["a\r\nBcc: e@x.test", "a\nBcc: e@x.test", "a\rBcc: e@x.test", "a\0b", "a\r\n\r\nbody"];
	for (const text of nasty) {
		const { to, raw } = await deliver({
			subject: text,
			from: { name: text, address: "news@tidal.test" },
			to: { name: text, address: "ada@example.com" },
			headers: { ...aMessage().headers, "X-Campaign": text },
		});
		expect(names(raw).toSorted()).toEqual(expected.toSorted());
		expect(to).toEqual(["ada@example.com"]);
	}
});

test("further headers go out, long and beyond ASCII", async () => {
	const { raw } = await deliver({ headers: { ...aMessage().headers, "X-Long": "word ".repeat(300), "X-Name": "Zoë" } });
	const { headers } = await PostalMime.parse(raw);
	expect(headers.find(({ key }) => key === "x-name")?.value).toMatch(/Zoë|=\?UTF-8\?/i);
	expect(Math.max(...raw.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(998);
});

test("a body names no file to read and no link to follow", async () => {
	const { raw } = await deliver({ html: '<img src="file:///etc/passwd"><img src="data:image/png;base64,AAAA">' });
	expect(raw).not.toContain("root:");
	expect(raw).not.toContain("Content-Disposition");
});

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
const pem = privateKey.export({ type: "pkcs8", format: "pem" });
const dkim = { domainName: "tidal.test", keySelector: "s1", privateKey: pem.toString() };
const signed = (raw: string): readonly string[] => {
	const line = unfold(raw).find((text) => text.startsWith("DKIM-Signature:")) ?? "";
	return (/ h=([^;]*);/.exec(line)?.[1] ?? "").replace(/\s/g, "").toLowerCase().split(":");
};

test("a signature covers both list headers", async () => {
	const fields = signed((await deliver({}, { dkim })).raw);
	expect(fields).toEqual(expect.arrayContaining(["from", "to", "subject", "date", "message-id"]));
	expect(fields).toEqual(expect.arrayContaining(["list-unsubscribe", "list-unsubscribe-post"]));
	const named = { ...dkim, headerFieldNames: "from : LIST-Unsubscribe:list-unsubscribe-post" };
	expect(signed((await deliver({}, { dkim: named })).raw)).toEqual([
		"from",
		"list-unsubscribe",
		"list-unsubscribe-post",
	]);
});

test.each([
	[{ headerFieldNames: "from:to:list-unsubscribe" }, "dkim_missing_one_click", "dkim.headerFieldNames"],
	[{ headerFieldNames: "from:list-unsubscribe-post" }, "dkim_missing_one_click", "dkim.headerFieldNames"],
	[{ headerFieldNames: "" }, "dkim_missing_one_click", "dkim.headerFieldNames"],
	[{ privateKey: "no key" }, "invalid_dkim_key", "dkim.privateKey"],
	[
		{ privateKey: generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString() },
		"invalid_dkim_key",
		"dkim.privateKey",
	],
])("a signature that would not serve is refused: %j", (changes, reason, field) => {
	const refused = expect.objectContaining({ code: "invalid_input", reason, field });
	expect(() => createSmtpTransport({ host: "localhost", dkim: { ...dkim, ...changes } })).toThrow(refused);
});

test.each([
	"",
	"localhost:1025",
	"http://localhost",
	"smtp://",
	"smtp://localhost/path",
	"smtp://localhost?pool=true",
	"smtp://user:se%cret@localhost",
])("a URL of %j is refused without repeating it", (url) => {
	expect(() => createSmtpTransport(url)).toThrow(
		expect.objectContaining({
			code: "invalid_input",
			reason: "invalid_smtp_url",
			message: expect.not.stringContaining("se%"),
		}),
	);
});

test.each([
	[{ host: "" }, "host"],
	[{ port: 0 }, "port"],
	[{ port: 70_000 }, "port"],
	[{ maxConnections: 0 }, "maxConnections"],
	[{ maxConnections: 1.5 }, "maxConnections"],
	[{ maxConnections: 1e9 }, "maxConnections"],
	[{ maxMessages: -1 }, "maxMessages"],
	[{ socketTimeoutMs: 0 }, "socketTimeoutMs"],
	[{ connectionTimeoutMs: Number.NaN }, "connectionTimeoutMs"],
	[{ greetingTimeoutMs: 2 ** 31 }, "greetingTimeoutMs"],
])("an option out of bounds is refused: %j", (changes, field) => {
	const refused = expect.objectContaining({ code: "invalid_input", reason: "invalid_option", field });
	expect(() => createSmtpTransport({ host: "localhost", ...changes })).toThrow(refused);
});

test("the URL's account signs in, its escapes decoded", async () => {
	const seen: unknown[] = [];
	const server = await startMailServer({
		authOptional: false,
		allowInsecureAuth: true,
		onAuth(auth, _session, done) {
			seen.push(auth.username, auth.password);
			done(null, { user: auth.username ?? "" });
		},
	});
	onTestFinished(() => server.close());
	const transport = createSmtpTransport(`smtp://news%40tidal.test:p%25s%2Fs@127.0.0.1:${server.port}/`);
	onTestFinished(() => transport.close());
	expect((await transport.send(aMessage(), forEver)).kind).toBe("accepted");
	expect(seen).toEqual(["news@tidal.test", "p%s/s"]);
});

test("messages share connections, and no more than allowed are open", async () => {
	let open = 0;
	let most = 0;
	let connections = 0;
	const server = await startMailServer({
		onConnect(_session, done) {
			connections += 1;
			most = Math.max(most, (open += 1));
			done();
		},
		onClose(_session, done) {
			open -= 1;
			done();
		},
	});
	onTestFinished(() => server.close());
	const transport = createSmtpTransport({ host: "127.0.0.1", port: server.port, maxConnections: 2 });
	const sent = await Promise.all(
		Array.from({ length: 40 }, () => transport.send(aMessage(), new AbortController().signal)),
	);
	expect(sent.every(({ kind }) => kind === "accepted")).toBe(true);
	expect({ most, connections, deliveries: server.deliveries.length }).toEqual({
		most: 2,
		connections: 2,
		deliveries: 40,
	});
	await transport.close();
});

test("a refused recipient costs the others nothing", async () => {
	const server = await startMailServer({
		onRcptTo: (address, _session, done) =>
			done(address.address.startsWith("no") ? Object.assign(new Error("no"), { responseCode: 550 }) : null),
	});
	onTestFinished(() => server.close());
	const transport = createSmtpTransport({ host: "127.0.0.1", port: server.port, maxConnections: 1 });
	onTestFinished(() => transport.close());
	const to = (address: string): Promise<TransportOutcome> =>
		transport.send(aMessage({ to: { name: null, address } }), forEver);
	const outcomes = await Promise.all(["a@x.test", "no@x.test", "b@x.test", "no@x.test", "c@x.test"].map(to));
	expect(outcomes.map(({ kind }) => kind)).toEqual(["accepted", "rejected", "accepted", "rejected", "accepted"]);
});

test("an abort while the message is under way leaves its fate unknown", async () => {
	const controller = new AbortController();
	const server = await startScriptedServer({ END: () => controller.abort() });
	onTestFinished(() => server.close());
	const transport = createSmtpTransport(server.url);
	onTestFinished(() => transport.close());
	expect(await transport.send(aMessage(), controller.signal)).toEqual({ kind: "uncertain", reason: "aborted" });
});

test("an abort before the message was asked for hands over nothing, then or later", async () => {
	const controller = new AbortController();
	const server = await startScriptedServer({ RCPT: () => controller.abort() });
	onTestFinished(() => server.close());
	const transport = createSmtpTransport(server.url);
	onTestFinished(() => transport.close());
	const aborted = { kind: "deferred", reason: "aborted" };
	expect(await transport.send(aMessage(), controller.signal)).toEqual(aborted);
	expect(await transport.send(aMessage(), AbortSignal.abort())).toEqual(aborted);
	await transport.close();
	expect(server.deliveries).toEqual([]);
});

test("an aborted message leaves those before and after it alone", async () => {
	const server = await startMailServer();
	onTestFinished(() => server.close());
	const transport = createSmtpTransport({ host: "127.0.0.1", port: server.port, maxConnections: 1 });
	onTestFinished(() => transport.close());
	const controller = new AbortController();
	const first = transport.send(aMessage(), forEver);
	const second = transport.send(aMessage(), controller.signal);
	const third = transport.send(aMessage(), forEver);
	controller.abort();
	expect((await Promise.all([first, second, third])).map(({ kind }) => kind)).toEqual([
		"accepted",
		"deferred",
		"accepted",
	]);
});

test("closing waits for what is under way, and hands over nothing more", async () => {
	const server = await startMailServer();
	onTestFinished(() => server.close());
	const transport = createSmtpTransport({ host: "127.0.0.1", port: server.port, maxConnections: 1 });
	await transport.send(aMessage(), forEver);
	const sent = transport.send(aMessage(), forEver);
	const queued = Array.from({ length: 5 }, () => transport.send(aMessage(), forEver));
	await new Promise((resolve) => setImmediate(resolve));
	await transport.close();
	const outcomes = await Promise.all([sent, ...queued]);
	const accepted = outcomes.filter(({ kind }) => kind === "accepted").length;
	expect(server.deliveries).toHaveLength(1 + accepted);
	expect(outcomes.filter(({ kind }) => kind !== "accepted")).toEqual(
		Array.from({ length: 6 - accepted }, () => ({ kind: "deferred", reason: "transport_closed", unreached: true })),
	);
	expect(await transport.send(aMessage(), forEver)).toEqual({
		kind: "deferred",
		reason: "transport_closed",
		unreached: true,
	});
	await transport.close();
});

test("closing waits for the answer to what has been handed over", async () => {
	let answer = (): void => undefined;
	const asked = new Promise<void>((resolve) => {
		answer = resolve;
	});
	let answered = false;
	const server = await startScriptedServer({
		END(socket) {
			answer();
			setTimeout(() => {
				answered = true;
				socket.write("250 OK\r\n");
			}, 100);
		},
	});
	onTestFinished(() => server.close());
	const transport = createSmtpTransport(server.url);
	const sent = transport.send(aMessage(), forEver);
	await asked;
	await transport.close();
	expect(answered).toBe(true);
	expect((await sent).kind).toBe("accepted");
});

test("a connection that turns out to be gone when its next message begins is replaced", async () => {
	let messages = 0;
	const server = await startScriptedServer({
		MAIL(socket) {
			messages += 1;
			if (messages === 2) socket.destroy();
			else socket.write("250 OK\r\n");
		},
	});
	onTestFinished(() => server.close());
	const transport = createSmtpTransport({ host: "127.0.0.1", port: server.port, maxConnections: 1 });
	onTestFinished(() => transport.close());
	expect((await transport.send(aMessage(), forEver)).kind).toBe("accepted");
	expect((await transport.send(aMessage(), forEver)).kind).toBe("accepted");
	expect(server.deliveries).toHaveLength(2);
});

test("a connection that the server dropped while idle loses no message and doubles none", async () => {
	const server = await startMailServer({ socketTimeout: 300 });
	onTestFinished(() => server.close());
	const transport = createSmtpTransport({ host: "127.0.0.1", port: server.port, maxConnections: 1 });
	onTestFinished(() => transport.close());
	for (let n = 0; n < 3; n += 1) {
		expect((await transport.send(aMessage(), forEver)).kind).toBe("accepted");
		await new Promise((resolve) => setTimeout(resolve, 450));
	}
	expect(server.deliveries).toHaveLength(3);
});

import type { TransportOutcome } from "@convoke/core";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createSmtpTransport } from "../src/index.ts";
import type { SmtpOptions } from "../src/index.ts";
import { reply, startMailServer, startScriptedServer } from "./mail-server.ts";
import type { MailServer, Step } from "./mail-server.ts";
import { aMessage } from "./message.ts";

const forEver = new AbortController().signal;
const hangUp = (socket: Socket): void => void socket.destroy();
const saySilence = (): void => undefined;
const PATIENCE = { socketTimeoutMs: 150, greetingTimeoutMs: 150 };

async function sendTo(
	server: MailServer,
	options: Partial<SmtpOptions> = {},
	message = aMessage(),
): Promise<TransportOutcome> {
	onTestFinished(() => server.close());
	const transport = createSmtpTransport({ host: "127.0.0.1", port: server.port, ...options });
	onTestFinished(() => transport.close());
	return transport.send(message, forEver);
}

const account = (reason: string): TransportOutcome => ({ kind: "account_problem", reason });
const rejected = (reason: string): TransportOutcome => ({ kind: "rejected", reason });
const deferred = (reason: string, retryAfterMs?: number): TransportOutcome =>
	retryAfterMs === undefined ? { kind: "deferred", reason } : { kind: "deferred", reason, retryAfterMs };
const unreached = (reason: string): TransportOutcome => ({ kind: "deferred", reason, unreached: true });
const throttled: TransportOutcome = { kind: "account_problem", reason: "throttled", retryAfterMs: 10_000 };
const uncertain = (reason: string): TransportOutcome => ({ kind: "uncertain", reason });

test.each<[string, TransportOutcome]>([
	["550 5.1.1 <ada@example.com> no such user", rejected("unknown_recipient")],
	["550 no", rejected("recipient_refused")],
	["551 not local", rejected("recipient_refused")],
	["553 5.7.1 no", rejected("recipient_refused")],
	["554 5.7.1 no", rejected("recipient_refused")],
	["552 over quota", deferred("mailbox_full")],
	["550 5.2.2 mailbox full", deferred("mailbox_full")],
	["552 5.2.3 too long for this mailbox", rejected("recipient_refused")],
	["452 4.2.2 mailbox full", deferred("mailbox_full")],
	["450 4.2.0 greylisted", deferred("try_later")],
	["450 4.2.0 Greylisted, see https://help.test/greylisting, try again in 300 seconds", deferred("try_later", 300_000)],
	["451 4.7.1 Please try again in 5 minutes", deferred("try_later", 300_000)],
	["451 4.7.1 Greylisting in action, please come back in 00:04:57", deferred("try_later", 297_000)],
	["451 come back in 1 hour", deferred("try_later", 3_600_000)],
	["451 come back in 900 hours", deferred("try_later", 86_400_000)],
	["450 wait 90s", deferred("try_later", 90_000)],
	["503 5.5.1 MAIL first", deferred("protocol_error")],
	["421 4.7.0 too many connections", account("service_unavailable")],
	["454 Throttling failure: maximum sending rate exceeded", throttled],
	[
		"421 4.7.0 Too fast, try again in 30 seconds",
		{ kind: "account_problem", reason: "service_unavailable", retryAfterMs: 30_000 },
	],
	["530 5.7.0 authentication required", account("authentication_required")],
	["yes?", deferred("protocol_error")],
])("RCPT TO answered with %s", async (answer, outcome) => {
	expect(await sendTo(await startScriptedServer({ RCPT: answer }))).toEqual(outcome);
});

test.each<[string, TransportOutcome]>([
	["554 5.6.0 spam", rejected("message_refused")],
	["550 5.7.1 no", rejected("message_refused")],
	["552 5.3.4 message too big", rejected("message_refused")],
	["552 5.2.2 over quota", deferred("mailbox_full")],
	["451 4.3.0 try again in 2 minutes", deferred("try_later", 120_000)],
	["452 4.3.1 out of space", deferred("try_later")],
	["421 going down", account("service_unavailable")],
])("DATA and the message itself answered with %s", async (answer, outcome) => {
	expect(await sendTo(await startScriptedServer({ DATA: answer }))).toEqual(outcome);
	expect(await sendTo(await startScriptedServer({ END: answer }))).toEqual(outcome);
});

test.each<[string, TransportOutcome]>([
	["550 5.7.1 sender not allowed", account("sender_refused")],
	["553 5.1.8 who?", account("sender_refused")],
	["451 4.3.0 later", account("sender_refused")],
	["421 too many messages", account("service_unavailable")],
	["454 throttled", throttled],
	["530 5.7.0 authentication required", account("authentication_required")],
])("MAIL FROM answered with %s", async (answer, outcome) => {
	expect(await sendTo(await startScriptedServer({ MAIL: answer }))).toEqual(outcome);
});

test.each<[string, TransportOutcome]>([
	["535 5.7.8 wrong password", account("authentication_failed")],
	["534 5.7.9 application password required", account("authentication_failed")],
	["454 4.7.0 temporary failure", account("authentication_failed")],
	["421 locked out", account("service_unavailable")],
])("AUTH answered with %s", async (answer, outcome) => {
	const server = await startScriptedServer({ AUTH: answer });
	expect(await sendTo(server, { auth: { user: "news", pass: "secret" } })).toEqual(outcome);
});

test.each<[string, TransportOutcome]>([
	["554 no service here", account("service_refused")],
	["421 busy", account("service_unavailable")],
	["hello there", unreached("protocol_error")],
])("a greeting %s", async (answer, outcome) => {
	expect(await sendTo(await startScriptedServer({ GREETING: answer }))).toEqual(outcome);
});

test.each<[string, TransportOutcome]>([
	["554 5.7.1 go away", account("service_refused")],
	["421 4.3.2 shutting down", account("service_unavailable")],
	["450 4.3.2 later", account("service_refused")],
])("EHLO, and HELO after it, answered with %s", async (answer, outcome) => {
	expect(await sendTo(await startScriptedServer({ EHLO: answer, HELO: answer }))).toEqual(outcome);
});

const reset = (socket: Socket): void => void socket.resetAndDestroy();
const goAway = (socket: Socket): void => void socket.end("421 4.3.2 shutting down\r\n");
/** How a connection breaks, and what is said of it. */
const BREAKS: readonly (readonly [name: string, step: Step, reason: string])[] = [
	["silence", saySilence, "timed_out"],
	["a hang-up", hangUp, "connection_failed"],
	["a reset", reset, "connection_failed"],
];
const BEFORE = ["GREETING", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"] as const;

test.each(BEFORE.flatMap((command) => BREAKS.map(([name, step, reason]) => ({ command, name, step, reason }))))(
	"$name instead of the reply to $command, before the message was asked for, can be tried again",
	async ({ command, step, reason }) => {
		const server = await startScriptedServer({ [command]: step });
		const auth = { user: "news", pass: "secret" };
		expect(await sendTo(server, { auth, ...PATIENCE })).toEqual(unreached(reason));
		expect(server.deliveries).toEqual([]);
	},
);

// It comes in several pieces.
const long = aMessage({ text: `${"x".repeat(70)}\r\n`.repeat(15_000) });

test.each<[string, Step, TransportOutcome]>([
	["silence", (socket) => void socket.pause(), uncertain("timed_out")],
	["a hang-up", hangUp, uncertain("connection_lost")],
	["a reset", reset, uncertain("connection_lost")],
])("%s in the middle of the message leaves its fate unknown", async (_name, step, outcome) => {
	const server = await startScriptedServer({ BODY: step });
	expect(await sendTo(server, PATIENCE, long)).toEqual(outcome);
	expect(server.deliveries).toEqual([]);
});

test.each<[string, Step, TransportOutcome]>([
	["silence", saySilence, uncertain("timed_out")],
	["a hang-up", hangUp, uncertain("connection_lost")],
	["a reset", reset, uncertain("connection_lost")],
	["421 and a hang-up", goAway, account("service_unavailable")],
])("%s after the final dot, where the message is there", async (_name, step, outcome) => {
	const server = await startScriptedServer({ END: step });
	expect(await sendTo(server, PATIENCE)).toEqual(outcome);
	expect(server.deliveries).toHaveLength(1);
});

test("421 in the middle of the message is not about the recipient", async () => {
	expect(await sendTo(await startScriptedServer({ BODY: goAway, END: saySilence }), PATIENCE)).toEqual(
		account("service_unavailable"),
	);
});

test("an answer to the message that is none leaves its fate unknown", async () => {
	expect(await sendTo(await startScriptedServer({ END: "thanks" }))).toEqual(uncertain("connection_lost"));
	expect(await sendTo(await startScriptedServer({ END: "354 go on" }))).toEqual(uncertain("connection_lost"));
	// Cut off before the end of the line, it may as well be the beginning of another one.
	const half = (socket: Socket): void => void socket.end("550 5.7.1 no");
	expect(await sendTo(await startScriptedServer({ END: half }))).toEqual(uncertain("connection_lost"));
});

test("a message that was taken stays taken, whatever the server does next", async () => {
	const taken = (socket: Socket): void => void socket.write("250 OK\r\n", () => socket.resetAndDestroy());
	expect(await sendTo(await startScriptedServer({ END: taken }))).toEqual({ kind: "accepted", providerId: undefined });
	const endless = await sendTo(await startScriptedServer({ END: `250 OK ${"x".repeat(100_000)}` }));
	expect(endless).toEqual({ kind: "accepted", providerId: undefined });
});

test.each([
	["250 2.0.0 Ok: queued as 4F1A2B3C", "4F1A2B3C"],
	["250 OK id=1tCx7Q-000000001Zw-2abc", "1tCx7Q-000000001Zw-2abc"],
	[
		"250 Ok 0100018b5c3c0a4f-8ac0a1d8-2b9f-4a06-b8a4-1f6d-000000",
		"0100018b5c3c0a4f-8ac0a1d8-2b9f-4a06-b8a4-1f6d-000000",
	],
	["250 2.0.0 fine", undefined],
	["250 Great success", undefined],
])("%s names the message %s", async (answer, providerId) => {
	expect(await sendTo(await startScriptedServer({ END: answer }))).toEqual({ kind: "accepted", providerId });
});

test("a server that is not there can be tried again", async () => {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const where = server.address();
	await new Promise((resolve) => server.close(resolve));
	const transport = createSmtpTransport(`smtp://127.0.0.1:${typeof where === "object" ? where?.port : 0}`);
	expect(await transport.send(aMessage(), forEver)).toEqual(unreached("connection_failed"));
	await transport.close();
	const nowhere = createSmtpTransport("smtp://nowhere.invalid");
	expect(await nowhere.send(aMessage(), forEver)).toEqual(unreached("dns_failed"));
	await nowhere.close();
});

test("a server without the TLS that was asked for can be tried again, and gets no message", async () => {
	const server = await startScriptedServer({});
	expect(await sendTo(server, { secure: true, connectionTimeoutMs: 1000 })).toEqual(unreached("tls_failed"));
	expect(await sendTo(await startScriptedServer({}), { requireTls: true })).toEqual(unreached("tls_failed"));
	expect(server.deliveries).toEqual([]);
});

test("a real server's refusals are told apart, pipelined as they are", async () => {
	const refuse =
		(code: number, message: string) =>
		(_address: unknown, _session: unknown, done: (error?: Error | null) => void): void =>
			done(reply(code, message));
	expect(await sendTo(await startMailServer({ onRcptTo: refuse(550, "5.1.1 no such user") }))).toEqual(
		rejected("unknown_recipient"),
	);
	expect(await sendTo(await startMailServer({ onRcptTo: refuse(450, "try again in 60 seconds") }))).toEqual(
		deferred("try_later", 60_000),
	);
	expect(await sendTo(await startMailServer({ onMailFrom: refuse(550, "not you") }))).toEqual(
		account("sender_refused"),
	);
	const refuseData = await startMailServer({
		onData(stream, _session, done) {
			stream.resume();
			stream.on("end", () => done(reply(554, "spam")));
		},
	});
	expect(await sendTo(refuseData)).toEqual(rejected("message_refused"));
	const locked = await startMailServer({
		authOptional: false,
		allowInsecureAuth: true,
		onAuth: (_auth, _session, done) => done(reply(535, "wrong password")),
	});
	expect(await sendTo(locked, { auth: { user: "news", pass: "secret" } })).toEqual(account("authentication_failed"));
	expect(await sendTo(locked)).toEqual(account("authentication_required"));
});

test("a message that is none is answered like any other, and never thrown", async () => {
	const transport = createSmtpTransport("smtp://localhost:1025");
	const message = JSON.parse('{"from":{"name":null,"address":"a@x.test"}}');
	expect(await transport.send(message, forEver)).toEqual(deferred("hand_over_failed"));
	await transport.close();
});

test("no reason holds an address, whatever the server says", async () => {
	for (const answer of ["550 <ada@example.com> unknown", "450 ada@example.com later", "421 news@tidal.test banned"]) {
		const outcome = await sendTo(await startScriptedServer({ RCPT: answer }));
		expect(JSON.stringify(outcome)).not.toContain("@");
	}
});

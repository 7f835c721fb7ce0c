import type { Message } from "@convoke/core";
import { createTestInbox } from "@convoke/testing";
import { expect, test } from "vitest";

const message = (to: string, subject = "News"): Message => ({
	messageId: `<${subject}@example.test>`,
	idempotencyKey: `${subject}:${to}`,
	from: { name: null, address: "news@example.test" },
	to: { name: null, address: to },
	replyTo: [],
	subject,
	html: `<a href="https://example.test/offer">Offer</a>`,
	text: null,
	tags: [],
	attachments: [],
	headers: {
		"List-Unsubscribe": "<mailto:out@example.test>, <https://mail.example.test/u/token>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
	},
});
const { signal } = new AbortController();
const subjects = (messages: readonly Message[]): readonly string[] => messages.map(({ subject }) => subject);

test("what is handed over arrives, in order", async () => {
	const inbox = createTestInbox();
	expect(await inbox.send(message("ada@example.test", "One"), signal)).toEqual({ kind: "accepted" });
	await inbox.send(message("bob@example.test", "Two"), signal);
	expect(inbox.messages).toMatchObject([message("ada@example.test", "One"), message("bob@example.test", "Two")]);
});

test("a message that is handed over twice arrives twice, and the inbox does not claim otherwise", async () => {
	const inbox = createTestInbox();
	await inbox.send(message("ada@example.test"), signal);
	await inbox.send(message("ada@example.test"), signal);
	expect(inbox.to("ada@example.test")).toHaveLength(2);
	expect(inbox.idempotent).toBe(false);
});

test("messages are found by address, whatever the case of its letters", async () => {
	const inbox = createTestInbox();
	await inbox.send(message("Ada@example.test", "One"), signal);
	await inbox.send(message("bob@example.test", "Two"), signal);
	await inbox.send(message("Ada@example.test", "Three"), signal);
	expect(subjects(inbox.to("aDA@EXAMPLE.test"))).toEqual(["One", "Three"]);
	expect(inbox.latest("ada@example.test").subject).toBe("Three");
	expect(inbox.to("eve@example.test")).toEqual([]);
});

test("letters beyond ASCII are not folded, as in contacts", async () => {
	const inbox = createTestInbox();
	await inbox.send(message("k@example.test", "Latin"), signal);
	expect(inbox.to("\u212a@example.test")).toEqual([]);
});

test("the latest message to someone who got none is an error that says so", () => {
	expect(() => createTestInbox().latest("ada@example.test")).toThrow(
		expect.objectContaining({ code: "not_found", reason: "message_not_found" }),
	);
});

test("an address that is none is refused, so that a slip cannot pass for an empty inbox", () => {
	expect(() => createTestInbox().to("ada")).toThrow(expect.objectContaining({ reason: "invalid_email" }));
});

test("a message shows its links and the one behind the unsubscribe button", async () => {
	const inbox = createTestInbox();
	await inbox.send(message("ada@example.test"), signal);
	const { links, unsubscribeUrl } = inbox.latest("ada@example.test");
	expect(links).toEqual(["https://example.test/offer"]);
	expect(unsubscribeUrl).toBe("https://mail.example.test/u/token");
});

test("a message without unsubscribe header says so when it is asked for the link", async () => {
	const inbox = createTestInbox();
	await inbox.send({ ...message("ada@example.test"), headers: {} }, signal);
	expect(() => inbox.latest("ada@example.test").unsubscribeUrl).toThrow(
		expect.objectContaining({ reason: "one_click_missing" }),
	);
});

test("clear forgets all messages, but not in a list taken before", async () => {
	const inbox = createTestInbox();
	await inbox.send(message("ada@example.test"), signal);
	const before = inbox.messages;
	inbox.clear();
	expect(inbox.messages).toEqual([]);
	expect(inbox.to("ada@example.test")).toEqual([]);
	expect(subjects(before)).toEqual(["News"]);
});

test.each(["rejected", "deferred", "account_problem", "uncertain"] as const)(
	"a message that the test answers with %s does not arrive",
	async (kind) => {
		const inbox = createTestInbox({
			onSend: ({ to }) => (to.address === "bob@example.test" ? { kind, reason: "full" } : undefined),
		});
		expect(await inbox.send(message("bob@example.test"), signal)).toEqual({ kind, reason: "full" });
		expect(await inbox.send(message("ada@example.test"), signal)).toEqual({ kind: "accepted" });
		expect(inbox.messages.map(({ to }) => to.address)).toEqual(["ada@example.test"]);
	},
);

test("a message that the test accepts itself arrives, with the id the test gives it", async () => {
	const inbox = createTestInbox({ onSend: async () => ({ kind: "accepted", providerId: "p1" }) });
	expect(await inbox.send(message("ada@example.test"), signal)).toEqual({ kind: "accepted", providerId: "p1" });
	expect(inbox.messages).toHaveLength(1);
});

import { aBroadcast, aContact } from "@convoke/testing";
import { expect, test } from "vitest";

test("contacts get addresses of their own, as tests have them", () => {
	const emails = Array.from({ length: 50 }, () => aContact().email);
	expect(new Set(emails).size).toBe(50);
	for (const email of emails) expect(email).toMatch(/^contact\d+@example\.test$/);
});

test("a contact says what it is told and nothing more", () => {
	expect(aContact({ email: "ada@example.test", firstName: null, unsubscribed: true })).toEqual({
		email: "ada@example.test",
		firstName: null,
		unsubscribed: true,
	});
});

test("a broadcast is for everyone unless it has a target", () => {
	expect(aBroadcast()).toMatchObject({ subject: "News", everyone: true });
	expect(aBroadcast({ segmentId: "s" })).toMatchObject({ segmentId: "s", everyone: false });
	expect(aBroadcast({ filter: { and: [] } })).toMatchObject({ filter: { and: [] }, everyone: false });
	expect(aBroadcast({ segmentId: null, filter: null })).toMatchObject({ everyone: true });
});

test("a broadcast has content of its own only if it is given none", () => {
	expect(aBroadcast().html).toContain("{{{UNSUBSCRIBE_URL}}}");
	expect(aBroadcast({ html: null }).html).toContain("{{{UNSUBSCRIBE_URL}}}");
	expect(aBroadcast({ text: "Hello" })).toMatchObject({ text: "Hello", html: undefined });
	expect(aBroadcast({ mjml: "<mjml></mjml>" })).toMatchObject({ mjml: "<mjml></mjml>", html: undefined });
	expect(aBroadcast({ html: "<p>Hi</p>", subject: "Hi" })).toMatchObject({ html: "<p>Hi</p>", subject: "Hi" });
});

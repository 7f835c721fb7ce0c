import { aBroadcast, aContact, createTestAudience } from "@convoke/testing";
import type { TestInboxOptions } from "@convoke/testing";
import { expect, test } from "vitest";

const REACHED = { email: "reached@example.com" };
const LATE = { email: "late@example.com" };

/** A broadcast to one contact, sent off and not planned yet, or scheduled for a second from now. */
async function scene({ scheduled = false, ...inbox }: TestInboxOptions & { readonly scheduled?: boolean } = {}) {
	const world = createTestAudience(inbox);
	const { audience, clock } = world;
	await audience.contacts.create(aContact(REACHED));
	await audience.properties.create({ key: "plan", type: "string" });
	const { id } = await audience.broadcasts.create(aBroadcast({ text: "{{plan}}" }));
	await audience.broadcasts.send(id, scheduled ? { scheduledAt: new Date(clock.now().getTime() + 1000) } : {});
	return { ...world, id, why: (ref: typeof REACHED) => audience.broadcasts.explain(id, ref) };
}

test("a broadcast that was canceled before its plan is not said to reach anyone", async () => {
	const { audience, id, why } = await scene();
	expect(await why(REACHED)).toMatchObject({ outcome: "pending" });
	await audience.broadcasts.cancel(id);
	expect(await why(REACHED)).toMatchObject({
		outcome: "not_sent",
		reason: "canceled",
		message: "The broadcast was canceled before the contact's message was sent.",
	});
});

test("a broadcast that failed at its time is not said to reach anyone", async () => {
	const { audience, clock, deliver, why } = await scene({ scheduled: true });
	await audience.properties.remove({ key: "plan" });
	clock.advance({ seconds: 1 });
	await deliver();
	expect(await why(REACHED)).toMatchObject({
		outcome: "not_sent",
		reason: "unknown_variable",
		message: "The broadcast failed before it was sent to anyone.",
	});
});

test("who came after the broadcast was sent off is told so, before and after its plan is written", async () => {
	const { audience, clock, deliver, why } = await scene();
	clock.advance({ seconds: 1 });
	await audience.contacts.create(aContact(LATE));
	const late = { outcome: "too_late", message: "The contact was created after the broadcast was sent off." };
	expect(await why(LATE)).toMatchObject(late);
	await deliver();
	expect(await why(LATE)).toMatchObject(late);
	expect(await why(REACHED)).toMatchObject({ outcome: "sent" });
});

test("who was deferred is told that it is tried again, and in the end that it is not", async () => {
	const { clock, deliver, why } = await scene({ onSend: () => ({ kind: "deferred", reason: "greylisted" }) });
	await deliver();
	expect(await why(REACHED)).toMatchObject({
		outcome: "pending",
		message: "The transport has not taken the message yet; it is tried again.",
	});
	for (let attempt = 2; attempt <= 6; attempt += 1) {
		clock.advance({ hours: 5 });
		await deliver();
	}
	expect(await why(REACHED)).toMatchObject({
		outcome: "failed",
		reason: "greylisted",
		message: "The contact's message could not be made, or the transport did not take it; it is not tried again.",
	});
});

import { aContact, createTestAudience } from "@convoke/testing";
import { expect, test } from "vitest";
import { properties, remindOfTrialEnd } from "../src/trial-reminder.ts";

const trial = (endsOn: string) => ({ plan: "trial", trialEndsAt: new Date(endsOn) });

test("who is on trial is reminded once, three days before it ends", async () => {
	const { audience, inbox, clock, deliver } = createTestAudience({ properties, start: "2030-03-10" });
	const ending = await audience.contacts.create(aContact({ firstName: "Ada", properties: trial("2030-03-13") }));
	const later = await audience.contacts.create(aContact({ properties: trial("2030-03-14") }));
	const paying = await audience.contacts.create(aContact({ properties: { ...trial("2030-03-13"), plan: "pro" } }));
	const optedOut = await audience.contacts.create(aContact({ properties: trial("2030-03-13"), unsubscribed: true }));

	const { id } = await remindOfTrialEnd(audience);
	await deliver();

	expect(inbox.messages.map(({ subject }) => subject)).toEqual(["Ada, your trial ends on 2030-03-13"]);
	expect(await audience.broadcasts.explain(id, paying)).toMatchObject({ outcome: "not_in_target" });
	expect(await audience.broadcasts.explain(id, optedOut)).toMatchObject({ reason: "unsubscribed" });

	clock.advance({ days: 1 });
	await remindOfTrialEnd(audience);
	await deliver();

	expect(inbox.messages.map(({ to }) => to.address)).toEqual([ending.email, later.email]);
});

import type { Audience, Broadcast } from "@convoke/core";

/** What this product knows about its users. */
export const properties = { plan: "string", trialEndsAt: "date" } as const;

/** Reminds everyone on trial whose trial ends in three days. Run it once a day, and nobody hears of it twice. */
export async function remindOfTrialEnd(audience: Audience<typeof properties>): Promise<Broadcast> {
	const { id } = await audience.broadcasts.create({
		name: "Trial reminder",
		filter: {
			and: [
				{ field: "properties.plan", op: "eq", value: "trial" },
				{ field: "properties.trialEndsAt", op: "gt", value: { ahead: { days: 2 } } },
				{ field: "properties.trialEndsAt", op: "lte", value: { ahead: { days: 3 } } },
			],
		},
		subject: "{{{contact.first_name|Hello}}}, your trial ends on {{trialEndsAt}}",
		html: `<p><a href="https://tidal.test/plans">Pick a plan</a> to keep your work.</p>`,
	});
	return audience.broadcasts.send(id);
}

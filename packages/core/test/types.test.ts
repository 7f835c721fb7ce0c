import { expect, expectTypeOf, test } from "vitest";
import { openAudience } from "./support/open-audience.ts";

test("declared properties are inferred into contacts", async () => {
	const audience = openAudience({ plan: "string", seats: "number", pro: "boolean", until: "date" });
	const contact = await audience.contacts.create({
		email: "ada@example.com",
		properties: { plan: "pro", seats: null },
	});
	expectTypeOf(contact.properties).toEqualTypeOf<{
		readonly plan?: string;
		readonly seats?: number;
		readonly pro?: boolean;
		readonly until?: Date;
	}>();
	// @ts-expect-error a plan is text
	await expect(audience.contacts.update(contact, { properties: { plan: 3 } })).rejects.toMatchObject({
		reason: "invalid_property_value",
	});
	// @ts-expect-error there is no such property
	await expect(audience.contacts.create({ email: "a@example.com", properties: { plane: "x" } })).rejects.toMatchObject({
		reason: "unknown_property",
	});
});

test("without declared properties any key of a value's type is taken", () => {
	const audience = openAudience();
	expectTypeOf<Parameters<typeof audience.contacts.create>[0]["properties"]>().toEqualTypeOf<
		{ readonly [x: string]: string | number | boolean | Date | null | undefined } | undefined
	>();
});

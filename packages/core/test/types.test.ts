import type { Audience } from "../src/index.ts";
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

test("declared properties are inferred into filters", async () => {
	const audience = openAudience({ plan: "string", seats: "number", pro: "boolean", until: "date" });
	const { contacts, segments, broadcasts } = audience;
	const filter = {
		and: [
			{ field: "properties.plan", op: "startsWith", value: "p" },
			{
				or: [
					{ field: "properties.seats", op: "gte", value: 3 },
					{ field: "properties.pro", op: "eq", value: true },
				],
			},
			{ not: { field: "properties.until", op: "lt", value: { ahead: { days: 7 } } } },
			{ field: "confirmation", op: "in", value: ["none"] },
			{ field: "createdAt", op: "gt", value: new Date(0) },
			{ search: "ada" },
		],
	} as const;
	expect(await contacts.count({ filter })).toBe(0);
	expect((await segments.create({ name: "Pro", filter })).filter).toEqual(filter);
	const { data } = await contacts.list({ filter: { field: "properties.seats", op: "in", value: [1, 2] } });
	expectTypeOf(data[0]?.properties.seats).toEqualTypeOf<number | undefined>();
	const misses = [
		// @ts-expect-error seats are a number
		() => contacts.list({ filter: { field: "properties.seats", op: "contains", value: "3" } }),
		// @ts-expect-error a plan is text
		() => contacts.count({ filter: { field: "properties.plan", op: "eq", value: 3 } }),
		// @ts-expect-error there is no such property
		() => contacts.count({ filter: { and: [{ field: "properties.plane", op: "isSet", value: true }] } }),
		// @ts-expect-error there is no such field
		() => segments.create({ name: "S", filter: { field: "shoe", op: "isSet", value: true } }),
		// @ts-expect-error true has no order
		() => contacts.count({ filter: { field: "properties.pro", op: "gt", value: true } }),
		// @ts-expect-error a plan is text, also here
		() => broadcasts.create({ subject: "S", text: "T", filter: { field: "properties.plan", op: "in", value: [1] } }),
	];
	expect(misses.length).toBe(6);
	// Whoever takes filters from elsewhere says so by the type of the audience: they are checked all the same.
	const untyped: Audience = audience;
	await expect(untyped.contacts.count({ filter: { field: "shoe", op: "eq", value: 1 } })).rejects.toMatchObject({
		reason: "unknown_field",
	});
});

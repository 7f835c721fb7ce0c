import type { Audience, PropertyType } from "@convoke/core";
import { expect } from "vitest";
import type { Refusal, Row } from "./row.ts";
import { show } from "./row.ts";
import { hostile } from "./world.ts";
import type { World } from "./world.ts";

type Values = Parameters<Audience["contacts"]["create"]>[0]["properties"];

/** A contact that is there in some rows before the hostile input. */
const LARGE = "large@x.test";
const POLLUTING = JSON.parse('{"__proto__":{"polluted":1}}') as Values;
const CONSTRUCTING = JSON.parse('{"constructor":{"prototype":{"polluted":1}}}') as Values;
const TYPES: Readonly<Record<string, PropertyType>> = {
	plan: "string",
	seats: "number",
	vip: "boolean",
	since: "date",
};

/** What JavaScript, contacts and templates call something already. */
const RESERVED = [
	"__proto__",
	"__PROTO__",
	"prototype",
	"constructor",
	"Constructor",
	"toString",
	"valueOf",
	"hasOwnProperty",
	"__defineGetter__",
	"__lookupSetter__",
	"id",
	"email",
	"first_name",
	"firstName",
	"unsubscribed",
	"unsubscribe_url",
];

const NO_KEYS = [
	"a.b",
	"a[0]",
	"$.x",
	'a"b',
	"a'b",
	"",
	"k".repeat(65),
	"k".repeat(51),
	"\u{1f600}",
	"pl\u00e4n",
	"a b",
	"a\n",
	"a\u0000",
];

// Values that a property of the key's type does not have.
const NO_VALUES: readonly (readonly [key: string, value: unknown])[] = [
	["seats", Number.NaN],
	["seats", Number.POSITIVE_INFINITY],
	["seats", Number.NEGATIVE_INFINITY],
	["seats", 2 ** 53 + 1],
	["seats", -(2 ** 53) - 1],
	["seats", 1e300],
	["seats", 1n],
	["seats", "3"],
	["seats", Object(3)],
	["seats", { valueOf: () => 3 }],
	["since", new Date(Number.NaN)],
	["since", new Date(8.64e15)],
	["since", new Date("-000001-01-01T00:00:00Z")],
	["since", "2026-01-01T00:00:00Z"],
	["since", 0],
	["since", Object.create(Date.prototype)],
	["vip", 1],
	["vip", "true"],
	["plan", 42],
	["plan", ["pro"]],
	["plan", { toString: () => "pro" }],
	["plan", Symbol("pro")],
	["plan", () => "pro"],
];

/** H84–H87, H89, H90: keys and values of properties. */
export const properties: readonly Row[] = [
	...keyRows(84, "the own __proto__ of a parsed object", "__proto__", POLLUTING, "reserved_property_key"),
	...keyRows(85, "a constructor with a prototype", "constructor", CONSTRUCTING, "reserved_property_key"),
	...RESERVED.flatMap((key) =>
		keyRows(key.includes("proto") ? 84 : 85, `the key ${key}`, key, valuesWith(key, 1), "reserved_property_key"),
	),
	...NO_KEYS.flatMap((key) => keyRows(86, `the key ${show(key)}`, key, valuesWith(key, 1), "invalid_property_key")),
	...["createMany", "create"].map(
		(verb): Row => ({
			h: 84,
			name: `the own __proto__ of a parsed contact in contacts.${verb}`,
			act: ({ audience }) => {
				const contact = hostile(JSON.parse('{"email":"new@x.test","__proto__":{"unsubscribed":true}}'));
				return () => (verb === "create" ? audience.contacts.create(contact) : audience.contacts.createMany([contact]));
			},
			refused: { reason: "unknown_field" },
		}),
	),
	{
		h: 84,
		name: "the own __proto__ of a parsed broadcast in broadcasts.create",
		act:
			({ audience }) =>
			() =>
				audience.broadcasts.create(
					JSON.parse('{"subject":"Hi","text":"Hi","everyone":true,"__proto__":{"topicId":null}}') as never,
				),
		refused: { reason: "unknown_field" },
	},

	...NO_VALUES.flatMap(([key, value]) => valueRows(key, value)),
	...(
		[
			["number", Number.NaN],
			["number", Number.POSITIVE_INFINITY],
			["number", 2 ** 53 + 1],
			["number", 1n],
			["date", new Date(Number.NaN)],
			["string", 42],
		] as const
	).flatMap(([type, value]) => fallbackRows(type, value)),
	{
		h: 87,
		name: "-0, stored as 0,",
		act:
			({ audience }) =>
			async () => {
				const { properties: created } = await audience.contacts.create({
					email: "zero@x.test",
					properties: { seats: -0 },
				});
				expect(created["seats"]).toBe(0);
				const { properties: read } = await audience.contacts.get({ email: "zero@x.test" });
				expect(read["seats"]).toBe(0);
				const { properties: updated } = await audience.contacts.update(
					{ externalId: "ada" },
					{ properties: { seats: -0 } },
				);
				expect(updated["seats"]).toBe(0);
				const { fallback } = await audience.properties.update({ key: "seats" }, { fallback: -0 });
				expect(fallback).toBe(0);
				const filter = { field: "properties.seats", op: "eq", value: -0 } as const;
				expect(await audience.contacts.count({ filter })).toBe(2);
			},
	},
	...[2 ** 53 - 1, -(2 ** 53) + 1, 0.1, Number.MIN_VALUE].map(exactNumber),

	{
		h: 89,
		name: "undefined in contacts.create, as if absent,",
		act:
			({ audience }) =>
			async () => {
				const given = { email: "absent@x.test", firstName: undefined, properties: { plan: undefined, seats: 1 } };
				const created = await audience.contacts.create(given);
				expect(Object.keys(created.properties)).toEqual(["seats"]);
				expect(await audience.contacts.get({ id: created.id })).toMatchObject({
					firstName: null,
					properties: { seats: 1 },
				});
			},
	},
	{
		h: 89,
		name: "undefined in contacts.update, left alone,",
		act:
			({ audience, ada }) =>
			async () => {
				const changes = {
					email: undefined,
					externalId: undefined,
					firstName: undefined,
					unsubscribed: undefined,
					properties: { plan: undefined, vip: null },
				};
				await audience.contacts.update({ id: ada.id }, changes);
				const { vip: _, ...rest } = ada.properties;
				expect(await audience.contacts.get({ id: ada.id })).toMatchObject({
					email: ada.email,
					externalId: "ada",
					firstName: "Ada",
				});
				expect((await audience.contacts.get({ id: ada.id })).properties).toEqual(rest);
			},
	},
	{
		h: 89,
		name: "undefined in a merge, left alone,",
		act:
			({ audience, ada }) =>
			async () => {
				await audience.contacts.create({ email: ada.email, firstName: undefined, properties: { plan: undefined } });
				expect(await audience.contacts.get({ id: ada.id })).toEqual(ada);
			},
	},
	{
		h: 89,
		name: "undefined for a key that is not declared in contacts.create",
		act:
			({ audience }) =>
			() =>
				audience.contacts.create({ email: "absent@x.test", properties: { undeclared: undefined } }),
		refused: { reason: "unknown_property", field: "properties.undeclared", reaches: "look-ups" },
	},
	...[{ id: undefined }, { email: undefined }, { externalId: undefined }, {}].map(
		(ref): Row => ({
			h: 89,
			name: `${show(ref)} as a ref of contacts.get`,
			act:
				({ audience }) =>
				() =>
					audience.contacts.get(hostile(ref)),
			refused: { reason: "invalid_ref" },
		}),
	),

	...["x".repeat(1024 * 1024), "x".repeat(4097), "\u00e9".repeat(2049)].flatMap((plan) =>
		contactRows(
			90,
			`a string of ${Buffer.byteLength(plan)} bytes`,
			{ plan },
			{
				reason: "property_too_large",
				field: "properties.plan",
				secrets: [plan],
				reaches: "look-ups",
			},
		),
	),
	...contactRows(90, "101 keys", hostile(Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, "x"]))), {
		reason: "too_many_properties",
		field: "properties",
		reaches: "look-ups",
	}),
	...(["create", "update"] as const).map(
		(verb): Row => ({
			h: 90,
			name: `32 KiB and 1 byte in all in contacts.${verb}`,
			act: async (world) => {
				await declareTexts(world);
				return () => write(world, verb, texts(32 * 1024 + 1));
			},
			refused: { reason: "property_too_large", field: "properties", secrets: ["xxxxxxxx"], reaches: "look-ups" },
		}),
	),
	...(["create", "update"] as const).map(
		(verb): Row => ({
			h: 90,
			name: `32 KiB and 1 byte in all, half of it stored before, in contacts.${verb}`,
			act: async (world) => {
				await declareTexts(world);
				const entries = Object.entries(texts(32 * 1024 + 1));
				await world.audience.contacts.create({
					email: LARGE,
					properties: Object.fromEntries(entries.slice(0, 5)),
				});
				return () => write(world, verb, Object.fromEntries(entries.slice(5)));
			},
			refused: { reason: "property_too_large", field: "properties", secrets: ["xxxxxxxx"], reaches: "units" },
		}),
	),
	{
		h: 90,
		name: "32 KiB in all",
		act: async (world) => {
			await declareTexts(world);
			return async () => {
				const given = texts(32 * 1024);
				await world.audience.contacts.create({ email: LARGE, properties: given });
				expect((await world.audience.contacts.get({ email: LARGE })).properties).toEqual(given);
			};
		},
	},
	...[
		null,
		42,
		"plan",
		[],
		[["plan", "pro"]],
		new Map([["plan", "pro"]]),
		new (class Plan {
			plan = "pro";
		})(),
	].flatMap((values) =>
		contactRows(90, `${show(values)} instead of properties`, hostile(values), {
			reason: "invalid_type",
			field: "properties",
			reaches: "look-ups",
		}),
	),
	// The first look at a new tenant's properties adds those declared in code, which is no reason to write for bad input.
	...(
		[
			[84, "__proto__", 1, "reserved_property_key"],
			[85, "constructor", 1, "reserved_property_key"],
			[86, "a.b", 1, "invalid_property_key"],
			[87, "seats", Number.NaN, "invalid_property_value"],
			[90, "plan", "x".repeat(1024 * 1024), "property_too_large"],
		] as const
	).map(
		([h, key, value, reason]): Row => ({
			h,
			name: `${key}: ${show(value)} in a tenant that is new, of an audience that declares its properties,`,
			act: ({ make }) => {
				const { contacts } = make({ properties: TYPES }).tenant("new");
				return () => contacts.create({ email: "new@x.test", properties: valuesWith(key, value) });
			},
			refused: { reason, reaches: "look-ups" },
		}),
	),
	...contactRows(90, "a getter, not called,", getter(), {
		reason: "invalid_property_value",
		field: "properties.plan",
		reaches: "look-ups",
	}),
];

/** A key wherever one comes in. */
function keyRows(h: number, name: string, key: string, values: Values, reason: string): readonly Row[] {
	const secrets = reason === "invalid_property_key" && key.length > 10 ? [key] : [];
	const formed = /^\w{1,50}$/.test(key) ? `properties.${key}` : "properties";
	const declared = Object.fromEntries(Object.keys(values ?? {}).map((each) => [each, "string"]));
	return [
		...contactRows(h, name, values, { reason, field: formed, secrets, reaches: "look-ups" }),
		{
			h,
			name: `${name} in properties.create`,
			act:
				({ audience }) =>
				() =>
					audience.properties.create({ key, type: "string" }),
			refused: { reason, field: "key", secrets },
		},
		{
			h,
			name: `${name} in createAudience`,
			act:
				({ make }) =>
				() =>
					make({ properties: hostile(key === "__proto__" ? JSON.parse('{"__proto__":"string"}') : declared) }),
			refused: { reason, field: "properties", secrets },
		},
		{
			h,
			name: `${name} in a filter`,
			act:
				({ audience }) =>
				() =>
					audience.contacts.count({ filter: { field: `properties.${key}`, op: "eq", value: 1 } }),
			refused: { reason, field: "filter.field", secrets },
		},
	];
}

/** A value wherever one comes in. */
function valueRows(key: string, value: unknown): readonly Row[] {
	const name = `${show(value)} as a ${TYPES[key]}`;
	const secrets = typeof value === "string" && value.length > 4 ? [value] : [];
	return [
		...contactRows(87, name, valuesWith(key, value), {
			reason: "invalid_property_value",
			field: `properties.${key}`,
			secrets,
			reaches: "look-ups",
		}),
	];
}

function fallbackRows(type: PropertyType, value: unknown): readonly Row[] {
	const name = `${show(value)} as the fallback of a ${type}`;
	const refused: Refusal = { reason: "invalid_property_value", field: "fallback", reaches: "look-ups" };
	return [
		{
			h: 87,
			name: `${name} in properties.create`,
			act:
				({ audience }) =>
				() =>
					audience.properties.create({ key: "fresh", type, fallback: hostile(value) }),
			refused,
		},
		{
			h: 87,
			name: `${name} in properties.update`,
			act: async ({ audience }) => {
				await audience.properties.create({ key: "fresh", type });
				return () => audience.properties.update({ key: "fresh" }, { fallback: hostile(value) });
			},
			refused,
		},
	];
}

/** Values of properties, in every way to write a contact. */
function contactRows(h: number, name: string, values: Values, refused: Refusal): readonly Row[] {
	return [
		{
			h,
			name: `${name} in contacts.create`,
			act: (world) => () => write(world, "create", values),
			refused,
		},
		{
			h,
			name: `${name} in contacts.update`,
			act: (world) => () => write(world, "update", values),
			refused,
		},
		{
			h,
			name: `${name} in the second of contacts.createMany`,
			act:
				({ audience }) =>
				() =>
					audience.contacts.createMany([{ email: "new@x.test" }, { email: "newer@x.test", properties: values }]),
			refused: { ...refused, field: refused.field === undefined ? undefined : `[1].${refused.field}` },
		},
	];
}

function write({ audience }: World, verb: "create" | "update", values: Values): unknown {
	return verb === "create"
		? audience.contacts.create({ email: LARGE, properties: values })
		: audience.contacts.update({ email: LARGE }, { properties: values });
}

function valuesWith(key: string, value: unknown): Values {
	return Object.fromEntries([[key, value]]) as Values;
}

const TEXT_KEYS = Array.from({ length: 9 }, (_, index) => `text${index}`);

async function declareTexts({ audience }: World): Promise<void> {
	for (const key of TEXT_KEYS) await audience.properties.create({ key, type: "string" });
}

/** Values that take so many bytes as JSON, each at most 4,096 bytes. */
function texts(bytes: number): Record<string, string> {
	const empty = Object.fromEntries(TEXT_KEYS.map((key) => [key, ""]));
	const each = Math.floor((bytes - JSON.stringify(empty).length) / TEXT_KEYS.length);
	const filled: Record<string, string> = Object.fromEntries(TEXT_KEYS.map((key) => [key, "x".repeat(each)]));
	filled["text8"] += "x".repeat(bytes - JSON.stringify(filled).length);
	return filled;
}

function getter(): Values {
	return Object.defineProperty({}, "plan", {
		enumerable: true,
		get: () => {
			throw new Error("The getter was called");
		},
	});
}

function exactNumber(seats: number): Row {
	return {
		h: 87,
		name: `${seats}, stored as it is,`,
		act:
			({ audience }) =>
			async () => {
				await audience.contacts.create({ email: "number@x.test", properties: { seats } });
				const read = await audience.contacts.get({ email: "number@x.test" });
				expect(read.properties).toEqual({ seats });
			},
	};
}

import type { Audience, Filter } from "@convoke/core";
import { expect } from "vitest";
import type { Row } from "./row.ts";
import { show } from "./row.ts";
import { hostile, LETTER } from "./world.ts";
import type { World } from "./world.ts";

interface Door {
	readonly name: string;
	readonly open: (audience: Audience, filter: Filter, world: World) => unknown;
	readonly looksUp?: true;
}

const DOORS: readonly Door[] = [
	{ name: "contacts.list", open: ({ contacts }, filter) => contacts.list({ filter }) },
	{ name: "contacts.count", open: ({ contacts }, filter) => contacts.count({ filter }) },
	{ name: "contacts.each", open: ({ contacts }, filter) => contacts.each({ filter }).next() },
	{ name: "broadcasts.create", open: ({ broadcasts }, filter) => broadcasts.create({ ...LETTER, filter }) },
	{
		name: "broadcasts.update",
		open: ({ broadcasts }, filter, { draft }) => broadcasts.update(draft.id, { filter }),
		looksUp: true,
	},
];

const SQL_FIELD = "name') or 1=1 --";
const SQL_KEY = "x' as y; drop table contacts; --";
const ID = "0198c5a0-0000-7000-8000-000000000001";

/** H91–H95: filters. */
export const filters: readonly Row[] = [
	...[
		SQL_FIELD,
		"",
		"__proto__",
		"constructor",
		"toString",
		"Email",
		"email ",
		"needsSmtputf8",
		"addressKey",
		"properties",
		42,
		null,
		["email"],
		{ toString: () => "email" },
	].flatMap((field) =>
		refused(91, `the field ${show(field)}`, { field, op: "eq", value: 1 }, "unknown_field", "filter.field", [
			SQL_FIELD,
		]),
	),
	...refused(
		91,
		"a field in the middle",
		{ and: [{ not: { field: SQL_FIELD, op: "eq", value: 1 } }] },
		"unknown_field",
		"filter.and[0].not.field",
		[SQL_FIELD],
	),

	...[SQL_KEY, "plan' or '1'='1", 'plan"', "plan)", "plan;", "plan--", "a.b", ""].flatMap((key) =>
		refused(
			92,
			`the property ${show(key)}`,
			{ field: `properties.${key}`, op: "eq", value: 1 },
			"invalid_property_key",
			"filter.field",
			[SQL_KEY],
		),
	),
	...DOORS.map(
		(door): Row => ({
			h: 92,
			name: `a property that is not declared in ${door.name}`,
			act: (world) => () => door.open(world.audience, { field: "properties.undeclared", op: "eq", value: 1 }, world),
			refused: { reason: "unknown_field", reaches: "look-ups" },
		}),
	),

	...[
		'"; delete',
		"__proto__",
		"toString",
		"constructor",
		"EQ",
		"eq ",
		"=",
		"matches",
		"$gt",
		"",
		null,
		1,
		["eq"],
	].flatMap((op) =>
		refused(93, `the operator ${show(op)}`, { field: "email", op, value: "a" }, "unknown_operator", "filter.op", [
			'"; delete',
		]),
	),
	...(
		[
			["unsubscribed", "lt"],
			["unsubscribed", "contains"],
			["createdAt", "contains"],
			["confirmation", "lt"],
			["suppressed", "in"],
		] as const
	).flatMap(([field, op]) =>
		refused(93, `the operator ${op} of ${field}`, { field, op, value: true }, "unknown_operator", "filter.op"),
	),

	...[
		{ $gt: "" },
		{ ago: {} },
		{ ago: { days: -1 } },
		{ ago: { days: Number.NaN } },
		{ ago: { weeks: 1 } },
		{ toString: () => "a" },
		["a"],
		[],
		null,
		undefined,
		Number.NaN,
		Number.POSITIVE_INFINITY,
		1n,
		Symbol("a"),
		new Date(Number.NaN),
		new Map(),
		() => true,
		Object("a"),
	].flatMap((value) =>
		["firstName", "properties.plan"].flatMap((field) =>
			refused(
				94,
				`${show(value)} for eq of ${field}`,
				{ field, op: "eq", value },
				"invalid_filter_value",
				"filter.value",
			),
		),
	),
	...(
		[
			["email", "eq", 42],
			["unsubscribed", "eq", "true"],
			["unsubscribed", "eq", 1],
			["createdAt", "lt", "2026-01-01"],
			["createdAt", "lt", 0],
			["confirmation", "eq", "maybe"],
			["firstName", "contains", 1],
			["firstName", "isSet", "yes"],
			["firstName", "in", "Ada"],
			["firstName", "in", new Set(["Ada"])],
			["firstName", "in", { length: 1, 0: "Ada" }],
			["properties.vip", "lt", true],
		] as const
	).flatMap(([field, op, value]) =>
		refused(94, `${show(value)} for ${op} of ${field}`, { field, op, value }, "invalid_filter_value", "filter.value"),
	),
	...refused(
		94,
		"an array in an in",
		{ field: "firstName", op: "in", value: ["a", ["b"]] },
		"invalid_filter_value",
		"filter.value[1]",
	),
	...[100_000, 1001].flatMap((length) =>
		refused(
			94,
			`an in of ${length} values`,
			{ field: "firstName", op: "in", value: Array(length).fill("a") },
			"filter_too_large",
			"filter.value",
		),
	),
	...refused(
		94,
		"an in of 100,000 gaps",
		{ field: "firstName", op: "in", value: Array(100_000) },
		"filter_too_large",
		"filter.value",
	),
	...refused(
		94,
		"a text of 1,025 characters",
		{ field: "firstName", op: "eq", value: "v".repeat(1025) },
		"filter_too_large",
		"filter.value",
		["v".repeat(1025)],
	),
	...(
		[
			{ topic: ID, is: "yes" },
			{ topic: ID, is: "opt_in", explicit: false },
			{ sample: 101, seed: "" },
			{ sample: -1, seed: "" },
			{ sample: Number.NaN, seed: "" },
			{ sample: "50", seed: "" },
			{ sample: 50, seed: 1 },
		] as const
	).flatMap((filter) => refused(94, show(filter), filter, "invalid_filter_value")),

	...refused(
		95,
		"1,001 levels of not",
		nested(1001, (inner) => ({ not: inner })),
		"filter_too_deep",
	),
	...refused(
		95,
		"1,001 levels of and",
		nested(1001, (inner) => ({ and: [inner] })),
		"filter_too_deep",
	),
	...refused(
		95,
		"9 levels",
		nested(9, (inner) => ({ or: [inner] })),
		"filter_too_deep",
	),
	...refused(
		95,
		"100,000 levels",
		nested(100_000, (inner) => ({ not: inner })),
		"filter_too_deep",
	),
	...refused(95, "an and that contains itself", cyclicAnd(), "invalid_filter"),
	...refused(95, "a not that contains itself", cyclicNot(), "invalid_filter"),
	...refused(95, "two filters that contain each other", cyclicPair(), "invalid_filter"),
	...refused(
		95,
		"201 conditions",
		{ and: Array.from({ length: 200 }, () => ({ sample: 1, seed: "" })) },
		"filter_too_large",
	),
	...refused(
		95,
		"an and of 100,000",
		{ and: Array.from({ length: 100_000 }, () => ({ and: [] })) },
		"filter_too_large",
	),
	...refused(95, "200 conditions, doubled by sharing", { and: [wide(100), wide(100)] }, "filter_too_large"),
	...[
		42,
		"everyone",
		true,
		[],
		[{ and: [] }],
		{},
		{ and: null },
		{ and: {} },
		{ and: [null] },
		{ and: Array(1) },
		{ not: [] },
		{ and: [], or: [] },
		{ and: [], extra: 1 },
		{ field: "email", op: "eq", value: "a", raw: "1=1" },
		new Map([["and", []]]),
		new (class Tree {
			and = [];
		})(),
		() => ({ and: [] }),
		JSON.parse('{"__proto__":{"and":[]}}') as unknown,
		Object.setPrototypeOf({ or: undefined }, { and: [] }),
		Object.defineProperty({}, "and", { enumerable: true, get: () => [] }),
	].flatMap((filter) => refused(95, show(filter), filter, "invalid_filter")),

	matches("an empty and, everyone", () => ({ and: [] }), ["ada", "bob", "cy"]),
	matches("an empty or, no one", () => ({ or: [] }), []),
	matches("the negation of an empty and, no one", () => ({ not: { and: [] } }), []),
	matches("the negation of an empty or, everyone", () => ({ not: { or: [] } }), ["ada", "bob", "cy"]),
	matches("an empty in, no one", () => ({ field: "firstName", op: "in", value: [] }), []),
	matches("8 levels, as deep as may be", () => nested(8, (inner) => ({ and: [inner] })), ["ada", "bob", "cy"]),
	matches("200 conditions, as many as may be", () => wide(199), ["ada", "bob", "cy"]),
	matches("one filter in two places, no cycle", () => ({ and: [wide(1), wide(1)] }), ["ada", "bob", "cy"]),
	matches("the segment", ({ segment }) => ({ segment: segment.id }), ["ada", "bob"]),
	matches("the neighbour's broadcast, no one", ({ theirs }) => ({ received: theirs.draft.id }), []),
];

/** The filter wherever one comes in. */
function refused(
	h: number,
	name: string,
	filter: unknown,
	reason: string,
	field?: string,
	secrets: readonly string[] = [],
): readonly Row[] {
	return DOORS.map((door) => ({
		h,
		name: `${name} in ${door.name}`,
		act: (world) => () => door.open(world.audience, hostile(filter), world),
		refused: { reason, field, secrets, reaches: door.looksUp && "look-ups" },
	}));
}

function matches(name: string, filter: (world: World) => unknown, externalIds: readonly string[]): Row {
	return {
		h: 95,
		name: `${name},`,
		act: (world) => async () => {
			const selection = { filter: hostile(filter(world)) };
			const { data } = await world.audience.contacts.list(selection);
			expect(data.map(({ externalId }) => externalId ?? "").toSorted()).toEqual(externalIds);
			expect(await world.audience.contacts.count(selection)).toBe(externalIds.length);
			const { id } = await world.audience.broadcasts.create({ ...LETTER, ...selection });
			expect((await world.audience.broadcasts.plan(id)).candidates).toBe(externalIds.length);
		},
	};
}

function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
	let filter: unknown = { and: [] };
	for (let level = 1; level < levels; level += 1) filter = wrap(filter);
	return filter;
}

function wide(count: number): unknown {
	const condition = { field: "unsubscribed", op: "eq", value: false };
	return { and: Array.from({ length: count }, () => condition) };
}

function cyclicAnd(): unknown {
	const filter: { and: unknown[] } = { and: [] };
	filter.and.push({ and: [] }, filter);
	return filter;
}

function cyclicNot(): unknown {
	const filter: { not: unknown } = { not: null };
	filter.not = filter;
	return filter;
}

function cyclicPair(): unknown {
	const first: { not: unknown } = { not: null };
	first.not = { or: [{ and: [] }, first] };
	return first;
}

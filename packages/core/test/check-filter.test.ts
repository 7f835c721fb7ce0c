import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConvokeError } from "../src/errors.ts";
import { checkFilter } from "../src/filter/check-filter.ts";
import type { Filter } from "../src/filter/filter.ts";

const ID = "0198c5a0-0000-7000-8000-000000000001";
const AT = new Date("2026-01-01T00:00:00Z");

function refusal(input: unknown): string {
	try {
		checkFilter(input);
	} catch (error) {
		if (error instanceof ConvokeError && error.code === "invalid_input") return `${error.reason} ${error.field}`;
		throw error;
	}
	return "accepted";
}

function nest(levels: number): unknown {
	let filter: unknown = { and: [] };
	for (let level = 1; level < levels; level += 1) filter = { not: filter };
	return filter;
}

function condition(field: unknown, op: unknown, value?: unknown): unknown {
	return { field, op, value };
}

describe("accepted", () => {
	const filters: readonly Filter[] = [
		{ and: [] },
		{ or: [] },
		{ not: { and: [{ or: [{ segment: ID }] }] } },
		{ topic: ID, is: "opt_in" },
		{ topic: ID, is: "opt_out", explicit: true },
		{ received: ID },
		{ sample: 0, seed: "" },
		{ sample: 99.5, seed: "a" },
		{ field: "email", op: "in", value: [] },
		{ field: "email", op: "contains", value: "" },
		{ field: "firstName", op: "lte", value: "x".repeat(1024) },
		{ field: "lastName", op: "isSet", value: false },
		{ field: "externalId", op: "endsWith", value: "%_\\" },
		{ field: "createdAt", op: "lt", value: AT },
		{ field: "updatedAt", op: "gte", value: { ago: { days: 3 } } },
		{ field: "createdAt", op: "eq", value: { ahead: { days: 0, hours: 1.5 } } },
		{ field: "createdAt", op: "in", value: [AT] },
		{ field: "unsubscribed", op: "eq", value: true },
		{ field: "suppressed", op: "ne", value: false },
		{ field: "suppressed", op: "isSet", value: true },
		{ field: "confirmation", op: "in", value: ["none", "pending", "confirmed"] },
		{ field: "properties.plan", op: "eq", value: "pro" },
		{ field: "properties.a_1", op: "lt", value: 5 },
		{ field: "properties.a_1", op: "ne", value: false },
		{ field: "properties.trialEndsAt", op: "lt", value: { ahead: { days: 7 } } },
		{ field: "properties.mixed", op: "in", value: ["a", 1, true, AT] },
		{ field: "properties.mixed", op: "in", value: Array.from({ length: 1000 }, (_, index) => index) },
	];
	test.each(filters.map((filter) => [JSON.stringify(filter).slice(0, 80), filter] as const))("%s", (_, filter) => {
		expect(checkFilter(filter)).toStrictEqual(filter);
	});

	test("8 levels and 200 nodes", () => {
		expect(checkFilter(nest(8))).toStrictEqual(nest(8));
		const wide = { or: Array.from({ length: 199 }, () => ({ segment: ID })) };
		expect(checkFilter(wide)).toStrictEqual(wide);
	});

	test("the same object in two places", () => {
		const shared = { segment: ID };
		expect(checkFilter({ and: [shared, { not: shared }] })).toStrictEqual({ and: [shared, { not: shared }] });
	});

	test("undefined keys are absent, and ids come back in lower case", () => {
		expect(checkFilter({ topic: ID.toUpperCase(), is: "opt_in", explicit: undefined, and: undefined })).toStrictEqual({
			topic: ID,
			is: "opt_in",
		});
	});

	test("the answer is a copy", () => {
		const date = new Date(AT);
		const list = ["a"];
		const input = { and: [condition("createdAt", "lt", date), condition("email", "in", list)] };
		const filter = checkFilter(input);
		date.setTime(0);
		list.push("b");
		input.and.length = 0;
		expect(filter).toStrictEqual({
			and: [
				{ field: "createdAt", op: "lt", value: AT },
				{ field: "email", op: "in", value: ["a"] },
			],
		});
	});

	test("-0 becomes 0", () => {
		expect(checkFilter(condition("properties.n", "eq", -0))).toStrictEqual({
			field: "properties.n",
			op: "eq",
			value: 0,
		});
		expect(checkFilter({ sample: -0, seed: "s" })).toStrictEqual({ sample: 0, seed: "s" });
	});
});

const cyclic: { and: unknown[] } = { and: [] };
cyclic.and.push({ not: cyclic });
const cyclicList: unknown[] = [];
cyclicList.push(cyclicList);
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const throwing = new Proxy(
	{},
	{
		ownKeys: () => {
			throw new Error("trap");
		},
	},
);

describe("refused", () => {
	test.each<readonly [string, unknown, string]>([
		["null", null, "invalid_filter filter"],
		["text", "everyone", "invalid_filter filter"],
		["list", [], "invalid_filter filter"],
		["function", () => true, "invalid_filter filter"],
		["no kind", {}, "invalid_filter filter"],
		["two kinds", { and: [], or: [] }, "invalid_filter filter"],
		["extra key", { segment: ID, is: "opt_in" }, "invalid_filter filter"],
		["unknown key", { nor: [] }, "invalid_filter filter"],
		["key from JSON", JSON.parse('{"__proto__":{"and":[]}}'), "invalid_filter filter"],
		["inherited key", Object.create({ and: [] }), "invalid_filter filter"],
		[
			"class instance",
			new (class A {
				and = [];
			})(),
			"invalid_filter filter",
		],
		[
			"getter",
			{
				get and() {
					return [];
				},
			},
			"invalid_filter filter.and",
		],
		["revoked proxy", revoked.proxy, "invalid_filter filter"],
		["throwing proxy", throwing, "invalid_filter filter"],
		["and of no list", { and: { length: 0 } }, "invalid_filter filter.and"],
		["and with a gap", { and: Array.from({ length: 1 }) }, "invalid_filter filter.and[0]"],
		["not of a list", { not: [] }, "invalid_filter filter.not"],
		["cyclic", cyclic, "invalid_filter filter.and[0].not"],
		["cyclic list", { or: cyclicList }, "invalid_filter filter.or[0]"],
		["9 levels", nest(9), `filter_too_deep filter${".not".repeat(8)}`],
		["1,001 levels", nest(1001), `filter_too_deep filter${".not".repeat(8)}`],
		["100,000 levels", nest(100_000), `filter_too_deep filter${".not".repeat(8)}`],
		["201 nodes", { or: Array.from({ length: 200 }, () => ({ and: [] })) }, "filter_too_large filter.or[199]"],
		["a huge gap", { or: Array.from({ length: 201 }) }, "filter_too_large filter.or"],
		[
			"1,001 values",
			condition(
				"email",
				"in",
				Array.from({ length: 1001 }, () => "a"),
			),
			"filter_too_large filter.value",
		],
		[
			"100,000 values",
			condition(
				"email",
				"in",
				Array.from({ length: 100_000 }, () => "a"),
			),
			"filter_too_large filter.value",
		],
		["long text", condition("firstName", "eq", "x".repeat(1025)), "filter_too_large filter.value"],
		["long pattern", condition("firstName", "contains", "%".repeat(10_000)), "filter_too_large filter.value"],
		["long property text", condition("properties.a", "eq", "x".repeat(1025)), "filter_too_large filter.value"],
		["long text in a list", condition("email", "in", ["", "x".repeat(1025)]), "filter_too_large filter.value[1]"],
		["long seed", { sample: 1, seed: "x".repeat(1025) }, "filter_too_large filter.seed"],
		["no field", condition(undefined, "eq", 1), "invalid_filter filter"],
		["field of another type", condition(1, "eq", 1), "unknown_field filter.field"],
		["SQL as field", condition("name') or 1=1 --", "eq", 1), "unknown_field filter.field"],
		["column", condition("addressKey", "eq", "a"), "unknown_field filter.field"],
		["internal field", condition("needsSmtputf8", "eq", true), "unknown_field filter.field"],
		["__proto__ as field", condition("__proto__", "eq", 1), "unknown_field filter.field"],
		["toString as field", condition("toString", "eq", 1), "unknown_field filter.field"],
		["constructor as field", condition("constructor", "eq", 1), "unknown_field filter.field"],
		["properties alone", condition("properties", "eq", 1), "unknown_field filter.field"],
		["empty key", condition("properties.", "eq", 1), "invalid_property_key filter.field"],
		[
			"SQL as key",
			condition("properties.x' as y; drop table contacts; --", "eq", 1),
			"invalid_property_key filter.field",
		],
		["51 characters", condition(`properties.${"k".repeat(51)}`, "eq", 1), "invalid_property_key filter.field"],
		["reserved key", condition("properties.__proto__", "eq", 1), "reserved_property_key filter.field"],
		["SQL as operator", condition("email", '"; delete', 1), "unknown_operator filter.op"],
		["__proto__ as operator", condition("email", "__proto__", 1), "unknown_operator filter.op"],
		["toString as operator", condition("email", "toString", 1), "unknown_operator filter.op"],
		["has as operator", condition("email", "has", 1), "unknown_operator filter.op"],
		["operator as list", condition("email", ["eq"], "a"), "unknown_operator filter.op"],
		["contains on a date", condition("createdAt", "contains", "2026"), "unknown_operator filter.op"],
		["lt on a flag", condition("unsubscribed", "lt", true), "unknown_operator filter.op"],
		["in on a flag", condition("unsubscribed", "in", [true]), "unknown_operator filter.op"],
		["isSet on confirmation", condition("confirmation", "isSet", true), "unknown_operator filter.op"],
		["no value", condition("email", "eq"), "invalid_filter_value filter.value"],
		["null", condition("firstName", "eq", null), "invalid_filter_value filter.value"],
		["MongoDB's operators", condition("email", "eq", { $gt: "" }), "invalid_filter_value filter.value"],
		["list for eq", condition("email", "eq", ["a"]), "invalid_filter_value filter.value"],
		["list for a property's eq", condition("properties.a", "eq", ["a"]), "invalid_filter_value filter.value"],
		["object for a property's eq", condition("properties.a", "eq", { $gt: "" }), "invalid_filter_value filter.value"],
		["text for in", condition("email", "in", "a"), "invalid_filter_value filter.value"],
		["list in a list", condition("email", "in", [["a"]]), "invalid_filter_value filter.value[0]"],
		["number for a text", condition("firstName", "eq", 1), "invalid_filter_value filter.value"],
		["text for isSet", condition("firstName", "isSet", "true"), "invalid_filter_value filter.value"],
		["text for a flag", condition("unsubscribed", "eq", "true"), "invalid_filter_value filter.value"],
		["unknown word", condition("confirmation", "eq", "maybe"), "invalid_filter_value filter.value"],
		["text for a date", condition("createdAt", "lt", "2026-01-01"), "invalid_filter_value filter.value"],
		["invalid date", condition("createdAt", "lt", new Date(Number.NaN)), "invalid_filter_value filter.value"],
		[
			"year 10000",
			condition("createdAt", "lt", new Date("+010000-01-01T00:00:00Z")),
			"invalid_filter_value filter.value",
		],
		["ago in a list", condition("createdAt", "in", [{ ago: { days: 1 } }]), "invalid_filter_value filter.value[0]"],
		["ago of nothing", condition("createdAt", "lt", { ago: {} }), "invalid_filter_value filter.value"],
		["ago of weeks", condition("createdAt", "lt", { ago: { weeks: 1 } }), "invalid_filter_value filter.value"],
		["ago below 0", condition("createdAt", "lt", { ago: { days: -1 } }), "invalid_filter_value filter.value"],
		["ago for ever", condition("createdAt", "lt", { ago: { days: Infinity } }), "invalid_filter_value filter.value"],
		[
			"ago and ahead",
			condition("createdAt", "lt", { ago: { days: 1 }, ahead: { days: 1 } }),
			"invalid_filter_value filter.value",
		],
		["ago of a number", condition("createdAt", "lt", { ago: 5 }), "invalid_filter_value filter.value"],
		["NaN", condition("properties.a", "eq", Number.NaN), "invalid_filter_value filter.value"],
		["bigint", condition("properties.a", "eq", 1n), "invalid_filter_value filter.value"],
		["order of booleans", condition("properties.a", "lt", true), "invalid_filter_value filter.value"],
		["number for contains", condition("properties.a", "contains", 1), "invalid_filter_value filter.value"],
		["NUL", condition("firstName", "eq", "a\0"), "invalid_text filter.value"],
		["lone surrogate", condition("properties.a", "startsWith", "\ud800"), "invalid_text filter.value"],
		["NUL in a list", condition("properties.a", "in", ["\0"]), "invalid_text filter.value[0]"],
		["NUL in a seed", { sample: 1, seed: "\0" }, "invalid_text filter.seed"],
		["segment name", { segment: "vip" }, "invalid_id filter.segment"],
		["topic without id", { topic: 5, is: "opt_in" }, "invalid_id filter.topic"],
		["broadcast object", { received: { id: ID } }, "invalid_id filter.received"],
		["topic without side", { topic: ID }, "invalid_filter_value filter.is"],
		["topic, third side", { topic: ID, is: "maybe" }, "invalid_filter_value filter.is"],
		["explicit: false", { topic: ID, is: "opt_in", explicit: false }, "invalid_filter_value filter.explicit"],
		["sample over 100", { sample: 100.1, seed: "a" }, "invalid_filter_value filter.sample"],
		["sample NaN", { sample: Number.NaN, seed: "a" }, "invalid_filter_value filter.sample"],
		["no seed", { sample: 1 }, "invalid_filter_value filter.seed"],
	])("%s", (_, input, expected) => {
		expect(refusal(input)).toBe(expected);
	});

	test("the field given stands before the path", () => {
		expect(() => checkFilter({ not: 1 }, "target.filter")).toThrow(
			expect.objectContaining({ field: "target.filter.not", reason: "invalid_filter" }),
		);
	});

	test("a getter of a value is never called", () => {
		let called = 0;
		const input = {
			field: "email",
			op: "eq",
			get value() {
				called += 1;
				return "a";
			},
		};
		expect(refusal(input)).toBe("invalid_filter_value filter.value");
		expect(called).toBe(0);
	});
});

describe("whatever comes", () => {
	const hostile = fc.constantFrom<unknown>(
		"__proto__",
		"constructor",
		"eq",
		"in",
		ID,
		"email",
		"properties.a",
		AT,
		"\0",
		Infinity,
	);
	const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
		tree: fc.oneof(
			{ maxDepth: 12 },
			hostile,
			fc.anything({ withDate: true, withNullPrototype: true, withBigInt: true, withSparseArray: true }),
			fc.record({ and: fc.array(tie("tree"), { maxLength: 3 }) }),
			fc.record({ not: tie("tree") }),
			fc.record({ field: hostile, op: hostile, value: fc.oneof(hostile, fc.array(hostile), tie("tree")) }),
			fc.record({ topic: hostile, is: hostile, explicit: hostile }, { requiredKeys: ["topic"] }),
		),
	}));

	test("is refused with a reason, or accepted for good", () => {
		fc.assert(
			fc.property(tree, (input) => {
				if (refusal(input) !== "accepted") return;
				const once = checkFilter(input);
				expect(checkFilter(once)).toStrictEqual(once);
			}),
			{ numRuns: 3000 },
		);
		expect(Object.keys(Object.prototype)).toStrictEqual([]);
	});

	test("no message or field holds a value", () => {
		const secret = "secret-value";
		const inputs = [
			condition(secret, "eq", 1),
			condition("email", secret, 1),
			condition("confirmation", "eq", secret),
			condition(`properties.${secret}`, "eq", 1),
			{ segment: secret },
			{ [secret]: 1 },
			{ topic: ID, is: secret },
		];
		for (const input of inputs) {
			expect(() => checkFilter(input)).toThrow(
				expect.objectContaining({
					message: expect.not.stringContaining(secret),
					field: expect.not.stringContaining(secret),
				}),
			);
		}
	});
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bindFilter } from "../src/filter/bind-filter.ts";
import type { BindNames } from "../src/filter/bind-filter.ts";
import { filterReferences } from "../src/filter/filter-references.ts";
import type { BoundFilter, Filter, FilterOperator, FilterValue } from "../src/filter/filter.ts";
import { recipientRules } from "../src/filter/recipient-rules.ts";

const AT = new Date("2026-03-01T12:00:00Z");
const DATE = new Date("2025-01-01T00:00:00Z");
const names: BindNames = {
	at: AT,
	properties: new Map([
		["plan", "string"],
		["seats", "number"],
		["vip", "boolean"],
		["trialEndsAt", "date"],
	]),
	topics: new Map([
		["in", "opt_in"],
		["out", "opt_out"],
	]),
};
const NO_ONE: BoundFilter = { kind: "any", of: [] };

function bind(filter: Filter): BoundFilter {
	return bindFilter(filter, names);
}

function bindField(field: string, op: FilterOperator, value: FilterValue): BoundFilter {
	return bind({ field, op, value });
}

function negation(of: BoundFilter): BoundFilter {
	return { kind: "not", of };
}

describe("fields", () => {
	const name = { column: "firstName" } as const;
	const address = { column: "addressKey" } as const;
	const plan = { property: "plan", type: "string" } as const;
	const seats = { property: "seats", type: "number" } as const;
	const trial = { property: "trialEndsAt", type: "date" } as const;
	test.each<readonly [string, FilterOperator, FilterValue, BoundFilter]>([
		["firstName", "eq", "Ada", { kind: "compare", subject: name, op: "eq", value: "Ada" }],
		["firstName", "ne", "Ada", negation({ kind: "compare", subject: name, op: "eq", value: "Ada" })],
		["firstName", "gte", "B", { kind: "compare", subject: name, op: "gte", value: "B" }],
		["firstName", "in", ["Ada", "Bo"], { kind: "oneOf", subject: name, values: ["Ada", "Bo"] }],
		["firstName", "in", [], NO_ONE],
		["firstName", "contains", "ÄdA%_\u212a", { kind: "match", subject: name, op: "contains", value: "Äda%_\u212a" }],
		["firstName", "isSet", true, { kind: "set", subject: name }],
		["firstName", "isSet", false, negation({ kind: "set", subject: name })],
		["lastName", "startsWith", "", { kind: "match", subject: { column: "lastName" }, op: "startsWith", value: "" }],
		["externalId", "endsWith", "X", { kind: "match", subject: { column: "externalId" }, op: "endsWith", value: "x" }],
		[
			"email",
			"eq",
			" Ada@BÜCHER.test",
			{ kind: "compare", subject: address, op: "eq", value: "ada@xn--bcher-kva.test" },
		],
		["email", "eq", "nobody", NO_ONE],
		["email", "ne", "nobody", negation(NO_ONE)],
		["email", "ne", "A@x.test", negation({ kind: "compare", subject: address, op: "eq", value: "a@x.test" })],
		[
			"email",
			"in",
			["A@x.test", "nobody", "b@x.test"],
			{ kind: "oneOf", subject: address, values: ["a@x.test", "b@x.test"] },
		],
		["email", "in", ["nobody"], NO_ONE],
		["email", "lt", "M", { kind: "compare", subject: address, op: "lt", value: "m" }],
		["email", "endsWith", "@X.test", { kind: "match", subject: address, op: "endsWith", value: "@x.test" }],
		["email", "isSet", true, { kind: "set", subject: address }],
		["createdAt", "lt", DATE, { kind: "compare", subject: { column: "createdAt" }, op: "lt", value: DATE }],
		["updatedAt", "in", [DATE], { kind: "oneOf", subject: { column: "updatedAt" }, values: [DATE] }],
		[
			"createdAt",
			"gt",
			{ ago: { days: 1, hours: 2 } },
			{ kind: "compare", subject: { column: "createdAt" }, op: "gt", value: new Date("2026-02-28T10:00:00Z") },
		],
		[
			"createdAt",
			"gt",
			{ ago: { days: 1e300 } },
			{ kind: "compare", subject: { column: "createdAt" }, op: "gt", value: new Date("0001-01-01T00:00:00Z") },
		],
		[
			"createdAt",
			"gt",
			{ ahead: { hours: 1e300 } },
			{ kind: "compare", subject: { column: "createdAt" }, op: "gt", value: new Date("9999-12-31T23:59:59.999Z") },
		],
		["unsubscribed", "eq", true, { kind: "flag", column: "unsubscribed" }],
		["unsubscribed", "eq", false, negation({ kind: "flag", column: "unsubscribed" })],
		["suppressed", "ne", true, negation({ kind: "flag", column: "suppressed" })],
		["suppressed", "ne", false, { kind: "flag", column: "suppressed" }],
		["suppressed", "isSet", true, { kind: "all", of: [] }],
		["suppressed", "isSet", false, NO_ONE],
		[
			"confirmation",
			"eq",
			"pending",
			{ kind: "compare", subject: { column: "confirmation" }, op: "eq", value: "pending" },
		],
		["confirmation", "in", ["none"], { kind: "oneOf", subject: { column: "confirmation" }, values: ["none"] }],
		["properties.plan", "eq", "Pro", { kind: "compare", subject: plan, op: "eq", value: "Pro" }],
		["properties.plan", "eq", 5, NO_ONE],
		["properties.plan", "ne", 5, negation(NO_ONE)],
		["properties.plan", "lt", 5, NO_ONE],
		["properties.plan", "contains", "PRO", { kind: "match", subject: plan, op: "contains", value: "pro" }],
		["properties.plan", "isSet", false, negation({ kind: "set", subject: plan })],
		["properties.plan", "eq", { ago: { days: 1 } }, NO_ONE],
		["properties.seats", "gte", 5, { kind: "compare", subject: seats, op: "gte", value: 5 }],
		["properties.seats", "eq", "5", NO_ONE],
		["properties.seats", "contains", "5", NO_ONE],
		["properties.seats", "in", [1, "2", 3, true], { kind: "oneOf", subject: seats, values: [1, 3] }],
		["properties.seats", "in", ["2"], NO_ONE],
		[
			"properties.vip",
			"eq",
			false,
			{ kind: "compare", subject: { property: "vip", type: "boolean" }, op: "eq", value: false },
		],
		["properties.vip", "lt", true, NO_ONE],
		[
			"properties.trialEndsAt",
			"lte",
			{ ahead: { days: 7 } },
			{ kind: "compare", subject: trial, op: "lte", value: new Date("2026-03-08T12:00:00Z") },
		],
		["properties.trialEndsAt", "eq", "2025-01-01", NO_ONE],
	])("%s %s %j", (field, op, value, expected) => {
		expect(bindField(field, op, value)).toStrictEqual(expected);
	});

	test("an undeclared property is refused by its path", () => {
		const filter: Filter = { and: [{ segment: "s" }, { not: { field: "properties.nope", op: "isSet", value: true } }] };
		expect(() => bind(filter)).toThrow(
			expect.objectContaining({ code: "invalid_input", reason: "unknown_field", field: "filter.and[1].not.field" }),
		);
		expect(() => bindField("properties.toString", "eq", 1)).toThrow(
			expect.objectContaining({ reason: "unknown_field" }),
		);
		expect(() => bindField("nope", "eq", 1)).toThrow(expect.objectContaining({ reason: "unknown_field" }));
	});
});

describe("nodes", () => {
	test.each<readonly [string, Filter, BoundFilter]>([
		["and", { and: [{ segment: "s" }] }, { kind: "all", of: [{ kind: "member", segmentId: "s" }] }],
		["everyone", { and: [] }, { kind: "all", of: [] }],
		["no one", { or: [] }, NO_ONE],
		["or", { or: [{ received: "b" }] }, { kind: "any", of: [{ kind: "received", broadcastId: "b" }] }],
		["not", { not: { segment: "s" } }, negation({ kind: "member", segmentId: "s" })],
		["not not", { not: { not: { segment: "s" } } }, { kind: "member", segmentId: "s" }],
		["default in, in", { topic: "in", is: "opt_in" }, negation({ kind: "choice", topicId: "in", is: "opt_out" })],
		["default in, out", { topic: "in", is: "opt_out" }, { kind: "choice", topicId: "in", is: "opt_out" }],
		["default out, in", { topic: "out", is: "opt_in" }, { kind: "choice", topicId: "out", is: "opt_in" }],
		["default out, out", { topic: "out", is: "opt_out" }, negation({ kind: "choice", topicId: "out", is: "opt_in" })],
		["explicit in", { topic: "in", is: "opt_in", explicit: true }, { kind: "choice", topicId: "in", is: "opt_in" }],
		[
			"explicit out",
			{ topic: "out", is: "opt_out", explicit: true },
			{ kind: "choice", topicId: "out", is: "opt_out" },
		],
		["removed topic", { topic: "gone", is: "opt_in" }, NO_ONE],
		["removed topic, explicit", { topic: "gone", is: "opt_out", explicit: true }, NO_ONE],
	])("%s", (_, filter, expected) => {
		expect(bind(filter)).toStrictEqual(expected);
	});

	test("the recipient rules bind", () => {
		const rules = recipientRules({ topic: { id: "out", defaultSubscription: "opt_out" }, smtputf8: false });
		expect(rules.map((rule) => bind(rule.when))).toStrictEqual([
			{ kind: "flag", column: "suppressed" },
			{ kind: "flag", column: "unsubscribed" },
			{ kind: "compare", subject: { column: "confirmation" }, op: "eq", value: "pending" },
			{ kind: "choice", topicId: "out", is: "opt_out" },
			negation({ kind: "choice", topicId: "out", is: "opt_in" }),
			{ kind: "flag", column: "needsSmtputf8" },
		]);
	});
});

describe("samples", () => {
	test("stay what they are: the numbers of a seed are stored nowhere", () => {
		expect(bind({ sample: 10, seed: "spring" })).toStrictEqual({
			kind: "sample",
			multiplier: 1_229_899_601,
			offset: 804_183_723,
			below: 214_748_364,
		});
	});

	test("bounds, and the whole", () => {
		expect(bind({ sample: 0, seed: "a" })).toMatchObject({ below: 0 });
		expect(bind({ sample: 100, seed: "a" })).toMatchObject({ below: 2_147_483_647 });
		fc.assert(
			fc.property(fc.double({ min: 0, max: 100, noNaN: true }), fc.string(), (sample, seed) => {
				const bound = bind({ sample, seed });
				if (bound.kind !== "sample") throw new Error("no sample");
				expect(Number.isInteger(bound.multiplier) && bound.multiplier >= 1 && bound.multiplier <= 2_147_483_646).toBe(
					true,
				);
				expect(Number.isInteger(bound.offset) && bound.offset >= 0 && bound.offset <= 2_147_483_646).toBe(true);
				expect(Number.isInteger(bound.below) && bound.below >= 0 && bound.below <= 2_147_483_647).toBe(true);
			}),
		);
	});

	test("another seed takes others", () => {
		expect(bind({ sample: 10, seed: "a" })).not.toStrictEqual(bind({ sample: 10, seed: "b" }));
	});
});

test("filterReferences collects each name once, in order", () => {
	const filter: Filter = {
		and: [
			{ not: { or: [{ segment: "s2" }, { segment: "s1" }, { segment: "s2" }] } },
			{ topic: "t1", is: "opt_in" },
			{ topic: "t1", is: "opt_out", explicit: true },
			{ received: "b1" },
			{ field: "properties.plan", op: "isSet", value: true },
			{ field: "properties.Seats", op: "isSet", value: true },
			{ field: "email", op: "isSet", value: true },
			{ sample: 5, seed: "x" },
		],
	};
	expect(filterReferences(filter)).toStrictEqual({
		segmentIds: ["s1", "s2"],
		topicIds: ["t1"],
		broadcastIds: ["b1"],
		propertyKeys: ["Seats", "plan"],
	});
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConvokeError } from "../src/errors.ts";
import type { PropertyType } from "../src/model/property.ts";
import { checkPropertyKey } from "../src/property-key.ts";
import { checkPropertiesSize, checkPropertyValue, checkPropertyValues } from "../src/property-values.ts";

const TYPES: ReadonlyMap<string, PropertyType> = new Map([
	["plan", "string"],
	["seats", "number"],
	["vip", "boolean"],
	["trialEndsAt", "date"],
]);
const DATE = new Date("2026-01-01T00:00:00Z");

function refusal(run: () => unknown): string {
	try {
		run();
	} catch (error) {
		if (error instanceof ConvokeError && error.code === "invalid_input") return `${error.reason} ${error.field}`;
		throw error;
	}
	return "accepted";
}

function manyTypes(count: number): ReadonlyMap<string, PropertyType> {
	return new Map(Array.from({ length: count }, (_, index) => [`k${index}`, "string"]));
}

function manyValues(count: number, value: unknown): Record<string, unknown> {
	return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]));
}

describe("checkPropertyKey", () => {
	test.each(["plan", "a", "A_1", "_", "1", "k".repeat(50), "company", "then", "__proto"])("takes %s", (key) => {
		expect(checkPropertyKey(key, "key")).toBe(key);
	});

	test.each(["a.b", "a[0]", "$.x", 'a"b', "a'b", "", "k".repeat(51), "😀", "ä", "a b", "a\n", "plan-a", "ſ"])(
		"refuses %j",
		(key) => {
			expect(refusal(() => checkPropertyKey(key, "key"))).toBe("invalid_property_key key");
		},
	);

	const reserved = `
		__proto__ prototype constructor toString valueOf hasOwnProperty __defineGetter__ Constructor TOSTRING
		id email externalId external_id firstName first_name lastName last_name unsubscribed confirmation contact this
		properties segments topics createdAt updatedAt
		FIRST_NAME LAST_NAME EMAIL UNSUBSCRIBE_URL RESEND_UNSUBSCRIBE_URL`;
	test.each(reserved.trim().split(/\s+/))("reserves %s", (key) => {
		expect(refusal(() => checkPropertyKey(key, "key"))).toBe("reserved_property_key key");
	});

	test("every name that objects inherit is reserved", () => {
		for (const name of Object.getOwnPropertyNames(Object.prototype)) {
			expect(refusal(() => checkPropertyKey(name, "key"))).toBe("reserved_property_key key");
		}
	});

	test.each([undefined, null, 1, ["plan"], { toString: () => "plan" }])("refuses what is no string: %j", (key) => {
		expect(refusal(() => checkPropertyKey(key, "key"))).toBe("invalid_type key");
	});
});

describe("checkPropertyValues", () => {
	test("takes values of every type, clears with null, leaves out undefined", () => {
		const values = checkPropertyValues({ plan: "pro\n\t", seats: 1.5, vip: false, trialEndsAt: null }, TYPES);
		expect({ ...values }).toStrictEqual({ plan: "pro\n\t", seats: 1.5, vip: false, trialEndsAt: null });
		expect(Object.keys(checkPropertyValues({ plan: undefined }, TYPES))).toStrictEqual([]);
		expect(Object.getPrototypeOf(values)).toBe(null);
	});

	test("copies dates", () => {
		const date = new Date(DATE);
		const values = checkPropertyValues({ trialEndsAt: date }, TYPES);
		date.setTime(0);
		expect(values["trialEndsAt"]).toStrictEqual(DATE);
	});

	test("-0 becomes 0", () => {
		expect(checkPropertyValues({ seats: -0 }, TYPES)["seats"]).toBe(0);
	});

	test("100 keys, and 4,096 bytes", () => {
		expect(Object.keys(checkPropertyValues(manyValues(100, "v"), manyTypes(100)))).toHaveLength(100);
		expect(checkPropertyValue("é".repeat(2048), "string", "f")).toHaveLength(2048);
	});

	const date = "properties.trialEndsAt";
	test.each<readonly [string, unknown, string]>([
		["null", null, "invalid_type properties"],
		["list", [], "invalid_type properties"],
		["text", "plan=pro", "invalid_type properties"],
		["date", DATE, "invalid_type properties"],
		["map", new Map(), "invalid_type properties"],
		["__proto__ from JSON", JSON.parse('{"__proto__":{"polluted":1}}'), "reserved_property_key properties.__proto__"],
		["constructor", { constructor: { prototype: { p: 1 } } }, "reserved_property_key properties.constructor"],
		["a path", { "a.b": 1 }, "invalid_property_key properties"],
		["an address as key", { "a@x.test": 1 }, "invalid_property_key properties"],
		["undeclared", { color: "red" }, "unknown_property properties.color"],
		["undeclared, other case", { Plan: "pro" }, "unknown_property properties.Plan"],
		["undeclared undefined", { color: undefined }, "unknown_property properties.color"],
		["10,000 keys", manyValues(10_000, "v"), "too_many_properties properties"],
		["101 keys", manyValues(101, null), "too_many_properties properties"],
		["number for string", { plan: 1 }, "invalid_property_value properties.plan"],
		["string for number", { seats: "1" }, "invalid_property_value properties.seats"],
		["string for boolean", { vip: "true" }, "invalid_property_value properties.vip"],
		["string for date", { trialEndsAt: "2026-01-01" }, `invalid_property_value ${date}`],
		["number for date", { trialEndsAt: 0 }, `invalid_property_value ${date}`],
		["NaN", { seats: Number.NaN }, "invalid_property_value properties.seats"],
		["Infinity", { seats: Infinity }, "invalid_property_value properties.seats"],
		["2^53 + 1", { seats: 2 ** 53 + 2 }, "invalid_property_value properties.seats"],
		["-2^53", { seats: -(2 ** 53) }, "invalid_property_value properties.seats"],
		["bigint", { seats: 1n }, "invalid_property_value properties.seats"],
		["Number object", { seats: Object(1) }, "invalid_property_value properties.seats"],
		["invalid date", { trialEndsAt: new Date(Number.NaN) }, `invalid_property_value ${date}`],
		["year 0", { trialEndsAt: new Date("0000-12-31T23:59:59Z") }, `invalid_property_value ${date}`],
		["year 10000", { trialEndsAt: new Date("+010000-01-01T00:00:00Z") }, `invalid_property_value ${date}`],
		["proxy of a date", { trialEndsAt: new Proxy(new Date(), {}) }, `invalid_property_value ${date}`],
		["date's prototype", { trialEndsAt: Object.create(Date.prototype) }, `invalid_property_value ${date}`],
		["function", { plan: () => "pro" }, "invalid_property_value properties.plan"],
		["symbol", { plan: Symbol("pro") }, "invalid_property_value properties.plan"],
		["object", { plan: { toString: () => "pro" } }, "invalid_property_value properties.plan"],
		["list", { plan: ["pro"] }, "invalid_property_value properties.plan"],
		["NUL", { plan: "a\0b" }, "invalid_text properties.plan"],
		["lone surrogate", { plan: "\udc00" }, "invalid_text properties.plan"],
		["4,097 bytes", { plan: "é".repeat(2048).concat("x") }, "property_too_large properties.plan"],
		["1 MB", { plan: "x".repeat(1_000_000) }, "property_too_large properties.plan"],
	])("refuses %s", (_, input, expected) => {
		expect(refusal(() => checkPropertyValues(input, TYPES))).toBe(expected);
	});

	test("calls no getter and survives any proxy", () => {
		let called = 0;
		const getter = {
			get plan() {
				called += 1;
				return "pro";
			},
		};
		expect(refusal(() => checkPropertyValues(getter, TYPES))).toBe("invalid_property_value properties.plan");
		expect(called).toBe(0);
		const hostile = new Proxy(
			{ plan: "pro" },
			{
				getOwnPropertyDescriptor: () => {
					throw new Error("trap");
				},
			},
		);
		expect(refusal(() => checkPropertyValues(hostile, TYPES))).toBe("invalid_type properties");
	});

	test("reads own keys only", () => {
		expect(refusal(() => checkPropertyValues(Object.create({ plan: "pro" }), TYPES))).toBe("invalid_type properties");
		expect(Object.keys(checkPropertyValues(Object.create(null), TYPES))).toStrictEqual([]);
	});

	test("more than 32 KiB together", () => {
		const full = manyValues(8, "x".repeat(4085));
		expect(Buffer.byteLength(JSON.stringify(full))).toBe(32 * 1024 - 23);
		expect(refusal(() => checkPropertyValues(full, manyTypes(9)))).toBe("accepted");
		const filled = { ...full, k8: "x".repeat(15) };
		expect(Buffer.byteLength(JSON.stringify(filled))).toBe(32 * 1024);
		expect(refusal(() => checkPropertyValues(filled, manyTypes(9)))).toBe("accepted");
		const over = { ...full, k8: "x".repeat(16) };
		expect(refusal(() => checkPropertyValues(over, manyTypes(9)))).toBe("property_too_large properties");
		expect(refusal(() => checkPropertiesSize({ a: "é".repeat(16_384) }, "fallbacks"))).toBe(
			"property_too_large fallbacks",
		);
	});

	test("whatever comes, an error of ours or values of the declared types; no prototype is touched", () => {
		const key = fc.oneof(
			fc.constantFrom("plan", "seats", "vip", "trialEndsAt", "__proto__", "constructor"),
			fc.string(),
		);
		const value = fc.anything({ withDate: true, withBigInt: true, withNullPrototype: true });
		fc.assert(
			fc.property(fc.dictionary(key, value), (input) => {
				if (refusal(() => checkPropertyValues(input, TYPES)) !== "accepted") return;
				for (const [name, checked] of Object.entries(checkPropertyValues(input, TYPES))) {
					const type = checked instanceof Date ? "date" : typeof checked;
					expect(checked === null || type === TYPES.get(name)).toBe(true);
				}
			}),
			{ numRuns: 2000 },
		);
		expect(Object.keys(Object.prototype)).toStrictEqual([]);
		expect("polluted" in {}).toBe(false);
	});
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Records, START } from "../src/exam/records.ts";
import type { BoundFilter, BoundSubject, FlagField } from "../src/filter/filter.ts";
import { EVERYONE } from "../src/filter/filter.ts";
import type { MatchFacts } from "../src/filter/match.ts";
import { compareCodePoints, compileMatch, compileRules, sampleKey } from "../src/filter/match.ts";
import type { ContactRecord } from "../src/model/contact.ts";

const make = new Records();
const NO_FACTS: MatchFacts = { isSuppressed: () => false, hasReceived: () => false };
const MODULUS = 2_147_483_647;

function matches(filter: BoundFilter, fields: Partial<ContactRecord> = {}, facts: Partial<MatchFacts> = {}): boolean {
	return compileMatch(filter, { ...NO_FACTS, ...facts })(make.contact(fields));
}

describe("texts", () => {
	test.each([
		["", "", 0],
		["", "a", -1],
		["a", "", 1],
		["a", "ab", -1],
		["Z", "a", -1],
		["e\u0301", "\u00e9", -1],
		["\ud7ff", "\ue000", -1],
		["\uffff", "\u{10000}", -1],
		["\u{10000}", "\uffff", 1],
		["\u{1f600}", "\u{1f601}", -1],
		["\u{1f600}a", "\u{1f600}b", -1],
		["a\u{1f600}", "a\uff5e", 1],
	])("%j compared with %j gives %i", (a, b, sign) => {
		expect(Math.sign(compareCodePoints(a, b))).toBe(sign);
		expect(Math.sign(compareCodePoints(b, a))).toBe(sign === 0 ? 0 : -sign);
	});

	test("are in the order of their code points, whatever they are", () => {
		const text = fc.string({ unit: "binary" });
		fc.assert(
			fc.property(text, text, (a, b) => {
				const [left, right] = [Array.from(a, codePoint), Array.from(b, codePoint)];
				const at = left.findIndex((point, index) => point !== right[index]);
				const expected = at === -1 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1);
				expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(expected));
			}),
		);
	});
});

describe("samples", () => {
	test.each([
		["01970000-0000-7000-8000-000000000001", 1],
		["01970000-0000-7000-8000-00007fffffff", 0x7f_ff_ff_ff],
		["01970000-0000-7000-8000-000080000000", 0],
		["01970000-0000-7000-8000-0000ffffffff", 0x7f_ff_ff_ff],
		["01970000-0000-7000-8000-ffff9abcdef0", 0x1a_bc_de_f0],
	])("of %s are drawn by %i", (id, key) => {
		expect(sampleKey(id)).toBe(key);
	});

	test("are exact where the product takes more than 53 bits", () => {
		const number = fc.integer({ min: 0, max: MODULUS });
		fc.assert(
			fc.property(
				fc.integer({ min: 0, max: 0xff_ff_ff_ff }),
				number,
				number,
				number,
				(tail, multiplier, offset, below) => {
					const id = `01970000-0000-7000-8000-0000${tail.toString(16).padStart(8, "0")}`;
					const drawn = (BigInt(sampleKey(id)) * BigInt(multiplier) + BigInt(offset)) % BigInt(MODULUS);
					expect(matches({ kind: "sample", multiplier, offset, below }, { id })).toBe(drawn < BigInt(below));
				},
			),
		);
	});

	test("take about the share they are asked for", () => {
		const sample = compileMatch(
			{ kind: "sample", multiplier: 1_103_515_245, offset: 12_345, below: MODULUS >> 2 },
			NO_FACTS,
		);
		const drawn = make.contacts(10_000).filter((contact) => sample(contact)).length;
		expect(drawn).toBeGreaterThan(2_300);
		expect(drawn).toBeLessThan(2_700);
	});
});

describe("properties", () => {
	test.each(["constructor", "toString", "__proto__", "hasOwnProperty"])(
		"named %s are not found on every object",
		(key) => {
			const subject: BoundSubject = { property: key, type: "string" };
			expect(matches({ kind: "set", subject })).toBe(false);
			expect(matches({ kind: "compare", subject, op: "gte", value: "" })).toBe(false);
		},
	);

	test.each([
		["string", 5],
		["string", START],
		["number", "5"],
		["number", true],
		["boolean", 1],
		["date", 0],
		["date", "2026-03-04T05:06:07.089Z"],
	] as const)("of type %s never compare with %j", (type, value) => {
		const subject: BoundSubject = { property: "p", type };
		for (const stored of ["5", 5, true, START, "2026-03-04T05:06:07.089Z"]) {
			expect(matches({ kind: "compare", subject, op: "eq", value }, { properties: { p: stored } })).toBe(false);
			expect(matches({ kind: "oneOf", subject, values: [value] }, { properties: { p: stored } })).toBe(false);
		}
	});

	test("hold no text that a column of instants could be searched for", () => {
		const subject: BoundSubject = { column: "createdAt" };
		expect(matches({ kind: "match", subject, op: "contains", value: "2" })).toBe(false);
		expect(matches({ kind: "compare", subject, op: "gte", value: "" })).toBe(false);
		expect(matches({ kind: "compare", subject: { column: "email" }, op: "gte", value: 0 })).toBe(false);
		expect(matches({ kind: "oneOf", subject, values: [] })).toBe(false);
	});
});

describe("facts", () => {
	test("are asked for by address hash, broadcast and contact", () => {
		const contact = make.contact();
		const asked: unknown[] = [];
		const facts: MatchFacts = {
			isSuppressed: (addressHash) => asked.push(addressHash) > 0,
			hasReceived: (...question) => asked.push(question) > 0,
		};
		expect(compileMatch({ kind: "flag", column: "suppressed" }, facts)(contact)).toBe(true);
		expect(compileMatch({ kind: "received", broadcastId: "b" }, facts)(contact)).toBe(true);
		expect(asked).toEqual([contact.addressHash, ["b", contact.id]]);
	});

	test("are not asked for when the answer is clear without them", () => {
		const facts: Partial<MatchFacts> = {
			isSuppressed: () => {
				throw new Error("asked");
			},
		};
		const suppressed: BoundFilter = { kind: "flag", column: "suppressed" };
		const others: readonly BoundFilter[] = [{ kind: "flag", column: "unsubscribed" }, EVERYONE];
		expect(matches({ kind: "all", of: [{ kind: "flag", column: "unsubscribed" }, suppressed] }, {}, facts)).toBe(false);
		expect(matches({ kind: "any", of: [...others, suppressed] }, {}, facts)).toBe(true);
	});
});

describe("rules", () => {
	const flag = (column: FlagField): BoundFilter => ({ kind: "flag", column });
	const reasonFor = compileRules(
		[
			{ reason: "suppressed", when: flag("suppressed") },
			{ reason: "unsubscribed", when: flag("unsubscribed") },
			{ reason: "address_needs_smtputf8", when: flag("needsSmtputf8") },
		],
		NO_FACTS,
	);

	test.each([
		[{}, undefined],
		[{ unsubscribed: true }, "unsubscribed"],
		[{ needsSmtputf8: true }, "address_needs_smtputf8"],
		[{ unsubscribed: true, needsSmtputf8: true }, "unsubscribed"],
	])("of %j give %s", (fields, reason) => {
		expect(reasonFor(make.contact(fields))).toBe(reason);
	});
});

function codePoint(character: string): number {
	return character.codePointAt(0) ?? 0;
}

import type { BoundFilter } from "../filter/filter.ts";
import { EVERYONE } from "../filter/filter.ts";
import { compare, comparisons, FIRST_NAME, not, oneOf, property, search } from "./filter-builders.ts";
import { filterCase, type Question } from "./filter-questions.ts";
import { named, START } from "./records.ts";
import type { StorageCase } from "./storage-case.ts";

const shape: readonly StorageCase[] = [
	filterCase("`all`, `any` and `not` nest", { a: { firstName: "Ada" }, b: { firstName: "Bob" }, c: {} }, [
		[EVERYONE, "abc"],
		[{ kind: "any", of: [] }, ""],
		[not(EVERYONE), ""],
		[not({ kind: "any", of: [] }), "abc"],
		[{ kind: "any", of: [named("Ada"), named("Bob")] }, "ab"],
		[{ kind: "all", of: [named("Ada"), named("Bob")] }, ""],
		[{ kind: "all", of: [named("Ada")] }, "a"],
		[{ kind: "any", of: [named("Bob")] }, "b"],
		[{ kind: "all", of: [not(named("Ada")), not(named("Bob"))] }, "c"],
		[{ kind: "any", of: [named("Ada"), { kind: "all", of: [] }, named("Bob")] }, "abc"],
		[{ kind: "all", of: [{ kind: "any", of: [named("Ada"), named("Bob")] }, not(not(named("Bob"))), EVERYONE] }, "b"],
	]),

	filterCase("trees as deep and wide as they may be", { a: { firstName: "Ada" }, b: { firstName: "Bob" } }, [
		[Array.from({ length: 16 }).reduce<BoundFilter>(not, named("Ada")), "a"],
		[Array.from({ length: 8 }).reduce<BoundFilter>((of) => ({ kind: "all", of: [of, EVERYONE] }), named("Ada")), "a"],
		[{ kind: "any", of: Array.from({ length: 199 }, (_, index) => named(index === 150 ? "Bob" : `${index}`)) }, "b"],
		[oneOf(FIRST_NAME, ...Array.from({ length: 999 }, (_, index) => `${index}`), "Bob"), "b"],
	]),

	filterCase(
		"flags",
		{ a: {}, b: { unsubscribed: true }, c: { needsSmtputf8: true }, d: { unsubscribed: true, needsSmtputf8: true } },
		[
			[{ kind: "flag", column: "unsubscribed" }, "bd"],
			[not({ kind: "flag", column: "unsubscribed" }), "ac"],
			[{ kind: "flag", column: "needsSmtputf8" }, "cd"],
			[{ kind: "flag", column: "suppressed" }, ""],
		],
	),

	filterCase(
		"`set` asks whether there is a value at all",
		{
			a: {},
			b: { firstName: "", lastName: "", externalId: "x", properties: { p: "", q: 0 } },
			c: { firstName: "Ada", properties: { p: false } },
			d: { properties: { q: START } },
		},
		[
			[{ kind: "set", subject: FIRST_NAME }, "bc"],
			[not({ kind: "set", subject: FIRST_NAME }), "ad"],
			[{ kind: "set", subject: { column: "lastName" } }, "b"],
			[{ kind: "set", subject: { column: "externalId" } }, "b"],
			[{ kind: "set", subject: { column: "email" } }, "abcd"],
			[{ kind: "set", subject: { column: "createdAt" } }, "abcd"],
			[{ kind: "set", subject: property("string") }, "bc"],
			[{ kind: "set", subject: property("number", "q") }, "bd"],
			[not({ kind: "set", subject: property("number", "q") }), "ac"],
			[{ kind: "set", subject: property("string", "P") }, ""],
		],
	),
];

const texts: readonly StorageCase[] = [
	filterCase(
		"texts are equal character by character",
		{
			a: { firstName: "Ada", properties: { p: "Ada" } },
			b: { firstName: "ada", properties: { p: "ada" } },
			c: { firstName: "Ada ", properties: { p: "Ada " } },
			d: { firstName: "\u00e9", properties: { p: "\u00e9" } },
			e: { firstName: "e\u0301", properties: { p: "e\u0301" } },
			f: { firstName: "", properties: { p: "" } },
			g: {},
			h: { firstName: "it's \"\\'\n\t%_", properties: { p: "it's \"\\'\n\t%_" } },
		},
		[FIRST_NAME, property("string")].flatMap((subject): readonly Question[] => [
			[compare(subject, "eq", "Ada"), "a"],
			[compare(subject, "eq", "\u00e9"), "d"],
			[compare(subject, "eq", "e\u0301"), "e"],
			[compare(subject, "eq", ""), "f"],
			[compare(subject, "eq", "it's \"\\'\n\t%_"), "h"],
			[not(compare(subject, "eq", "Ada")), "bcdefgh"],
			[oneOf(subject, "Ada", "", "nobody"), "af"],
			[oneOf(subject, "it's \"\\'\n\t%_"), "h"],
			[oneOf(subject, "nobody"), ""],
			[not(oneOf(subject, "Ada", "")), "bcdegh"],
		]),
	),

	filterCase(
		"texts are in the order of their code points",
		{
			a: { firstName: "", properties: { p: "" } },
			b: { firstName: "B", properties: { p: "B" } },
			c: { firstName: "a", properties: { p: "a" } },
			d: { firstName: "a b", properties: { p: "a b" } },
			e: { firstName: "ab", properties: { p: "ab" } },
			f: { firstName: "\u00e9", properties: { p: "\u00e9" } },
			g: { firstName: "\uff5e", properties: { p: "\uff5e" } },
			h: { firstName: "\u{1f600}", properties: { p: "\u{1f600}" } },
			i: { firstName: "\u{1f601}", properties: { p: "\u{1f601}" } },
			j: {},
		},
		[FIRST_NAME, property("string")].flatMap((subject) => [
			...comparisons(subject, "a", { eq: "c", lt: "ab", lte: "abc", gt: "defghi", gte: "cdefghi" }),
			...comparisons(subject, "\uff5e", { eq: "g", lt: "abcdef", lte: "abcdefg", gt: "hi", gte: "ghi" }),
			...comparisons(subject, "\u{1f600}", { eq: "h", lt: "abcdefg", lte: "abcdefgh", gt: "i", gte: "hi" }),
			...comparisons(subject, "", { eq: "a", lt: "", lte: "a", gt: "bcdefghi", gte: "abcdefghi" }),
		]),
	),

	filterCase(
		"searches fold ASCII letters and nothing else",
		{
			a: { firstName: "Ada Lovelace", properties: { p: "Ada Lovelace" } },
			b: { firstName: "lovely ADA", properties: { p: "lovely ADA" } },
			c: { firstName: "\u00c4DA", properties: { p: "\u00c4DA" } },
			d: { firstName: "\u00e4da", properties: { p: "\u00e4da" } },
			e: { firstName: "\u212a", properties: { p: "\u212a" } },
			f: { firstName: "50% off_\\*", properties: { p: "50% off_\\*" } },
			g: { firstName: "\u{1f600}!", properties: { p: "\u{1f600}!" } },
			h: {},
		},
		[FIRST_NAME, property("string")].flatMap((subject): readonly Question[] => [
			[search("contains", "love", subject), "ab"],
			[search("startsWith", "love", subject), "b"],
			[search("startsWith", "ada", subject), "a"],
			[search("endsWith", "ada", subject), "b"],
			[search("contains", "\u00e4da", subject), "d"],
			[search("contains", "\u00c4da", subject), "c"],
			[search("startsWith", "k", subject), ""],
			[search("contains", "%", subject), "f"],
			[search("contains", "_", subject), "f"],
			[search("startsWith", "50% off", subject), "f"],
			[search("startsWith", "50_ off", subject), ""],
			[search("endsWith", "\\*", subject), "f"],
			[search("contains", "*", subject), "f"],
			[search("contains", "?", subject), ""],
			[search("startsWith", "\u{1f600}", subject), "g"],
			[search("endsWith", "!", subject), "g"],
			[search("contains", "lovely ada and more", subject), ""],
			[not(search("contains", "a", subject)), "efgh"],
		]),
	),

	filterCase(
		"each text column",
		{
			a: { email: "Ada@example.com", addressKey: "ada@example.com", lastName: "A", confirmation: "pending" },
			b: { email: "bob@example.com", addressKey: "bob@example.com", externalId: "user_7", confirmation: "confirmed" },
			c: { email: "c@example.com", addressKey: "c@example.com", externalId: "USER_7", lastName: "C" },
		},
		[
			[compare({ column: "email" }, "eq", "Ada@example.com"), "a"],
			[compare({ column: "addressKey" }, "eq", "ada@example.com"), "a"],
			[compare({ column: "addressKey" }, "gt", "ada@example.com"), "bc"],
			[search("startsWith", "ada@", { column: "email" }), "a"],
			[search("endsWith", "example.com", { column: "email" }), "abc"],
			[compare({ column: "externalId" }, "eq", "user_7"), "b"],
			[search("startsWith", "user", { column: "externalId" }), "bc"],
			[compare({ column: "lastName" }, "gte", "A"), "ac"],
			[compare({ column: "confirmation" }, "eq", "none"), "c"],
			[oneOf({ column: "confirmation" }, "pending", "confirmed"), "ab"],
		],
	),
];

/** What a filter says about a contact's columns, and how its parts combine. */
export const filterCases: readonly StorageCase[] = [...shape, ...texts];

import { compare, comparisons, FIRST_NAME, not, oneOf, property, search } from "./filter-builders.ts";
import { filterCase, type Question } from "./filter-questions.ts";
import { minutes, START } from "./records.ts";
import type { StorageCase } from "./storage-case.ts";

const EARLIEST = new Date("0001-01-01T00:00:00.000Z");
const LATEST = new Date("9999-12-31T23:59:59.999Z");

/** What a filter says about values of each type, and about missing ones. */
export const filterValueCases: readonly StorageCase[] = [
	filterCase(
		"numbers",
		{
			a: { properties: { p: -1.5 } },
			b: { properties: { p: 0 } },
			c: { properties: { p: 0.1 } },
			d: { properties: { p: 9 } },
			e: { properties: { p: 10 } },
			f: { properties: { p: Number.MAX_SAFE_INTEGER } },
			g: {},
		},
		[
			...comparisons(property("number"), 9, { eq: "d", lt: "abc", lte: "abcd", gt: "ef", gte: "def" }),
			...comparisons(property("number"), 0, { eq: "b", lt: "a", lte: "ab", gt: "cdef", gte: "bcdef" }),
			...comparisons(property("number"), 0.1, { eq: "c", lt: "ab", lte: "abc", gt: "def", gte: "cdef" }),
			[compare(property("number"), "eq", Number.MAX_SAFE_INTEGER), "f"],
			[compare(property("number"), "eq", Number.MAX_SAFE_INTEGER - 1), ""],
			[oneOf(property("number"), 10, 0.1, 7), "ce"],
			[not(oneOf(property("number"), 10, 0.1, 7)), "abdfg"],
		],
	),

	filterCase("booleans", { a: { properties: { p: true } }, b: { properties: { p: false } }, c: {} }, [
		[compare(property("boolean"), "eq", true), "a"],
		[compare(property("boolean"), "eq", false), "b"],
		[not(compare(property("boolean"), "eq", true)), "bc"],
		[oneOf(property("boolean"), true, false), "ab"],
		[oneOf(property("boolean"), false), "b"],
	]),

	filterCase(
		"instants",
		{
			a: { createdAt: minutes(-1), updatedAt: minutes(9), properties: { p: EARLIEST } },
			b: { createdAt: START, updatedAt: minutes(8), properties: { p: new Date(START.getTime() - 1) } },
			c: { createdAt: new Date(START.getTime() + 1), updatedAt: minutes(7), properties: { p: START } },
			d: { createdAt: minutes(1), updatedAt: minutes(6), properties: { p: LATEST } },
			e: { createdAt: new Date("1969-07-20T20:17:40.000Z"), updatedAt: LATEST },
		},
		[
			...comparisons({ column: "createdAt" }, START, { eq: "b", lt: "ae", lte: "abe", gt: "cd", gte: "bcd" }),
			...comparisons({ column: "updatedAt" }, minutes(7), { eq: "c", lt: "d", lte: "cd", gt: "abe", gte: "abce" }),
			...comparisons(property("date"), START, { eq: "c", lt: "ab", lte: "abc", gt: "d", gte: "cd" }),
			...comparisons(property("date"), EARLIEST, { eq: "a", lt: "", lte: "a", gt: "bcd", gte: "abcd" }),
			[oneOf({ column: "createdAt" }, START, minutes(1)), "bd"],
			[oneOf(property("date"), LATEST, EARLIEST, minutes(5)), "ad"],
		],
	),

	filterCase(
		"a value of another type matches nothing",
		{
			a: { properties: { p: "5" } },
			b: { properties: { p: 5 } },
			c: { properties: { p: true } },
			d: { properties: { p: new Date(5) } },
			e: { properties: { p: "true" } },
			f: { properties: { p: "1970-01-01T00:00:00.005Z" } },
			g: { properties: { p: 1 } },
			h: {},
		},
		[
			[compare(property("string"), "eq", "5"), "a"],
			[compare(property("string"), "gte", ""), "aef"],
			[compare(property("string"), "eq", "true"), "e"],
			[compare(property("string"), "eq", "1970-01-01T00:00:00.005Z"), "f"],
			[search("contains", "1", property("string")), "f"],
			[oneOf(property("string"), "5", "true", "1"), "ae"],
			[compare(property("number"), "eq", 5), "b"],
			[compare(property("number"), "gt", -1), "bg"],
			[oneOf(property("number"), 5, 1), "bg"],
			[compare(property("boolean"), "eq", true), "c"],
			[oneOf(property("boolean"), true), "c"],
			[compare(property("date"), "eq", new Date(5)), "d"],
			[compare(property("date"), "lt", START), "d"],
			[oneOf(property("date"), new Date(5)), "d"],
			[not(compare(property("number"), "eq", 5)), "acdefgh"],
			[{ kind: "set", subject: property("string") }, "abcdefg"],
		],
	),

	filterCase("a missing value makes every condition false", { a: {}, b: { firstName: "m", properties: { p: "m" } } }, [
		...[FIRST_NAME, property("string")].flatMap((subject): readonly Question[] => [
			[compare(subject, "lte", "z"), "b"],
			[compare(subject, "gte", ""), "b"],
			[not(compare(subject, "lte", "z")), "a"],
			[not(search("contains", "m", subject)), "a"],
			[not(oneOf(subject, "m")), "a"],
			[{ kind: "all", of: [not(compare(subject, "lt", "x")), not(compare(subject, "gte", "x"))] }, "a"],
		]),
		[not(compare(property("number", "q"), "gte", 0)), "ab"],
		[not(compare(property("date", "q"), "lt", LATEST)), "ab"],
		[not(compare(property("boolean", "q"), "eq", false)), "ab"],
	]),

	filterCase(
		"properties are told apart by the case of their keys",
		{ a: { properties: { p: "x" } }, b: { properties: { P: "x" } }, c: { properties: { p_1: "x", p: "y" } } },
		[
			[compare(property("string", "p"), "eq", "x"), "a"],
			[compare(property("string", "P"), "eq", "x"), "b"],
			[compare(property("string", "p_1"), "eq", "x"), "c"],
		],
	),
];

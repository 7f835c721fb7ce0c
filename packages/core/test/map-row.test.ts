import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConvokeError } from "../src/errors.ts";
import { planColumns } from "../src/imports/map-columns.ts";
import type { ColumnPlan } from "../src/imports/map-columns.ts";
import { mapRow } from "../src/imports/map-row.ts";
import type { ContactRow } from "../src/imports/map-row.ts";
import { parseCell } from "../src/imports/parse-cell.ts";
import { readListRows } from "../src/imports/read-list.ts";
import { readCsvRows } from "../src/imports/read-rows.ts";
import type { RefusedRow, TableRow } from "../src/imports/row.ts";
import type { PropertyType } from "../src/model/property.ts";

const TYPES: ReadonlyMap<string, PropertyType> = new Map([
	["plan", "string"],
	["seats", "number"],
	["vip", "boolean"],
	["trialEndsAt", "date"],
]);

function refusal(run: () => unknown): string {
	try {
		run();
	} catch (error) {
		if (error instanceof ConvokeError && error.code === "invalid_input") return `${error.reason} ${error.field ?? "-"}`;
		throw error;
	}
	return "accepted";
}

/** What is in a row, without what is absent. */
function map(header: readonly string[], cells: readonly string[], mapping?: unknown): unknown {
	return show(mapRow({ line: 2, cells }, planColumns(header, mapping, TYPES)));
}

function show(row: ContactRow | RefusedRow): unknown {
	if ("issues" in row) return row.issues.map(({ line, reason, field }) => `${line}: ${reason} ${field}`);
	const { email, properties, line: _line, ...rest } = row;
	const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
	return {
		email: email.address,
		...given,
		...(Object.keys(properties).length > 0 && { properties: { ...properties } }),
	};
}

describe("columns by name", () => {
	test.each([
		["email,externalId,firstName,lastName,unsubscribed"],
		["EMAIL,EXTERNAL_ID,FIRST_NAME,LAST_NAME,UNSUBSCRIBED"],
		["E-Mail,External id,First name,Last name,Unsubscribed"],
		["Email address,external-id,first_name,Last_Name,un subscribed"],
	])("%s", (header) => {
		expect(map(header.split(","), ["A@x.test", "u1", "Ada", "Lovelace", "TRUE"])).toStrictEqual({
			email: "A@x.test",
			externalId: "u1",
			firstName: "Ada",
			lastName: "Lovelace",
			unsubscribed: true,
		});
	});

	test("declared properties by their exact keys; other columns are left out", () => {
		const header = ["email", "plan", "properties.seats", "VIP", "color", "properties.color", "", ""];
		expect(map(header, ["a@x.test", "pro", "5", "yes", "red", "red", "x", "y"])).toStrictEqual({
			email: "a@x.test",
			properties: { plan: "pro", seats: 5 },
		});
	});

	test.each([
		["no address", ["name", "plan"], "csv_no_email_column -"],
		["two addresses", ["email", "E-mail"], "csv_duplicate_column -"],
		["two first names", ["email", "first_name", "First name"], "csv_duplicate_column -"],
		["a property twice", ["email", "plan", "properties.plan"], "csv_duplicate_column -"],
		["undeclared names twice", ["email", "color", "properties.color"], "accepted"],
	])("%s", (_, header, expected) => {
		expect(refusal(() => planColumns(header, undefined, TYPES))).toBe(expected);
	});
});

describe("columns by mapping", () => {
	const header = ["Mail", "Name", "Plan", "Customer", "email", "Out"];
	const cells = ["a@x.test", "Ada", "pro", "7", "other@x.test", "0"];

	test("takes what it names, and nothing else", () => {
		expect(map(header, cells, { email: "Mail" })).toStrictEqual({ email: "a@x.test" });
		const mapping = {
			email: " Mail ",
			firstName: "Name",
			lastName: undefined,
			externalId: "Customer",
			unsubscribed: "Out",
			properties: { plan: "Plan", seats: "Customer", vip: undefined },
		};
		expect(map(header, cells, mapping)).toStrictEqual({
			email: "a@x.test",
			externalId: "7",
			firstName: "Ada",
			unsubscribed: false,
			properties: { plan: "pro", seats: 7 },
		});
	});

	test.each<readonly [string, unknown, string]>([
		["unknown column", { email: "Nope" }, "csv_unknown_column columns.email"],
		["other case", { email: "mail" }, "csv_unknown_column columns.email"],
		["unknown column of a field", { email: "Mail", lastName: "Surname" }, "csv_unknown_column columns.lastName"],
		[
			"unknown column of a property",
			{ email: "Mail", properties: { plan: "x" } },
			"csv_unknown_column columns.properties.plan",
		],
		["empty name", { email: "" }, "csv_unknown_column columns.email"],
		["no address", { firstName: "Name" }, "csv_no_email_column -"],
		["unknown field", { email: "Mail", name: "Name" }, "unknown_field columns"],
		["inherited field", JSON.parse('{"email":"Mail","__proto__":"Name"}'), "unknown_field columns"],
		[
			"undeclared property",
			{ email: "Mail", properties: { color: "Plan" } },
			"unknown_property columns.properties.color",
		],
		[
			"inherited property",
			{ email: "Mail", properties: { toString: "Plan" } },
			"unknown_property columns.properties.toString",
		],
		["no key", { email: "Mail", properties: { "a b": "Plan" } }, "unknown_property columns.properties"],
		["number as column", { email: 0 }, "invalid_type columns.email"],
		["list as mapping", ["Mail"], "invalid_type columns"],
		["null as mapping", null, "invalid_type columns"],
		["text as properties", { email: "Mail", properties: "Plan" }, "invalid_type columns.properties"],
	])("refuses %s", (_, mapping, expected) => {
		expect(refusal(() => planColumns(header, mapping, TYPES))).toBe(expected);
	});
});

describe("cells", () => {
	const utc = (text: string) => new Date(text);
	test.each<readonly [PropertyType, string, unknown]>([
		["string", "1", "1"],
		["number", "0", 0],
		["number", "-12.50", -12.5],
		["number", "+7", 7],
		["number", ".5", 0.5],
		["number", "007", 7],
		["number", "1,5", undefined],
		["number", "1,234", undefined],
		["number", "1 000", undefined],
		["number", "5.", undefined],
		["number", "1e5", undefined],
		["number", "0x10", undefined],
		["number", "NaN", undefined],
		["number", "Infinity", undefined],
		["number", "5 seats", undefined],
		["number", "٥", undefined],
		["number", "1".repeat(401), undefined],
		["boolean", "Yes", true],
		["boolean", "no", false],
		["boolean", "1", true],
		["boolean", "0", false],
		["boolean", "FALSE", false],
		["boolean", "y", undefined],
		["boolean", "2", undefined],
		["boolean", "constructor", undefined],
		["date", "2026-01-31", utc("2026-01-31T00:00:00Z")],
		["date", "2024-02-29", utc("2024-02-29T00:00:00Z")],
		["date", "2026-01-31T09:30Z", utc("2026-01-31T09:30:00Z")],
		["date", "2026-01-31 09:30:15.25+02:00", utc("2026-01-31T07:30:15.250Z")],
		["date", "2026-01-31t09:30:15-0530", utc("2026-01-31T15:00:15Z")],
		["date", "2026-01-31T09:30:15.123456789z", utc("2026-01-31T09:30:15.123Z")],
		["date", "2026-02-29", undefined],
		["date", "2026-02-30T00:00:00Z", undefined],
		["date", "2026-13-01", undefined],
		["date", "2026-01-31T09:30:00", undefined],
		["date", "2026-01-31T25:00:00Z", undefined],
		["date", "2026-01-31T09:60:00Z", undefined],
		["date", "2026-01-31Z", undefined],
		["date", "31.01.2026", undefined],
		["date", "01/31/2026", undefined],
		["date", "2026-1-31", undefined],
		["date", "1769850000", undefined],
		["date", "tomorrow", undefined],
		["date", "", undefined],
	])("%s %s", (type, cell, expected) => {
		expect(parseCell(cell, type)).toStrictEqual(expected);
	});

	test("dates come back as they were written", () => {
		const date = fc.date({ min: utc("0001-01-01T00:00:00Z"), max: utc("9999-12-31T23:59:59Z"), noInvalidDate: true });
		fc.assert(
			fc.property(date, (instant) => {
				expect(parseCell(instant.toISOString(), "date")).toStrictEqual(instant);
			}),
		);
	});
});

describe("rows", () => {
	const header = ["email", "externalId", "firstName", "unsubscribed", "plan", "seats", "vip", "trialEndsAt"];

	test("empty cells leave alone", () => {
		expect(map(header, ["a@x.test", "", "", "", "", "", "", ""])).toStrictEqual({ email: "a@x.test" });
	});

	test("every type", () => {
		expect(map(header, ["a@BÜCHER.test", "u 1", "Ada\u00a0L", "no", "pro", "5", "1", "2026-01-31"])).toStrictEqual({
			email: "a@xn--bcher-kva.test",
			externalId: "u 1",
			firstName: "Ada\u00a0L",
			unsubscribed: false,
			properties: { plan: "pro", seats: 5, vip: true, trialEndsAt: new Date("2026-01-31T00:00:00Z") },
		});
	});

	test.each<readonly [string, readonly string[], readonly string[]]>([
		["no address", ["", "", "", "", "", "", "", ""], ["2: invalid_email email"]],
		["a bad address", ["nobody", "", "", "", "", "", "", ""], ["2: invalid_email email"]],
		["a long address", [`${"a".repeat(300)}@x.test`, "", "", "", "", "", "", ""], ["2: email_too_long email"]],
		[
			"long texts",
			["a@x.test", "x".repeat(256), "x".repeat(201), "", "", "", "", ""],
			["2: text_too_long externalId", "2: text_too_long firstName"],
		],
		["a name over two lines", ["a@x.test", "", "Ada\nL", "", "", "", "", ""], ["2: invalid_text firstName"]],
		["an unclear flag", ["a@x.test", "", "", "maybe", "", "", "", ""], ["2: invalid_type unsubscribed"]],
		[
			"bad values",
			["a@x.test", "", "", "", "", "five", "maybe", "soon"],
			[
				"2: invalid_property_value properties.seats",
				"2: invalid_property_value properties.vip",
				"2: invalid_property_value properties.trialEndsAt",
			],
		],
		[
			"a number too large",
			["a@x.test", "", "", "", "", "9007199254740993", "", ""],
			["2: invalid_property_value properties.seats"],
		],
		[
			"year 0",
			["a@x.test", "", "", "", "", "", "", "0000-01-01"],
			["2: invalid_property_value properties.trialEndsAt"],
		],
		["a large text", ["a@x.test", "", "", "", "x".repeat(4097), "", "", ""], ["2: property_too_large properties.plan"]],
		[
			"every fault at once",
			["nobody", "", "", "maybe", "", "five", "", ""],
			["2: invalid_email email", "2: invalid_type unsubscribed", "2: invalid_property_value properties.seats"],
		],
	])("refuses %s", (_, cells, expected) => {
		expect(map(header, cells)).toStrictEqual(expected);
	});

	test("refuses too many values together", () => {
		const keys = Array.from({ length: 9 }, (_, index) => `k${index}`);
		const types = new Map(keys.map((key): [string, PropertyType] => [key, "string"]));
		const plan = planColumns(["email", ...keys], undefined, types);
		const cells = ["a@x.test", ...keys.map(() => "x".repeat(4000))];
		expect(show(mapRow({ line: 3, cells }, plan))).toStrictEqual(["3: property_too_large properties"]);
	});

	test("no issue holds what stands in the row", () => {
		const secret = "secret secret";
		const row = mapRow({ line: 2, cells: header.map(() => secret.repeat(30)) }, planColumns(header, undefined, TYPES));
		expect("issues" in row && row.issues.length).toBeGreaterThan(4);
		expect(JSON.stringify(row)).not.toContain("secret");
		expect("issues" in row && row.issues.every((issue) => issue.severity === "error" && issue.message !== "")).toBe(
			true,
		);
	});
});

describe("readListRows", () => {
	const list = (text: string) => [...readListRows(text)].slice(1).map(({ line, cells }) => [line, ...cells]);

	test.each<readonly [string, readonly (readonly (string | number)[])[]]>([
		["a@x.test", [[1, "a@x.test", "", ""]]],
		[
			"a@x.test, b@x.test;c@x.test\r\nd@x.test\re@x.test\n",
			[
				[1, "a@x.test", "", ""],
				[1, "b@x.test", "", ""],
				[1, "c@x.test", "", ""],
				[2, "d@x.test", "", ""],
				[3, "e@x.test", "", ""],
			],
		],
		["\ufeff\n\n ;, a@x.test ,;", [[3, "a@x.test", "", ""]]],
		["Ada <a@x.test>", [[1, "a@x.test", "Ada", ""]]],
		[
			"Ada King Lovelace < a@x.test >, <b@x.test>",
			[
				[1, "a@x.test", "Ada", "King Lovelace"],
				[1, "b@x.test", "", ""],
			],
		],
		[
			'"Lovelace, Ada" <a@x.test>; "Bo \\"the\\" X" <b@x.test>',
			[
				[1, "a@x.test", "Ada", "Lovelace"],
				[1, "b@x.test", "Bo", '"the" X'],
			],
		],
		[
			'"not closed <a@x.test>\nb@x.test',
			[
				[1, "a@x.test", '"not', "closed"],
				[2, "b@x.test", "", ""],
			],
		],
		['"Ada <the first>, L" <a@x.test>', [[1, "a@x.test", "L", "Ada <the first>"]]],
		[
			'"a@x.test, <b@x.test',
			[
				[1, '"a@x.test', "", ""],
				[1, "<b@x.test", "", ""],
			],
		],
		["a@x.test b@x.test", [[1, "a@x.test b@x.test", "", ""]]],
		["Ada <a@x.test", [[1, "Ada <a@x.test", "", ""]]],
	])("%j", (text, expected) => {
		expect(list(text)).toStrictEqual(expected);
	});

	test.each(["", " \n,;\n", "\ufeff"])("refuses %j", (text) => {
		expect(refusal(() => list(text))).toBe("list_empty -");
	});

	test("takes no time for much of the same", () => {
		for (const text of [
			'"'.repeat(100_000),
			"<".repeat(100_000),
			'"\\'.repeat(100_000),
			'"a'.repeat(50_000),
			"<a>".repeat(50_000),
		]) {
			expect(list(text)).toHaveLength(1);
		}
	});
});

describe("from the first line to the last", () => {
	type Rows = AsyncIterable<TableRow | RefusedRow> | Iterable<TableRow | RefusedRow>;

	async function collect(rows: Rows, mapping?: unknown): Promise<readonly unknown[]> {
		const found: unknown[] = [];
		let plan: ColumnPlan | undefined;
		for await (const row of rows) {
			if (!("cells" in row)) found.push(show(row));
			else if (plan === undefined) plan = planColumns(row.cells, mapping, TYPES);
			else found.push(show(mapRow(row, plan)));
		}
		return found;
	}

	test("a file", async () => {
		const csv = "Email;Seats;plan\na@x.test;5;pro\nb@x.test;x\n\nc@x.test;six;\nnobody;1;pro\n";
		const mapping = { email: "Email", properties: { seats: "Seats" } };
		expect(await collect(readCsvRows(csv), mapping)).toStrictEqual([
			{ email: "a@x.test", properties: { seats: 5 } },
			["3: csv_column_count null"],
			["5: invalid_property_value properties.seats"],
			["6: invalid_email email"],
		]);
	});

	test("a list", async () => {
		expect(await collect(readListRows("Ada <a@x.test>, nobody\nb@x.test"))).toStrictEqual([
			{ email: "a@x.test", firstName: "Ada" },
			["1: invalid_email email"],
			{ email: "b@x.test" },
		]);
	});

	test("a header without address is refused, though no row follows", async () => {
		await expect(collect(readCsvRows("name"))).rejects.toMatchObject({ reason: "csv_no_email_column" });
	});
});

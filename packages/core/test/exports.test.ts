import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Audience, ContactExport } from "../src/index.ts";
import { openAudience } from "./support/open-audience.ts";

async function written(pieces: AsyncIterable<string>): Promise<string> {
	let file = "";
	for await (const piece of pieces) file += piece;
	return file;
}

async function exported(audience: Audience, options: ContactExport = {}): Promise<string> {
	return written(audience.contacts.export(options));
}

const parsed = (csv: string): string[][] => parse(csv);

async function named(firstName: string): Promise<Audience> {
	const audience = openAudience();
	await audience.contacts.create({ email: "a@example.com", firstName });
	return audience;
}

describe("a cell that a spreadsheet would take for a formula", () => {
	test.each([
		"=cmd|'/c calc'!A1",
		"+1+1",
		"-2+3",
		"@SUM(1)",
		"\uff1d1",
		"\uff0b1",
		"\uff0d1",
		"\uff201",
		'"=1',
		"'=1",
		" =1",
	])("%j is put behind an apostrophe, unless a program is to read it (H110, H111)", async (firstName) => {
		const audience = await named(firstName);
		const columns = ["firstName"];
		expect(parsed(await exported(audience, { columns }))).toEqual([["firstName"], [`'${firstName}`]]);
		expect(parsed(await exported(audience, { columns, formulas: "keep" }))).toEqual([["firstName"], [firstName]]);
	});

	test("is one cell, whatever it holds (H112)", async () => {
		const audience = openAudience({ note: "string" });
		const note = 'a","b\n=1;\r\n\t"';
		await audience.contacts.create({ email: "a@example.com", properties: { note } });
		expect(parsed(await exported(audience, { columns: ["properties.note"] }))).toEqual([["properties.note"], [note]]);
	});

	test("never gets through, and others come back as they were", async () => {
		const alphabet = fc.constantFrom(
			"=",
			"+",
			"-",
			"@",
			"\t",
			"\r",
			"\n",
			'"',
			"'",
			",",
			";",
			" ",
			"a",
			"1",
			"\uff1d",
			"é",
		);
		const note = fc.array(alphabet, { maxLength: 8 }).map((letters) => letters.join(""));
		await fc.assert(
			fc.asyncProperty(fc.array(note, { minLength: 1, maxLength: 20 }), async (notes) => {
				const audience = openAudience({ note: "string" });
				await audience.contacts.createMany(
					notes.map((each, index) => ({ email: `p${index}@example.com`, properties: { note: each } })),
				);
				const rows = parsed(await exported(audience, { columns: ["properties.note"] }))
					.slice(1)
					.flat();
				const wanted = notes.toReversed();
				for (const [index, cell] of rows.entries()) {
					expect(cell).not.toMatch(/^"?[=+\-@\t\r\uff1d]/);
					expect([wanted[index], `'${wanted[index]}`]).toContain(cell);
				}
				expect(rows).toHaveLength(notes.length);
			}),
			{ numRuns: 200 },
		);
	});
});

describe("an export of contacts", () => {
	async function rich() {
		const audience = openAudience({ plan: "string", seats: "number", pro: "boolean", until: "date" });
		const news = await audience.topics.create({ name: "News" });
		const vip = await audience.segments.create({ name: "VIP" });
		await audience.contacts.createMany(
			Array.from({ length: 450 }, (_, index) => ({
				email: `Person.${index}@example.com`,
				externalId: `u-${index}`,
				firstName: index % 3 === 0 ? null : `Zoë "${index}", =1`,
				lastName: index % 4 === 0 ? "-x" : null,
				properties: {
					plan: index % 2 === 0 ? "pro" : null,
					seats: [1e-7, -12.5, 2 ** 53 - 1, 0, -(2 ** 53) + 1, 5e-324][index % 6] ?? 0,
					pro: index % 5 === 0,
					until: new Date(Date.UTC(2030, 0, 1, 0, 0, index, 7)),
				},
				unsubscribed: index % 7 === 0,
				segments: index % 10 === 0 ? [{ id: vip.id }] : [],
				topics: index % 8 === 0 ? [{ id: news.id, subscription: "opt_out" as const }] : [],
			})),
		);
		return { audience, news, vip };
	}

	test("restores all but ids and times when it is imported", async () => {
		const { audience } = await rich();
		const before = await exported(audience, { format: "jsonl" });
		const csv = await exported(audience, { formulas: "keep" });
		await audience.contacts.bulk.remove({ everyone: true });
		const { counts } = await audience.contacts.imports.create({ file: csv });
		expect(counts).toMatchObject({ total: 450, created: 450, failed: 0 });
		const plain = (jsonl: string) =>
			jsonl
				.trimEnd()
				.split("\n")
				.map((line) => {
					const { id: _id, createdAt: _c, updatedAt: _u, ...contact } = JSON.parse(line) as Record<string, unknown>;
					return JSON.stringify(contact);
				});
		const after = plain(await exported(audience, { format: "jsonl" }));
		// The file is newest first, so those that come first in it are the oldest now.
		expect(after.toReversed()).toEqual(plain(before));
	});

	test("has the contacts and columns wanted, and says how far it is", async () => {
		const { audience, news } = await rich();
		const seen: number[] = [];
		const csv = await exported(audience, {
			filter: { field: "unsubscribed", op: "eq", value: true },
			columns: ["properties.seats", "email", `topics.${news.id}`],
			onProgress: (progress) => void seen.push(progress.exported),
		});
		const [header, first, ...rest] = parsed(csv);
		expect(header).toEqual(["properties.seats", "email", `topics.${news.id}`]);
		expect(first).toEqual(["0.0000001", "Person.448@example.com", "opt_out"].with(0, first?.[0] ?? ""));
		expect(rest).toHaveLength(64);
		expect(seen).toEqual([65]);
		expect(parsed(await exported(audience, { columns: ["email"], search: "person 44" })).flat()).toContain(
			"Person.44@example.com",
		);
	});

	test("of nobody is a header, or nothing as JSON", async () => {
		const audience = openAudience();
		expect(await exported(audience, { columns: ["email"] })).toBe("email\n");
		expect(await exported(audience, { format: "jsonl" })).toBe("");
	});

	test.each([
		[{ columns: ["shoe"] }, "unknown_field"],
		[{ columns: ["properties.nope"] }, "unknown_field"],
		[{ columns: ["topics.x"] }, "invalid_id"],
		[{ columns: [] }, "invalid_type"],
		[{ columns: ["email", "email"] }, "csv_duplicate_column"],
		[{ format: "xlsx" }, "invalid_value"],
		[{ formulas: "drop" }, "invalid_value"],
		[{ colums: ["email"] }, "unknown_field"],
		[{ filter: { field: "shoe", op: "eq", value: 1 } }, "unknown_field"],
	])("%j is refused", async (options, reason) => {
		await expect(exported(openAudience(), options as ContactExport)).rejects.toMatchObject({ reason });
	});
});

test("topics, segments, broadcasts and what was wrong with an import are exported too", async () => {
	const audience = openAudience();
	const topic = await audience.topics.create({ name: "=News", description: "a, b" });
	const filter = { topic: topic.id, is: "opt_in" as const };
	const segment = await audience.segments.create({ name: "In", filter });
	await audience.segments.create({ name: "Static" });
	await audience.broadcasts.create({ filter, subject: "Hello", text: "Hi" });
	const bad = await audience.contacts.imports.create({ file: "email\nnobody\na@example.com\nno one\n" });
	const seen: number[] = [];
	await written(audience.topics.export({ onProgress: ({ exported: count }) => void seen.push(count) }));
	expect(seen).toEqual([1]);
	expect(parsed(await written(audience.topics.export()))[1]?.slice(0, 4)).toEqual([
		topic.id,
		"'=News",
		"a, b",
		"opt_in",
	]);
	const segments = (await written(audience.segments.export({ format: "jsonl" }))).trimEnd().split("\n");
	expect(segments.map((line): unknown => JSON.parse(line))).toMatchObject([
		{ name: "Static", filter: null },
		{ id: segment.id, filter },
	]);
	expect(parsed(await written(audience.broadcasts.export()))[1]).toContain(JSON.stringify(filter));
	const issues = parsed(await written(audience.contacts.imports.exportIssues(bad.id)));
	expect(issues.map((row) => row.slice(0, 4))).toEqual([
		["line", "severity", "reason", "field"],
		["2", "error", "invalid_email", "email"],
		["4", "error", "invalid_email", "email"],
	]);
	await expect(written(audience.contacts.imports.exportIssues(topic.id))).rejects.toMatchObject({ code: "not_found" });
	await expect(written(audience.topics.export({ columns: [] } as never))).rejects.toMatchObject({
		reason: "unknown_field",
	});
});

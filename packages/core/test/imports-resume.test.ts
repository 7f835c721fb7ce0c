import { describe, expect, test } from "vitest";
import type { Audience, NewImport } from "../src/index.ts";
import { openAudience } from "./support/open-audience.ts";

const ROWS = 1_050;

/** A file with a bad row now and then, and some people twice. */
function lines(): string[] {
	const rows = Array.from({ length: ROWS }, (_, index) =>
		index % 50 === 7
			? `nobody at ${index},X,no`
			: `p${index % 700}@example.com,Name ${index},${index % 90 === 3 ? "yes" : "no"}`,
	);
	return ["email,firstName,unsubscribed", ...rows].map((line) => `${line}\n`);
}

/** A source that breaks after so many lines, as a connection does. */
async function* broken(after: number): AsyncGenerator<string> {
	yield* lines().slice(0, after);
	throw new Error("The connection was reset.");
}

async function stateOf(audience: Audience): Promise<unknown> {
	const contacts: unknown[] = [];
	for await (const { id: _id, createdAt: _c, updatedAt: _u, ...contact } of audience.contacts.each())
		contacts.push(contact);
	return contacts;
}

async function whole(): Promise<{ readonly state: unknown; readonly counts: unknown }> {
	const audience = openAudience();
	const { counts } = await audience.contacts.imports.create({ file: lines().join("") });
	return { state: await stateOf(audience), counts };
}

describe("an import that was interrupted", () => {
	test("goes on, as often as it takes, and ends as if it had not been", async () => {
		const audience = openAudience();
		await expect(audience.contacts.imports.create({ file: broken(300) })).rejects.toThrow("reset");
		const [first] = (await audience.contacts.imports.list()).data;
		const id = first?.id ?? "";
		expect(first).toMatchObject({ status: "failed", failure: "interrupted" });
		for (const after of [301, 650, 900]) {
			await expect(audience.contacts.imports.resume(id, { file: broken(after) })).rejects.toThrow("reset");
		}
		const done = await audience.contacts.imports.resume(id, { file: lines().join("") });
		const expected = await whole();
		expect(done).toMatchObject({ id, status: "completed", failure: null, counts: expected.counts });
		expect(await stateOf(audience)).toEqual(expected.state);
		const { data } = await audience.contacts.imports.issues(id, { limit: 1_000 });
		expect(data.flatMap(({ severity, line }) => (severity === "error" ? line : []))).toEqual(
			Array.from({ length: 21 }, (_, index) => index * 50 + 9),
		);
		await expect(audience.contacts.imports.resume(id, { file: lines().join("") })).rejects.toMatchObject({
			code: "invalid_state",
			reason: "illegal_transition",
		});
	});

	test("takes no other file", async () => {
		const audience = openAudience();
		await expect(audience.contacts.imports.create({ file: broken(600) })).rejects.toThrow("reset");
		const id = (await audience.contacts.imports.list()).data[0]?.id ?? "";
		const before = await stateOf(audience);
		const others: readonly string[] = [
			lines().join("").replace("Name 3,", "Name 4,"),
			lines().slice(0, 20).join(""),
			lines().join("").replace("firstName", "lastName"),
			"email,firstName,unsubscribed\n",
		];
		for (const file of others) {
			await expect(audience.contacts.imports.resume(id, { file })).rejects.toMatchObject({
				code: "invalid_input",
				reason: "import_file_changed",
			});
		}
		expect(await stateOf(audience)).toEqual(before);
		expect(await audience.contacts.imports.get(id)).toMatchObject({ status: "failed" });
	});

	test("is taken over from a process that is alive after all, and no row counts twice", async () => {
		const audience = openAudience();
		let resumed: Promise<unknown> | undefined;
		const file = lines().join("");
		const first = await audience.contacts.imports.create({
			file,
			onProgress: ({ total }) => {
				if (total < 400 || resumed !== undefined) return;
				resumed = audience.contacts.imports
					.list()
					.then(({ data }) => audience.contacts.imports.resume(data[0]?.id ?? "", { file }));
			},
		});
		await resumed;
		const expected = await whole();
		expect(await audience.contacts.imports.get(first.id)).toMatchObject({
			status: "completed",
			counts: expected.counts,
		});
		expect(await stateOf(audience)).toEqual(expected.state);
	});

	test("is not gone on with when its file is at fault, or it was canceled", async () => {
		const audience = openAudience();
		const bad = await audience.contacts.imports.create({ file: 'email\na@example.com\n"b' });
		expect(bad).toMatchObject({ status: "failed", failure: "csv_unclosed_quote" });
		const canceled = await audience.contacts.imports.create({
			file: lines().join(""),
			onProgress: () => {
				void audience.contacts.imports
					.list()
					.then(({ data }) => audience.contacts.imports.cancel(data[0]?.id ?? ""))
					.catch(() => {});
			},
		});
		for (const { id } of [bad, canceled]) {
			await expect(audience.contacts.imports.resume(id, { file: "email\n" })).rejects.toMatchObject({
				reason: "illegal_transition",
			});
		}
	});
});

describe("a review", () => {
	test("tells what an import does, and writes nothing", async () => {
		const audience = openAudience({ seats: "number" });
		await audience.contacts.create({ email: "p1@example.com", unsubscribed: true });
		const before = await audience.events.since();
		const options: NewImport = {
			file: `Mail,Name,Plan,Seats,Out\n${["p1,Ada,pro,3,no", "p2,Bob,free,x,no", "p3,Cyd,pro,1,yes", "p3,Cyd,,2,no"].map((row) => row.replace(",", "@example.com,")).join("\n")}\n`,
			columns: {
				email: "Mail",
				firstName: "Name",
				unsubscribed: "Out",
				properties: { seats: "Seats", plan: { column: "Plan", type: "string" } },
			},
		};
		const review = await audience.contacts.imports.review(options);
		expect(review).toMatchObject({
			columns: {
				email: "Mail",
				firstName: "Name",
				unsubscribed: "Out",
				"properties.plan": "Plan",
				"properties.seats": "Seats",
			},
			newProperties: { plan: "string" },
			counts: { total: 4, created: 1, updated: 2, skipped: 0, failed: 1 },
			failure: null,
			hasMoreIssues: false,
		});
		expect(review.issues.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
			"2 opt_out_kept",
			"3 invalid_property_value",
		]);
		expect(review.samples[0]).toEqual({
			line: 2,
			email: "p1@example.com",
			firstName: "Ada",
			lastName: null,
			properties: { seats: 3, plan: "pro" },
		});
		expect(await audience.contacts.count()).toBe(1);
		expect(await audience.events.since()).toEqual(before);
		expect((await audience.contacts.imports.list()).data).toEqual([]);
		expect((await audience.properties.list()).data.map(({ key }) => key)).not.toContain("plan");
		const { counts } = await audience.contacts.imports.create(options);
		expect(counts).toEqual(review.counts);
		expect(await audience.properties.get({ key: "plan" })).toMatchObject({ type: "string" });
		expect(await audience.contacts.get({ email: "p3@example.com" })).toMatchObject({
			unsubscribed: true,
			properties: { plan: "pro", seats: 2 },
		});
	});

	test("tells which columns are left out", async () => {
		const { contacts } = openAudience({ plan: "string" });
		const file = "email,Shoe size,plan,,First name\na@example.com,44,pro,x,Ada\n";
		expect(await contacts.imports.review({ file })).toMatchObject({
			columns: { email: "email", firstName: "First name", "properties.plan": "plan" },
			unreadColumns: ["Shoe size"],
		});
	});

	test("stops at what cannot be read, and keeps 1,000 issues", async () => {
		const audience = openAudience();
		const rows = Array.from({ length: 1_200 }, () => "nobody\n").join("");
		const review = await audience.contacts.imports.review({ file: `email\n${rows}a@example.com\n"b` });
		expect(review).toMatchObject({
			counts: { total: 1_201, created: 1, failed: 1_200 },
			failure: "csv_unclosed_quote",
			hasMoreIssues: true,
		});
		expect(review.issues).toHaveLength(1_000);
	});
});

describe("columns of an import", () => {
	test("hold segments, choices and confirmation", async () => {
		const audience = openAudience();
		const [vip, plain] = [
			await audience.segments.create({ name: "VIP" }),
			await audience.segments.create({ name: "P" }),
		];
		const dynamic = await audience.segments.create({ name: "D", filter: { and: [] } });
		const news = await audience.topics.create({ name: "News" });
		await audience.contacts.create({ email: "old@example.com", topics: [{ id: news.id, subscription: "opt_out" }] });
		const file = [
			`email,segments,topics.${news.id},confirmation`,
			`ada@example.com,${vip.id} ${plain.id},opt_out,pending`,
			`bob@example.com,,OPT_IN,confirmed`,
			`old@example.com,${vip.id},opt_in,pending`,
			`x1@example.com,${dynamic.id},,`,
			`x2@example.com,,perhaps,`,
			`x3@example.com,,,maybe`,
		].join("\n");
		const { id, counts } = await audience.contacts.imports.create({ file });
		expect(counts).toMatchObject({ created: 2, updated: 1, failed: 3 });
		const { data } = await audience.contacts.imports.issues(id);
		expect(data.map(({ line, reason, field }) => `${line} ${reason} ${field}`)).toEqual([
			"4 opt_out_kept topics",
			"5 segment_not_found segments",
			`6 invalid_value topics.${news.id}`,
			"7 invalid_value confirmation",
		]);
		expect((await audience.contacts.segments.list({ email: "ada@example.com" })).map(({ name }) => name)).toEqual([
			"P",
			"VIP",
		]);
		expect(await audience.contacts.count({ filter: { topic: news.id, is: "opt_out", explicit: true } })).toBe(2);
		expect(await audience.contacts.get({ email: "ada@example.com" })).toMatchObject({ confirmation: "pending" });
		expect(await audience.contacts.get({ email: "bob@example.com" })).toMatchObject({ confirmation: "confirmed" });
		expect(await audience.contacts.get({ email: "old@example.com" })).toMatchObject({ confirmation: "none" });
	});

	test.each([
		[{ email: "email", topics: { "01900000-0000-7000-8000-00000000dead": "x" } }, "topic_not_found"],
		[{ email: "email", topics: { news: "x" } }, "invalid_id"],
		[{ email: "email", properties: { plan: "x" } }, "unknown_property"],
		[{ email: "email", properties: { plan: { column: "x", type: "text" } } }, "invalid_value"],
		[{ email: "email", properties: { plan: { column: "x", typ: "string" } } }, "invalid_value"],
		[{ email: "email", properties: { plan: { column: "y", type: "string" } } }, "csv_unknown_column"],
		[{ email: "email", properties: { "a b": { column: "x", type: "string" } } }, "invalid_property_key"],
		[{ email: "email", properties: { seats: { column: "x", type: "string" } } }, "property_type_mismatch"],
	])("%j are refused", async (columns, reason) => {
		const audience = openAudience({ seats: "number" });
		const options = { file: "email,x\na@example.com,1\n", columns } as NewImport;
		await expect(audience.contacts.imports.create(options)).rejects.toMatchObject({ reason });
		expect(await audience.contacts.count()).toBe(0);
		expect((await audience.properties.list()).data.map(({ key }) => key)).toEqual(["seats"]);
	});
});

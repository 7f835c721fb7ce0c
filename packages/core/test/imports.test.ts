import { describe, expect, test } from "vitest";
import { createMemoryStorage } from "../src/index.ts";
import type { Audience, Storage } from "../src/index.ts";
import { openAudience } from "./support/open-audience.ts";

const issuesOf = async (audience: Audience, id: string) =>
	(await audience.contacts.imports.issues(id)).data.map(
		({ line, severity, reason }) => `${line} ${severity} ${reason}`,
	);

describe("importing contacts", () => {
	test("creates, merges and refuses row by row, and says which", async () => {
		const audience = openAudience({ plan: "string", seats: "number" });
		const { id: segmentId } = await audience.segments.create({ name: "Imported" });
		await audience.contacts.create({ email: "known@example.com", firstName: "Known" });
		const file = [
			"E-mail;Name;Plan;Places",
			"ada@example.com;Ada;pro;3",
			"KNOWN@example.com;;free;",
			"nonsense;X;;",
			"bob@example.com;Bob;pro;many",
			"ada@example.com;;team;",
		].join("\n");
		const columns = { email: "E-mail", firstName: "Name", properties: { plan: "Plan", seats: "Places" } };
		const report = await audience.contacts.imports.create(
			{ file, columns, segments: [{ id: segmentId }] },
			{ actor: "ops" },
		);
		expect(report).toMatchObject({
			status: "completed",
			failure: null,
			counts: { total: 5, created: 1, updated: 2, skipped: 0, failed: 2 },
		});
		expect(await issuesOf(audience, report.id)).toEqual(["4 error invalid_email", "5 error invalid_property_value"]);
		expect(await audience.contacts.get({ email: "ada@example.com" })).toMatchObject({
			firstName: "Ada",
			properties: { plan: "team", seats: 3 },
		});
		expect(await audience.contacts.get({ email: "known@example.com" })).toMatchObject({
			firstName: "Known",
			properties: { plan: "free" },
		});
		expect(await audience.contacts.count({ segmentId })).toBe(2);
		expect((await audience.events.since()).data.at(-1)).toMatchObject({ source: "import", actor: "ops" });
		expect(await audience.contacts.imports.get(report.id)).toEqual(report);
		expect((await audience.contacts.imports.list()).data).toEqual([report]);
	});

	test("opts out whom the file says, and nobody back in", async () => {
		const audience = openAudience();
		const news = await audience.topics.create({ name: "News" });
		await audience.contacts.create({ email: "out@example.com", unsubscribed: true });
		await audience.contacts.create({ email: "topic@example.com", topics: [{ id: news.id, subscription: "opt_out" }] });
		await audience.contacts.create({ email: "gone@example.com", unsubscribed: true });
		await audience.contacts.remove({ email: "gone@example.com" });
		const file =
			"email,unsubscribed\nout@example.com,false\ntopic@example.com,\ngone@example.com,no\nnew@example.com,yes\n";
		const topics = [{ id: news.id, subscription: "opt_in" as const }];
		const { id } = await audience.contacts.imports.create({ file, topics });
		expect(await issuesOf(audience, id)).toEqual([
			"2 warning opt_out_kept",
			"3 warning opt_out_kept",
			"4 warning opt_out_kept",
		]);
		for (const name of ["out", "gone", "new"]) {
			expect((await audience.contacts.get({ email: `${name}@example.com` })).unsubscribed).toBe(true);
		}
		const [topic] = await audience.contacts.topics.list({ email: "topic@example.com" });
		expect(topic?.subscription).toBe("opt_out");
	});

	test("leaves contacts that exist as they are when told so", async () => {
		const audience = openAudience();
		await audience.contacts.create({ email: "known@example.com", firstName: "Known" });
		const file = "email,first_name\nknown@example.com,Other\nnew@example.com,New\n";
		const { counts } = await audience.contacts.imports.create({ file, onConflict: "skip" });
		expect(counts).toEqual({ total: 2, created: 1, updated: 0, skipped: 1, failed: 0 });
		expect((await audience.contacts.get({ email: "known@example.com" })).firstName).toBe("Known");
	});

	test("refuses a row whose external id another contact has, and keeps the others", async () => {
		const audience = openAudience();
		await audience.contacts.create({ email: "a@example.com", externalId: "1" });
		const { id, counts } = await audience.contacts.imports.create({
			file: "email,externalId\nb@example.com,1\nc@example.com,2\n",
		});
		expect(counts).toMatchObject({ created: 1, failed: 1 });
		expect(await issuesOf(audience, id)).toEqual(["2 error external_id_taken"]);
	});

	test("takes a pasted list", async () => {
		const audience = openAudience();
		const list = 'ada@example.com, Bob Ross <bob@example.com>; "Curie, Marie" <marie@example.com>\nnonsense\n';
		const { id, counts } = await audience.contacts.imports.create({ list });
		expect(counts).toEqual({ total: 4, created: 3, updated: 0, skipped: 0, failed: 1 });
		expect(await issuesOf(audience, id)).toEqual(["2 error invalid_email"]);
		expect(await audience.contacts.get({ email: "marie@example.com" })).toMatchObject({
			firstName: "Marie",
			lastName: "Curie",
		});
	});

	test("reads a stream, tells its progress, and ends on request between two units", async () => {
		const audience = openAudience();
		const seen: number[] = [];
		async function* file() {
			yield "email\n";
			for (let index = 0; index < 1000; index += 1) yield `c${index}@example.com\n`;
		}
		const canceling: Promise<unknown>[] = [];
		const report = await audience.contacts.imports.create({
			file: file(),
			onProgress({ total }) {
				seen.push(total);
				if (total === 23)
					canceling.push(
						audience.contacts.imports.list().then(({ data }) => audience.contacts.imports.cancel(data[0]?.id ?? "")),
					);
			},
		});
		await Promise.all(canceling);
		expect(seen.slice(0, 2)).toEqual([10, 23]);
		expect(report.status).toBe("canceled");
		expect(await audience.contacts.count()).toBe(report.counts.total);
		expect(report.counts.total).toBeLessThan(1000);
		await expect(audience.contacts.imports.cancel(report.id)).rejects.toMatchObject({ code: "invalid_state" });
	});

	test("writes smaller units where they keep the process for long", async () => {
		let [time, looks] = [0, 0];
		// Two looks for each unit: the first six take no time.
		const monotonic = (): number => (time += (looks += 1) > 12 ? 20 : 0);
		const audience = openAudience({}, { monotonic });
		const totals: number[] = [0];
		const list = Array.from({ length: 1000 }, (_, index) => `c${index}@example.com`).join("\n");
		await audience.contacts.imports.create({ list, onProgress: ({ total }) => void totals.push(total) });
		const units = totals.slice(1).map((total, index) => total - (totals[index] ?? 0));
		expect(units.slice(0, 9)).toEqual([10, 13, 16, 20, 25, 31, 39, 10, 10]);
		expect(Math.min(...units.slice(0, -2))).toBe(10);
		expect(await audience.contacts.count()).toBe(1000);
	});

	test("lets the storage write units as work that can be taken up again, but for the last", async () => {
		const asked: unknown[] = [];
		const sound = createMemoryStorage();
		const storage: Storage = Object.assign(Object.create(sound) as Storage, {
			forTenant: (id: string) => {
				const tenant = sound.forTenant(id);
				const change = tenant.changeContacts.bind(tenant);
				return Object.assign(tenant, {
					changeContacts: (...args: Parameters<typeof change>) => {
						asked.push(args[2]);
						return change(...args);
					},
				});
			},
		});
		const list = Array.from({ length: 250 }, (_, index) => `c${index}@example.com`).join("\n");
		await openAudience({}, { storage }).contacts.imports.create({ list });
		expect(asked.length).toBeGreaterThan(2);
		expect(asked).toEqual(asked.map((_, index) => ({ resumable: index < asked.length - 1 })));
	});

	test("writes nothing when the file cannot be read at all", async () => {
		const audience = openAudience();
		const files: readonly [Parameters<typeof audience.contacts.imports.create>[0], string][] = [
			[{ file: "name\nAda\n" }, "csv_no_email_column"],
			[{ file: "email\n", columns: { email: "E-mail" } }, "csv_unknown_column"],
			[{ file: "" }, "csv_empty"],
			[{}, "source_ambiguous"],
			[{ file: "email\n", list: "a@example.com" }, "source_ambiguous"],
			[{ list: "a@example.com", segments: [{ id: "01900000-0000-7000-8000-00000000dead" }] }, "segment_not_found"],
		];
		for (const [options, reason] of files) {
			await expect(audience.contacts.imports.create(options)).rejects.toMatchObject({ reason });
		}
		expect((await audience.contacts.imports.list()).data).toEqual([]);
	});

	test("keeps the rows before a fault that ends the reading, and says so", async () => {
		const audience = openAudience();
		async function* file() {
			yield new TextEncoder().encode("email\na@example.com\nb@example.com\n");
			yield new Uint8Array([0xff, 0xfe, 0x41]);
		}
		const report = await audience.contacts.imports.create({ file: file() });
		expect(report).toMatchObject({ status: "failed", failure: "csv_encoding", counts: { created: 2, failed: 0 } });
	});

	test.each<readonly [name: string, file: string | Uint8Array, reason: string, line: number, created: number]>([
		["Latin-1", Buffer.from("email,name\na@example.com,A\nb@example.com,Zo\xeb\n", "latin1"), "csv_encoding", 3, 1],
		[
			"an unclosed quote",
			'email,name\na@example.com,A\n\nb@example.com,"B\nc@example.com,C\n',
			"csv_unclosed_quote",
			4,
			1,
		],
		["text behind a quote", 'email,name\na@example.com,"A"x\n', "csv_invalid_quote", 2, 0],
		["an endless cell", `email,name\na@example.com,${"x".repeat(1_100_000)}`, "csv_record_too_large", 2, 0],
	])("tells on which line a file cannot be read on: %s (H100, H103, H108)", async (_, file, reason, line, created) => {
		const { contacts } = openAudience();
		const report = await contacts.imports.create({ file });
		expect(report).toMatchObject({ status: "failed", failure: reason, counts: { total: created, created } });
		const { data } = await contacts.imports.issues(report.id);
		expect(data).toEqual([{ line, severity: "error", reason, field: null, message: expect.any(String) as string }]);
		const review = await contacts.imports.review({ file });
		expect(review).toMatchObject({ failure: reason, issues: data });
	});

	test("passes an external id on from one row to a later one", async () => {
		const { contacts } = openAudience();
		await contacts.create({ email: "first@example.com", externalId: "u1" });
		const file = "email,external_id\nfirst@example.com,u2\nsecond@example.com,u1\n";
		const columns = { email: "email", externalId: "external_id" };
		expect(await contacts.imports.create({ file, columns })).toMatchObject({ counts: { total: 2, failed: 0 } });
		expect(await contacts.get({ externalId: "u1" })).toMatchObject({ email: "second@example.com" });
	});

	describe("that is interrupted", () => {
		async function* rows(count: number): AsyncGenerator<string, void> {
			yield "email\n";
			for (let index = 0; index < count; index += 1) yield `c${index}@example.com\n`;
			throw new Error("The connection was lost.");
		}

		test("by its stream keeps the rows known to be whole and has failed", async () => {
			const audience = openAudience();
			await expect(audience.contacts.imports.create({ file: rows(2003) })).rejects.toThrow("The connection was lost.");
			const { data } = await audience.contacts.imports.list();
			expect(data).toMatchObject([
				{ status: "failed", failure: "interrupted", counts: { total: 2002, created: 2002 } },
			]);
			expect(data[0]?.completedAt).toBeInstanceOf(Date);
			expect(await audience.contacts.count()).toBe(2002);
		});

		test("by its `onProgress` keeps the rows before it and has failed", async () => {
			const audience = openAudience();
			const list = Array.from({ length: 500 }, (_, index) => `c${index}@example.com`).join("\n");
			const onProgress = () => {
				throw new Error("No more.");
			};
			await expect(audience.contacts.imports.create({ list, onProgress })).rejects.toThrow("No more.");
			const { data } = await audience.contacts.imports.list();
			expect(data).toMatchObject([{ status: "failed", failure: "interrupted", counts: { total: 11 } }]);
			expect(await audience.contacts.count()).toBe(11);
		});
	});

	test.each([{ columns: { email: "Email" } }, { encoding: "utf-8" as const }, { delimiter: ";" as const }])(
		"refuses %j for a list",
		async (options) => {
			const { contacts } = openAudience();
			const field = Object.keys(options)[0];
			await expect(contacts.imports.create({ list: "a@example.com", ...options })).rejects.toMatchObject({
				code: "invalid_input",
				reason: "option_not_for_list",
				field,
			});
			expect((await contacts.imports.list()).data).toEqual([]);
		},
	);
});

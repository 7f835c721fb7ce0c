import { createAudience } from "@convoke/core";
import { createPostgresStorage } from "@convoke/postgres";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createDatabase } from "postgres-for-tests";
import { expect, inject, test } from "vitest";
import { file, HASH_KEY, shell } from "./support/shell.ts";
import type { Shell } from "./support/shell.ts";

/** An empty Postgres database, and commands that are run on it. */
async function shellOnPostgres(): Promise<Shell & { readonly url: string }> {
	const database = await createDatabase(inject("postgresUrl"));
	return { ...shell({ CONVOKE_HASH_KEY: HASH_KEY, CONVOKE_DATABASE: database.url }), url: database.url };
}

const ROWS = Array.from(
	{ length: 450 },
	(_, index) => `p${index}@example.com,Name ${index},${index % 3 === 0 ? "pro" : ""}`,
);
const PEOPLE = `email,firstName,Plan\n${ROWS.join("\n")}\nnobody,X,\n`;
const MAP = ["--map", "email=email", "--map", "firstName=firstName", "--map", "properties.plan=Plan:string"];

test("every command works on Postgres", async () => {
	const made = await shellOnPostgres();
	const json = async (...args: readonly string[]): Promise<unknown> =>
		JSON.parse((await made.run(...args, "--json")).out);
	expect(await made.run("contacts")).toMatchObject({
		code: 1,
		err: "The database has no tables of Convoke yet. To make them: convoke migrate. (schema_missing)\n",
	});
	const migrated = await made.run("migrate");
	expect(migrated).toMatchObject({
		code: 0,
		out: expect.stringMatching(/^The tables in convoke_test_\S+ are up/) as string,
	});
	expect((await made.run("migrate", "--print")).out).toContain("uuid");
	const path = file(made, PEOPLE);
	const review = await json("import", path, ...MAP, "--dry-run");
	expect(review).toMatchObject({ counts: { total: 451, created: 450, failed: 1 }, newProperties: { plan: "string" } });
	const errors = join(made.folder, "errors.csv");
	expect(await made.run("import", path, ...MAP, "--errors", errors)).toMatchObject({ code: 3 });
	expect(readFileSync(errors, "utf8")).toContain("452,error,invalid_email,email,");

	const vip = (await json("segments", "create", "VIP")) as { id: string };
	const pro = ["--filter", '{"field":"properties.plan","op":"eq","value":"pro"}'];
	expect(await json("bulk", "add-to-segment", vip.id, ...pro)).toMatchObject({ matching: 150, changed: 150 });
	expect((await made.run("segments")).out).toMatch(/VIP +static +150 /);
	expect(await json("contacts", "count", "--search", "name 44")).toEqual({ count: 11 });
	expect(await json("contacts", "show", "p3@example.com")).toMatchObject({
		contact: { properties: { plan: "pro" } },
		segments: [{ name: "VIP" }],
	});
	const news = (await json("topics", "create", "News")) as { id: string };
	expect((await made.run("topics")).out).toContain(news.id);
	expect(
		await json("bulk", "remove", "--filter", '{"field":"email","op":"eq","value":"p3@example.com"}', "--yes"),
	).toMatchObject({ changed: 1 });

	const out = join(made.folder, "all.csv");
	expect(await json("export", "--raw", "--out", out)).toEqual({ out, exported: 449 });
	const again = await json("import", out);
	expect(again).toMatchObject({ import: { counts: { total: 449, created: 0, updated: 449, failed: 0 } } });
	expect((await made.run("export", "segments")).out).toContain(",VIP,");
	expect((await made.run("export", "topics", "--format", "jsonl")).out).toContain('"name":"News"');

	const audience = createAudience({
		storage: createPostgresStorage({ connectionString: made.url }),
		links: { baseUrl: "https://x.test", keys: "5tSUmgtNDBVq1GvuZTQ1ZSwQbPyB3pdAZe0rdxYw3vQ" },
		hashKey: HASH_KEY,
	});
	const { id } = await audience.broadcasts.create({ segmentId: vip.id, subject: "Hello", html: "<p>Hello</p>" });
	await audience.close();
	expect((await made.run("broadcasts")).out).toContain(id);
	expect(await json("plan", id)).toMatchObject({ candidates: 149, planned: 149 });
	expect(await json("explain", id, "p6@example.com")).toMatchObject({ outcome: "pending" });
	expect(await made.run("check", id, "--from", "news@example.com")).toMatchObject({ code: 0 });
	const page = join(made.folder, "page.html");
	const shown = await made.run("preview", id, "--contact", "p6@example.com", "--from", "a@x.test", "--out", page);
	expect(shown).toMatchObject({ code: 0, out: `Hello\n${page}\n` });
	expect((await made.run("export", "broadcasts")).out).toContain(id);
	expect(await made.run("segments", "remove", vip.id)).toMatchObject({ code: 0 });
});

test("no server, and no right to it, are told without the password", async () => {
	const made = shell();
	const url = new URL(inject("postgresUrl"));
	url.password = "wrong-secret";
	for (const place of [url.href, "postgres://user:wrong-secret@127.0.0.1:1/app"]) {
		const answer = await made.run("contacts", "--url", place);
		expect(answer).toMatchObject({ code: 1, out: "", err: expect.stringContaining("(store_unavailable)") as string });
		expect(answer.err).not.toContain("secret");
	}
});

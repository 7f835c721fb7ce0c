import { createAudience } from "@convoke/core";
import { createSqliteStorage } from "@convoke/sqlite";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { file, HASH_KEY, shell } from "./support/shell.ts";
import type { Shell } from "./support/shell.ts";

const KEY = "5tSUmgtNDBVq1GvuZTQ1ZSwQbPyB3pdAZe0rdxYw3vQ";
const PEOPLE = "email,firstName,Plan\nada@example.com,Ada,pro\nbob@example.com,Bob,\u001b[31mfree\nnobody,X,\n";
const MAP = ["--map", "email=email", "--map", "firstName=firstName", "--map", "properties.plan=Plan:string"];

async function filled(): Promise<Shell> {
	const made = shell();
	await made.run("migrate");
	await made.run("import", file(made, PEOPLE), ...MAP);
	return made;
}

describe("import", () => {
	test("reviews, imports, and writes what was refused", async () => {
		const made = shell();
		expect(await made.run("migrate")).toMatchObject({ code: 0, out: expect.stringContaining("up to date") as string });
		const path = file(made, PEOPLE);
		const review = await made.run("import", path, ...MAP, "--dry-run");
		expect(review).toMatchObject({ code: 3, err: expect.stringContaining("Nothing was written") as string });
		expect(review.out).toContain("line 4: error: `email` is not an e-mail address");
		expect((await made.run("contacts", "count")).out).toBe("0\n");
		const errors = join(made.folder, "errors.csv");
		const done = await made.run("import", path, ...MAP, "--errors", errors, "--actor", "ops");
		expect(done.code).toBe(3);
		expect(done.out).toMatch(/3 +2 +0 +0 +1/);
		expect(readFileSync(errors, "utf8")).toContain("4,error,invalid_email,email,");
		expect((await made.run("contacts", "count", "--search", "ada")).out).toBe("1\n");
	});

	test("takes what is piped in, and puts everyone in a segment", async () => {
		const made = await filled();
		const created = JSON.parse((await made.run("segments", "create", "Piped", "--json")).out) as { id: string };
		expect(await made.run("import", "-", "--segment", created.id)).toMatchObject({ code: 0 });
		expect((await made.run("contacts", "count", "--segment", created.id)).out).toBe("1\n");
		expect((await made.run("segments")).out).toMatch(/Piped +static +1 /);
	});

	test("says which columns it does not read, and on which line it cannot read on", async () => {
		const made = shell();
		await made.run("migrate");
		const path = file(made, "email,Shoe size,Plan\na@example.com,44,pro\n");
		expect((await made.run("import", path, "--dry-run")).out).toContain("Not read: Shoe size, Plan.");
		writeFileSync(path, Buffer.from("email,firstName\na@example.com,A\nb@example.com,Zo\xeb\n", "latin1"));
		const failed = await made.run("import", path);
		expect(failed).toMatchObject({
			code: 3,
			out: expect.stringContaining("Line 3 is not valid in the file") as string,
		});
		expect((await made.run("import", path, "--dry-run")).out).toContain("Line 3 is not valid in the file");
		expect(await made.run("import", path, "--encoding", "windows-1252")).toMatchObject({ code: 0 });
	});

	test("names the option behind what it refuses", async () => {
		const made = await filled();
		const path = file(made, PEOPLE);
		const refused = async (...args: readonly string[]) => (await made.run("import", path, ...args)).err;
		expect(await refused("--map", "email=Mail")).toContain("(csv_unknown_column, --map)");
		expect(await refused("--on-conflict", "merge")).toContain("(invalid_value, --on-conflict)");
		expect(await refused("--topic", "x=opt_in")).toContain("(invalid_id, --topic)");
		expect(await made.run("import", made.folder)).toMatchObject({
			code: 2,
			err: expect.stringContaining("is a folder") as string,
		});
	});

	test("goes on with an import that was interrupted", async () => {
		const made = await filled();
		const audience = createAudience({
			storage: createSqliteStorage({ filename: made.database }),
			links: { baseUrl: "https://x.test", keys: KEY },
			hashKey: HASH_KEY,
		});
		async function* broken(): AsyncGenerator<string> {
			yield "email\nc@example.com\nd@example.com\n";
			throw new Error("gone");
		}
		await expect(audience.contacts.imports.create({ file: broken() })).rejects.toThrow("gone");
		await audience.close();
		const path = file(made, "email\nc@example.com\nd@example.com\ne@example.com\n");
		const resumed = await made.run("import", path, "--resume", "last", "--json");
		expect(resumed.code).toBe(0);
		expect(JSON.parse(resumed.out)).toMatchObject({
			import: { status: "completed", counts: { total: 3, created: 3 } },
		});
	});

	test("shows a bar on a terminal", async () => {
		const made = shell({ CONVOKE_HASH_KEY: HASH_KEY }, 100);
		await made.run("migrate");
		const rows = Array.from({ length: 500 }, (_, index) => `p${index}@example.com\n`).join("");
		const { err } = await made.run("import", file(made, `email\n${rows}`));
		expect(err).toMatch(/█+░* +\d+ % {2}[\d,]+ rows/);
		expect(err.endsWith("\r\u001b[K")).toBe(true);
	});
});

describe("export", () => {
	test("writes what an import restores", async () => {
		const made = await filled();
		const out = join(made.folder, "all.csv");
		expect(await made.run("export", "--out", out, "--raw")).toMatchObject({ code: 0 });
		const other = shell();
		await other.run("migrate");
		expect(await other.run("import", out, "--map", "email=email", "--map", "firstName=firstName")).toMatchObject({
			code: 0,
		});
		expect((await other.run("export", "--columns", "email")).out).toBe("email\nada@example.com\nbob@example.com\n");
		expect((await made.run("export", "--columns", "email,properties.plan", "--format", "jsonl")).out).toBe(
			'{"email":"bob@example.com","properties.plan":"\\u001b[31mfree"}\n{"email":"ada@example.com","properties.plan":"pro"}\n',
		);
	});

	test("writes topics, segments, broadcasts, and what was wrong with an import", async () => {
		const made = await filled();
		await made.run("topics", "create", "News", "--opt-in");
		expect((await made.run("export", "topics")).out).toContain(",News,,opt_out,public,");
		for (const kind of ["segments", "broadcasts"]) expect((await made.run("export", kind)).code).toBe(0);
		expect(await made.run("export", "shoes")).toMatchObject({ code: 2 });
		expect(await made.run("export", "recipients")).toMatchObject({ code: 2 });
	});

	test("counts what it has written, and leaves a file alone when there is nothing to write", async () => {
		const made = await filled();
		await made.run("topics", "create", "News");
		const out = join(made.folder, "out.csv");
		expect(await made.run("export", "--out", out)).toMatchObject({ code: 0, out: `Wrote 2 rows to ${out}.\n` });
		const topics = await made.run("export", "topics", "--out", out, "--json");
		expect(JSON.parse(topics.out)).toEqual({ out, exported: 1 });
		const written = readFileSync(out, "utf8");
		const unknown = "01900000-0000-7000-8000-00000000dead";
		expect(await made.run("export", "recipients", unknown, "--out", out)).toMatchObject({ code: 2 });
		expect(await made.run("export", "--columns", "shoe", "--out", out)).toMatchObject({ code: 2 });
		expect(readFileSync(out, "utf8")).toBe(written);
	});
});

describe("a broadcast", () => {
	test("is planned, explained, checked and shown", async () => {
		const made = await filled();
		const audience = createAudience({
			storage: createSqliteStorage({ filename: made.database }),
			links: { baseUrl: "https://x.test", keys: KEY },
			hashKey: HASH_KEY,
		});
		await audience.contacts.update({ email: "bob@example.com" }, { unsubscribed: true });
		const { id } = await audience.broadcasts.create({
			everyone: true,
			subject: "Hello {{{contact.first_name|there}}}",
			html: "<p>Hello</p>",
		});
		await audience.close();
		expect((await made.run("broadcasts")).out).toContain(id);
		expect((await made.run("plan", id)).out).toMatch(/in the target +2\n +unsubscribed +- 1\nget it +1\n/);
		expect(JSON.parse((await made.run("plan", id, "--json")).out)).toMatchObject({ planned: 1, frozen: false });
		expect((await made.run("explain", id, "bob@example.com")).out).toContain("excluded (unsubscribed)");
		expect(await made.run("check", id)).toMatchObject({ code: 3, out: expect.stringContaining("error: ") as string });
		expect(await made.run("check", id, "--from", "news@example.com")).toMatchObject({ code: 0 });
		const out = join(made.folder, "page.html");
		const shown = await made.run("preview", id, "--contact", "ada@example.com", "--from", "a@x.test", "--out", out);
		expect(shown).toMatchObject({ code: 0, out: `Hello Ada\n${out}\n` });
		expect(readFileSync(out, "utf8")).toContain("Hello Ada");
	});
});

describe("contacts", () => {
	test("are listed, shown, and nothing in them steers the terminal", async () => {
		const made = await filled();
		const list = await made.run("contacts");
		expect(list.out).toContain("ada@example.com");
		const shown = await made.run("contacts", "show", "ada@example.com");
		expect(shown.out).toMatch(/properties.plan +pro/);
		const bob = await made.run("contacts", "show", "bob@example.com");
		expect(bob.out).toContain("\ufffd[31mfree");
		expect(bob.out).not.toContain("\u001b");
		expect(shown.out).toContain("contact.created");
		expect(JSON.parse((await made.run("contacts", "--json", "--limit", "1")).out)).toMatchObject({ hasMore: true });
	});

	test("fit into a narrow terminal, ids whole", async () => {
		const { folder } = await filled();
		const narrow = shell({ CONVOKE_DATABASE: join(folder, "audience.db") }, 90);
		const { out } = await narrow.run("contacts");
		for (const line of out.trimEnd().split("\n")) expect(line.length).toBeLessThanOrEqual(90);
		expect(out).toMatch(/[0-9a-f-]{36}\n/);
		const narrower = shell({ CONVOKE_DATABASE: join(folder, "audience.db") }, 60);
		const listed = (await narrower.run("contacts")).out;
		for (const line of listed.trimEnd().split("\n")) expect(line.length).toBeLessThanOrEqual(60);
		expect(listed).toMatch(/^address +bob@example.com\nname +Bob\nstate +subscribed\n/);
		for (const command of [["--help"], ["import", "--help"], ["bulk", "--help"]]) {
			const help = (await narrower.run(...command)).out.split("\n").filter((line) => !line.startsWith("  convoke "));
			// But for words that are longer.
			for (const line of help.filter((each) => each.trim().includes(" "))) expect(line.length).toBeLessThanOrEqual(60);
		}
	});
});

describe("bulk", () => {
	test("counts who is meant, and changes them", async () => {
		const made = await filled();
		const json = async (...args: readonly string[]): Promise<unknown> =>
			JSON.parse((await made.run(...args, "--json")).out);
		const { id } = (await json("segments", "create", "VIP")) as { id: string };
		const topic = (await json("topics", "create", "News")) as { id: string };
		const pro = ["--filter", '{"field":"properties.plan","op":"eq","value":"pro"}'];
		const dry = await made.run("bulk", "add-to-segment", id, ...pro, "--dry-run");
		expect(dry).toMatchObject({ code: 0, out: "1 contacts into the segment VIP.\n", err: "Nothing was changed.\n" });
		expect(await json("contacts", "count", "--segment", id)).toEqual({ count: 0 });
		const done = { matching: 1, matched: 1, changed: 1, optOutsKept: 0, isComplete: true };
		expect(await json("bulk", "add-to-segment", id, ...pro)).toEqual(done);
		expect(await json("contacts", "count", "--segment", id)).toEqual({ count: 1 });
		expect(await json("bulk", "subscribe", topic.id, "opt_out", "--segment", id)).toEqual(done);
		const everyone = await json("bulk", "subscribe", topic.id, "opt_in", "--everyone");
		expect(everyone).toEqual({ ...done, matching: 2, matched: 2, changed: 1, optOutsKept: 1 });
		expect((await made.run("bulk", "remove-from-segment", id, "--everyone")).out).toMatch(/2 +1 +0\n$/);
		expect(await made.run("bulk", "remove", "--everyone")).toMatchObject({ code: 2 });
		expect(await json("bulk", "remove", "--everyone", "--dry-run")).toEqual({ matching: 2, changed: 0 });
		expect(await json("bulk", "remove", ...pro, "--yes")).toEqual(done);
		expect(await json("contacts", "count")).toEqual({ count: 1 });
	});
});

describe("keys and tables", () => {
	test("are made and printed", async () => {
		const made = shell();
		expect((await made.run("keys", "new")).out).toMatch(/^[\w-]{43}\n$/);
		expect((await made.run("migrate", "--print")).out).toContain("create table convoke_contacts");
		const postgres = await made.run("migrate", "--print", "--url", "postgres://u:secret@localhost/app");
		expect(postgres.out).toContain("uuid");
		expect(postgres.out).not.toContain("secret");
	});
});

describe("a wrong command line", () => {
	test.each([
		[[], 2],
		[["--help"], 0],
		[["import", "--help"], 0],
		[["fly"], 2],
		[["contacts", "--shoe"], 2],
		[["contacts", "dance"], 2],
		[["contacts", "--filter", "{"], 2],
		[["contacts", "--filter", '{"field":"shoe","op":"eq","value":1}'], 2],
		[["contacts", "--limit", "1000"], 2],
		[["contacts", "show", "nobody@example.com"], 2],
		[["contacts", "show"], 2],
		[["import", "/nowhere.csv"], 2],
		[["plan", "x"], 2],
		[["migrate", "now"], 2],
		[["keys"], 2],
		[["bulk", "--everyone"], 2],
		[["bulk", "dance", "--everyone"], 2],
		[["bulk", "remove", "--yes"], 2],
		[["bulk", "remove", "--yes", "--everyone", "--segment", "x"], 2],
		[["bulk", "add-to-segment", "01900000-0000-7000-8000-00000000dead", "--everyone"], 2],
		[["contacts", "-d", "mysql://localhost/app"], 2],
	])("%j ends with %i, and says why", async (args, code) => {
		const made = await filled();
		const answer = await made.run(...args);
		expect(answer.code).toBe(code);
		expect(answer.out + answer.err).not.toBe("");
		if (args.length > 0 && code === 2) expect(answer.out).toBe("");
	});

	test("is told as JSON to programs", async () => {
		const made = await filled();
		const answer = await made.run("contacts", "--json", "--filter", '{"field":"shoe","op":"eq","value":1}');
		expect(answer).toMatchObject({ code: 2, err: "" });
		expect(JSON.parse(answer.out)).toMatchObject({ error: { code: "invalid_input", reason: "unknown_field" } });
	});

	test("without a database, or without the key that opt-outs are remembered by", async () => {
		const bare = shell({ CONVOKE_DATABASE: "" });
		expect(await bare.run("contacts")).toMatchObject({ code: 2, err: expect.stringContaining("--database") as string });
		const keyless = shell({});
		await keyless.run("migrate");
		expect(await keyless.run("import", file(keyless, PEOPLE))).toMatchObject({
			code: 2,
			err: expect.stringContaining("CONVOKE_HASH_KEY") as string,
		});
		expect(await keyless.run("contacts", "-d", join(keyless.folder, "other.db"))).toMatchObject({ code: 1 });
	});
});

test("the command itself starts, pipes and tells its exit code", { timeout: 60_000 }, async () => {
	const made = await filled();
	const bin = join(import.meta.dirname, "..", "src", "bin.ts");
	const ran = (...args: readonly string[]) =>
		spawnSync(process.execPath, ["--conditions=@convoke/source", bin, ...args], {
			encoding: "utf8",
			env: { ...process.env, CONVOKE_DATABASE: made.database },
		});
	expect(ran("contacts", "count")).toMatchObject({ status: 0, stdout: "2\n" });
	expect(ran("fly").status).toBe(2);
	// Whoever reads the results may close the pipe before they are through.
	const rows = Array.from({ length: 20_000 }, (_, index) => `p${index}@example.com,Somebody ${index}\n`).join("");
	await made.run("import", file(made, `email,firstName\n${rows}`));
	const cut = spawnSync(
		"sh",
		["-c", '"$0" --conditions=@convoke/source "$1" export | head -1', process.execPath, bin],
		{
			encoding: "utf8",
			env: { ...process.env, CONVOKE_DATABASE: made.database },
		},
	);
	expect(cut).toMatchObject({ stderr: "", stdout: expect.stringMatching(/^id,email,/) as string });
});

test("the commands of the guide do what it says", async () => {
	const made = shell();
	const guide = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "cli.md"), "utf8");
	const [block = ""] = guide.match(/(?<=^```sh\n)[^`]+/m) ?? [];
	const commands = block.split("\n").filter((line) => line.startsWith("convoke "));
	expect(commands.length).toBeGreaterThan(5);
	file(made, "email,firstName,plan\nada@example.com,Ada Lovelace,pro\n");
	const inFolder = (argument: string): string => (argument.endsWith(".csv") ? join(made.folder, argument) : argument);
	await made.run("migrate");
	await made.run("import", inFolder("people.csv"), "--map", "email=email", "--map", "properties.plan=plan:string");
	for (const command of commands) {
		const args = [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
			([, single, double, plain]) => single ?? double ?? plain ?? "",
		);
		expect(await made.run(...args.slice(1).map(inFolder)), command).toMatchObject({ code: 0 });
	}
});

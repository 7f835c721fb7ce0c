import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import PostalMime from "postal-mime";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { startMailServer } from "./support/mail-server.ts";

const root = join(import.meta.dirname, "..");
// Inside the workspace, so that the programs find the packages.
const workplace = join(root, ".artifacts", "readme");
const GUIDES = readdirSync(join(root, "docs"))
	.filter((name) => name.endsWith(".md"))
	.map((name) => `docs/${name}`);
const DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", ...GUIDES];

const read = (file: string): string => readFileSync(join(root, file), "utf8");

function blocks(document: string, language: string): readonly string[] {
	return [...read(document).matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, name, text = ""]) =>
		name === language ? [text] : [],
	);
}

// Where the programs run, each without the files of the one before.
beforeEach(() => {
	rmSync(workplace, { recursive: true, force: true });
	mkdirSync(workplace, { recursive: true });
});

function workFile(name: string, text: string): string {
	const file = join(workplace, name);
	writeFileSync(file, text);
	return file;
}

function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
	const { FORCE_COLOR: _, ...inherited } = process.env;
	return new Promise((resolve, reject) => {
		execFile(process.execPath, args, { cwd: workplace, env: { ...inherited, ...env } }, (error, stdout, stderr) => {
			if (error === null) resolve(stdout);
			else reject(new Error(`${stdout}${stderr}`, { cause: error }));
		});
	});
}

test("the README's program does what the README says", async () => {
	const server = await startMailServer();
	onTestFinished(() => server.close());
	const [program = ""] = blocks("README.md", "ts");
	const [printed] = blocks("README.md", "text");
	const key = (): string => randomBytes(32).toString("base64url");
	const env = { SMTP_URL: server.url, CONVOKE_LINK_KEYS: key(), CONVOKE_HASH_KEY: key() };

	const stdout = await run(["--conditions=@convoke/source", workFile("program.ts", program)], env);

	expect(stdout).toBe(printed);
	expect(server.deliveries.map(({ to }) => to)).toEqual([["ada@example.com"]]);
	const message = await PostalMime.parse(server.deliveries[0]?.raw ?? "");
	const header = message.headers.find((each) => each.key === "list-unsubscribe")?.value;
	const link = /^<(https:\/\/example\.com\/mail\/u\/[\w-]{88})>$/.exec(header ?? "")?.[1] ?? "no link";
	expect(message.subject).toBe("Hello Ada");
	expect(message.html).toContain("<p>Hello Ada, here is what is new.</p>");
	expect(message.html).toContain(`href="${link}"`);
	expect(message.text).toContain("Hello Ada, here is what is new.");
	expect(message.text).toContain(link);
}, 60_000);

// The guide to the command has none; packages/cli runs its commands.
test.each(["README.md", ...GUIDES.filter((guide) => blocks(guide, "ts").length > 0)])(
	"%s: its blocks go on from its first, in strict TypeScript",
	async (document) => {
		const [program = "", ...fragments] = blocks(document, "ts");
		expect(fragments.length).toBeGreaterThan(0);
		const imports = fragments.flatMap((fragment) => fragment.match(/^import .*$/gm) ?? []);
		const bodies = fragments.map((fragment) => `{\n${fragment.replace(/^import .*$/gm, "")}}\n`);
		workFile("all.ts", [...new Set(imports), program, ...bodies].join("\n"));
		const config = workFile(
			"tsconfig.json",
			JSON.stringify({
				extends: "../../tsconfig.base.json",
				// A fragment shows calls whose answers nothing there reads.
				compilerOptions: { noUnusedLocals: false },
				files: ["all.ts"],
			}),
		);
		const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
		expect(await run([tsc, "-p", config], {})).toBe("");
	},
	60_000,
);

test("the README's import reports its bad row", async () => {
	const [program = "", fragment = ""] = blocks("README.md", "ts");
	const [setUp = ""] = program.split("const news");
	const stdout = await run(
		["--conditions=@convoke/source", workFile("import.ts", `${setUp}${fragment}`)],
		Object.fromEntries(
			["CONVOKE_LINK_KEYS", "CONVOKE_HASH_KEY"].map((name) => [name, randomBytes(32).toString("base64url")]),
		),
	);
	expect(stdout).toContain("created: 1");
	expect(stdout).toContain("failed: 1");
	expect(stdout).toContain("line: 3");
	expect(stdout).not.toContain("bob at");
}, 60_000);

test("the README gives its two commands as they are typed", () => {
	const commands = blocks("README.md", "sh").join("\n");
	expect(commands).toContain("npx --yes pnpm@12 demo");
	expect(commands).toContain("npx --yes pnpm@12 test");
});

test.each(DOCUMENTS)("%s names only commands that exist", (document) => {
	const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Readonly<Record<string, string>> };
	const known = new Set([...Object.keys(scripts), "install"]);
	const named = [...read(document).matchAll(/pnpm@12 ([a-z]+)/g)].map(([, name = ""]) => name);
	expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test.each(DOCUMENTS)("%s links only to what is there", (document) => {
	const targets = [...read(document).matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, target = ""]) => target);
	expect(targets.filter((target) => !existsSync(join(root, dirname(document), target)))).toEqual([]);
});

test.each(DOCUMENTS)("%s promises nothing that a library cannot keep", (document) => {
	expect(read(document).match(/complian\w+|guarante\w+|exactly once/gi)).toBeNull();
});

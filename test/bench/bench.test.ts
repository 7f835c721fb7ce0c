import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

// The command as `pnpm bench` runs it. What it measures is no matter for a test: only what it says.

const MAIN = join(import.meta.dirname, "main.ts");

function bench(...args: readonly string[]) {
	const { status, stdout, stderr } = spawnSync(process.execPath, ["--conditions=@convoke/source", MAIN, ...args], {
		encoding: "utf8",
	});
	return { status, stdout, stderr };
}

function figures(stdout: string): unknown[] {
	return stdout
		.trimEnd()
		.split("\n")
		.map((line): unknown => JSON.parse(line));
}

const number: unknown = expect.any(Number);

function compared(name: string, unit: string, n: number, storage = "memory") {
	return { bench: name, storage, n, value: number, unit, limit: number, ratio: number };
}

function alone(name: string, unit: string, n: number, storage = "memory") {
	return { bench: name, storage, n, value: number, unit, limit: null, ratio: null };
}

function planFigures(n: number): readonly unknown[] {
	return [
		compared("plan_dry", "ms", n),
		alone("plan_dry_worst_stretch", "ms", n),
		compared("plan_frozen", "ms", n),
		alone("plan_frozen_worst_stretch", "ms", n),
		alone("plan_peak_rss", "MB", n),
	];
}

function sendFigures(n: number, concurrency: number): readonly unknown[] {
	return [
		{ ...compared("send", "messages/s", n), concurrency },
		{ ...alone("send_worst_stretch", "ms", n), concurrency },
		{ ...alone("send_peak_rss", "MB", n), concurrency },
	];
}

function smtpFigures(n: number, concurrency: number): readonly unknown[] {
	return [
		{ ...compared("smtp_0ms", "messages/s", n), concurrency },
		{ ...alone("smtp_0ms_worst_stretch", "ms", n), concurrency },
		{ ...compared("smtp_20ms", "messages/s", n), concurrency },
		{ ...alone("smtp_20ms_worst_stretch", "ms", n), concurrency },
		{ ...alone("smtp_peak_rss", "MB", n), concurrency },
	];
}

/** The figures of a bench with one comparison. */
function simpleFigures(name: string, unit: string, n: number, storage: string): readonly unknown[] {
	return [
		compared(name, unit, n, storage),
		alone(`${name}_worst_stretch`, "ms", n, storage),
		alone(`${name}_peak_rss`, "MB", n, storage),
	];
}

function renderFigures(n: number): readonly unknown[] {
	return [compared("render", "messages/s", n, "memory"), compared("render_heap_growth", "MB", n, "memory")];
}

test("plan says how long plans take, dry and frozen", { timeout: 60_000 }, () => {
	const { status, stdout, stderr } = bench("plan", "--n", "300", "--runs", "2");
	expect({ status, figures: figures(stdout) }, stderr).toEqual({ status: 0, figures: planFigures(300) });
	expect(stderr).toContain("run 2 of 2");
});

test("send says how many messages leave in a second", { timeout: 60_000 }, () => {
	const { status, stdout, stderr } = bench("--", "send", "--n=200", "--runs=1", "--concurrency=7");
	expect({ status, figures: figures(stdout) }, stderr).toEqual({ status: 0, figures: sendFigures(200, 7) });
});

const ON_DATABASES = [
	["plan", 5],
	["send", 3],
	["smtp", 5],
	["hang", 3],
	["insert", 3],
	["upsert", 3],
	["import", 3],
	["page", 3],
	["count", 3],
	["search", 21],
] as const;

describe.each(["sqlite", "postgres"])("on %s", (storage) => {
	test.each(ON_DATABASES)("%s runs", { timeout: 60_000 }, (name, lines) => {
		const { status, stdout, stderr } = bench(name, "--n", "300", "--runs", "1", "--storage", storage);
		expect({ status, lines: figures(stdout).length }, stderr).toEqual({ status: 0, lines });
	});
});

test("render says how many messages are made in a second, and what templates leave behind", { timeout: 60_000 }, () => {
	const { status, stdout, stderr } = bench("render", "--n", "100", "--runs", "2");
	expect({ status, figures: figures(stdout) }, stderr).toEqual({ status: 0, figures: renderFigures(100) });
	expect(stderr).toContain("KB of HTML");
});

test("without name every bench runs, and --json keeps quiet beside the lines", { timeout: 60_000 }, () => {
	const { status, stdout, stderr } = bench("--n", "300", "--runs", "1", "--storage", "memory", "--json");
	const all = figures(stdout);
	const searched = all.splice(-21);
	expect({ status, stderr, figures: all }).toEqual({
		status: 0,
		stderr: "",
		figures: [
			...planFigures(300),
			...renderFigures(300),
			...sendFigures(300, 32),
			...smtpFigures(300, 32),
			...[32, 128, 512].map((concurrency) => ({ ...compared("hang", "messages/s", 300), concurrency })),
			...simpleFigures("insert", "contacts/s", 300, "memory"),
			...simpleFigures("upsert", "contacts/s", 300, "memory"),
			compared("import", "rows/s", 300),
			alone("import_worst_stretch", "ms", 300),
			compared("import_peak_rss", "MB", 300),
			...simpleFigures("page", "ms", 300, "memory"),
			...simpleFigures("count", "ms", 300, "memory"),
		],
	});
	expect(searched).toHaveLength(21);
});

test("--help shows every bench and examples", { timeout: 60_000 }, () => {
	const { status, stdout } = bench("--help");
	expect(status).toBe(0);
	for (const part of ["pnpm bench plan", "plan_dry", "plan_frozen", "send  ", "ratio", "--concurrency"]) {
		expect(stdout).toContain(part);
	}
});

test.each([
	[
		["fly"],
		"There is no bench `fly`, only plan, render, send, smtp, hang, insert, upsert, import, page, count, search.",
	],
	[["plan", "send"], "Name one bench, not 2."],
	[["plan", "--storage", "paper"], "`plan` has no storage `paper`, only memory, sqlite, postgres."],
	[["plan", "--n", "0"], "--n takes a whole number from 1 to 10000000, not `0`."],
	[["plan", "--runs", "2.5"], "--runs takes a whole number from 1 to 1000, not `2.5`."],
	[["plan", "--fast"], "Unknown option '--fast'"],
])("%j is refused", { timeout: 60_000 }, (args, message) => {
	const { status, stdout, stderr } = bench(...args);
	expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
	expect(stderr).toContain(message);
	expect(stderr).toContain("See pnpm bench --help.");
});

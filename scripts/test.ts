import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

// Runs vitest and closes with one line that people and CI can read: `N passed, N failed`.

interface Report {
	readonly numPassedTests: number;
	readonly numFailedTests: number;
	readonly numPendingTests: number;
	readonly numTodoTests: number;
	readonly success: boolean;
	readonly testResults: readonly {
		readonly status: string;
		readonly assertionResults: readonly { readonly status: string }[];
	}[];
}

const root = join(import.meta.dirname, "..");
const report = join(root, ".artifacts", "vitest.json");
mkdirSync(join(root, ".artifacts"), { recursive: true });
rmSync(report, { force: true });

// pnpm hands on the `--` of `pnpm test -- some/file`.
const given = process.argv.slice(2);
const args = given[0] === "--" ? given.slice(1) : given;

const run = spawnSync(
	process.execPath,
	[
		join(root, "node_modules", "vitest", "vitest.mjs"),
		"run",
		"--reporter=default",
		"--reporter=json",
		`--outputFile.json=${report}`,
		...args,
	],
	{ cwd: root, stdio: ["ignore", "inherit", "inherit"] },
);

let passed = 0;
let failed = 0;
let skipped = 0;
if (existsSync(report)) {
	const found = JSON.parse(readFileSync(report, "utf8")) as Report;
	passed = found.numPassedTests;
	failed = found.numFailedTests;
	skipped = found.numPendingTests + found.numTodoTests;
	// A file that failed without a failed test did not load, or broke in a hook.
	failed += found.testResults.filter(
		(file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
	).length;
}
// vitest also fails for what belongs to no test, such as an unhandled rejection.
if (run.status !== 0 && failed === 0) failed = 1;

const ok = run.status === 0 && failed === 0 && passed > 0;
process.exitCode = ok ? 0 : 1;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

// Packs every published package and checks the tarballs, which are what users get.

interface Manifest {
	readonly private?: boolean;
}

const root = join(import.meta.dirname, "..");
const tarballs = join(root, ".artifacts", "packages");
rmSync(tarballs, { recursive: true, force: true });
mkdirSync(tarballs, { recursive: true });

function run(command: string, args: readonly string[], cwd: string = root): void {
	const { status, error, stdout, stderr } = spawnSync(command, args, {
		cwd,
		encoding: "utf8",
		stdio: ["ignore", "pipe", "pipe"],
		// On Windows the commands are .cmd files.
		shell: process.platform === "win32",
	});
	if (status === 0) return;
	console.error(`${command} ${args.join(" ")}\n${stdout}${stderr}${error?.message ?? ""}`);
	process.exit(1);
}

for (const folder of readdirSync(join(root, "packages")).toSorted()) {
	const home = join(root, "packages", folder);
	if (!existsSync(join(home, "package.json"))) continue;
	const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as Manifest;
	if (manifest.private === true) continue;
	const tarball = join(tarballs, `${folder}.tgz`);
	run("pnpm", ["pack", "--out", tarball], home);
	run("publint", ["run", tarball, "--strict"]);
	run("attw", [tarball, "--profile", "esm-only", "--no-emoji", "--no-color"]);
	console.log(`${folder}: packed, publint and attw found nothing`);
}

import { readFileSync } from "node:fs";
import { defineConfig } from "tsup";

const SOURCE = "@convoke/source";

interface Manifest {
	readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

// One config for every package: its entries are the sources that its exports name.
// tsup runs in the folder of the package it builds.
const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const entries = Object.values(manifest.exports ?? {}).flatMap((conditions) => conditions[SOURCE] ?? []);

export default defineConfig({
	entry: Object.fromEntries(entries.map((source) => [source.replace(/^\.\/src\//, "").replace(/\.ts$/, ""), source])),
	format: "esm",
	target: "node22",
	platform: "node",
	sourcemap: true,
	clean: true,
	// Declarations come from tsc, which runs next.
	dts: false,
	silent: true,
});

import { readdirSync } from "node:fs";
import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

// Tests read the sources of sister packages, so that nothing needs to be built first.
const conditions = ["@convoke/source", ...defaultServerConditions];

const packages = readdirSync(new URL("packages", import.meta.url), { withFileTypes: true })
	.filter((entry) => entry.isDirectory())
	.map((entry) => entry.name);

/** Starts a server for those that need one; it takes half a second. */
const POSTGRES = "./tools/postgres-for-tests/vitest-setup.ts";

export default defineConfig({
	resolve: { conditions },
	ssr: { resolve: { conditions } },
	test: {
		// No test measures time, and machines are shared.
		testTimeout: 30_000,
		coverage: {
			provider: "v8",
			include: ["packages/*/src/**/*.ts"],
			reportsDirectory: "coverage",
		},
		projects: [
			...packages.map((name) => ({
				extends: true as const,
				test: {
					name,
					include: [`packages/${name}/test/**/*.test.ts`],
					globalSetup: ["postgres", "cli"].includes(name) ? [POSTGRES] : [],
				},
			})),
			{ extends: true, test: { name: "examples", include: ["examples/*/**/*.test.ts"], globalSetup: [POSTGRES] } },
			{ extends: true, test: { name: "journeys", include: ["test/**/*.test.ts"], globalSetup: [POSTGRES] } },
		],
	},
});

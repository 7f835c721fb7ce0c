import type { TestProject } from "vitest/node";
import { startPostgres } from "./server.ts";

declare module "vitest" {
	interface ProvidedContext {
		/** The maintenance database of a Postgres server, as a superuser. */
		postgresUrl: string;
	}
}

/** Starts a Postgres for the tests of a project. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
	const server = await startPostgres();
	project.provide("postgresUrl", server.url);
	return () => server.stop();
}

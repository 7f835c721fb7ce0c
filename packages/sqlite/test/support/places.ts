import type { Audience, Storage } from "@convoke/core";
import { createTestAudience } from "@convoke/testing";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder of one test's own, which goes with it. */
export function newFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "convoke-sqlite-"));
	onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** The name of a file that does not exist. */
export function newFile(): string {
	return join(newFolder(), "audience.db");
}

/** An audience on a storage, which closes with the test. */
export function audienceOn(storage: Storage): Audience {
	onTestFinished(() => storage.close());
	return createTestAudience().audience.using(storage);
}

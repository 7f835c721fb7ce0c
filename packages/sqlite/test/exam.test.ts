import { storageExam } from "@convoke/core/exam";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, test } from "vitest";
import { createSqliteStorage } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "convoke-exam-"));
let files = 0;

afterAll(() => rmSync(folder, { recursive: true }));

describe.each([
	["in a file", () => join(folder, `${(files += 1)}.db`)],
	["in memory", () => ":memory:"],
])("the storage exam, on SQLite %s", (_, nextName) => {
	test.each(storageExam)("$name", async (one) => {
		const storage = createSqliteStorage({ filename: nextName() });
		await storage.migrate();
		try {
			await one.run(storage);
		} finally {
			await storage.close();
		}
	});
});

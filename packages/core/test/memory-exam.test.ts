import { describe, expect, test } from "vitest";
import { storageExam } from "../src/exam/index.ts";
import { createMemoryStorage } from "../src/memory/memory-storage.ts";

describe("the storage exam, in memory", () => {
	test.each(storageExam)("$name", async (one) => {
		const storage = createMemoryStorage();
		await storage.migrate();
		await one.run(storage);
	});

	test("asks every question once", () => {
		const names = storageExam.map(({ name }) => name);
		expect(new Set(names).size).toBe(names.length);
	});
});

import { storageExam } from "@convoke/core/exam";
import { createDatabase } from "postgres-for-tests";
import type { TestDatabase } from "postgres-for-tests";
import { afterAll, beforeAll, describe, inject, test } from "vitest";
import { createPostgresStorage } from "../src/index.ts";

describe.each([
	["a database of the C locale", {}],
	["a database of an ICU locale", { icu: "en-US" }],
])("the storage exam, in %s", (_, options) => {
	let database: TestDatabase;
	beforeAll(async () => {
		database = await createDatabase(inject("postgresUrl"), options);
		await createPostgresStorage({ pool: database.pool }).migrate();
	});
	afterAll(() => database.drop());

	test.each(storageExam)("$name", async (one) => {
		await database.empty();
		await one.run(createPostgresStorage({ pool: database.pool }));
	});
});

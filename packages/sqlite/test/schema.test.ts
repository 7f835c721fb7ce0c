import SqliteDatabase from "better-sqlite3";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createSqliteStorage, schemaSql } from "../src/index.ts";
import { audienceOn, newFile } from "./support/places.ts";

// UPDATE_SCHEMA=1 npx --yes pnpm@12 test packages/sqlite/test/schema
const GOLDEN = join(import.meta.dirname, "golden", "schema.sql");

function dumpSchema(filename: string): string {
	const database = new SqliteDatabase(filename, { readonly: true });
	const statements = database
		.prepare<[], string>("select sql from sqlite_schema where sql is not null order by type desc, name")
		.pluck()
		.all();
	database.close();
	return `${statements.join(";\n\n")};\n`;
}

test("a migrated file has the schema that was agreed on", async () => {
	const filename = newFile();
	await audienceOn(createSqliteStorage({ filename })).migrate();
	const dump = dumpSchema(filename);
	if (process.env["UPDATE_SCHEMA"] !== undefined) writeFileSync(GOLDEN, dump);
	expect(dump).toBe(readFileSync(GOLDEN, "utf8"));
});

test("the printed SQL makes the same schema by hand, and a migration has nothing to add", async () => {
	const filename = newFile();
	const database = new SqliteDatabase(filename);
	database.exec(`begin immediate;\n${schemaSql()}\ncommit;`);
	database.close();
	expect(dumpSchema(filename)).toBe(readFileSync(GOLDEN, "utf8"));
	const audience = audienceOn(createSqliteStorage({ filename }));
	await audience.contacts.create({ email: "ada@example.test" });
	await audience.migrate();
	expect((await audience.contacts.list()).data).toHaveLength(1);
});

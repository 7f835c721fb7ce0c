import { createSqliteStorage } from "@convoke/sqlite";
import { createTestAudience } from "@convoke/testing";
import { createReadStream, writeSync } from "node:fs";

// Imports a file, or goes on with the import that is there, and prints how many rows are done after each unit.
const [filename = "", file = ""] = process.argv.slice(2);
const audience = createTestAudience().audience.using(createSqliteStorage({ filename }));
const { imports } = audience.contacts;
const [last] = (await imports.list({ limit: 1 })).data;
const options = {
	file: createReadStream(file),
	onProgress: ({ total }: { readonly total: number }) => void writeSync(1, `${total}\n`),
};
const done = last === undefined ? await imports.create(options) : await imports.resume(last.id, options);
writeSync(1, `${JSON.stringify(done.counts)}\n`);

import { createPostgresStorage } from "@convoke/postgres";
import { createSqliteStorage } from "@convoke/sqlite";
import { fill, openAudience, UNUSED } from "./audience.ts";

// Fills the SQLite file or the Postgres database (a URL) of the first argument with as many contacts as the second says,
// and prints by what to ask it.

const [place = "", n] = process.argv.slice(2);
const storage = place.startsWith("postgres:")
	? createPostgresStorage({ connectionString: place })
	: createSqliteStorage({ filename: place, durability: "normal" });
const filled = await fill(openAudience(storage, UNUSED), Number(n), () => {});
await storage.close();
process.stdout.write(JSON.stringify(filled));

import { createSqliteStorage } from "@convoke/sqlite";
import { fill, openAudience, UNUSED } from "./audience.ts";

// Fills the SQLite file of the first argument with as many contacts as the second says, and prints by what to ask it.

const [filename, n] = process.argv.slice(2);
const storage = createSqliteStorage({ filename, durability: "normal" });
const filled = await fill(openAudience(storage, UNUSED), Number(n), () => {});
await storage.close();
process.stdout.write(JSON.stringify(filled));

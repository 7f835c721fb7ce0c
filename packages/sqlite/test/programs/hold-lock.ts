import SqliteDatabase from "better-sqlite3";
import { once } from "node:events";
import { writeSync } from "node:fs";

// Holds the lock of a writer until it is told to give it back.
const [filename = ""] = process.argv.slice(2);
const database = new SqliteDatabase(filename);
database.exec("begin immediate");
writeSync(1, "held\n");
await once(process.stdin, "data");
database.exec("commit");
database.close();
writeSync(1, "given back\n");
process.exit();

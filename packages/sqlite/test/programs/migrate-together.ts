import { createSqliteStorage } from "@convoke/sqlite";
import { once } from "node:events";
import { writeSync } from "node:fs";

// Migrates a file over several connections as soon as it is told to, so that many processes begin together.
const [filename = "", connections = "1"] = process.argv.slice(2);
const storages = Array.from({ length: Number(connections) }, () => createSqliteStorage({ filename, busySeconds: 60 }));
writeSync(1, "ready\n");
await once(process.stdin, "data");
await Promise.all(storages.map((storage) => storage.migrate()));
await Promise.all(storages.map((storage) => storage.close()));
writeSync(1, "migrated\n");
process.exit();

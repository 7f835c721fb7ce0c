import { createSqliteStorage } from "@convoke/sqlite";
import { createTestAudience } from "@convoke/testing";
import { writeSync } from "node:fs";

// Creates contacts until it is killed, and prints the number of each that is acknowledged.
const [filename = "", prefix = ""] = process.argv.slice(2);
const storage = createSqliteStorage({ filename, durability: "normal" });
const audience = createTestAudience().audience.using(storage);
for (let number = 0; ; number += 1) {
	await audience.contacts.create({ email: `${prefix}-${number}@example.test` });
	// At once, for what is still in a buffer goes with the process.
	writeSync(1, `${number}\n`);
	await new Promise((resolve) => setImmediate(resolve));
}

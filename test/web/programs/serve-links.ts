import { createAudience, generateLinkKey } from "@convoke/core";
import { createSqliteStorage } from "@convoke/sqlite";
import { preferencePages } from "@convoke/web/node";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

// A process of its own with an audience in the SQLite file given. Tells its port and the links of 1,000 contacts, then its
// memory at every line it is sent.

const audience = createAudience({
	storage: createSqliteStorage({ filename: process.argv[2] ?? ":memory:" }),
	links: { baseUrl: "https://tidal.test/mail", keys: generateLinkKey() },
	hashKey: generateLinkKey(),
});
await audience.migrate();
const contacts = await audience.contacts.createMany(
	Array.from({ length: 1000 }, (_, index) => ({ email: `person${index}@example.com` })),
);
const links: string[] = [];
for (const { id } of contacts) links.push(new URL(await audience.preferences.url({ id }, "unsubscribe")).pathname);
const server = createServer(preferencePages(audience));
// Longer than the test, or a request may meet the end of its connection.
server.keepAliveTimeout = 300_000;
server.listen(0, "127.0.0.1", () => {
	console.log(JSON.stringify({ port: (server.address() as AddressInfo).port, links }));
});
process.stdin.on("data", () => console.log(JSON.stringify({ rss: process.memoryUsage().rss })));

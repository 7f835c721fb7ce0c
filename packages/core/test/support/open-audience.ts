import { createHash } from "node:crypto";
import { createAudience, createMemoryStorage, systemClock } from "../../src/index.ts";
import type { Audience, PropertyTypes } from "../../src/index.ts";

/** An audience in memory that sends nothing, whose time moves on by a second with every look at it. */
export function openAudience<const P extends PropertyTypes = PropertyTypes>(properties?: P): Audience<P> {
	let time = Date.parse("2026-01-01T00:00:00Z");
	return createAudience<P>({
		storage: createMemoryStorage(),
		links: { baseUrl: "https://mail.example.com", keys: [key("links")] },
		hashKey: key("hashes"),
		properties,
		clock: { ...systemClock, now: () => new Date((time += 1000)) },
	});
}

/** The token of a link. */
export function tokenOf(url: string): string {
	return url.slice(url.lastIndexOf("/") + 1);
}

function key(name: string): Uint8Array {
	return createHash("sha256").update(name).digest();
}

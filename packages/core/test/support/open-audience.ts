import { createHash } from "node:crypto";
import { createAudience, createMemoryStorage, systemClock } from "../../src/index.ts";
import type { Audience, Clock, PropertyTypes, Storage } from "../../src/index.ts";

/**
 * An audience in memory that sends nothing, whose time moves on by a second with every look at it, and whose work takes
 * none unless `monotonic` says so.
 */
export function openAudience<const P extends PropertyTypes = PropertyTypes>(
	properties?: P,
	{
		storage = createMemoryStorage(),
		monotonic = () => 0,
	}: Partial<Pick<Clock, "monotonic">> & { storage?: Storage } = {},
): Audience<P> {
	let time = Date.parse("2026-01-01T00:00:00Z");
	return createAudience<P>({
		storage,
		links: { baseUrl: "https://mail.example.com", keys: [key("links")] },
		hashKey: key("hashes"),
		properties,
		clock: { ...systemClock, monotonic, now: () => new Date((time += 1000)) },
	});
}

/** The token of a link. */
export function tokenOf(url: string): string {
	return url.slice(url.lastIndexOf("/") + 1);
}

function key(name: string): Uint8Array {
	return createHash("sha256").update(name).digest();
}

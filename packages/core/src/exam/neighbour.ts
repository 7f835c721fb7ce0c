import assert from "node:assert/strict";
import type { Storage } from "../ports/storage.ts";
import { put, retain } from "./contact-acts.ts";
import { Records } from "./records.ts";
import { readTenant } from "./tenant-state.ts";

/** A tenant whose contacts have the addresses that cases use, under other ids. */
const NEIGHBOUR = "neighbour";

/** As many as nearly all cases use. */
const CONTACTS = 24;

/**
 * Lets another tenant move in, who knows the same people and has other dealings with them: half have left everything,
 * a third are suppressed, all are in its segment. It has no broadcasts, because workers are asked about those of all
 * tenants. Answers with how to prove that nothing there has changed.
 */
export async function letNeighbourMoveIn(storage: Storage): Promise<() => Promise<void>> {
	const tenant = storage.forTenant(NEIGHBOUR);
	const theirs = new Records();
	const segment = theirs.segment({ id: idOf(0) });
	const topic = theirs.topic({ id: idOf(1) });
	await tenant.insertSegment(segment);
	await tenant.insertTopic(topic);
	const people = new Records().contacts(CONTACTS).map((contact, index) => ({
		...contact,
		id: idOf(index + 2),
		externalId: `user-${index + 1}`,
		unsubscribed: index % 2 === 0,
		segmentIds: [segment.id],
		choices: { [topic.id]: "opt_out" as const },
	}));
	await put(tenant, ...people);
	await retain(tenant, ...people.map(({ id, addressHash }) => theirs.retained({ contactId: id, addressHash })));
	for (const { id, email, addressHash } of people.filter((_, index) => index % 3 === 0)) {
		await tenant.insertSuppression(theirs.suppression({ id, email, addressHash }), []);
	}
	const before = await readTenant(tenant);
	return async () => assert.deepEqual(await readTenant(tenant), before, "a tenant with the same addresses changed");
}

/** Ids that no case makes. */
function idOf(index: number): string {
	return `0197ffff-0000-7000-8000-${index.toString(16).padStart(12, "0")}`;
}

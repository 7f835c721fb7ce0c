import type { BroadcastStatus } from "../../src/model/broadcast.ts";
import type { ContactDecisions, ContactEntry, FoundContact, TenantStorage } from "../../src/ports/storage.ts";

const STOP = new Error("stop");

/** For moving a broadcast whatever its state. */
export const EVERY_STATUS: readonly BroadcastStatus[] = [
	"draft",
	"scheduled",
	"queued",
	"sending",
	"paused",
	"sent",
	"canceled",
	"failed",
];

type Decide = (found: readonly FoundContact[]) => ContactDecisions;

/** Decides on what is there, and writes nothing. */
export async function decideOnly(
	tenant: TenantStorage,
	entries: readonly ContactEntry[],
	decide: Decide,
): Promise<ContactDecisions> {
	let decisions: ContactDecisions | undefined;
	try {
		await tenant.changeContacts(entries, (found) => {
			decisions = decide(found);
			throw STOP;
		});
	} catch (error) {
		if (error !== STOP || decisions === undefined) throw error;
	}
	return decisions ?? { contacts: [] };
}

import type { ConvokeEvent, Storage, TenantStorage } from "@convoke/core";
import fc from "fast-check";
import { onRoot, onTenant } from "./operation.ts";
import type { Operation } from "./operation.ts";
import { BROADCAST_IDS, CONTACT_IDS, instants, TENANTS } from "./pools.ts";

type Owner = { readonly broadcastId: string } | { readonly contactId: string };

const owners: fc.Arbitrary<Owner> = fc.oneof(
	fc.constantFrom(...CONTACT_IDS).map((contactId) => ({ contactId })),
	fc.constantFrom(...BROADCAST_IDS).map((broadcastId) => ({ broadcastId })),
);

/** Where both tenants have the id, either of them will do. */
async function findTenant(storage: Storage, owner: Owner): Promise<unknown> {
	const found = await storage.findTenant(owner);
	const all: string[] = [];
	for (const tenantId of TENANTS) if (await owns(storage.forTenant(tenantId), owner)) all.push(tenantId);
	return all.length > 1 ? { all, isOne: all.some((tenantId) => tenantId === found) } : { all, found };
}

async function owns(tenant: TenantStorage, owner: Owner): Promise<boolean> {
	if ("broadcastId" in owner) return (await tenant.findBroadcast(owner.broadcastId)) !== undefined;
	let isKnown = false;
	await tenant.changeContacts([{ key: { id: owner.contactId } }], ([found]) => {
		isKnown = found?.contact !== undefined || (found?.former.length ?? 0) > 0;
		return { contacts: [{ retain: [], events: [] }] };
	});
	return isKnown;
}

/** Events by their rank in the tenant's sequence, for storages may leave gaps between the cursors. */
async function ranked(
	tenant: TenantStorage,
	read: (cursorAt: (rank: number | undefined) => string | undefined) => Promise<readonly ConvokeEvent[]>,
): Promise<unknown> {
	const cursors = (await tenant.listEvents(undefined, 100_000)).map(({ cursor }) => cursor);
	const found = await read((rank) => (rank === undefined ? undefined : cursors[rank % Math.max(1, cursors.length)]));
	return found.map((event) => ({ ...event, cursor: cursors.indexOf(event.cursor) }));
}

const rank = fc.option(fc.nat(200), { nil: undefined, freq: 2 });
const limit = fc.integer({ min: 1, max: 8 });
const nothing = fc.constant(null);
const permits = fc.record({
	key: fc.constantFrom("one", "two"),
	want: fc.integer({ min: 0, max: 9 }),
	perSecond: fc.option(fc.constantFrom(0.5, 3, 40), { nil: undefined }),
	perDay: fc.option(fc.constantFrom(5, 50), { nil: undefined }),
	unused: fc.option(fc.record({ count: fc.nat(3), ageMs: fc.nat(5000) }), { nil: undefined }),
});

/** What is of no tenant, and the events of one. */
export const rootOperations: readonly fc.Arbitrary<Operation>[] = [
	onRoot("migrate", nothing, ({ storage }) => storage.migrate()),
	onRoot("now", nothing, ({ storage }) => storage.now()),
	onRoot("findTenant", owners, ({ storage }, owner) => findTenant(storage, owner)),
	onRoot("findDue", fc.tuple(instants, limit), ({ storage }, [at, most]) => storage.findDue(at, most)),
	onRoot("takePermits", permits, ({ storage }, request) => storage.takePermits(request)),
	onRoot("measureBacklog", nothing, ({ storage }) => storage.measureBacklog()),
	onTenant("listEvents", fc.tuple(rank, limit), (tenant, [after, most]) =>
		ranked(tenant, (cursorAt) => tenant.listEvents(cursorAt(after), most)),
	),
	onTenant("pageContactEvents", fc.tuple(fc.constantFrom(...CONTACT_IDS), rank, limit), (tenant, [id, after, most]) =>
		ranked(tenant, (cursorAt) => tenant.pageContactEvents(id, { limit: most, after: cursorAt(after) })),
	),
];

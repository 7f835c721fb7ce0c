import type { ContactDecisions, FoundContact, Storage, TenantStorage } from "../../src/ports/storage.ts";
import { lifetimeSaboteurs } from "./lifetime.ts";
import type { Break, Saboteurs } from "./saboteur.ts";
import { coalescing, inTenant, overriding, shared, nextTurn, watching } from "./saboteur.ts";

const findTenant: Saboteurs = {
	doesNothing: (storage) => overriding(storage, { findTenant: async () => undefined }),
	wrongAnswer: (storage) =>
		overriding(storage, {
			findTenant: async (owner) => ((await storage.findTenant(owner)) === undefined ? "default" : undefined),
		}),
	forgetsTenant: (storage) => {
		const { names, watched } = watching(storage);
		return overriding(watched, {
			findTenant: async (owner) => ((await storage.findTenant(owner)) === undefined ? undefined : names[0]),
		});
	},
	// Looks for what was retained first, and a moment later for the contact.
	notAtomic: (storage) => {
		const { names, watched } = watching(storage);
		return overriding(watched, {
			findTenant: async (owner) => {
				if ("broadcastId" in owner) return storage.findTenant(owner);
				const { contactId: id } = owner;
				const before = await Promise.all(names.map((name) => lookAt(storage.forTenant(name), id)));
				const former = names.find((_, index) => (before[index]?.former.length ?? 0) > 0);
				await nextTurn();
				const after = await Promise.all(names.map((name) => lookAt(storage.forTenant(name), id)));
				return former ?? names.find((_, index) => after[index]?.contact !== undefined);
			},
		});
	},
};

async function lookAt(tenant: TenantStorage, id: string): Promise<FoundContact> {
	const seen: FoundContact[] = [];
	await tenant.changeContacts([{ key: { id } }], (found): ContactDecisions => {
		seen.splice(0, seen.length, ...found);
		return { contacts: [] };
	});
	const [only] = seen;
	if (only === undefined) throw new Error("nothing was looked up");
	return only;
}

const findDue: Saboteurs = {
	doesNothing: (storage) => overriding(storage, { findDue: async () => [] }),
	wrongAnswer: (storage) =>
		overriding(storage, { findDue: async (at, limit) => (await storage.findDue(at, limit)).toReversed() }),
	forgetsTenant: (storage) => {
		const { names, watched } = watching(storage);
		return overriding(watched, {
			findDue: async (at, limit) => (await storage.findDue(at, limit)).filter(({ tenantId }) => tenantId === names[0]),
		});
	},
	notAtomic: (storage) =>
		overriding(storage, { findDue: shared((at: Date, limit: number) => storage.findDue(at, limit)) }),
};

type Claim = Parameters<Storage["claimSlice"]>[0];

const claimSlice: Saboteurs = {
	doesNothing: (storage) => overriding(storage, { claimSlice: async () => undefined }),
	// Numbers every claim 1.
	wrongAnswer: (storage) =>
		overriding(storage, {
			claimSlice: async (claim) => {
				const lease = await storage.claimSlice(claim);
				return lease === undefined ? undefined : { ...lease, claim: 1 };
			},
		}),
	forgetsTenant: (storage) => {
		const { names, watched } = watching(storage);
		return overriding(watched, {
			claimSlice: async (claim) => {
				const lease = await storage.claimSlice(claim);
				return lease === undefined ? undefined : { ...lease, tenantId: names[0] ?? lease.tenantId };
			},
		});
	},
	// Those who ask at the same moment get the same slice.
	notAtomic: (storage) => {
		const together = coalescing((claim: Claim) => storage.claimSlice(claim));
		return overriding(storage, {
			claimSlice: async (claim) => {
				const lease = await together(claim);
				return lease === undefined ? undefined : { ...lease, owner: claim.owner };
			},
		});
	},
};

const takePermits: Saboteurs = {
	doesNothing: (storage) => overriding(storage, { takePermits: async ({ want }) => ({ granted: want, waitMs: 0 }) }),
	wrongAnswer: (storage) =>
		overriding(storage, {
			takePermits: async (request) => ({ ...(await storage.takePermits(request)), waitMs: 0 }),
		}),
	// Has one limit for all.
	forgetsTenant: (storage) =>
		overriding(storage, { takePermits: (request) => storage.takePermits({ ...request, key: "one" }) }),
	// Those who ask at the same moment get the same permits.
	notAtomic: (storage) =>
		overriding(storage, {
			takePermits: coalescing((request: Parameters<Storage["takePermits"]>[0]) => storage.takePermits(request)),
		}),
};

const measureBacklog: Saboteurs = {
	doesNothing: (storage) =>
		overriding(storage, { measureBacklog: async () => ({ broadcasts: 0, recipients: 0, oldestLease: undefined }) }),
	wrongAnswer: (storage) =>
		overriding(storage, {
			measureBacklog: async () => {
				const { broadcasts, ...rest } = await storage.measureBacklog();
				return { ...rest, broadcasts: broadcasts + 1 };
			},
		}),
	forgetsTenant: (storage) => {
		const { names, watched } = watching(storage);
		return overriding(watched, {
			measureBacklog: async () => {
				const rows = await storage.forTenant(names[0] ?? "").pageBroadcasts({ limit: 100 });
				const broadcasts = rows.filter(({ status }) => status === "queued" || status === "sending").length;
				return { ...(await storage.measureBacklog()), broadcasts };
			},
		});
	},
	notAtomic: (storage) => overriding(storage, { measureBacklog: shared(() => storage.measureBacklog()) }),
};

/** Saboteurs of the verbs over all tenants. */
export const rootSaboteurs: Readonly<Record<keyof Storage, Saboteurs>> = {
	...lifetimeSaboteurs,
	findTenant,
	findDue,
	claimSlice,
	takePermits,
	measureBacklog,
};

/** The sound storage behind the same kind of wrapping: what is caught must come from what was broken. */
export const soundBehindWrapping: Break = (storage) => overriding(inTenant(() => ({}))(storage), {});

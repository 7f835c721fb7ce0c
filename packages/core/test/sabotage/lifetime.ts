import { EVERYONE } from "../../src/filter/filter.ts";
import { createMemoryStorage } from "../../src/memory/memory-storage.ts";
import type { TenantStorage } from "../../src/ports/storage.ts";
import type { Break, Saboteurs } from "./saboteur.ts";
import { overriding, nextTurn, watching } from "./saboteur.ts";

const HOUR = 3_600_000;

function refuse(): never {
	throw new Error("no such table");
}

/** A tenant all of whose verbs do the same. */
function uniform(tenant: TenantStorage, act: () => unknown): TenantStorage {
	return new Proxy(tenant, { get: () => async () => act() });
}

const migrate: Saboteurs = {
	// There is no schema then.
	doesNothing: (storage) =>
		overriding(storage, { migrate: async () => {}, forTenant: (id) => uniform(storage.forTenant(id), refuse) }),
	// Fails where everything is there already.
	wrongAnswer: (storage) => {
		let times = 0;
		return overriding(storage, {
			migrate: async () => {
				times += 1;
				if (times > 1) throw new Error("table exists");
			},
		});
	},
	// Makes the tables anew for all tenants but the first.
	forgetsTenant: (storage) => {
		const { names, watched } = watching(storage);
		let tables = storage;
		return overriding(watched, {
			migrate: async () => {
				if (names.length > 0) tables = createMemoryStorage();
			},
			forTenant: (id) => {
				const own = watched.forTenant(id);
				const current = (): TenantStorage => (id === names[0] ? own : tables.forTenant(id));
				return new Proxy(own, {
					get:
						(_, key) =>
						(...input: unknown[]) =>
							Reflect.apply(Reflect.get(current(), key), current(), input),
				});
			},
		});
	},
	// Two at once get in each other's way.
	notAtomic: (storage) => {
		let isRunning = false;
		return overriding(storage, {
			migrate: async () => {
				if (isRunning) throw new Error("table exists");
				isRunning = true;
				await nextTurn();
				isRunning = false;
			},
		});
	},
};

/** Closes only what `isClosed` says. */
function halfClosed(isClosed: (tenantId: string, first: string | undefined, verb: PropertyKey) => boolean): Break {
	return (storage) => {
		const { names, watched } = watching(storage);
		let closed = false;
		return overriding(watched, {
			close: async () => {
				closed = true;
			},
			findDue: async (at, limit) =>
				closed ? storage.close().then(() => storage.findDue(at, limit)) : storage.findDue(at, limit),
			forTenant: (id) => {
				const tenant = watched.forTenant(id);
				return new Proxy(tenant, {
					get:
						(sound, key) =>
						async (...input: unknown[]) => {
							if (closed && isClosed(id, names[0], key)) {
								const other = createMemoryStorage();
								await other.close();
								return other.forTenant(id).countContacts(EVERYONE);
							}
							return Reflect.apply(Reflect.get(sound, key), sound, input);
						},
				});
			},
		});
	};
}

const close: Saboteurs = {
	doesNothing: (storage) => overriding(storage, { close: async () => {} }),
	// Fails where it is closed already.
	wrongAnswer: (storage) => {
		let times = 0;
		return overriding(storage, {
			close: async () => {
				times += 1;
				await storage.close();
				if (times > 1) throw new Error("already closed");
			},
		});
	},
	// Closes the first tenant alone.
	forgetsTenant: halfClosed((tenantId, first) => tenantId === first),
	// Closes reading, but not writing.
	notAtomic: halfClosed((_tenantId, _first, key) => key !== "changeContacts"),
};

const now: Saboteurs = {
	// Stands still.
	doesNothing: (storage) => {
		let first: Promise<Date> | undefined;
		return overriding(storage, { now: () => (first ??= storage.now()) });
	},
	// Another time than that of the leases.
	wrongAnswer: (storage) => overriding(storage, { now: async () => new Date((await storage.now()).getTime() + HOUR) }),
	// The leases of all tenants but the first go by another time.
	forgetsTenant: (storage) => {
		const { names, watched } = watching(storage);
		return overriding(watched, {
			claimSlice: async (claim) => {
				const lease = await storage.claimSlice(claim);
				if (lease === undefined || lease.tenantId === names[0]) return lease;
				const { owner: _owner, leaseMs, at } = claim;
				const step = {
					lease,
					leaseMs: leaseMs + HOUR,
					outcomes: [],
					mark: 0,
					rules: [],
					onInterrupted: "resend",
					at,
				} as const;
				await storage.forTenant(lease.tenantId).advanceSlice(step);
				return lease;
			},
		});
	},
	// Hands out its own hand of the clock.
	notAtomic: (storage) => {
		let hand: Date | undefined;
		let last = 0;
		return overriding(storage, {
			now: async () => {
				const time = (await storage.now()).getTime();
				hand ??= new Date(time);
				hand.setTime(hand.getTime() + (last === 0 ? 0 : time - last));
				last = time;
				return hand;
			},
		});
	},
};

const forTenant: Saboteurs = {
	doesNothing: (storage) => overriding(storage, { forTenant: (id) => uniform(storage.forTenant(id), () => undefined) }),
	// A new tenant for everyone who asks.
	wrongAnswer: (storage) => {
		let times = 0;
		return overriding(storage, {
			forTenant: (id) => {
				times += 1;
				return storage.forTenant(`${id} ${times}`);
			},
		});
	},
	forgetsTenant: (storage) => {
		let first: string | undefined;
		return overriding(storage, { forTenant: (id) => storage.forTenant((first ??= id)) });
	},
	// Each one who asks goes on seeing the number of contacts that they saw first.
	notAtomic: (storage) =>
		overriding(storage, {
			forTenant: (id) => {
				const tenant = storage.forTenant(id);
				let seen: Promise<number> | undefined;
				return overriding(tenant, { countContacts: (filter) => (seen ??= tenant.countContacts(filter)) });
			},
		}),
};

/** Saboteurs of the verbs that make, time and end a storage, and that open its tenants. */
export const lifetimeSaboteurs: Readonly<Record<"migrate" | "close" | "now" | "forTenant", Saboteurs>> = {
	migrate,
	close,
	now,
	forTenant,
};

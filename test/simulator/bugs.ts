import type { Clock, Message, SliceLease, SliceStep, SliceTurn, Storage, TenantStorage } from "@convoke/core";
import { bound } from "../support/bound.ts";
import type { SimulatedProcess } from "./process.ts";

/** Something wrong with a worker, as it shows in what it asks of its storage, clock or transport. */
export interface Bug {
	readonly name: string;
	/** @param leases those that the workers of one simulation have got, to share among them */
	readonly storage?: ((storage: Storage, leases: SliceLease[]) => Storage) | undefined;
	readonly clock?: ((clock: Clock, process: SimulatedProcess) => Clock) | undefined;
	readonly message?: ((message: Message, random: () => number) => Message) | undefined;
}

/** Changes steps of sending before they are taken, or answers in their stead. */
function stepping(
	name: string,
	act: (tenant: TenantStorage, step: SliceStep, root: Storage) => Promise<SliceTurn>,
): Bug {
	return {
		name,
		storage: (storage) =>
			bound(storage, {
				forTenant: (tenantId) => {
					const tenant = storage.forTenant(tenantId);
					return bound(tenant, { advanceSlice: (step) => act(tenant, step, storage) });
				},
			}),
	};
}

const NOTHING: Omit<SliceStep, "lease" | "leaseMs" | "at"> = {
	outcomes: [],
	mark: 0,
	rules: [],
	onInterrupted: "resend",
};

/** Bugs that a sending engine could have; each must show within 2,000 seeds. */
export const BUGS: readonly Bug[] = [
	stepping("does not ask the rules again when it marks", (tenant, step) => tenant.advanceSlice({ ...step, rules: [] })),
	stepping("records late outcomes as if they were of the last attempt", async (tenant, step) => {
		const outcomes = await Promise.all(
			step.outcomes.map(async (outcome) => {
				const row = await tenant.findRecipient(step.lease.broadcastId, outcome.contactId);
				return { ...outcome, attempt: row?.attempts ?? outcome.attempt };
			}),
		);
		return tenant.advanceSlice({ ...step, outcomes });
	}),
	stepping("says that messages are sent when it fetches their recipients", async (tenant, step) => {
		const turn = await tenant.advanceSlice({ ...step, outcomes: [] });
		const sent = { state: "sent", reason: null, retryAt: null, providerId: null } as const;
		const outcomes = turn.marked.map(({ contact, attempt }) => ({ contactId: contact.id, attempt, ...sent }));
		if (outcomes.length > 0) await tenant.advanceSlice({ ...step, mark: 0, outcomes });
		return turn;
	}),
	{
		name: "forgets to prolong its leases",
		storage: (storage) => {
			const began = new Map<string, number>();
			return bound(storage, {
				claimSlice: async (claim) => {
					const lease = await storage.claimSlice(claim);
					if (lease !== undefined) began.set(`${lease.sliceId} ${lease.claim}`, (await storage.now()).getTime());
					return lease;
				},
				forTenant: (tenantId) => {
					const tenant = storage.forTenant(tenantId);
					return bound(tenant, {
						advanceSlice: async (step) => {
							const start = began.get(`${step.lease.sliceId} ${step.lease.claim}`) ?? 0;
							const left = start + step.leaseMs - (await storage.now()).getTime();
							return tenant.advanceSlice({ ...step, leaseMs: step.leaseMs === 0 ? 0 : Math.max(1, left) });
						},
					});
				},
			});
		},
	},
	stepping("hands over before it marks", async (tenant, step) => {
		const turn = await tenant.advanceSlice(step);
		const back = { state: "pending", reason: null, retryAt: null, providerId: null, untried: true } as const;
		const outcomes = turn.marked.map(({ contact, attempt }) => ({ contactId: contact.id, attempt, ...back }));
		if (outcomes.length > 0) await tenant.advanceSlice({ ...step, mark: 0, outcomes });
		return turn;
	}),
	{
		name: "takes slices that others hold",
		storage: (storage, leases) =>
			bound(storage, {
				claimSlice: async (claim) => {
					const held = leases.at(-1);
					if (held !== undefined && held.owner !== claim.owner) {
						const tenant = storage.forTenant(held.tenantId);
						await tenant.advanceSlice({ ...NOTHING, lease: held, leaseMs: 0, at: claim.at });
					}
					const lease = await storage.claimSlice(claim);
					if (lease !== undefined) leases.push(lease);
					return lease;
				},
			}),
	},
	stepping("sends again what was to be held", (tenant, step) =>
		tenant.advanceSlice({ ...step, onInterrupted: "resend" }),
	),
	stepping("believes that what a dead worker left is sent", async (tenant, step) => {
		const { broadcastId, claim } = step.lease;
		const rows = await tenant.pageRecipients(broadcastId, { state: "sending" }, { limit: 100 });
		if (claim > 1 && step.mark > 0 && step.outcomes.length === 0 && rows.length > 0) {
			const sent = { state: "sent", reason: null, retryAt: null, providerId: null } as const;
			const outcomes = rows.map(({ contactId, attempts }) => ({ contactId, attempt: attempts, ...sent }));
			await tenant.advanceSlice({ ...step, mark: 0, outcomes });
		}
		return tenant.advanceSlice(step);
	}),
	{
		name: "measures its leases by a clock that stands still with it",
		clock: (clock, process) => ({ ...clock, monotonic: () => clock.monotonic() - process.stoodStillMs }),
	},
	stepping("goes on while the broadcast is paused", async (tenant, step) => {
		const id = step.lease.broadcastId;
		const isPaused = await tenant.moveBroadcast({ id, from: ["paused"], changes: { status: "sending" } });
		const turn = await tenant.advanceSlice(step);
		if (isPaused) await tenant.moveBroadcast({ id, from: ["sending"], changes: { status: "paused" } });
		return isPaused ? { ...turn, status: "sending" } : turn;
	}),
	stepping("settles each second message though the storage failed to record it", async (tenant, step) => {
		// What a unit was to record is gone when the unit fails, and the worker does not notice.
		const kept = step.outcomes.filter((_, index) => index % 2 === 0);
		return tenant.advanceSlice({ ...step, outcomes: kept });
	}),
	{
		name: "settles a broadcast with recipients left",
		storage: (storage) =>
			bound(storage, {
				forTenant: (tenantId) => {
					const tenant = storage.forTenant(tenantId);
					return bound(tenant, {
						advanceSlice: async (step) => {
							const turn = await tenant.advanceSlice(step);
							const changes = { status: "sent" as const };
							if (turn.open <= 2)
								await tenant.moveBroadcast({ id: step.lease.broadcastId, from: ["sending"], changes });
							return turn;
						},
					});
				},
			}),
	},
	stepping("tries again at once", (tenant, step) =>
		tenant.advanceSlice({ ...step, outcomes: step.outcomes.map((outcome) => ({ ...outcome, retryAt: null })) }),
	),
	stepping("counts problems of the account as attempts", (tenant, step) =>
		tenant.advanceSlice({
			...step,
			outcomes: step.outcomes.map(({ untried: _untried, ...outcome }) => outcome),
		}),
	),
	{
		name: "plans on behind what it has written",
		storage: (storage) =>
			bound(storage, {
				forTenant: (tenantId) => {
					const tenant = storage.forTenant(tenantId);
					return bound(tenant, {
						freezeChunk: async (id, walk, slice) => {
							const chunk = await tenant.freezeChunk(id, walk, slice);
							const plan = (await tenant.findBroadcast(id))?.plan;
							if (chunk === undefined || plan === undefined || plan === null) return chunk;
							const ahead = { ...plan, through: walk.upTo, complete: true };
							await tenant.moveBroadcast({ id, from: ["queued"], changes: { plan: ahead } });
							return { ...chunk, through: walk.upTo, complete: true };
						},
					});
				},
			}),
	},
	{
		name: "gives each copy an idempotency key of its own",
		message: (message, random) => ({ ...message, idempotencyKey: `${message.idempotencyKey}${random()}` }),
	},
];

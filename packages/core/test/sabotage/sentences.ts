import { EVERYONE } from "../../src/filter/filter.ts";
import type { BroadcastRecord, BroadcastStatus } from "../../src/model/broadcast.ts";
import type { TenantStorage } from "../../src/ports/storage.ts";
import { EVERY_STATUS } from "./acts.ts";
import type { Break } from "./saboteur.ts";
import { call, inTenant, overriding, verb } from "./saboteur.ts";
import { sendingSaboteurs } from "./sending-sentences.ts";
import { unitSaboteurs } from "./unit-sentences.ts";

const HOUR = 3_600_000;

/** Writes anew what is there already, although it says that it did not. */
function overwriting(key: "insertSegment" | "insertTopic" | "insertBroadcast" | "insertImport"): Break {
	const replace: Readonly<Record<typeof key, (tenant: TenantStorage, id: string) => Promise<unknown>>> = {
		insertSegment: (tenant, id) => tenant.updateSegment(id, { name: "Overwritten" }),
		insertTopic: (tenant, id) => tenant.updateTopic(id, { name: "Overwritten" }),
		insertBroadcast: (tenant, id) => tenant.moveBroadcast({ id, from: EVERY_STATUS, changes: { name: "Overwritten" } }),
		insertImport: (tenant, id) => tenant.moveImport(id, "in_progress", { failure: "overwritten" }),
	};
	return verb(key, async ({ tenant, run }, ...input) => {
		const answer = await run(...input);
		if (!answer) await replace[key](tenant, input[0].id);
		return answer;
	});
}

/** Removes what a broadcast in this state uses. */
function overlookingUse(key: "deleteSegment" | "deleteTopic", status: BroadcastStatus): Break {
	return verb(key, async ({ tenant, run }, id) => {
		const under = (await tenant.pageBroadcasts({ limit: 99 })).filter((one) => one.status === status);
		const set = (changes: Partial<Omit<BroadcastRecord, "id">>, one: BroadcastRecord): Promise<boolean> =>
			tenant.moveBroadcast({ id: one.id, from: EVERY_STATUS, changes });
		for (const one of under) await set({ uses: [] }, one);
		const answer = await run(id);
		for (const one of under) await set({ uses: one.uses }, one);
		return answer;
	});
}

const catalogue: Readonly<Record<string, Break>> = {
	...Object.fromEntries(
		(["insertSegment", "insertTopic", "insertBroadcast", "insertImport"] as const).map((key) => [
			`${key} overwrites what is there`,
			overwriting(key),
		]),
	),
	...Object.fromEntries(
		(["deleteSegment", "deleteTopic"] as const).flatMap((key) =>
			(["scheduled", "queued", "sending", "paused"] as const).map((status) => [
				`${key} overlooks broadcasts that are ${status}`,
				overlookingUse(key, status),
			]),
		),
	),
	...Object.fromEntries(
		(["deleteSegment", "deleteTopic", "deleteProperty"] as const).map((key) => [
			`${key} overlooks segments`,
			verb(key, async ({ tenant, run }, id) => {
				const using = (await tenant.pageSegments({ limit: 99 })).filter(({ uses }) => uses.length > 0);
				for (const one of using) await tenant.updateSegment(one.id, { uses: [] });
				const answer = await run(id);
				for (const one of using) await tenant.updateSegment(one.id, { uses: one.uses });
				return answer;
			}),
		]),
	),
	...Object.fromEntries(
		(["insertSegment", "updateSegment"] as const).map((key) => [
			`${key} takes what uses something that does not exist`,
			inTenant((tenant) =>
				key === "insertSegment"
					? { insertSegment: (segment) => tenant.insertSegment({ ...segment, uses: [] }) }
					: { updateSegment: (id, { uses: _uses, ...changes }) => tenant.updateSegment(id, changes) },
			),
		]),
	),
	"insertSuppression writes events though refused": verb("insertSuppression", async ({ run, tenant }, row, events) => {
		const answer = await run(row, events);
		if (!answer) await tenant.changeContacts([], () => ({ contacts: [{ retain: [], events }] }));
		return answer;
	}),
	"deleteSuppression writes events though there was none": verb(
		"deleteSuppression",
		async ({ run, tenant }, hash, events) => {
			const answer = await run(hash, events);
			if (!answer) await tenant.changeContacts([], () => ({ contacts: [{ retain: [], events }] }));
			return answer;
		},
	),
	"listEvents ignores the cursor": verb("listEvents", ({ run }, _, limit) => run(undefined, limit)),
	"listEvents ignores the limit": verb("listEvents", ({ run }, after) => run(after, 1_000)),
	"listEvents compares cursors as text": verb("listEvents", async ({ run }, after, limit) => {
		const all = await run(undefined, 1_000);
		return all.filter(({ cursor }) => after === undefined || cursor > after).slice(0, limit);
	}),
	"pageContactEvents ignores the cursor": verb("pageContactEvents", ({ run }, id, { limit }) => run(id, { limit })),
	"pageContactEvents ignores the limit": verb("pageContactEvents", ({ run }, id, { after }) =>
		run(id, { limit: 1_000, after }),
	),
	"listImportIssues skips nothing": verb("listImportIssues", ({ run }, id, _, limit) => run(id, 0, limit)),
	"listImportIssues ignores the limit": verb("listImportIssues", ({ run }, id, skip) => run(id, skip, 1_000)),
	"moveImport ignores the status": verb("moveImport", async ({ run, tenant }, id, from, changes) => {
		return run(id, (await tenant.findImport(id))?.status ?? from, changes);
	}),
};

const root: Readonly<Record<string, Break>> = {
	"findDue overlooks when": (storage) =>
		overriding(storage, { findDue: (at, limit) => storage.findDue(new Date(at.getTime() + HOUR), limit) }),
	"findDue ignores the limit": (storage) => overriding(storage, { findDue: (at) => storage.findDue(at, 1_000) }),
	"findDue never settles": (storage) =>
		overriding(storage, {
			findDue: async (at, limit) => (await storage.findDue(at, limit)).filter(({ need }) => need !== "settle"),
		}),
	"claimSlice overlooks when": (storage) =>
		overriding(storage, {
			claimSlice: (claim) => storage.claimSlice({ ...claim, at: new Date(claim.at.getTime() + HOUR) }),
		}),
	"claimSlice leases for too short a time": (storage) =>
		overriding(storage, { claimSlice: (claim) => storage.claimSlice({ ...claim, leaseMs: 0 }) }),
	"claimSlice leases for ever": (storage) =>
		overriding(storage, { claimSlice: (claim) => storage.claimSlice({ ...claim, leaseMs: 24 * HOUR }) }),
	"findTenant knows no contact that is gone": (storage) =>
		overriding(storage, {
			findTenant: async (owner) => {
				const tenantId = await storage.findTenant(owner);
				if (tenantId === undefined || "broadcastId" in owner) return tenantId;
				const [contact] = await storage.forTenant(tenantId).findContacts([{ id: owner.contactId }]);
				return contact && tenantId;
			},
		}),
	"forTenant overlooks the case of names": (storage) =>
		overriding(storage, { forTenant: (tenantId) => storage.forTenant(tenantId.toLowerCase()) }),
	"countContacts counts one page": inTenant((tenant) => ({
		countContacts: async (filter) => (await call(tenant, "pageContacts", [filter, { limit: 5 }])).length,
	})),
	"findLastContactId is the last of a page": inTenant((tenant) => ({
		findLastContactId: async () => (await tenant.pageContacts(EVERYONE, { limit: 2 })).at(-1)?.id,
	})),
};

/** What the port says sentence by sentence, broken. */
export const sentenceSaboteurs: Readonly<Record<string, Break>> = {
	...unitSaboteurs,
	...catalogue,
	...sendingSaboteurs,
	...root,
};

import { EVERYONE } from "../../src/filter/filter.ts";
import type { BroadcastRecord, BroadcastStatus } from "../../src/model/broadcast.ts";
import type { ContactDecision, ContactDecisions, SliceStep, TenantStorage } from "../../src/ports/storage.ts";
import type { Break } from "./saboteur.ts";
import { call, inTenant, lying, overriding, verb } from "./saboteur.ts";
import { decideOnly } from "./tenant.ts";

const EVERY_STATUS: readonly BroadcastStatus[] = [
	"draft",
	"scheduled",
	"queued",
	"sending",
	"paused",
	"sent",
	"canceled",
	"failed",
];
const HOUR = 3_600_000;

/** Changes what is decided before it is written. */
function deciding(change: (decision: ContactDecision) => ContactDecision): Break {
	return verb("changeContacts", ({ run }, entries, decide) =>
		run(entries, (found) => {
			const { contacts, ...rest } = decide(found);
			return { ...rest, contacts: contacts.map(change) };
		}),
	);
}

const units: Readonly<Record<string, Break>> = {
	"changeContacts forgets events": deciding((decision) => ({ ...decision, events: [] })),
	"changeContacts writes events backwards": deciding((decision) => ({
		...decision,
		events: decision.events.toReversed(),
	})),
	"changeContacts forgets what is retained": deciding((decision) => ({ ...decision, retain: [] })),
	"changeContacts removes no one": deciding(({ remove: _, ...decision }) => decision),
	"changeContacts forgets segments": deciding(({ write, ...decision }) => ({
		...decision,
		write: write && { ...write, segmentIds: [] },
	})),
	"changeContacts forgets choices": deciding(({ write, ...decision }) => ({
		...decision,
		write: write && { ...write, choices: {} },
	})),
	"changeContacts makes every text that looks like a date a date": deciding(({ write, ...decision }) => ({
		...decision,
		write: write && {
			...write,
			properties: Object.fromEntries(
				Object.entries(write.properties).map(([key, value]) => [
					key,
					typeof value === "string" && /^\d{4}-/.test(value) ? new Date(value) : value,
				]),
			),
		},
	})),
	"changeContacts writes one contact after the other": verb(
		"changeContacts",
		async ({ run, tenant }, entries, decide) => {
			const decisions = await decideOnly(tenant, entries, decide);
			for (const [index, entry] of entries.entries()) {
				const decision = decisions.contacts[index];
				if (decision !== undefined) await run([entry], () => ({ contacts: [decision] }));
			}
			return decisions.step === undefined ? decisions : run([], () => ({ ...decisions, contacts: [] }));
		},
	),
	"changeContacts takes the import further before its contacts": verb(
		"changeContacts",
		async ({ run, tenant }, entries, decide) => {
			const { contacts, step } = await decideOnly(tenant, entries, decide);
			if (step !== undefined) await run([], () => ({ contacts: [], step }));
			return run(entries, () => ({ contacts, step }));
		},
	),
	"changeContacts forgets the import": verb("changeContacts", async ({ run }, entries, decide) => {
		let whole: ContactDecisions = { contacts: [] };
		await run(entries, (found) => {
			whole = decide(found);
			return { contacts: whole.contacts };
		});
		return whole;
	}),
	"changeContacts forgets issues": verb("changeContacts", ({ run }, entries, decide) =>
		run(entries, (found) => {
			const { step, ...rest } = decide(found);
			return step === undefined ? rest : { ...rest, step: { ...step, issues: [] } };
		}),
	),
	"changeContacts overlooks what decide throws": verb("changeContacts", async ({ run }, entries, decide) => {
		try {
			return await run(entries, decide);
		} catch {
			return { contacts: [] };
		}
	}),
	"changeContacts tells no address holder": verb("changeContacts", ({ run }, entries, decide) =>
		run(entries, (found) => decide(found.map((one) => ({ ...one, addressHolder: undefined })))),
	),
	"changeContacts tells no external id holder": verb("changeContacts", ({ run }, entries, decide) =>
		run(entries, (found) => decide(found.map((one) => ({ ...one, externalIdHolder: undefined })))),
	),
	"changeContacts tells nothing retained": verb("changeContacts", ({ run }, entries, decide) =>
		run(entries, (found) => decide(found.map((one) => ({ ...one, retained: [] })))),
	),
	"changeContacts tells nothing former": verb("changeContacts", ({ run }, entries, decide) =>
		run(entries, (found) => decide(found.map((one) => ({ ...one, former: [] })))),
	),
	"findContacts overlooks the case of external ids": verb("findContacts", ({ run }, keys) =>
		run(keys.map((key) => ("externalId" in key ? { externalId: key.externalId.toLowerCase() } : key))),
	),
};

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

/** Changes a step before it is taken. */
function stepping(change: (step: SliceStep) => SliceStep): Break {
	return verb("advanceSlice", ({ run }, step) => run(change(step)));
}

const sending: Readonly<Record<string, Break>> = {
	"moveBroadcast ignores the state": verb("moveBroadcast", ({ run }, move) => run({ ...move, from: EVERY_STATUS })),
	"moveBroadcast settles too early": verb("moveBroadcast", ({ run }, { whenSettled: _, ...move }) => run(move)),
	"moveBroadcast forgets the content": verb("moveBroadcast", ({ run }, { content: _, ...move }) => run(move)),
	"deleteBroadcast ignores the state": verb("deleteBroadcast", ({ run }, id) => run(id, EVERY_STATUS)),
	"freezeChunk goes on from where the plan stands": verb("freezeChunk", async ({ run, tenant }, id, walk, slice) => {
		const after = (await tenant.findBroadcast(id))?.plan?.through ?? undefined;
		return run(id, { ...walk, after }, slice);
	}),
	"freezeChunk freezes what is not queued": verb("freezeChunk", async ({ run, tenant }, id, walk, slice) => {
		const status = (await tenant.findBroadcast(id))?.status ?? "queued";
		await tenant.moveBroadcast({ id, from: EVERY_STATUS, changes: { status: "queued" } });
		const chunk = await run(id, walk, slice);
		await tenant.moveBroadcast({ id, from: EVERY_STATUS, changes: { status } });
		return chunk;
	}),
	"freezeChunk forgets who is excluded": verb("freezeChunk", ({ run }, id, walk, slice) => {
		const of = walk.rules.map(({ when }): typeof when => ({ kind: "not", of: when }));
		return run(id, { ...walk, target: { kind: "all", of: [walk.target, ...of] } }, slice);
	}),
	"surveyChunk goes beyond its end": verb("surveyChunk", async ({ run, tenant }, walk) => {
		const { through: _, ...chunk } = await run({ ...walk, upTo: (await tenant.findLastContactId()) ?? walk.upTo });
		return { ...chunk, through: walk.upTo };
	}),
	"surveyChunk begins at its start again": verb("surveyChunk", ({ run }, { after: _, ...walk }) => run(walk)),
	"surveyChunk takes the last rule that holds": verb("surveyChunk", ({ run }, walk) =>
		run({ ...walk, rules: walk.rules.toReversed() }),
	),
	"freezeChunk takes the last rule that holds": verb("freezeChunk", ({ run }, id, walk, slice) =>
		run(id, { ...walk, rules: walk.rules.toReversed() }, slice),
	),
	"advanceSlice asks no rules": stepping((step) => ({ ...step, rules: [] })),
	"advanceSlice takes the last rule that holds": stepping((step) => ({ ...step, rules: step.rules.toReversed() })),
	"advanceSlice marks one more": stepping((step) => ({ ...step, mark: step.mark + 1 })),
	"advanceSlice overlooks when to try again": verb("advanceSlice", async ({ run }, step) => {
		const at = new Date(step.at.getTime() + 24 * HOUR);
		return run({ ...step, at });
	}),
	"advanceSlice lets every lease last an hour": stepping((step) => ({ ...step, leaseMs: HOUR })),
	"advanceSlice does not let the lease last": stepping((step) => ({ ...step, leaseMs: Math.min(step.leaseMs, 1) })),
	"advanceSlice resends what is to be held": stepping((step) => ({ ...step, onInterrupted: "resend" })),
	"advanceSlice holds what is to be resent": stepping((step) => ({ ...step, onInterrupted: "hold" })),
	"advanceSlice tells the marked backwards": lying("advanceSlice", (turn) => ({
		...turn,
		marked: turn.marked.toReversed(),
	})),
	"advanceSlice counts nothing late": lying("advanceSlice", (turn) => ({ ...turn, late: 0 })),
	"advanceSlice takes outcomes of any attempt": verb("advanceSlice", async ({ run, tenant }, step) => {
		const { broadcastId } = step.lease;
		const outcomes: SliceStep["outcomes"][number][] = [];
		for (const one of step.outcomes) {
			const row = await tenant.findRecipient(broadcastId, one.contactId);
			outcomes.push({ ...one, attempt: row?.attempts ?? one.attempt });
		}
		return run({ ...step, outcomes });
	}),
	"advanceSlice marks without the lease": verb("advanceSlice", async ({ run }, step) => {
		const turn = await run(step);
		if (turn.held) return turn;
		const lease = { ...step.lease, owner: "worker", claim: 1 };
		return { ...(await run({ ...step, lease, outcomes: [] })), held: false };
	}),
	"advanceSlice drops outcomes with the lease": verb("advanceSlice", async ({ run }, step) => {
		const { held } = await run({ ...step, mark: 0, outcomes: [] });
		return run(held ? step : { ...step, outcomes: [] });
	}),
	"advanceSlice marks what is paused": verb("advanceSlice", async ({ run, tenant }, step) => {
		const { broadcastId: id } = step.lease;
		const status = (await tenant.findBroadcast(id))?.status ?? "sending";
		await tenant.moveBroadcast({ id, from: EVERY_STATUS, changes: { status: "sending" } });
		const turn = await run(step);
		await tenant.moveBroadcast({ id, from: EVERY_STATUS, changes: { status } });
		return { ...turn, status };
	}),
	"moveRecipients ignores the limit": verb("moveRecipients", ({ run }, move) => run({ ...move, limit: 1_000 })),
	"moveRecipients moves everyone": verb("moveRecipients", ({ run }, { contactId: _, ...move }) => run(move)),
	"pageRecipients ignores the state": verb("pageRecipients", ({ run }, id, { reason }, page) =>
		run(id, { reason }, page),
	),
	"pageRecipients ignores the reason": verb("pageRecipients", ({ run }, id, { state }, page) =>
		run(id, { state }, page),
	),
	"pageContactRecipients ignores the limit": verb("pageContactRecipients", ({ run }, id) => run(id, 1_000)),
	"findRecipient knows no contact that is gone": verb("findRecipient", async ({ run, tenant }, id, contactId) =>
		(await tenant.findContacts([{ id: contactId }]))[0] === undefined ? undefined : run(id, contactId),
	),
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
export const sentenceSaboteurs: Readonly<Record<string, Break>> = { ...units, ...catalogue, ...sending, ...root };

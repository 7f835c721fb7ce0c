import type { SliceStep } from "../../src/ports/storage.ts";
import { EVERY_STATUS } from "./acts.ts";
import type { Break } from "./saboteur.ts";
import { inTenant, lying, nextTurn, overriding, verb, watching } from "./saboteur.ts";

const HOUR = 3_600_000;

/** Changes a step before it is taken. */
function stepping(change: (step: SliceStep) => SliceStep): Break {
	return verb("advanceSlice", ({ run }, step) => run(change(step)));
}

/** What is said of broadcasts and their recipients, broken. */
export const sendingSaboteurs: Readonly<Record<string, Break>> = {
	"moveBroadcast ignores the state": verb("moveBroadcast", ({ run }, move) => run({ ...move, from: EVERY_STATUS })),
	"moveBroadcast overlooks that what it uses is gone": verb("moveBroadcast", async ({ run }, move) => {
		return (await run(move)) || run({ ...move, changes: { ...move.changes, uses: [] } });
	}),
	"moveBroadcast looks whether all exists a moment too early": verb("moveBroadcast", async ({ run, tenant }, move) => {
		const { uses = [] } = (await tenant.findBroadcast(move.id)) ?? {};
		const all = [...(await tenant.findSegments(uses)), ...(await tenant.findTopics(uses))];
		if (uses.length === 0 || all.filter((one) => one !== undefined).length < uses.length) return run(move);
		await nextTurn();
		return run({ ...move, changes: { uses: [], ...move.changes } });
	}),
	"moveBroadcast settles too early": verb("moveBroadcast", ({ run }, { whenSettled: _whenSettled, ...move }) =>
		run(move),
	),
	"moveBroadcast overwrites what was changed since": verb(
		"moveBroadcast",
		({ run }, { unchangedSince: _unchangedSince, ...move }) => run(move),
	),
	"moveBroadcast forgets the content": verb("moveBroadcast", ({ run }, { content: _content, ...move }) => run(move)),
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
	"surveyChunk begins at its start again": verb("surveyChunk", ({ run }, { after: _after, ...walk }) => run(walk)),
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
	"advanceSlice counts attempts that nobody made": stepping((step) => ({
		...step,
		outcomes: step.outcomes.map(({ untried: _untried, ...outcome }) => outcome),
	})),
	"advanceSlice tries again what is canceled": verb("advanceSlice", async ({ run, tenant }, step) => {
		const { broadcastId: id } = step.lease;
		const status = (await tenant.findBroadcast(id))?.status;
		if (status !== "canceled") return run(step);
		await tenant.moveBroadcast({ id, from: [status], changes: { status: "paused" } });
		const turn = await run(step);
		await tenant.moveBroadcast({ id, from: ["paused"], changes: { status } });
		return { ...turn, status };
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
	"findDue overlooks what is canceled": (storage) =>
		overriding(storage, {
			findDue: async (at, limit) => (await storage.findDue(at, limit)).filter(({ need }) => need !== "cancel"),
		}),
	"findDue overlooks the lease of what is canceled": (storage) => {
		const { names, watched } = watching(storage);
		return overriding(watched, {
			findDue: async (at, limit) => {
				const due = [...(await storage.findDue(at, limit))];
				for (const tenantId of names) {
					const tenant = storage.forTenant(tenantId);
					for (const { id: broadcastId, status } of await tenant.pageBroadcasts({ limit: 100 })) {
						const { sending } = await tenant.tallyBroadcast(broadcastId);
						if (status !== "canceled" || sending === 0 || due.some((one) => one.broadcastId === broadcastId)) continue;
						due.push({ tenantId, broadcastId, need: "cancel" });
					}
				}
				return due;
			},
		});
	},
	"moveRecipients moves nobody who is being sent to": verb("moveRecipients", async ({ run }, move) =>
		move.from === "sending" ? 0 : run(move),
	),
	"moveRecipients ignores the limit": verb("moveRecipients", ({ run }, move) => run({ ...move, limit: 1_000 })),
	"moveRecipients moves everyone": verb("moveRecipients", ({ run }, { contactId: _contactId, ...move }) => run(move)),
	"claimSlice leases of any broadcast": (storage) =>
		overriding(storage, { claimSlice: ({ of: _of, ...claim }) => storage.claimSlice(claim) }),
	"claimSlice leases of broadcasts to leave alone": (storage) =>
		overriding(storage, { claimSlice: ({ except: _except, ...claim }) => storage.claimSlice(claim) }),
	"claimSlice takes a broadcast for another tenant's": (storage) =>
		overriding(storage, {
			claimSlice: async ({ of, ...claim }) => {
				if (of === undefined) return storage.claimSlice(claim);
				const tenantId = (await storage.findTenant(of)) ?? of.tenantId;
				return storage.claimSlice({ ...claim, of: { ...of, tenantId } });
			},
		}),
	"moveRecipients ignores the reason": verb("moveRecipients", ({ run }, { withReason: _withReason, ...move }) =>
		run(move),
	),
	"moveRecipients ignores the broadcast's state": verb("moveRecipients", ({ run }, { whileIn: _whileIn, ...move }) =>
		run(move),
	),
	"moveRecipients opens nothing again": verb("moveRecipients", ({ run }, { reopen: _reopen, ...move }) => run(move)),
	"moveRecipients opens what nobody asked to": verb("moveRecipients", ({ run }, move) =>
		run({ ...move, reopen: true }),
	),
	"moveRecipients counts tries on": inTenant((tenant) => ({
		advanceSlice: async (step) => {
			const turn = await tenant.advanceSlice(step);
			return { ...turn, marked: turn.marked.map((one) => ({ ...one, tries: one.attempt })) };
		},
	})),
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

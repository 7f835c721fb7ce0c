import type { RecipientCounts } from "../../src/model/recipient.ts";
import type { TenantStorage } from "../../src/ports/storage.ts";
import { EVERY_STATUS } from "./acts.ts";
import { listSaboteurs, readSaboteurs } from "./read-saboteurs.ts";
import type { Break, Saboteurs } from "./saboteur.ts";
import {
	coalescing,
	hesitating,
	inTenant,
	lying,
	sharing,
	silent,
	strayingRead,
	strayingWrite,
	nextTurn,
	verb,
} from "./saboteur.ts";
import { writeSaboteurs } from "./write-saboteurs.ts";

const NOBODY: RecipientCounts = {
	candidates: 0,
	excluded: {},
	pending: 0,
	sending: 0,
	sent: 0,
	failed: 0,
	skipped: 0,
	uncertain: 0,
};

/** Deletes a broadcast, while its content stays. */
const contentStays: Break = inTenant((tenant) => {
	const left = new Map<string, Awaited<ReturnType<TenantStorage["findContent"]>>>();
	return {
		findContent: async (id) => (await tenant.findContent(id)) ?? left.get(id),
		deleteBroadcast: async (id, from) => {
			left.set(id, await tenant.findContent(id));
			return tenant.deleteBroadcast(id, from);
		},
	};
});

/** Saboteurs of the verbs about broadcasts. */
export const broadcasts = {
	keepKey: {
		doesNothing: verb("keepKey", async (_, use) => structuredClone(use)),
		wrongAnswer: lying("keepKey", (use) => ({ ...use, subjectId: `${use.subjectId}x` })),
		forgetsTenant: strayingWrite("keepKey"),
		notAtomic: sharing("keepKey"),
	},
	insertBroadcast: writeSaboteurs(
		"insertBroadcast",
		hesitating("insertBroadcast", async (tenant, { id }) => (await tenant.findBroadcast(id)) === undefined),
	),
	findBroadcast: readSaboteurs("findBroadcast", undefined, (row) => row && { ...row, uses: [...row.uses, "x"] }),
	pageBroadcasts: listSaboteurs("pageBroadcasts", [], (rows) => rows.toReversed()),
	// The content is written whether or not the move applies.
	moveBroadcast: writeSaboteurs(
		"moveBroadcast",
		verb("moveBroadcast", async ({ run }, move) => {
			const { id, content } = move;
			if (content !== undefined) await run({ id, from: EVERY_STATUS, changes: {}, content });
			return run(move);
		}),
	),
	deleteBroadcast: writeSaboteurs("deleteBroadcast", contentStays),
	findContent: readSaboteurs("findContent", undefined, (row) => row && { ...row, subject: `${row.subject}!` }),
} satisfies Partial<Record<keyof TenantStorage, Saboteurs>>;

/** Moves rows, while the counts stay. */
const countsStay: Break = inTenant((tenant) => {
	const kept = new Map<string, RecipientCounts>();
	return {
		tallyBroadcast: async (id) => kept.get(id) ?? tenant.tallyBroadcast(id),
		moveRecipients: async (move) => {
			kept.set(move.broadcastId, await tenant.tallyBroadcast(move.broadcastId));
			return tenant.moveRecipients(move);
		},
	};
});

/** Saboteurs of the verbs about sending. */
export const sending = {
	surveyChunk: {
		doesNothing: verb("surveyChunk", async (_, { upTo: through }) => ({
			through,
			complete: true,
			candidates: 0,
			included: 0,
			excluded: {},
		})),
		wrongAnswer: lying("surveyChunk", (chunk) => ({ ...chunk, included: chunk.candidates })),
		forgetsTenant: strayingRead("surveyChunk"),
		// Counts candidates now and judges them a moment later.
		notAtomic: verb("surveyChunk", async ({ run }, walk) => {
			const { candidates } = await run(walk);
			await nextTurn();
			return { ...(await run(walk)), candidates };
		}),
	},
	freezeChunk: {
		doesNothing: verb("freezeChunk", ({ tenant }, _, walk) => tenant.surveyChunk(walk)),
		wrongAnswer: lying("freezeChunk", (chunk) => chunk && { ...chunk, included: chunk.candidates }),
		forgetsTenant: strayingWrite("freezeChunk"),
		// The plan does not advance with its rows.
		notAtomic: verb("freezeChunk", async ({ tenant, run }, id, walk, slice) => {
			const plan = (await tenant.findBroadcast(id))?.plan ?? null;
			const chunk = await run(id, walk, slice);
			if (chunk !== undefined) await tenant.moveBroadcast({ id, from: EVERY_STATUS, changes: { plan } });
			return chunk;
		}),
	},
	advanceSlice: {
		doesNothing: silent("advanceSlice", {
			held: true,
			marked: [],
			late: 0,
			open: 0,
			nextRetryAt: undefined,
			status: "sending",
		}),
		wrongAnswer: lying("advanceSlice", (turnOver) => ({ ...turnOver, held: !turnOver.held })),
		forgetsTenant: strayingWrite("advanceSlice"),
		// Steps of the same moment mark the same recipients.
		notAtomic: inTenant((tenant) => ({
			advanceSlice: coalescing((step: Parameters<TenantStorage["advanceSlice"]>[0]) => tenant.advanceSlice(step)),
		})),
	},
	moveRecipients: {
		doesNothing: silent("moveRecipients", 1),
		wrongAnswer: lying("moveRecipients", (moved) => moved + 1),
		forgetsTenant: strayingWrite("moveRecipients"),
		notAtomic: countsStay,
	},
	findRecipient: readSaboteurs("findRecipient", undefined, (row) => row && { ...row, attempts: row.attempts + 1 }),
	pageRecipients: listSaboteurs("pageRecipients", [], (rows) => rows.toReversed()),
	pageContactRecipients: listSaboteurs("pageContactRecipients", [], (rows) => rows.toReversed()),
	tallyReasons: readSaboteurs("tallyReasons", [], (counts) => counts.map((one) => ({ ...one, count: one.count + 1 }))),
	tallyBroadcast: readSaboteurs("tallyBroadcast", NOBODY, (counts) => ({ ...counts, pending: counts.pending + 1 })),
	recountBroadcast: readSaboteurs("recountBroadcast", NOBODY, (counts) => ({ ...counts, sent: counts.sent + 1 })),
} satisfies Partial<Record<keyof TenantStorage, Saboteurs>>;

/** Saboteurs of the verbs about imports. */
export const imports = {
	insertImport: writeSaboteurs(
		"insertImport",
		hesitating("insertImport", async (tenant, { id }) => (await tenant.findImport(id)) === undefined),
	),
	findImport: readSaboteurs("findImport", undefined, (row) => row && { ...row, failure: "none" }),
	pageImports: listSaboteurs("pageImports", [], (rows) => rows.toReversed()),
	// Looks at the status, and a moment later moves it from whatever it is.
	moveImport: writeSaboteurs(
		"moveImport",
		verb("moveImport", async ({ tenant, run }, id, from, changes) => {
			const before = await tenant.findImport(id);
			await nextTurn();
			const status = (await tenant.findImport(id))?.status ?? from;
			return before?.status === from && run(id, status, changes);
		}),
	),
	listImportIssues: {
		doesNothing: silent("listImportIssues", []),
		wrongAnswer: lying("listImportIssues", (rows) => rows.toReversed()),
		forgetsTenant: strayingRead("listImportIssues"),
		notAtomic: sharing("listImportIssues"),
	},
} satisfies Partial<Record<keyof TenantStorage, Saboteurs>>;

import { EVERYONE, type BoundFilter } from "../../src/filter/filter.ts";
import type { BroadcastStatus } from "../../src/model/broadcast.ts";
import type { ContactRecord } from "../../src/model/contact.ts";
import type { RecipientCounts } from "../../src/model/recipient.ts";
import type { ContactDecisions, ContactEntry, FoundContact, TenantStorage } from "../../src/ports/storage.ts";
import { listSaboteurs, readSaboteurs } from "./read-saboteurs.ts";
import type { Break, Saboteurs } from "./saboteur.ts";
import {
	coalescing,
	hesitating,
	inTenant,
	lying,
	procrastinating,
	sharing,
	silent,
	strayingRead,
	strayingWrite,
	turn,
	verb,
} from "./saboteur.ts";
import { removalSaboteurs, writeSaboteurs } from "./write-saboteurs.ts";

const ALL = { limit: 1_000 };
const STOP = new Error("stop");
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

/** Half of all contacts, and the other half. */
const HALF: BoundFilter = { kind: "sample", multiplier: 2 ** 30, offset: 0, below: 2 ** 29 };
const OTHER_HALF: BoundFilter = { kind: "not", of: HALF };

const contacts = {
	changeContacts: {
		doesNothing: verb("changeContacts", ({ tenant }, entries, decide) => decideOnly(tenant, entries, decide)),
		wrongAnswer: lying("changeContacts", ({ contacts: rows }) => ({ contacts: rows.toReversed() })),
		forgetsTenant: strayingWrite("changeContacts"),
		// Decides first and writes a moment later.
		notAtomic: verb("changeContacts", async ({ tenant, run }, entries, decide) => {
			const decisions = await decideOnly(tenant, entries, decide);
			await turn();
			return run(entries, () => decisions);
		}),
	},
	findContacts: {
		doesNothing: verb("findContacts", async (_, keys) => keys.map(() => undefined)),
		wrongAnswer: lying("findContacts", (found) => found.toReversed()),
		forgetsTenant: strayingRead("findContacts"),
		// One contact at each moment.
		notAtomic: verb("findContacts", async ({ run }, keys) => {
			const found: (ContactRecord | undefined)[] = [];
			for (const key of keys) {
				found.push(...(await run([key])));
				await turn();
			}
			return found;
		}),
	},
	pageContacts: listSaboteurs("pageContacts", [], (page) => page.toReversed()),
	countContacts: {
		doesNothing: silent("countContacts", 0),
		wrongAnswer: lying("countContacts", (count) => count + 1),
		forgetsTenant: strayingRead("countContacts"),
		// One half now and the other a moment later.
		notAtomic: verb("countContacts", async ({ run }, filter) => {
			const count = await run({ kind: "all", of: [filter, HALF] });
			await turn();
			return count + (await run({ kind: "all", of: [filter, OTHER_HALF] }));
		}),
	},
	findLastContactId: {
		doesNothing: silent("findLastContactId", undefined),
		// The smallest instead.
		wrongAnswer: verb("findLastContactId", async ({ tenant }) => (await tenant.pageContacts(EVERYONE, ALL)).at(-1)?.id),
		forgetsTenant: strayingRead("findLastContactId"),
		// Of another moment: the first time that there was one.
		notAtomic: inTenant((tenant) => {
			let first: string | undefined;
			return { findLastContactId: async () => (first ??= await tenant.findLastContactId()) };
		}),
	},
} satisfies Partial<Record<keyof TenantStorage, Saboteurs>>;

const properties = {
	insertProperty: writeSaboteurs(
		"insertProperty",
		hesitating(
			"insertProperty",
			async (tenant, { key }) => !(await tenant.listProperties()).some((one) => one.key === key),
		),
	),
	listProperties: listSaboteurs("listProperties", [], (rows) => rows.toReversed()),
	updateProperty: writeSaboteurs(
		"updateProperty",
		procrastinating("updateProperty", async (tenant, id) =>
			(await tenant.listProperties()).some((one) => one.id === id),
		),
	),
	// The values stay where they are.
	deleteProperty: writeSaboteurs(
		"deleteProperty",
		verb("deleteProperty", async ({ tenant, run }, id) => {
			const before = await tenant.pageContacts(EVERYONE, ALL);
			const answer = await run(id);
			const decisions = before.map((write) => ({ write, retain: [], events: [] }));
			await tenant.changeContacts(
				before.map(({ id: own }) => ({ key: { id: own } })),
				() => ({ contacts: decisions }),
			);
			return answer;
		}),
	),
} satisfies Partial<Record<keyof TenantStorage, Saboteurs>>;

/** Deletes a segment from sight, while its members stay. */
const membersStay: Break = inTenant((tenant) => {
	const hidden = new Set<string>();
	return {
		findSegments: async (ids) =>
			(await tenant.findSegments(ids)).map((row) => (hidden.has(row?.id ?? "") ? undefined : row)),
		pageSegments: async (page) => (await tenant.pageSegments(page)).filter(({ id }) => !hidden.has(id)),
		insertSegment: async (row) => hidden.delete(row.id) || tenant.insertSegment(row),
		deleteSegment: async (id) => {
			if (hidden.has(id) || (await tenant.findSegments([id]))[0] === undefined) return "missing";
			hidden.add(id);
			return "deleted";
		},
	};
});

/** Deletes a topic from sight, while the choices stay. */
const choicesStay: Break = inTenant((tenant) => {
	const hidden = new Set<string>();
	return {
		findTopics: async (ids) =>
			(await tenant.findTopics(ids)).map((row) => (hidden.has(row?.id ?? "") ? undefined : row)),
		pageTopics: async (page) => (await tenant.pageTopics(page)).filter(({ id }) => !hidden.has(id)),
		insertTopic: async (row) => hidden.delete(row.id) || tenant.insertTopic(row),
		deleteTopic: async (id) => {
			if (hidden.has(id) || (await tenant.findTopics([id]))[0] === undefined) return "missing";
			hidden.add(id);
			return "deleted";
		},
	};
});

const catalogue = {
	insertSegment: writeSaboteurs(
		"insertSegment",
		hesitating("insertSegment", async (tenant, { id }) => (await tenant.findSegments([id]))[0] === undefined),
	),
	findSegments: listSaboteurs("findSegments", [], (rows) => rows.toReversed()),
	pageSegments: listSaboteurs("pageSegments", [], (rows) => rows.toReversed()),
	updateSegment: writeSaboteurs(
		"updateSegment",
		procrastinating("updateSegment", async (tenant, id) => (await tenant.findSegments([id]))[0] !== undefined),
	),
	deleteSegment: removalSaboteurs("deleteSegment", membersStay),
	insertTopic: writeSaboteurs(
		"insertTopic",
		hesitating("insertTopic", async (tenant, { id }) => (await tenant.findTopics([id]))[0] === undefined),
	),
	findTopics: listSaboteurs("findTopics", [], (rows) => rows.toReversed()),
	pageTopics: listSaboteurs("pageTopics", [], (rows) => rows.toReversed()),
	// Reads the topic, and a moment later writes all of it.
	updateTopic: writeSaboteurs(
		"updateTopic",
		verb("updateTopic", async ({ tenant, run }, id, changes) => {
			const [topic] = await tenant.findTopics([id]);
			await turn();
			if (topic === undefined) return false;
			const { name, description, visibility } = topic;
			return run(id, { name, description, visibility, ...changes });
		}),
	),
	deleteTopic: removalSaboteurs("deleteTopic", choicesStay),
	// The events are lost.
	insertSuppression: writeSaboteurs(
		"insertSuppression",
		verb("insertSuppression", ({ run }, suppression) => run(suppression, [])),
	),
	findSuppression: readSaboteurs("findSuppression", undefined, (row) => row && { ...row, origin: "manual" }),
	pageSuppressions: listSaboteurs("pageSuppressions", [], (rows) => rows.toReversed()),
	deleteSuppression: writeSaboteurs(
		"deleteSuppression",
		verb("deleteSuppression", ({ run }, addressHash) => run(addressHash, [])),
	),
	listEvents: listSaboteurs("listEvents", [], (rows) => rows.toReversed()),
	pageContactEvents: listSaboteurs("pageContactEvents", [], (rows) => rows.toReversed()),
} satisfies Partial<Record<keyof TenantStorage, Saboteurs>>;

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

const broadcasts = {
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

const sending = {
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
			await turn();
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
	tallyBroadcast: readSaboteurs("tallyBroadcast", NOBODY, (counts) => ({ ...counts, pending: counts.pending + 1 })),
	recountBroadcast: readSaboteurs("recountBroadcast", NOBODY, (counts) => ({ ...counts, sent: counts.sent + 1 })),
} satisfies Partial<Record<keyof TenantStorage, Saboteurs>>;

const imports = {
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
			await turn();
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

/** Saboteurs of the verbs of one tenant. */
export const tenantSaboteurs: Readonly<Record<keyof TenantStorage, Saboteurs>> = {
	...contacts,
	...properties,
	...catalogue,
	...broadcasts,
	...sending,
	...imports,
};

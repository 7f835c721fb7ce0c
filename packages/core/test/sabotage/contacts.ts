import { EVERYONE, type BoundFilter } from "../../src/filter/filter.ts";
import type { ContactRecord } from "../../src/model/contact.ts";
import type { TenantStorage } from "../../src/ports/storage.ts";
import { decideOnly } from "./acts.ts";
import { listSaboteurs, readSaboteurs } from "./read-saboteurs.ts";
import type { Break, Saboteurs } from "./saboteur.ts";
import {
	hesitating,
	inTenant,
	lying,
	procrastinating,
	silent,
	strayingRead,
	strayingWrite,
	nextTurn,
	verb,
} from "./saboteur.ts";
import { removalSaboteurs, writeSaboteurs } from "./write-saboteurs.ts";

const ALL = { limit: 1_000 };

/** Half of all contacts, and the other half. */
const HALF: BoundFilter = { kind: "sample", multiplier: 2 ** 30, offset: 0, below: 2 ** 29 };
const OTHER_HALF: BoundFilter = { kind: "not", of: HALF };

/** Saboteurs of the verbs about contacts. */
export const contacts = {
	changeContacts: {
		doesNothing: verb("changeContacts", ({ tenant }, entries, decide) => decideOnly(tenant, entries, decide)),
		wrongAnswer: lying("changeContacts", ({ contacts: rows }) => ({ contacts: rows.toReversed() })),
		forgetsTenant: strayingWrite("changeContacts"),
		// Decides first and writes a moment later.
		notAtomic: verb("changeContacts", async ({ tenant, run }, entries, decide) => {
			const decisions = await decideOnly(tenant, entries, decide);
			await nextTurn();
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
				await nextTurn();
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
			await nextTurn();
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

/** Saboteurs of the verbs about properties. */
export const properties = {
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
	deleteProperty: removalSaboteurs(
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

/** Saboteurs of the verbs about catalogue. */
export const catalogue = {
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
			await nextTurn();
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
	findSuppression: readSaboteurs("findSuppression", undefined, (row) => row && { ...row, email: "x@example.com" }),
	pageSuppressions: listSaboteurs("pageSuppressions", [], (rows) => rows.toReversed()),
	deleteSuppression: writeSaboteurs(
		"deleteSuppression",
		verb("deleteSuppression", ({ run }, addressHash) => run(addressHash, [])),
	),
	listEvents: listSaboteurs("listEvents", [], (rows) => rows.toReversed()),
	pageContactEvents: listSaboteurs("pageContactEvents", [], (rows) => rows.toReversed()),
} satisfies Partial<Record<keyof TenantStorage, Saboteurs>>;

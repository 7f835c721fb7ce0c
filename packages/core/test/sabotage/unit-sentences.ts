import type { RetainedOptOut } from "../../src/model/contact.ts";
import type { ContactDecision, ContactDecisions } from "../../src/ports/storage.ts";
import { decideOnly } from "./acts.ts";
import type { Break } from "./saboteur.ts";
import { verb } from "./saboteur.ts";

/** Changes what is decided before it is written. */
function deciding(change: (decision: ContactDecision) => ContactDecision): Break {
	return verb("changeContacts", ({ run }, entries, decide) =>
		run(entries, (found) => {
			const { contacts, ...rest } = decide(found);
			return { ...rest, contacts: contacts.map(change) };
		}),
	);
}

/** What is said of units of contacts, broken. */
export const unitSaboteurs: Readonly<Record<string, Break>> = {
	"changeContacts forgets events": deciding((decision) => ({ ...decision, events: [] })),
	"listEvents tells a unit's events backwards": deciding((decision) => ({
		...decision,
		events: decision.events.toReversed(),
	})),
	"changeContacts forgets what is retained": deciding((decision) => ({ ...decision, retain: [] })),
	"changeContacts removes no one": deciding(({ remove: _remove, ...decision }) => decision),
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
	"changeContacts takes an import further from anywhere": verb("changeContacts", ({ run }, entries, decide) =>
		run(entries, (found) => {
			const { step, ...rest } = decide(found);
			return step === undefined ? rest : { ...rest, step: { ...step, since: undefined } };
		}),
	),
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
	"changeContacts takes no external id for the empty one": verb("changeContacts", ({ run }, entries, decide) =>
		run(
			entries.map((entry) => ({ ...entry, externalId: entry.externalId ?? "" })),
			decide,
		),
	),
	"changeContacts tells nothing retained": verb("changeContacts", ({ run }, entries, decide) =>
		run(entries, (found) => decide(found.map((one) => ({ ...one, retained: [] })))),
	),
	"changeContacts tells of topics that are gone": (storage) => {
		const topicIds = new Map<string, readonly string[]>();
		const asWritten = (row: RetainedOptOut) => ({ ...row, topicIds: topicIds.get(row.contactId) ?? row.topicIds });
		return verb("changeContacts", ({ run }, entries, decide) =>
			run(entries, (found) => {
				const decisions = decide(
					found.map((one) => ({ ...one, retained: one.retained.map(asWritten), former: one.former.map(asWritten) })),
				);
				for (const row of decisions.contacts.flatMap(({ retain }) => retain)) topicIds.set(row.contactId, row.topicIds);
				return decisions;
			}),
		)(storage);
	},
	"changeContacts tells nothing former": verb("changeContacts", ({ run }, entries, decide) =>
		run(entries, (found) => decide(found.map((one) => ({ ...one, former: [] })))),
	),
	"findContacts overlooks the case of external ids": verb("findContacts", ({ run }, keys) =>
		run(keys.map((key) => ("externalId" in key ? { externalId: key.externalId.toLowerCase() } : key))),
	),
};

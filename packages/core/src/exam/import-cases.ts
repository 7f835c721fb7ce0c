import assert from "node:assert/strict";
import { ConvokeError } from "../errors.ts";
import type { ImportRecord, ImportIssue } from "../model/import.ts";
import type { TenantStorage } from "../ports/storage.ts";
import { contactOf, entryOf, NOTHING, put } from "./contact-acts.ts";
import { handOver, present, provesCopies, provesOneWon, provesPages } from "./proofs.ts";
import { addressOf, minutes } from "./records.ts";
import { examCase, type StorageCase } from "./storage-case.ts";

const COUNTS = { total: 6, created: 1, updated: 2, skipped: 1, failed: 2 };

/** Takes an import a step further, with no contact in it. */
async function advance(
	tenant: TenantStorage,
	record: ImportRecord,
	issues: readonly ImportIssue[] = [],
): Promise<void> {
	await tenant.changeContacts([], () => ({ contacts: [], step: { import: record, issues } }));
}

function isEnded(error: unknown): boolean {
	return ConvokeError.is(error) && error.code === "invalid_state" && error.reason === "import_ended";
}

/** What a storage does with imports. */
export const importCases: readonly StorageCase[] = [
	examCase("insertImport: keeps an import", async ({ tenant, alone, inert, make }) => {
		const neighbour = make.import();
		await tenant.insertImport(neighbour);
		const record = make.import({ counts: COUNTS });
		assert.equal(await tenant.findImport(record.id), undefined);
		const kept = await handOver(record, async (given) => {
			assert.equal(await alone(() => tenant.insertImport(given)), true);
		});
		assert.deepEqual(await tenant.findImport(record.id), kept);
		assert.deepEqual(await tenant.findImport(neighbour.id), neighbour);
		assert.equal(await inert(() => tenant.insertImport({ ...record, failure: "other" })), false);
	}),

	examCase("insertImport: lets one of two have an id", async ({ tenant, bystander, make }) => {
		const record = make.import();
		assert.equal(await bystander.insertImport(record), true);
		const answers = await Promise.all([tenant.insertImport(record), tenant.insertImport(record)]);
		provesOneWon(answers);
	}),

	examCase("findImport: answers by value, and only this tenant's", async ({ tenant, bystander, make }) => {
		const [own, stranger] = [
			make.import({ completedAt: minutes(3), status: "failed", failure: "no_header" }),
			make.import(),
		];
		await bystander.insertImport(stranger);
		await tenant.insertImport(own);
		assert.equal(await tenant.findImport(stranger.id), undefined);
		assert.deepEqual(await tenant.findImport(own.id), own);
		await provesCopies(() => tenant.findImport(own.id));
	}),

	examCase("pageImports: leads through all imports", async ({ tenant, bystander, make }) => {
		const imports = Array.from({ length: 6 }, () => make.import());
		await bystander.insertImport(make.import());
		for (const record of imports) await tenant.insertImport(record);
		await provesPages(
			imports,
			({ id }) => id,
			(page) => tenant.pageImports(page),
		);
		await provesCopies(() => tenant.pageImports({ limit: 2 }));
	}),

	examCase("moveImport: changes an import of that status", async ({ tenant, both, alone, inert, make }) => {
		const [record, neighbour] = [make.import(), make.import()];
		await both(async (each) => [await each.insertImport(record), await each.insertImport(neighbour)]);
		assert.equal(await inert(() => tenant.moveImport(record.id, "canceled", { failure: "x" })), false);
		assert.equal(await inert(() => tenant.moveImport(make.id(), "in_progress", { failure: "x" })), false);
		const changes = {
			status: "failed" as const,
			failure: "file_lost",
			counts: COUNTS,
			fingerprint: "abc",
			completedAt: minutes(8),
		};
		await handOver(changes, async (given) => {
			assert.equal(await alone(() => tenant.moveImport(record.id, "in_progress", given)), true);
		});
		assert.deepEqual(await tenant.findImport(record.id), { ...record, ...changes });
		assert.deepEqual(await tenant.findImport(neighbour.id), neighbour);
		assert.equal(await inert(() => tenant.moveImport(record.id, "in_progress", { failure: "x" })), false);
	}),

	examCase("moveImport: lets one of two end an import", async ({ tenant, make }) => {
		const record = make.import();
		await tenant.insertImport(record);
		const answers = await Promise.all([
			tenant.moveImport(record.id, "in_progress", { status: "completed" }),
			tenant.moveImport(record.id, "in_progress", { status: "canceled" }),
		]);
		provesOneWon(answers);
	}),

	examCase(
		"changeContacts: takes an import a step further with its contacts",
		async ({ tenant, both, alone, make }) => {
			const [record, neighbour] = [make.import(), make.import()];
			await both(async (each) => [await each.insertImport(record), await each.insertImport(neighbour)]);
			const contact = make.contact();
			const step = { import: { ...record, counts: COUNTS }, issues: [make.issue(2), make.issue(4, { field: null })] };
			const decisions = { contacts: [{ ...NOTHING, write: contact }], step };
			await handOver(decisions, async (given) => {
				assert.deepEqual(await alone(() => tenant.changeContacts([entryOf(contact)], () => given)), decisions);
			});
			assert.deepEqual(await contactOf(tenant, contact), contact);
			assert.deepEqual(await tenant.findImport(record.id), step.import);
			assert.deepEqual(await tenant.listImportIssues(record.id, 0, 10), step.issues);
			assert.deepEqual(await tenant.findImport(neighbour.id), neighbour);
			assert.deepEqual(await tenant.listImportIssues(neighbour.id, 0, 10), []);
		},
	),

	examCase("changeContacts: takes an import no further when its contacts fail", async ({ tenant, inert, make }) => {
		const record = make.import();
		await tenant.insertImport(record);
		await put(tenant, make.contact(addressOf("taken")));
		const [added, colliding] = [make.contact(), make.contact(addressOf("taken"))];
		const unit = (): Promise<unknown> =>
			tenant.changeContacts([entryOf(added), entryOf(colliding)], () => ({
				contacts: [added, colliding].map((write) => ({ ...NOTHING, write })),
				step: { import: { ...record, counts: COUNTS }, issues: [make.issue(2)] },
			}));
		await inert(() => assert.rejects(unit()));
	}),

	examCase(
		"changeContacts: writes nothing for an import that has ended",
		async ({ tenant, bystander, inert, make }) => {
			const contact = make.contact();
			const take = (record: ImportRecord): Promise<unknown> =>
				tenant.changeContacts([entryOf(contact)], () => ({
					contacts: [{ write: contact, retain: [], events: [make.event()] }],
					step: { import: { ...record, counts: COUNTS }, issues: [make.issue(2)] },
				}));
			const unknown = make.import();
			await bystander.insertImport(unknown);
			await inert(() => assert.rejects(take(unknown), isEnded));
			for (const status of ["canceled", "failed", "completed"] as const) {
				const record = make.import();
				await tenant.insertImport(record);
				assert.equal(await tenant.moveImport(record.id, "in_progress", { status }), true);
				await inert(() => assert.rejects(take(record), isEnded));
			}
		},
	),

	examCase(
		"changeContacts: takes an import further from where it stands only",
		async ({ tenant, inert, alone, make }) => {
			const record = make.import();
			await tenant.insertImport(record);
			const take = (since: number, total: number): Promise<unknown> => {
				const step = {
					import: { ...record, fingerprint: `${total}`, counts: { ...COUNTS, total } },
					since,
					issues: [],
				};
				const contact = make.contact();
				return tenant.changeContacts([entryOf(contact)], () => ({ contacts: [{ ...NOTHING, write: contact }], step }));
			};
			await alone(() => take(0, 6));
			for (const since of [0, 5, 7]) await inert(() => assert.rejects(take(since, 12), isEnded));
			await alone(() => take(6, 12));
			assert.deepEqual(await tenant.findImport(record.id), {
				...record,
				fingerprint: "12",
				counts: { ...COUNTS, total: 12 },
			});
		},
	),

	examCase("listImportIssues: tells issues in the order appended", async ({ tenant, both, bystander, make }) => {
		const record = make.import();
		await both((each) => each.insertImport(record));
		const issues = [9, 3, 3, 12, 1].map((line) =>
			make.issue(line, { severity: line > 5 ? "warning" : "error", message: `Line ${line}.` }),
		);
		await advance(bystander, record, [make.issue(99)]);
		await advance(tenant, record, issues.slice(0, 2));
		await advance(tenant, record, issues.slice(2));
		await advance(tenant, { ...record, status: "completed" });
		assert.deepEqual(await tenant.listImportIssues(record.id, 0, 10), issues);
		assert.deepEqual(await tenant.listImportIssues(record.id, 0, 2), issues.slice(0, 2));
		assert.deepEqual(await tenant.listImportIssues(record.id, 2, 2), issues.slice(2, 4));
		assert.deepEqual(await tenant.listImportIssues(record.id, 5, 2), []);
		assert.deepEqual(await tenant.listImportIssues(make.id(), 0, 2), []);
		await provesCopies(() => tenant.listImportIssues(record.id, 0, 10));
		assert.equal(present(await tenant.findImport(record.id)).status, "completed");
	}),
];

import type { ImportRecord, ImportIssue, ImportStep } from "@convoke/core";
import fc from "fast-check";
import { onTenant } from "./operation.ts";
import type { Operation } from "./operation.ts";
import { IMPORT_IDS, instants, pages, someText } from "./pools.ts";

const importId = fc.constantFrom(...IMPORT_IDS);
const status = fc.constantFrom(
	"in_progress" as const,
	"in_progress" as const,
	"in_progress" as const,
	"completed" as const,
	"canceled" as const,
	"failed" as const,
);
const fields = {
	status,
	counts: fc.record({
		total: fc.nat(9),
		created: fc.nat(9),
		updated: fc.nat(9),
		skipped: fc.nat(9),
		failed: fc.nat(9),
	}),
	failure: fc.option(someText),
	fingerprint: someText,
	createdAt: instants,
	completedAt: fc.option(instants),
};
const imports: fc.Arbitrary<ImportRecord> = fc.record({ id: importId, ...fields });

const issues: fc.Arbitrary<ImportIssue> = fc.record({
	line: fc.integer({ min: 1, max: 1_000_000 }),
	severity: fc.constantFrom("error", "warning"),
	reason: fc.constantFrom("invalid_email", "opt_out_kept"),
	field: fc.option(fc.constant("email")),
	message: someText,
});

/** How far a unit takes an import, which may have ended. */
export const importSteps: fc.Arbitrary<ImportStep> = fc.record({
	import: imports,
	since: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(9) }),
	issues: fc.array(issues, { maxLength: 3 }),
});

/** Imports that begin. */
export const insertImport: fc.Arbitrary<Operation> = onTenant("insertImport", imports, (tenant, record) =>
	tenant.insertImport({ ...record, status: "in_progress" }),
);

/** Imports. */
export const importOperations: readonly fc.Arbitrary<Operation>[] = [
	insertImport,
	onTenant("findImport", importId, (tenant, id) => tenant.findImport(id)),
	onTenant("pageImports", pages(IMPORT_IDS), (tenant, page) => tenant.pageImports(page)),
	onTenant(
		"moveImport",
		fc.tuple(importId, status, fc.record(fields, { requiredKeys: [] })),
		(tenant, [id, from, changes]) => tenant.moveImport(id, from, changes),
	),
	onTenant("listImportIssues", fc.tuple(importId, fc.nat(3), fc.nat(4)), (tenant, [id, skip, limit]) =>
		tenant.listImportIssues(id, skip, limit),
	),
];

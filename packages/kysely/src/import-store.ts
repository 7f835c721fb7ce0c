import type { ImportIssue, ImportRecord, ImportStatus, ImportStep } from "@convoke/core";
import { importEnded } from "@convoke/core";
import { Columns, instant, integer, json, text } from "./columns.ts";
import type { SqlDialect } from "./dialect.ts";
import { EntityStore } from "./entity-store.ts";
import { Insert } from "./insert.ts";
import { query } from "./query.ts";
import type { Query } from "./query.ts";
import { all, first } from "./statement.ts";
import type { Unit } from "./statement.ts";

const imports = new Columns<ImportRecord>({
	id: text,
	status: text,
	counts: json,
	failure: text,
	fingerprint: text,
	createdAt: instant,
	completedAt: instant,
});

const issues = new Columns<ImportIssue>({ line: integer, severity: text, reason: text, field: text, message: text });

/** Imports and what is to know about their rows. */
export class ImportStore {
	/** Imports. */
	readonly records: EntityStore<ImportRecord>;
	readonly #insertIssue: Insert;
	readonly #lastNumber: Query<{ tenant: string; id: string }, { number: number }>;
	readonly #listIssues: Query<{ tenant: string; id: string; skip: number; end: number }, object>;

	constructor(dialect: SqlDialect) {
		const { db } = dialect;
		this.records = new EntityStore(dialect, "convoke_imports", imports);
		const columns = ["tenant_id", "import_id", "number", ...issues.names];
		this.#insertIssue = new Insert(dialect, "convoke_import_errors", columns);
		this.#lastNumber = query<{ tenant: string; id: string }>()((param) =>
			db
				.selectFrom("convoke_import_errors")
				.select("number")
				.where("tenant_id", "=", param("tenant"))
				.where("import_id", "=", param("id"))
				.orderBy("number", "desc")
				.limit(1),
		);
		this.#listIssues = query<{ tenant: string; id: string; skip: number; end: number }>()((param) =>
			db
				.selectFrom("convoke_import_errors")
				.selectAll()
				.where("tenant_id", "=", param("tenant"))
				.where("import_id", "=", param("id"))
				.where("number", ">", param("skip"))
				.where("number", "<=", param("end"))
				.orderBy("number"),
		);
	}

	/** `false`: no such import, or it has another status. */
	*move(tenant: string, id: string, from: ImportStatus, changes: Partial<ImportRecord>): Unit<boolean> {
		if ((yield* this.records.findToChange(tenant, id))?.status !== from) return false;
		return yield* this.records.update(tenant, id, changes);
	}

	/** Takes an import a step further. @throws `invalid_state` with `import_ended`. */
	*step(tenant: string, { import: record, since, issues: appended }: ImportStep): Unit<void> {
		if (since !== undefined && (yield* this.records.find(tenant, record.id))?.counts.total !== since)
			throw importEnded();
		if (!(yield* this.move(tenant, record.id, "in_progress", record))) throw importEnded();
		if (appended.length === 0) return;
		const last = yield* first(this.#lastNumber.bind({ tenant, id: record.id }));
		const start = (last?.number ?? 0) + 1;
		yield* this.#insertIssue.rows(
			appended.map((issue, index) => ({
				tenant_id: tenant,
				import_id: record.id,
				number: start + index,
				...issues.encode(issue),
			})),
		);
	}

	/** In the order they were appended, after the first `skip`. */
	*listIssues(tenant: string, id: string, skip: number, limit: number): Unit<readonly ImportIssue[]> {
		const rows = yield* all(this.#listIssues.bind({ tenant, id, skip, end: skip + limit }));
		return rows.map((row) => issues.decode(row));
	}
}

import type { TenantContext } from "../context.ts";
import { ConvokeError } from "../errors.ts";
import type { Subscription } from "../model/contact.ts";
import type { ContactImport, ImportCounts, ImportIssue } from "../model/import.ts";
import type { ContactDecision, FoundContact } from "../ports/storage.ts";
import { entryOf } from "../resources/contact-units.ts";
import { afterDecisions, createOrMerge, UNCHANGED } from "../rules/contact-changes.ts";
import type { Act, ContactInput } from "../rules/contact-changes.ts";
import type { ColumnPlan } from "./map-columns.ts";
import { mapRow } from "./map-row.ts";
import type { ContactRow } from "./map-row.ts";
import type { RefusedRow, TableRow } from "./row.ts";

/** What an import does with its rows. */
export interface ImportTask {
	/** Where a row has what. */
	readonly plan: ColumnPlan;
	/** Segments to add every contact to. */
	readonly segmentIds: readonly string[];
	/** Choices for every contact. */
	readonly choices: Readonly<Record<string, Subscription>>;
	/** What becomes of a row whose contact exists. */
	readonly onConflict: "upsert" | "skip";
	/** Who imports. */
	readonly actor: string | null;
}

/** A row on its way into a unit. */
interface ReadyRow {
	readonly row: ContactRow;
	readonly input: ContactInput;
}

/** What became of one row. */
interface RowVerdict {
	readonly kind: keyof Omit<ImportCounts, "total">;
	readonly decision: ContactDecision;
	readonly issues: readonly ImportIssue[];
}

const UNIT = 200;
const NONE: ImportCounts = { total: 0, created: 0, updated: 0, skipped: 0, failed: 0 };

/** One import: rows become units, a unit is written with its counts and issues. */
export class ImportRun {
	readonly #context: TenantContext;
	readonly #task: ImportTask;
	#record: ContactImport;
	#ready: ReadyRow[] = [];
	#refused: RefusedRow[] = [];
	#seen = new Set<string>();

	constructor(context: TenantContext, task: ImportTask) {
		this.#context = context;
		this.#task = task;
		this.#record = {
			id: context.newId(),
			status: "in_progress",
			counts: NONE,
			failure: null,
			createdAt: context.clock.now(),
			completedAt: null,
		};
	}

	/**
	 * Writes all rows, and answers with the import as it ended.
	 *
	 * @throws what reading the rows, `onProgress` or the storage throws. The rows before it are written, and the import has
	 * failed.
	 */
	async read(
		rows: AsyncIterable<TableRow | RefusedRow>,
		onProgress: ((counts: ImportCounts) => void) | undefined,
	): Promise<ContactImport> {
		await this.#context.tenant.insertImport(this.#record);
		try {
			const failure = await this.#readAll(rows, onProgress);
			await this.#write();
			onProgress?.(this.#record.counts);
			return await this.#end(failure);
		} catch (error) {
			// Canceled: the unit was refused, and what was written before it stays.
			if (ConvokeError.is(error) && error.reason === "import_ended") return this.#stored();
			await this.#fail(error);
			throw error;
		}
	}

	/** Takes rows until they end, and answers why they could not be read on, if so. */
	async #readAll(
		rows: AsyncIterable<TableRow | RefusedRow>,
		onProgress: ((counts: ImportCounts) => void) | undefined,
	): Promise<string | null> {
		const iterator = rows[Symbol.asyncIterator]();
		for (;;) {
			let next: IteratorResult<TableRow | RefusedRow>;
			try {
				next = await iterator.next();
			} catch (error) {
				if (!ConvokeError.is(error) || error.code !== "invalid_input") throw error;
				return error.reason;
			}
			if (next.done === true) return null;
			const row = "cells" in next.value ? mapRow(next.value, this.#task.plan) : next.value;
			if (this.#take(row)) continue;
			await this.#write();
			this.#take(row);
			onProgress?.(this.#record.counts);
			await this.#context.clock.pause();
		}
	}

	/** Adds a row to the unit at hand; `false`: the unit must be written first. */
	#take(row: ContactRow | RefusedRow): boolean {
		if (this.#ready.length + this.#refused.length >= UNIT) return false;
		if (!("email" in row)) {
			this.#refused.push(row);
			return true;
		}
		const keys = [`address ${row.email.key}`];
		if (row.externalId !== undefined) keys.push(`external ${row.externalId}`);
		if (keys.some((key) => this.#seen.has(key))) return false;
		for (const key of keys) this.#seen.add(key);
		this.#ready.push({ row, input: this.#inputOf(row) });
		return true;
	}

	#inputOf({ line: _line, email, ...fields }: ContactRow): ContactInput {
		const { segmentIds, choices } = this.#task;
		return {
			...fields,
			address: { ...email, hash: this.#context.hashAddress(email.key) },
			addSegments: segmentIds,
			choices,
		};
	}

	async #write(): Promise<void> {
		const { tenant, clock, newId } = this.#context;
		const act: Act = { at: clock.now(), source: "import", actor: this.#task.actor };
		const ready = this.#ready;
		const ids = ready.map(() => newId());
		const before = this.#record.counts;
		const refused = this.#refused.flatMap(({ issues }) => issues);
		let counts = before;
		const entries = ready.map(({ input }) => entryOf(input));
		await tenant.changeContacts(entries, (found) => {
			const verdicts: RowVerdict[] = [];
			const decided: ContactDecision[] = [];
			for (const [index, each] of ready.entries()) {
				const verdict = this.#judge(each, found[index], ids[index], act, decided);
				verdicts.push(verdict);
				decided.push(verdict.decision);
			}
			counts = addUp(before, verdicts, this.#refused.length);
			const issues = [...refused, ...verdicts.flatMap((verdict) => verdict.issues)];
			return {
				contacts: decided,
				step: { import: { ...this.#record, counts }, issues: issues.toSorted((a, b) => a.line - b.line) },
			};
		});
		this.#record = { ...this.#record, counts };
		this.#ready = [];
		this.#refused = [];
		this.#seen = new Set();
	}

	#judge(
		{ row, input }: ReadyRow,
		found: FoundContact | undefined,
		id: string | undefined,
		act: Act,
		decided: readonly ContactDecision[],
	): RowVerdict {
		if (found === undefined || id === undefined) return { kind: "skipped", decision: UNCHANGED, issues: [] };
		if (found.contact !== undefined && this.#task.onConflict === "skip") {
			return { kind: "skipped", decision: UNCHANGED, issues: [] };
		}
		try {
			const decision = createOrMerge(afterDecisions(found, input.externalId, decided), input, id, act);
			const kind = found.contact === undefined ? "created" : "updated";
			return { kind, decision, issues: keptOptOuts(row, input, decision.write ?? found.contact) };
		} catch (error) {
			if (!ConvokeError.is(error)) throw error;
			const { reason, field = null, message } = error;
			const issue: ImportIssue = { line: row.line, severity: "error", reason, field, message };
			return { kind: "failed", decision: UNCHANGED, issues: [issue] };
		}
	}

	/** Ends the import as far as the storage allows: what led here is what the caller is to learn. */
	async #fail(failure: unknown): Promise<void> {
		await this.#write().catch(() => {});
		await this.#end(ConvokeError.is(failure) ? failure.reason : "interrupted").catch(() => {});
	}

	async #end(failure: string | null): Promise<ContactImport> {
		const changes = {
			status: failure === null ? ("completed" as const) : ("failed" as const),
			failure,
			completedAt: this.#context.clock.now(),
		};
		await this.#context.tenant.moveImport(this.#record.id, "in_progress", changes);
		return this.#stored();
	}

	async #stored(): Promise<ContactImport> {
		return (await this.#context.tenant.findImport(this.#record.id)) ?? this.#record;
	}
}

/** Says where a row wanted someone in who stays out. */
function keptOptOuts(
	row: ContactRow,
	input: ContactInput,
	contact: { readonly unsubscribed: boolean; readonly choices: Readonly<Record<string, Subscription>> } | undefined,
): readonly ImportIssue[] {
	const issues: ImportIssue[] = [];
	const kept = (field: string, message: string) => {
		issues.push({ line: row.line, severity: "warning", reason: "opt_out_kept", field, message });
	};
	if (row.unsubscribed === false && contact?.unsubscribed === true) {
		kept("unsubscribed", "The contact has opted out of everything and stays out: an import opts nobody back in.");
	}
	for (const [topicId, wanted] of Object.entries(input.choices ?? {})) {
		if (wanted !== "opt_in" || contact?.choices[topicId] !== "opt_out") continue;
		kept("topics", "The contact has opted out of a topic and stays out: an import opts nobody back in.");
	}
	return issues;
}

function addUp(before: ImportCounts, verdicts: readonly RowVerdict[], refused: number): ImportCounts {
	const counts = { ...before, total: before.total + verdicts.length + refused, failed: before.failed + refused };
	for (const { kind } of verdicts) counts[kind] += 1;
	return counts;
}

import { hash } from "node:crypto";
import type { TenantContext } from "../context.ts";
import { ConvokeError } from "../errors.ts";
import type { Subscription } from "../model/contact.ts";
import type { ImportCounts, ImportIssue, ImportRecord, ImportReview, ImportSample } from "../model/import.ts";
import type { ContactDecision, FoundContact } from "../ports/storage.ts";
import { entryOf, uniqueKeys } from "../resources/contact-units.ts";
import { afterDecisions, createOrMerge, UNCHANGED } from "../rules/contact-changes.ts";
import type { Act, ContactInput } from "../rules/contact-changes.ts";
import type { ColumnPlan } from "./map-columns.ts";
import { mapRow } from "./map-row.ts";
import type { ContactRow } from "./map-row.ts";
import { UnreadableFile } from "./row.ts";
import type { RefusedRow, TableRow } from "./row.ts";

/** What an import does with its rows. */
export interface ImportTask {
	/** Where a row has what. */
	readonly plan: ColumnPlan;
	/** The static segments that a row may name; `undefined` when rows name none. */
	readonly staticSegments: ReadonlySet<string> | undefined;
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

/** How an import ends. */
interface ImportEnd {
	/** Why, if it failed. */
	readonly failure: string | null;
	/** What to say of the file, if it is at fault. */
	readonly issues: readonly ImportIssue[];
}

type Rows = AsyncIterator<TableRow | RefusedRow>;
type OnProgress = ((counts: ImportCounts) => void) | undefined;

/** Rows of a unit: few at first, before the engine knows the code. */
const FIRST_UNIT = 10;
const MIN_UNIT = 10;
const MAX_UNIT = 200;
const GROWTH = 1.25;

/** How long a unit is to keep the process from everything else, in milliseconds, where its storage works in one tick. */
const UNIT_MS = 4;
const MAX_REVIEWED = 1_000;
const MAX_SAMPLES = 5;

/** The record of an import that begins. */
export function beginImport({ newId, clock }: TenantContext, header: TableRow): ImportRecord {
	return {
		id: newId(),
		status: "in_progress",
		counts: { total: 0, created: 0, updated: 0, skipped: 0, failed: 0 },
		failure: null,
		fingerprint: fingerprintOf("", header),
		createdAt: clock.now(),
		completedAt: null,
	};
}

/** One import: rows become units, a unit is written with its counts, its issues, and how far it has come in the file. */
export class ImportRun {
	readonly #context: TenantContext;
	readonly #task: ImportTask;
	#record: ImportRecord;
	/** Of all rows taken, those of the unit at hand too. */
	#fingerprint: string;
	#ready: ReadyRow[] = [];
	#refused: RefusedRow[] = [];
	#seen = new Set<string>();
	/** Rows of the next unit. */
	#unit = FIRST_UNIT;
	/** In a review, whom earlier units were about. */
	readonly #met = new Set<number>();
	/** Nothing is written: what would become of the rows is found out. */
	#isReview = false;
	readonly #issues: ImportIssue[] = [];
	readonly #samples: ContactRow[] = [];

	constructor(context: TenantContext, task: ImportTask, record: ImportRecord) {
		this.#context = context;
		this.#task = task;
		this.#record = record;
		this.#fingerprint = record.fingerprint;
	}

	/**
	 * Writes all rows, and answers with the import as it ended.
	 *
	 * @throws what reading the rows, `onProgress` or the storage throws. The rows before it are written, and the import has
	 * failed.
	 */
	async write(rows: Rows, onProgress: OnProgress): Promise<ImportRecord> {
		try {
			await this.#finishUnit(await this.#readAll(rows, onProgress));
			onProgress?.(this.#record.counts);
			return this.#record;
		} catch (error) {
			// Canceled, or taken over: the unit was refused, and what was written before it stays.
			if (ConvokeError.is(error) && error.reason === "import_ended") return this.#stored();
			await this.#fail(error);
			throw error;
		}
	}

	/** Finds out what would become of all rows. */
	async review(
		rows: Rows,
		onProgress: OnProgress,
	): Promise<Omit<ImportReview, "columns" | "unreadColumns" | "newProperties">> {
		this.#isReview = true;
		const end = await this.#readAll(rows, onProgress);
		await this.#finishUnit(end);
		const issues = this.#issues.slice(0, MAX_REVIEWED);
		const samples = this.#samples.map(sampleOf);
		return {
			counts: this.#record.counts,
			failure: end.failure,
			issues,
			hasMoreIssues: this.#issues.length > MAX_REVIEWED,
			samples,
		};
	}

	/** Takes rows until they end, or cannot be read on. */
	async #readAll(rows: Rows, onProgress: OnProgress): Promise<ImportEnd> {
		for (;;) {
			let next: IteratorResult<TableRow | RefusedRow>;
			try {
				next = await rows.next();
			} catch (error) {
				if (!ConvokeError.is(error) || error.code !== "invalid_input") throw error;
				return { failure: error.reason, issues: error instanceof UnreadableFile ? [faultOf(error)] : [] };
			}
			if (next.done === true) return { failure: null, issues: [] };
			const { plan, staticSegments } = this.#task;
			const row = "cells" in next.value ? mapRow(next.value, plan, staticSegments) : next.value;
			if (!this.#take(row)) {
				await this.#context.clock.pause();
				await this.#finishUnit();
				this.#take(row);
				onProgress?.(this.#record.counts);
				await this.#context.clock.pause();
			}
			this.#fingerprint = fingerprintOf(this.#fingerprint, next.value);
		}
	}

	/** Adds a row to the unit at hand; `false`: the unit must be written first. */
	#take(row: ContactRow | RefusedRow): boolean {
		if (this.#ready.length + this.#refused.length >= this.#unit) return false;
		if (!("email" in row)) {
			this.#refused.push(row);
			return true;
		}
		const input = this.#inputOf(row);
		const keys = uniqueKeys(input);
		if (keys.some((key) => this.#seen.has(key))) return false;
		for (const key of keys) this.#seen.add(key);
		this.#ready.push({ row, input });
		return true;
	}

	#inputOf({ line: _line, email, ...fields }: ContactRow): ContactInput {
		const { segmentIds, choices } = this.#task;
		return {
			...fields,
			address: { ...email, hash: this.#context.hashAddress(email.key) },
			addSegments: [...segmentIds, ...(fields.addSegments ?? [])],
			choices: { ...choices, ...fields.choices },
		};
	}

	/** Writes the unit at hand, with it the end of the import if it is the last one. */
	async #finishUnit(end?: ImportEnd): Promise<void> {
		const { tenant, clock, newId } = this.#context;
		const { actor } = this.#task;
		const act: Act = { at: clock.now(), source: "import", actor };
		const ready = this.#ready;
		const ids = ready.map(() => newId());
		const before = this.#record.counts;
		const refused = [...this.#refused.flatMap((row) => row.issues), ...(end?.issues ?? [])];
		let after = this.#record;
		let issues: readonly ImportIssue[] = [];
		const start = clock.monotonic();
		const writing = tenant.changeContacts(
			ready.map(({ input }) => entryOf(input)),
			(found) => {
				const verdicts: RowVerdict[] = [];
				const decided: ContactDecision[] = [];
				for (const [index, each] of ready.entries()) {
					const verdict = this.#judge(each, found[index], ids[index], act, decided);
					verdicts.push(verdict);
					decided.push(verdict.decision);
				}
				after = {
					...this.#record,
					...(end && endedBy(end.failure, act.at)),
					counts: addUp(before, verdicts, this.#refused.length),
					fingerprint: this.#fingerprint,
				};
				issues = [...refused, ...verdicts.flatMap((verdict) => verdict.issues)].toSorted((a, b) => a.line - b.line);
				if (this.#isReview) return { contacts: decided.map(() => UNCHANGED) };
				return { contacts: decided, step: { import: after, since: before.total, issues } };
			},
			// The answer that an import has ended is to outlive a power failure, and with it all that came before.
			{ resumable: end === undefined },
		);
		const blocked = clock.monotonic() - start;
		await writing;
		this.#unit = nextUnit(this.#unit, blocked);
		if (this.#isReview) this.#note(ready, issues);
		this.#record = after;
		this.#ready = [];
		this.#refused = [];
		this.#seen = new Set();
	}

	/** Keeps what a review tells. */
	#note(ready: readonly ReadyRow[], issues: readonly ImportIssue[]): void {
		for (const { input, row } of ready) {
			this.#met.add(shortHash(input.address.hash));
			if (this.#samples.length < MAX_SAMPLES) this.#samples.push(row);
		}
		if (this.#issues.length <= MAX_REVIEWED) this.#issues.push(...issues);
	}

	#judge(
		{ row, input }: ReadyRow,
		found: FoundContact | undefined,
		id: string | undefined,
		act: Act,
		decided: readonly ContactDecision[],
	): RowVerdict {
		if (found === undefined || id === undefined) return { kind: "skipped", decision: UNCHANGED, issues: [] };
		const exists = found.contact !== undefined || this.#met.has(shortHash(input.address.hash));
		if (exists && this.#task.onConflict === "skip") {
			return { kind: "skipped", decision: UNCHANGED, issues: [] };
		}
		try {
			const decision = createOrMerge(afterDecisions(found, input.externalId, decided), input, id, act);
			const kind = exists ? "updated" : "created";
			return { kind, decision, issues: keptOptOuts(row, input, decision.write ?? found.contact) };
		} catch (error) {
			if (!ConvokeError.is(error)) throw error;
			const { reason, field = null, message } = error;
			const issue: ImportIssue = { line: row.line, severity: "error", reason, field, message };
			return { kind: "failed", decision: UNCHANGED, issues: [issue] };
		}
	}

	/** Ends the import as far as the storage allows: what led here is what the caller is to learn. */
	async #fail(cause: unknown): Promise<void> {
		const failure = ConvokeError.is(cause) ? cause.reason : "interrupted";
		const { tenant, clock } = this.#context;
		const isEnded = await this.#finishUnit({ failure, issues: [] }).then(
			() => true,
			() => false,
		);
		if (isEnded) return;
		await tenant.moveImport(this.#record.id, "in_progress", endedBy(failure, clock.now())).catch(() => {});
	}

	async #stored(): Promise<ImportRecord> {
		return (await this.#context.tenant.findImport(this.#record.id)) ?? this.#record;
	}
}

/** The digest of rows, one more than those before it. */
export function fingerprintOf(before: string, row: TableRow | RefusedRow): string {
	const what = "cells" in row ? JSON.stringify(row.cells) : "refused";
	return hash("sha256", `${before} ${row.line} ${what}`, "base64url");
}

/** 48 bits of a hash, for sets of very many. */
function shortHash(addressHash: string): number {
	return Buffer.from(addressHash, "base64url").readUIntBE(0, 6);
}

/**
 * The rows of a unit, when one of so many has blocked the process for so long. More of them only little by little: a
 * storage may have put a unit off until it had let the process do other things.
 */
function nextUnit(rows: number, blockedMs: number): number {
	const fitting = blockedMs === 0 ? MAX_UNIT : (rows * UNIT_MS) / blockedMs;
	return Math.round(Math.min(Math.max(fitting, MIN_UNIT), rows * GROWTH, MAX_UNIT));
}

function endedBy(failure: string | null, completedAt: Date): Pick<ImportRecord, "status" | "failure" | "completedAt"> {
	return { status: failure === null ? "completed" : "failed", failure, completedAt };
}

function faultOf({ line, reason, message }: UnreadableFile): ImportIssue {
	return { line, severity: "error", reason, field: null, message };
}

function sampleOf({ line, email, firstName, lastName, properties }: ContactRow): ImportSample {
	return { line, email: email.address, firstName: firstName ?? null, lastName: lastName ?? null, properties };
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

import { z } from "zod";
import { checkFields, checkInput } from "../check-input.ts";
import type { TenantContext } from "../context.ts";
import { ConvokeError, invalidInput, notFound } from "../errors.ts";
import { ISSUE_COLUMNS } from "../exports/entity-columns.ts";
import { checkTableOptions, TABLE_OPTIONS, writeTable } from "../exports/table-writer.ts";
import type { TableOptions } from "../exports/table-writer.ts";
import { checkId } from "../ids.ts";
import { beginImport, fingerprintOf, ImportRun } from "../imports/import-run.ts";
import type { ImportTask } from "../imports/import-run.ts";
import { planColumns } from "../imports/map-columns.ts";
import type { ColumnMapping, ColumnPlan } from "../imports/map-columns.ts";
import { readListRows } from "../imports/read-list.ts";
import { readCsvRows } from "../imports/read-rows.ts";
import type { CsvOptions } from "../imports/read-rows.ts";
import type { RefusedRow, TableRow } from "../imports/row.ts";
import type { CsvSource } from "../imports/source.ts";
import type { ContactImport, ImportCounts, ImportIssue, ImportRecord, ImportReview } from "../model/import.ts";
import type { PropertyType } from "../model/property.ts";
import { readPage } from "../page.ts";
import type { ListOptions, Page } from "../page.ts";
import { checkActor, segmentLink, topicLink } from "./contact-input.ts";
import type { ActOptions, TopicChoice } from "./contact-input.ts";
import { requireStaticSegments, requireTopics } from "./contact-units.ts";
import { Properties } from "./properties.ts";

/** Contacts to import: from a CSV `file` or a pasted `list`, one of the two. */
export interface NewImport extends CsvOptions {
	/** A CSV file with a header: its text or bytes, a stream of them, or a Blob. */
	readonly file?: CsvSource | undefined;
	/** Addresses between commas, semicolons or line ends, each `a@example.com` or `Name <a@example.com>`. */
	readonly list?: string | undefined;
	/**
	 * Which column holds what. Empty cells leave a field alone. `unsubscribed` opts out where it says yes and never opts
	 * anyone back in. @default by name: Email, First name, …, and the keys of declared properties
	 */
	readonly columns?: ColumnMapping | undefined;
	/** Segments to add every contact to. */
	readonly segments?: readonly { readonly id: string }[] | undefined;
	/** Choices for every contact; an `opt_in` does not undo an earlier opt-out. */
	readonly topics?: readonly TopicChoice[] | undefined;
	/** What becomes of a row whose contact exists: merge it, or leave the contact as it is. @default "upsert" */
	readonly onConflict?: "upsert" | "skip" | undefined;
	/** Called after every unit of rows that was written. */
	readonly onProgress?: ((counts: ImportCounts) => void) | undefined;
}

/** Issues of an import, in the order of its rows. */
export interface ImportIssues {
	/** At most `limit` issues. */
	readonly data: readonly ImportIssue[];
	/** Whether there are more. */
	readonly hasMore: boolean;
}

// `file` and `columns` are read by those who know their forms.
const newImport = z.strictObject({
	file: z.unknown().optional(),
	list: z.string().optional(),
	columns: z.unknown().optional(),
	encoding: z.unknown().optional(),
	delimiter: z.unknown().optional(),
	segments: z.array(segmentLink).max(100).optional(),
	topics: z.array(topicLink).max(100).optional(),
	onConflict: z.enum(["upsert", "skip"]).optional(),
	onProgress: z.function().optional(),
});

/** `audience.contacts.imports`: contacts from CSV files and pasted lists. */
export class Imports {
	readonly #context: TenantContext;

	constructor(context: TenantContext) {
		this.#context = context;
	}

	/**
	 * Imports contacts and answers when all rows are read. Good rows are kept whatever the others are: what is wrong with
	 * a row is among the import's issues. Rows are written in units of at most 200; `resume` goes on with an import that was
	 * interrupted. A fault that ends the reading later makes the
	 * import `failed`, with the rows before it written.
	 *
	 * @throws `invalid_input`, with nothing written, for a file that is no CSV, has no column for addresses or not the
	 * columns named, or for options that do not go together; `not_found` for a segment or topic. What the host's stream or
	 * `onProgress` throws, after the rows before it are written.
	 */
	async create(options: NewImport, act?: ActOptions): Promise<ContactImport> {
		return this.#open(options, act, async ({ rows, header, task }) => {
			const { tenant } = this.#context;
			await this.#createProperties(task.plan.created);
			const record = beginImport(this.#context, header);
			await tenant.insertImport(record);
			return toImport(await new ImportRun(this.#context, task, record).write(rows, options.onProgress));
		});
	}

	/**
	 * Finds out what an import would do: which columns it would read, what would become of each row, and what is wrong with
	 * those it would refuse. Nothing is written.
	 *
	 * @throws as `create`.
	 */
	async review(options: NewImport, act?: ActOptions): Promise<ImportReview> {
		return this.#open(options, act, async ({ rows, header, task }) => {
			const run = new ImportRun(this.#context, task, beginImport(this.#context, header));
			const reviewed = await run.review(rows, options.onProgress);
			const newProperties = Object.fromEntries(task.plan.created);
			const columns = namesOf(task.plan, header);
			const read = new Set(Object.values(columns));
			const unreadColumns = header.cells.filter((name) => name !== "" && !read.has(name));
			return { columns, unreadColumns, newProperties, ...reviewed };
		});
	}

	/**
	 * Goes on with an import whose process ended, or whose source failed, from the first row that was not written. Needs
	 * the same file or list and the same options again; rows that are done are read over, and none counts twice. Should the
	 * other process be alive, its next unit is refused.
	 *
	 * @throws as `create`; `not_found`; `invalid_state` for an import that is completed or canceled, or failed for the
	 * file's sake; `invalid_input` with `import_file_changed` for another file.
	 */
	async resume(id: string, options: NewImport, act?: ActOptions): Promise<ContactImport> {
		const known = await this.#find(id);
		const isInterrupted = known.status === "failed" && !FILE_FAULTS.test(known.failure ?? "");
		if (known.status !== "in_progress" && !isInterrupted) {
			const why = known.failure === null ? known.status : `${known.status} (${known.failure})`;
			throw notAllowed(`Cannot resume an import that is ${why}; start another one.`);
		}
		return this.#open(options, act, async ({ rows, header, task }) => {
			await readOver(rows, header, known);
			const changes = { status: "in_progress" as const, failure: null, completedAt: null };
			if (isInterrupted) await this.#context.tenant.moveImport(known.id, "failed", changes);
			const record = { ...known, ...changes };
			return toImport(await new ImportRun(this.#context, task, record).write(rows, options.onProgress));
		});
	}

	/** Reads the options and the header, and gives back the source when the work is done or has failed. */
	async #open<T>(
		options: NewImport,
		act: ActOptions | undefined,
		work: (opened: OpenedImport) => Promise<T>,
	): Promise<T> {
		const { segments = [], topics = [], onConflict = "upsert" } = checkInput(newImport, options, "import");
		const actor = checkActor(act);
		const segmentIds = segments.map(({ id }) => id);
		const choices = Object.fromEntries(topics.map(({ id, subscription }) => [id, subscription]));
		const rows = readRows(options);
		const types = await new Properties(this.#context).types();
		await requireStaticSegments(this.#context, segmentIds);
		await requireTopics(this.#context, Object.keys(choices));
		try {
			const header = await rows.next();
			if (header.done === true || !("cells" in header.value)) {
				throw invalidInput("csv_empty", "file", "The file has no header.");
			}
			const plan = planColumns(header.value.cells, options.columns, types);
			await requireTopics(
				this.#context,
				plan.topics.map(({ id }) => id),
			);
			const staticSegments = plan.fields.segments === undefined ? undefined : await staticSegmentIds(this.#context);
			const task = { plan, staticSegments, segmentIds, choices, onConflict, actor };
			return await work({ rows, header: header.value, task });
		} finally {
			// Ends the host's stream, also when it was not read to its end.
			await rows.return();
		}
	}

	async #createProperties(created: ReadonlyMap<string, PropertyType>): Promise<void> {
		const properties = new Properties(this.#context);
		await properties.writeDeclared();
		for (const [key, type] of created) {
			try {
				await properties.create({ key, type });
			} catch (error) {
				// Somebody else has created it meanwhile; of another type, its rows are told so.
				if (!ConvokeError.is(error) || error.reason !== "property_key_taken") throw error;
			}
		}
	}

	/** @throws `not_found`. */
	async get(id: string): Promise<ContactImport> {
		return toImport(await this.#find(id));
	}

	async #find(id: string): Promise<ImportRecord> {
		const found = await this.#context.tenant.findImport(checkId(id, "id"));
		if (found === undefined) throw notFound("import");
		return found;
	}

	/** Lists imports, newest first. */
	list(options: ListOptions = {}): Promise<Page<ContactImport>> {
		return readPage(options, (page) => this.#context.tenant.pageImports(page), toImport);
	}

	/**
	 * What was wrong with which rows, in their order.
	 *
	 * @throws `not_found`; `invalid_input` with `invalid_limit` for a limit beyond 1 to 1,000.
	 */
	async issues(
		id: string,
		options: { readonly skip?: number | undefined; readonly limit?: number | undefined } = {},
	): Promise<ImportIssues> {
		checkFields(options, "options", ["skip", "limit"]);
		const { skip = 0, limit = 100 } = options;
		if (!Number.isInteger(limit) || limit < 1 || limit > 1000 || !Number.isInteger(skip) || skip < 0) {
			throw invalidInput("invalid_limit", "limit", "`limit` must be a whole number from 1 to 1000, `skip` one from 0.");
		}
		const { id: importId } = await this.get(id);
		const issues = await this.#context.tenant.listImportIssues(importId, skip, limit + 1);
		return { data: issues.slice(0, limit), hasMore: issues.length > limit };
	}

	/** Writes the issues of an import as a file, in the order of its rows, in pieces. @throws `not_found`; `invalid_input`. */
	async *exportIssues(id: string, options: TableOptions = {}): AsyncGenerator<string, void, undefined> {
		checkFields(options, "options", TABLE_OPTIONS);
		const table = checkTableOptions(options);
		const { id: importId } = await this.get(id);
		yield* writeTable(this.#issuePages(importId), ISSUE_COLUMNS, table);
	}

	async *#issuePages(id: string): AsyncGenerator<readonly ImportIssue[], void, undefined> {
		for (let skip = 0; ; skip += ISSUES_AT_ONCE) {
			const issues = await this.#context.tenant.listImportIssues(id, skip, ISSUES_AT_ONCE);
			yield issues;
			if (issues.length < ISSUES_AT_ONCE) return;
		}
	}

	/** Ends an import that is going on, after the unit at hand; what was written stays. @throws `not_found`, `invalid_state`. */
	async cancel(id: string): Promise<ContactImport> {
		const { id: importId } = await this.get(id);
		const completedAt = this.#context.clock.now();
		const changes = { status: "canceled" as const, completedAt };
		if (await this.#context.tenant.moveImport(importId, "in_progress", changes)) return this.get(importId);
		const { status } = await this.get(importId);
		throw notAllowed(`Cannot cancel an import that is ${status}.`);
	}
}

/** An import whose options and header are read. */
interface OpenedImport {
	readonly rows: AsyncGenerator<TableRow | RefusedRow, void, void>;
	readonly header: TableRow;
	readonly task: ImportTask;
}

const ISSUES_AT_ONCE = 500;

/** Reasons for which a file cannot be read on, however often it is tried. */
const FILE_FAULTS = /^csv_|^list_/;

/** What callers see of an import. */
function toImport({ fingerprint: _fingerprint, ...record }: ImportRecord): ContactImport {
	return record;
}

function notAllowed(message: string): ConvokeError {
	return new ConvokeError("invalid_state", { reason: "illegal_transition", resource: "import", message });
}

/** Passes the rows that are done. @throws `invalid_input` with `import_file_changed` unless they are the same. */
async function readOver(
	rows: AsyncIterator<TableRow | RefusedRow>,
	header: TableRow,
	{ counts, fingerprint }: ImportRecord,
): Promise<void> {
	let found = fingerprintOf("", header);
	for (let passed = 0; passed < counts.total; passed += 1) {
		const row = await rows.next();
		if (row.done === true) break;
		found = fingerprintOf(found, row.value);
	}
	if (found === fingerprint) return;
	const message = "The file is not the one that the import began with, or its rows were changed: start another import.";
	throw invalidInput("import_file_changed", "file", message);
}

/** Names of the columns that are read, by what they hold. */
function namesOf({ fields, properties, topics }: ColumnPlan, { cells }: TableRow): ImportReview["columns"] {
	const positions = [
		...Object.entries(fields),
		...properties.map(({ key, at }) => [`properties.${key}`, at] as const),
		...topics.map(({ id, at }) => [`topics.${id}`, at] as const),
	];
	return Object.fromEntries(positions.flatMap(([name, at]) => (at === undefined ? [] : [[name, cells[at] ?? ""]])));
}

async function staticSegmentIds({ tenant }: TenantContext): Promise<ReadonlySet<string>> {
	const ids = new Set<string>();
	for (let after: string | undefined; ; ) {
		const page = await tenant.pageSegments({ limit: 1_000, after });
		for (const { id, filter } of page) if (filter === null) ids.add(id);
		after = page.at(-1)?.id;
		if (page.length < 1_000) return ids;
	}
}

async function* readRows(options: NewImport): AsyncGenerator<TableRow | RefusedRow, void, void> {
	const { file, list, encoding, delimiter } = options;
	if ((file === undefined) === (list === undefined)) {
		throw invalidInput("source_ambiguous", "file", "Give a `file` or a `list`, one of the two.");
	}
	for (const option of ["columns", "encoding", "delimiter"] as const) {
		if (list === undefined || options[option] === undefined) continue;
		throw invalidInput("option_not_for_list", option, `\`${option}\` is for a \`file\`; a \`list\` needs none.`);
	}
	if (file !== undefined) yield* readCsvRows(file, { encoding, delimiter });
	else if (list !== undefined) yield* readListRows(list);
}

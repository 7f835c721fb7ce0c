import { z } from "zod";
import { checked, checkFields, checkInput } from "../check-input.ts";
import type { TenantContext } from "../context.ts";
import { ConvokeError, invalidInput, notFound } from "../errors.ts";
import { checkId } from "../ids.ts";
import { ImportRun } from "../imports/import-run.ts";
import { planColumns } from "../imports/map-columns.ts";
import type { ColumnMapping } from "../imports/map-columns.ts";
import { readListRows } from "../imports/read-list.ts";
import { readCsvRows } from "../imports/read-rows.ts";
import type { CsvOptions } from "../imports/read-rows.ts";
import type { RefusedRow, TableRow } from "../imports/row.ts";
import type { CsvSource } from "../imports/source.ts";
import type { ContactImport, ImportCounts, ImportIssue } from "../model/import.ts";
import { readPage } from "../page.ts";
import type { ListOptions, Page } from "../page.ts";
import { checkActor } from "./contact-input.ts";
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

const link = z.strictObject({ id: checked((value) => checkId(value, "segments.id")) });
const choice = z.strictObject({
	id: checked((value) => checkId(value, "topics.id")),
	subscription: z.enum(["opt_in", "opt_out"]),
});

// `file` and `columns` are read by those who know their forms.
const newImport = z.strictObject({
	file: z.unknown().optional(),
	list: z.string().optional(),
	columns: z.unknown().optional(),
	encoding: z.unknown().optional(),
	delimiter: z.unknown().optional(),
	segments: z.array(link).max(100).optional(),
	topics: z.array(choice).max(100).optional(),
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
	 * a row is among the import's issues. Rows are written in units of 200. A fault that ends the reading later makes the
	 * import `failed`, with the rows before it written.
	 *
	 * @throws `invalid_input`, with nothing written, for a file that is no CSV, has no column for addresses or not the
	 * columns named, or for options that do not go together; `not_found` for a segment or topic. What the host's stream or
	 * `onProgress` throws, after the rows before it are written.
	 */
	async create(options: NewImport, act?: ActOptions): Promise<ContactImport> {
		const { segments = [], topics = [], onConflict = "upsert" } = checkInput(newImport, options, "import");
		const actor = checkActor(act);
		const segmentIds = segments.map(({ id }) => id);
		const choices = Object.fromEntries(topics.map(({ id, subscription }) => [id, subscription]));
		const rows = readRows(options);
		const properties = new Properties(this.#context);
		const types = await properties.types();
		await requireStaticSegments(this.#context, segmentIds);
		await requireTopics(this.#context, Object.keys(choices));
		try {
			const header = await rows.next();
			if (header.done === true || !("cells" in header.value)) {
				throw invalidInput("csv_empty", "file", "The file has no header.");
			}
			const plan = planColumns(header.value.cells, options.columns, types);
			await properties.writeDeclared();
			const run = new ImportRun(this.#context, { plan, segmentIds, choices, onConflict, actor });
			return await run.read(rows, options.onProgress);
		} finally {
			// Ends the host's stream, also when it was not read to its end.
			await rows.return();
		}
	}

	/** @throws `not_found`. */
	async get(id: string): Promise<ContactImport> {
		const found = await this.#context.tenant.findImport(checkId(id, "id"));
		if (found === undefined) throw notFound("import");
		return found;
	}

	/** Lists imports, newest first. */
	list(options: ListOptions = {}): Promise<Page<ContactImport>> {
		return readPage(
			options,
			(page) => this.#context.tenant.pageImports(page),
			(each) => each,
		);
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

	/** Ends an import that is going on, after the unit at hand; what was written stays. @throws `not_found`, `invalid_state`. */
	async cancel(id: string): Promise<ContactImport> {
		const { id: importId } = await this.get(id);
		const completedAt = this.#context.clock.now();
		const changes = { status: "canceled" as const, completedAt };
		if (await this.#context.tenant.moveImport(importId, "in_progress", changes)) return this.get(importId);
		const { status } = await this.get(importId);
		throw new ConvokeError("invalid_state", {
			reason: "illegal_transition",
			resource: "import",
			message: `Cannot cancel an import that is ${status}.`,
		});
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

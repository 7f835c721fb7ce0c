import { checkFields } from "../check-input.ts";
import type { Clock } from "../clock.ts";
import type { Page } from "../page.ts";
import { checkTableOptions, TABLE_OPTIONS, writeTable } from "./table-writer.ts";
import type { TableColumn, TableOptions } from "./table-writer.ts";

/** Rows read at a time. */
const ROWS = 100;

/** Writes a whole list as a file, newest first, page by page. @throws `invalid_input`, and as the list does. */
export async function* exportPages<Row>(
	clock: Clock,
	columns: readonly TableColumn<Row>[],
	options: TableOptions,
	source: {
		readonly list: (page: { readonly limit: number; readonly after: string | undefined }) => Promise<Page<Row>>;
		readonly idOf: (row: Row) => string;
	},
): AsyncGenerator<string, void, undefined> {
	checkFields(options, "options", TABLE_OPTIONS);
	yield* writeTable(pagesOf(clock, source), columns, checkTableOptions(options));
}

async function* pagesOf<Row>(
	clock: Clock,
	{ list, idOf }: Parameters<typeof exportPages<Row>>[3],
): AsyncGenerator<readonly Row[], void, undefined> {
	for (let after: string | undefined; ; ) {
		const { data, hasMore } = await list({ limit: ROWS, after });
		yield data;
		const last = data.at(-1);
		if (!hasMore || last === undefined) return;
		after = idOf(last);
		await clock.pause();
	}
}

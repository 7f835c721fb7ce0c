import { checkFields } from "./check-input.ts";
import { invalidInput } from "./errors.ts";
import { checkId } from "./ids.ts";
import type { PageRequest } from "./ports/storage.ts";

/** One part of a list, newest first. */
export interface Page<T> {
	/** At most `limit` entries. */
	readonly data: readonly T[];
	/** Whether there are more in the direction of the request. */
	readonly hasMore: boolean;
}

/** Which part of a list. */
export interface ListOptions {
	/** Most entries to answer with: 1 to 100. @default 20 */
	readonly limit?: number | undefined;
	/** Entries older than the one with this id. Not together with `before`. */
	readonly after?: string | undefined;
	/** Entries newer than the one with this id, the nearest to it. Not together with `after`. */
	readonly before?: string | undefined;
}

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/**
 * Reads which part of a list is wanted.
 *
 * @throws `invalid_input` with `unknown_field`, `invalid_limit`, `invalid_id`, or `conflicting_cursors` when both cursors
 * are given.
 */
function checkListOptions(options: ListOptions): PageRequest {
	checkFields(options, "options", ["limit", "after", "before"]);
	const limit = options.limit ?? DEFAULT_LIMIT;
	if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
		throw invalidInput("invalid_limit", "limit", `\`limit\` must be a whole number from 1 to ${MAX_LIMIT}.`);
	}
	const { after, before } = options;
	if (after !== undefined && before !== undefined) {
		throw invalidInput("conflicting_cursors", "before", "Give `after` or `before`, not both.");
	}
	return {
		limit,
		after: after === undefined ? undefined : checkId(after, "after"),
		before: before === undefined ? undefined : checkId(before, "before"),
	};
}

/** Answers a list request from a storage's page, by asking for one row more than wanted. */
export async function readPage<Row, T>(
	options: ListOptions,
	read: (page: PageRequest) => Promise<readonly Row[]>,
	convert: (row: Row) => T,
): Promise<Page<T>> {
	const page = checkListOptions(options);
	const rows = await read({ ...page, limit: page.limit + 1 });
	const hasMore = rows.length > page.limit;
	// The row too many lies at the far end: before the others when the list is read backwards.
	const wanted = page.before === undefined ? rows.slice(0, page.limit) : rows.slice(-page.limit);
	return { data: wanted.map(convert), hasMore };
}

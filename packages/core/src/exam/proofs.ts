import assert from "node:assert/strict";
import type { PageRequest } from "../ports/storage.ts";
import { tamper } from "./tenant-state.ts";

/** The value, which the storage must not have left out. */
export function present<Value>(value: Value | undefined): Value {
	assert.ok(value !== undefined, "the storage answered undefined");
	return value;
}

/** Proves that an answer is handed over by value: changing it changes no later one. */
export async function provesCopies(read: () => Promise<unknown>): Promise<void> {
	const answer = await read();
	const kept = structuredClone(answer);
	tamper(answer);
	assert.deepEqual(await read(), kept, "changing an answer changed what is stored");
}

/** Proves that of several who asked for the same at once exactly one was told yes. */
export function provesOneWon(answers: readonly boolean[]): void {
	assert.equal(answers.filter(Boolean).length, 1, `answers: ${answers.join(", ")}`);
}

/** Hands a value over, then changes it in every place, and answers how it was. */
export async function handOver<Value>(value: Value, take: (value: Value) => Promise<unknown>): Promise<Value> {
	const kept = structuredClone(value);
	const given = structuredClone(value);
	await take(given);
	tamper(given);
	return kept;
}

/** Proves that pages lead through all rows, newest first, in both directions. */
export async function provesPages<Row>(
	rows: readonly Row[],
	cursorOf: (row: Row) => string,
	read: (page: PageRequest) => Promise<readonly Row[]>,
): Promise<void> {
	assert.ok(rows.length >= 5, "a case must bring five rows");
	const newest = rows.toSorted((a, b) => (cursorOf(a) < cursorOf(b) ? 1 : -1));
	const cursor = (index: number): string => cursorOf(present(newest[index]));
	assert.deepEqual(await read({ limit: 100 }), newest, "everything");
	assert.deepEqual(await read({ limit: 2 }), newest.slice(0, 2), "the first page");
	assert.deepEqual(await read({ limit: 2, after: cursor(1) }), newest.slice(2, 4), "after");
	assert.deepEqual(await read({ limit: 100, after: cursor(1) }), newest.slice(2), "all after");
	assert.deepEqual(await read({ limit: 2, after: cursor(newest.length - 1) }), [], "after the last");
	assert.deepEqual(await read({ limit: 2, before: cursor(4) }), newest.slice(2, 4), "before: the nearest ones");
	assert.deepEqual(await read({ limit: 100, before: cursor(4) }), newest.slice(0, 4), "all before");
	assert.deepEqual(await read({ limit: 2, before: cursor(0) }), [], "before the first");
	assert.deepEqual(await read({ limit: 2, after: undefined, before: undefined }), newest.slice(0, 2), "no cursor");
}

/** Ids, for comparing. */
export function idsOf(rows: readonly { readonly id: string }[]): readonly string[] {
	return rows.map(({ id }) => id);
}

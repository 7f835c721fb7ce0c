import type { TenantStorage } from "../../src/ports/storage.ts";
import type { Answer, Saboteurs } from "./saboteur.ts";
import { lying, sharing, silent, strayingRead } from "./saboteur.ts";

/** Verbs that answer with a list. */
type ListVerb = {
	[Key in keyof TenantStorage]: Answer<Key> extends readonly unknown[] ? Key : never;
}[keyof TenantStorage];

/** Saboteurs of a verb that answers with a list: it finds nothing, or tells it backwards. */
export function listSaboteurs<Key extends ListVerb>(
	key: Key,
	nothing: Answer<Key>,
	backwards: (answer: Answer<Key>) => Answer<Key>,
): Saboteurs {
	return {
		doesNothing: silent(key, nothing),
		wrongAnswer: lying(key, backwards),
		forgetsTenant: strayingRead(key),
		notAtomic: sharing(key),
	};
}

/** Saboteurs of a verb that answers with one thing: it finds nothing, or something slightly wrong. */
export function readSaboteurs<Key extends keyof TenantStorage>(
	key: Key,
	nothing: Answer<Key>,
	distort: (answer: Answer<Key>) => Answer<Key>,
): Saboteurs {
	return {
		doesNothing: silent(key, nothing),
		wrongAnswer: lying(key, distort),
		forgetsTenant: strayingRead(key),
		notAtomic: sharing(key),
	};
}

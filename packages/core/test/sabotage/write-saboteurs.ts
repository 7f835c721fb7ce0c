import type { TenantStorage } from "../../src/ports/storage.ts";
import type { Answer, Break, Saboteurs } from "./saboteur.ts";
import { lying, silent, strayingWrite, verb } from "./saboteur.ts";

/** Verbs that answer whether they applied. */
export type WriteVerb = {
	[Key in keyof TenantStorage]: Answer<Key> extends boolean ? Key : never;
}[keyof TenantStorage];

/** Saboteurs of a verb that answers whether it applied. */
export function writeSaboteurs(key: WriteVerb, notAtomic: Break): Saboteurs {
	return {
		doesNothing: verb(key, async () => true),
		wrongAnswer: verb(key, async ({ run }, ...input) => !(await run(...input))),
		forgetsTenant: strayingWrite(key),
		notAtomic,
	};
}

/** Saboteurs of a verb that answers what became of a removal. */
export function removalSaboteurs(key: "deleteProperty" | "deleteSegment" | "deleteTopic", notAtomic: Break): Saboteurs {
	return {
		doesNothing: silent(key, "deleted"),
		wrongAnswer: lying(key, (answer) => (answer === "deleted" ? "missing" : "deleted")),
		forgetsTenant: strayingWrite(key),
		notAtomic,
	};
}

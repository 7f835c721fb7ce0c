import type { PersonByHand } from "./by-hand.ts";

/** The words of an address and names in plain letters and digits. */
export function wordsByHand({ email, firstName, lastName }: PersonByHand): readonly string[] {
	return [...new Set(`${email} ${firstName} ${lastName}`.toLowerCase().match(/[a-z0-9]+/g))];
}

/** Words, and their first two letters. */
export function keysByHand(words: readonly string[]): readonly string[] {
	return [...new Set(words.flatMap((word) => [word, word.slice(0, 2)]))];
}

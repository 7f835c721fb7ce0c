import { domainToUnicode } from "node:url";
import { domainOf } from "./email-address.ts";
import type { Contact } from "./model/contact.ts";

/*
 * What a search compares. Texts are folded once, here, so that every storage finds the same: compatibility forms (NFKD),
 * without the accents of Latin, Greek and Cyrillic letters, in lower case; a word is a run of letters, digits and the marks
 * that belong to them, of any script.
 */

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
// Combining Diacritical Marks: accents. Marks of other scripts are vowels and the like, without which words would be others.
const ACCENTS = /[\u0300-\u036f]/g;
// No capitals, and nothing but letters, digits and what parts words: folding would change nothing.
const PLAIN = /^[a-z0-9 @._+-]*$/;

/** Code points of a word by which an index finds it; a longer word is told from its like by itself. */
const MAX_KEY = 64;

/** The folded words of a text, in order. */
export function wordsOf(text: string): readonly string[] {
	const folded = PLAIN.test(text) ? text : text.normalize("NFKD").replace(ACCENTS, "").toLowerCase().normalize("NFC");
	return folded.match(WORD) ?? [];
}

/**
 * The words by which a contact is found, each once: of the address, its domain also as it is written outside of ASCII, and
 * of the names.
 */
export function searchWords({
	email,
	firstName,
	lastName,
}: Pick<Contact, "email" | "firstName" | "lastName">): readonly string[] {
	const words = new Set([...wordsOf(email), ...wordsOf(firstName ?? ""), ...wordsOf(lastName ?? "")]);
	const domain = domainOf(email);
	if (domain.includes("xn--")) for (const word of wordsOf(domainToUnicode(domain))) words.add(word);
	return [...words];
}

/** What an index of words holds for these: each word up to 64 characters, and its first two characters. */
export function searchKeys(words: readonly string[]): readonly string[] {
	return [...new Set(words.flatMap((word) => [searchKey(word), firstCharacters(word, 2)]))];
}

/** A word, or the beginning of one, as an index has it. */
export function searchKey(word: string): string {
	return word.length <= MAX_KEY ? word : firstCharacters(word, MAX_KEY);
}

function firstCharacters(word: string, count: number): string {
	let end = 0;
	for (let taken = 0; taken < count && end < word.length; taken += 1) {
		end += (word.codePointAt(end) ?? 0) > 0xff_ff ? 2 : 1;
	}
	return word.slice(0, end);
}

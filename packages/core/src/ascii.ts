/**
 * ASCII letters in lower case, everything else as it is.
 *
 * `String.prototype.toLowerCase` on the whole would fold by Unicode rules, which databases do not share: a Kelvin sign
 * would become a `k`.
 */
export function asciiLower(text: string): string {
	return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

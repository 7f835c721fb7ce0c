// `%7B%7B%7BNAME%7D%7D%7D`, as editors leave a placeholder in a link. Bounded, or the search takes quadratic time.
const ENCODED =
	/%7b%7b((?:%7b)?)((?:[#^/&]|%23|%5e|%2f|%26)?[\w.]{1,100}(?:(?:%7c|\|)[^"'<>\s{}]{0,500}?)?)((?:%7d)?)%7d%7d/gi;

/** Decodes placeholders that an editor has URL-encoded within a link. */
export function decodeTags(template: string): string {
	return template.replace(ENCODED, (encoded: string, third: string, inner: string, last: string) => {
		if ((third === "") !== (last === "")) return encoded;
		try {
			const tag = decodeURIComponent(inner);
			return /[{}<>]/.test(tag) ? encoded : `{{${third && "{"}${tag}${last && "}"}}}`;
		} catch {
			return encoded;
		}
	});
}

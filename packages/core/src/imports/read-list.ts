import { unreadable } from "./row.ts";
import type { TableRow } from "./row.ts";

const HEADER: readonly string[] = ["email", "firstName", "lastName"];

/**
 * Reads a pasted list: addresses between commas, semicolons or line ends, each `a@x.test` or `Name <a@x.test>`. Answers
 * with rows as a file has them, first the header: `email`, `firstName`, `lastName`.
 *
 * Of a name, the first word is the first name; in `"Lovelace, Ada"`, quoted for its comma, the part behind the comma is.
 * Whether an address is one is not looked at here.
 *
 * @throws `list_empty` when there is no entry
 */
export function* readListRows(text: string): Generator<TableRow, void, void> {
	yield { line: 1, cells: HEADER };
	let isEmpty = true;
	for (const [index, line] of text
		.replace(/^\ufeff/, "")
		.split(/\r\n|[\r\n]/)
		.entries()) {
		for (const entry of splitEntries(line)) {
			isEmpty = false;
			yield { line: index + 1, cells: readEntry(entry) };
		}
	}
	if (isEmpty) throw unreadable("list_empty", "The list has no address in it.");
}

/**
 * The entries of one line: commas and semicolons inside of quotes and angle brackets are part of an entry. In one pass: a
 * pattern for this would be quadratic in what is opened and never closed.
 */
function splitEntries(line: string): readonly string[] {
	const last = { '"': line.lastIndexOf('"'), ">": line.lastIndexOf(">") };
	const entries: string[] = [];
	let start = 0;
	let until: '"' | ">" | undefined;
	for (let at = 0; at < line.length; at += 1) {
		const character = line[at];
		if (until !== undefined) {
			if (character === "\\" && until === '"') at += 1;
			else if (character === until) until = undefined;
		} else if (character === '"' && at < last['"']) until = '"';
		else if (character === "<" && at < last[">"]) until = ">";
		else if (character === "," || character === ";") {
			entries.push(line.slice(start, at));
			start = at + 1;
		}
	}
	entries.push(line.slice(start));
	return entries.map((entry) => entry.trim()).filter((entry) => entry !== "");
}

function readEntry(entry: string): readonly string[] {
	const start = entry.lastIndexOf("<");
	if (start < 0 || !entry.endsWith(">")) return [entry, "", ""];
	return [entry.slice(start + 1, -1).trim(), ...splitName(unquote(entry.slice(0, start).trim()))];
}

function unquote(name: string): string {
	const isQuoted = name.length >= 2 && name.startsWith('"') && name.endsWith('"');
	return isQuoted ? name.slice(1, -1).replace(/\\(.)/g, "$1").trim() : name;
}

function splitName(name: string): readonly [first: string, last: string] {
	const comma = name.indexOf(",");
	if (comma >= 0) return [name.slice(comma + 1).trim(), name.slice(0, comma).trim()];
	const space = name.search(/\s/);
	return space < 0 ? [name, ""] : [name.slice(0, space), name.slice(space).trim()];
}

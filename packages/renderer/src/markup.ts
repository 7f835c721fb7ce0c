/*
 * A scanner that says where in an HTML document a placeholder stands. It follows the tokenizer of the HTML standard
 * (https://html.spec.whatwg.org/#tokenization) as far as that decides how data must be written, and takes the document
 * in pieces, as placeholders cut it.
 */

/** Where the scanner stands. */
export type Mode =
	/** Between tags. */
	| "text"
	/** After a `<` that ends a piece. */
	| "tagOpen"
	/** In a tag's name. */
	| "tagName"
	/** In a tag, outside attribute values. */
	| "attributes"
	/** After an attribute's `=`. */
	| "beforeValue"
	/** In a quoted attribute value. */
	| "quoted"
	/** In an attribute value without quotes. */
	| "unquoted"
	| "comment"
	/** In `<!…>` or `<?…>`. */
	| "declaration"
	/** In an element whose content holds no tags. */
	| "raw";

/** What the scanner remembers between pieces. */
export interface Markup {
	mode: Mode;
	/** Name of the tag it is in, lower case, with `/` in front for an end tag. */
	tag: string;
	/** Name of the attribute it is in, lower case. */
	attribute: string;
	quote: string;
	/** Name of the element whose content is raw. */
	raw: string;
	/** Within a conditional comment, which only old Outlook reads as HTML. */
	conditional: boolean;
}

/** What the scanner tells, with places in the piece it was given. */
export interface MarkupEvents {
	/** A quoted attribute value starts here. */
	valueStart?(at: number): void;
	/** It ends here, before the quote. */
	valueEnd?(at: number): void;
	/** A tag ends here; its name is in the state. */
	tag?(start: number, end: number): void;
	/** A `<!…>` or `<?…>` ends here. */
	declaration?(start: number, end: number): void;
}

const RAW: ReadonlySet<string> = new Set(["script", "style", "title", "textarea"]);

/** The state at the start of a document. */
export function startMarkup(): Markup {
	return { mode: "text", tag: "", attribute: "", quote: "", raw: "", conditional: false };
}

/** Whether two states stand in the same place, so that a section may begin at one and end at the other. */
export function isSamePlace(a: Markup, b: Markup): boolean {
	return (
		a.mode === b.mode &&
		a.raw === b.raw &&
		(a.mode !== "quoted" || (a.attribute === b.attribute && a.quote === b.quote))
	);
}

/** Takes the next piece of the document. */
export function scanMarkup(markup: Markup, piece: string, events: MarkupEvents): void {
	const scan: Scan = { markup, piece, events, at: 0, tagStart: 0 };
	while (scan.at < piece.length) STEPS[markup.mode](scan);
}

interface Scan {
	readonly markup: Markup;
	readonly piece: string;
	readonly events: MarkupEvents;
	at: number;
	tagStart: number;
}

const STEPS: Readonly<Record<Mode, (scan: Scan) => void>> = {
	text: scanText,
	tagOpen: scanTagOpen,
	tagName: scanTagName,
	attributes: scanAttributes,
	beforeValue: scanBeforeValue,
	quoted: scanQuoted,
	unquoted: scanUnquoted,
	comment: (scan) => skipPast(scan, /--!?>/g),
	declaration: scanDeclaration,
	raw: scanRaw,
};

function scanText(scan: Scan): void {
	const { markup, piece } = scan;
	const open = piece.indexOf("<", scan.at);
	if (markup.conditional && piece.slice(scan.at, open < 0 ? piece.length : open).includes("-->"))
		markup.conditional = false;
	scan.at = open < 0 ? piece.length : open + 1;
	if (open < 0) return;
	scan.tagStart = open;
	markup.mode = "tagOpen";
}

function scanTagOpen(scan: Scan): void {
	const { markup, piece, at } = scan;
	if (piece.startsWith("!--", at)) {
		openComment(scan);
	} else if (/^\/?[a-z]/i.test(piece.slice(at, at + 2))) {
		const isEnd = piece.startsWith("/", at);
		markup.tag = isEnd ? "/" : "";
		markup.mode = "tagName";
		scan.at += isEnd ? 1 : 0;
	} else {
		markup.mode = /[!?/]/.test(piece.charAt(at)) ? "declaration" : "text";
		if (piece.startsWith("![endif]", at)) markup.conditional = false;
	}
}

function openComment(scan: Scan): void {
	const { markup, piece, at } = scan;
	markup.mode = "comment";
	if (piece.startsWith("!--[if", at)) {
		// What it holds is a document to Outlook and a comment to everyone else.
		markup.conditional = true;
		skipPast(scan, />/g);
	} else if (/^!---?>/.test(piece.slice(at, at + 5))) {
		markup.conditional = false;
		skipPast(scan, />/g);
	} else {
		scan.at += 3;
	}
}

function scanTagName(scan: Scan): void {
	const { markup, piece } = scan;
	const name = take(scan, /[^\s/>]*/y);
	markup.tag += name.toLowerCase();
	if (scan.at < piece.length) markup.mode = "attributes";
}

function scanAttributes(scan: Scan): void {
	const { markup, piece } = scan;
	take(scan, /[\s/]*/y);
	if (scan.at >= piece.length) return;
	const character = piece.charAt(scan.at);
	if (character === ">") return closeTag(scan);
	if (character === "=") {
		scan.at += 1;
		markup.mode = "beforeValue";
		return;
	}
	markup.attribute = take(scan, /[^\s/>=]+/y).toLowerCase();
}

function closeTag(scan: Scan): void {
	const { markup } = scan;
	scan.at += 1;
	markup.attribute = "";
	markup.mode = RAW.has(markup.tag) ? "raw" : "text";
	markup.raw = markup.mode === "raw" ? markup.tag : "";
	scan.events.tag?.(scan.tagStart, scan.at);
}

function scanBeforeValue(scan: Scan): void {
	const { markup, piece } = scan;
	take(scan, /\s*/y);
	if (scan.at >= piece.length) return;
	const character = piece.charAt(scan.at);
	if (character === ">") return closeTag(scan);
	if (character !== '"' && character !== "'") {
		markup.mode = "unquoted";
		return;
	}
	scan.at += 1;
	markup.quote = character;
	markup.mode = "quoted";
	scan.events.valueStart?.(scan.at);
}

function scanQuoted(scan: Scan): void {
	const { markup, piece } = scan;
	const end = piece.indexOf(markup.quote, scan.at);
	scan.at = end < 0 ? piece.length : end + 1;
	if (end < 0) return;
	markup.mode = "attributes";
	scan.events.valueEnd?.(end);
}

function scanUnquoted(scan: Scan): void {
	take(scan, /[^\s>]*/y);
	if (scan.at < scan.piece.length) scan.markup.mode = "attributes";
}

function scanDeclaration(scan: Scan): void {
	skipPast(scan, />/g);
	if (scan.markup.mode === "text") scan.events.declaration?.(scan.tagStart, scan.at);
}

function scanRaw(scan: Scan): void {
	const { markup, piece } = scan;
	const end = new RegExp(`</${markup.raw}(?=[\\s/>])`, "i").exec(piece.slice(scan.at));
	if (end === null) {
		scan.at = piece.length;
		return;
	}
	scan.tagStart = scan.at + end.index;
	scan.at = scan.tagStart + 2;
	markup.raw = "";
	markup.tag = "/";
	markup.mode = "tagName";
}

function skipPast(scan: Scan, end: RegExp): void {
	end.lastIndex = scan.at;
	const isFound = end.test(scan.piece);
	scan.at = isFound ? end.lastIndex : scan.piece.length;
	if (isFound) scan.markup.mode = "text";
}

function take(scan: Scan, pattern: RegExp): string {
	pattern.lastIndex = scan.at;
	const found = pattern.exec(scan.piece)?.[0] ?? "";
	scan.at += found.length;
	return found;
}

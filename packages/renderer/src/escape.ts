const ENTITIES: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
	"'": "&#39;",
};

/** Makes data safe as text and within a quoted attribute. */
export function escapeHtml(text: string): string {
	return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/**
 * Makes an author's text safe in the same places. Entities stay as they are: `Tom &amp; Jerry` and `Tom & Jerry` both
 * read `Tom & Jerry`, as editors write the one and people the other.
 */
export function escapeAuthored(text: string): string {
	return text.replace(/&(?!#?\w{1,31};)|[<>"']/g, (character) => ENTITIES[character] ?? character);
}

const NAMED: ReadonlyMap<string, string> = new Map([
	["amp", "&"],
	["lt", "<"],
	["gt", ">"],
	["quot", '"'],
	["apos", "'"],
	["nbsp", "\u00a0"],
]);

/** Reads the entities that editors put into a fallback; others stay as they are. */
export function decodeEntities(text: string): string {
	return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{1,8}));/gi, (entity, decimal, hexadecimal, name) => {
		if (typeof name === "string") return NAMED.get(name) ?? entity;
		const code = typeof decimal === "string" ? Number(decimal) : Number.parseInt(String(hexadecimal), 16);
		return code > 0x1f && code <= 0x10_ffff && !(code >= 0xd800 && code <= 0xdfff)
			? String.fromCodePoint(code)
			: entity;
	});
}

/** Whether a link made of data leads where links in mail may lead; given escaped, as none of these hold an entity. */
export function isSafeUrl(escaped: string): boolean {
	return /^[\0- ]*(?:https?:\/\/|mailto:|tel:)/i.test(escaped);
}

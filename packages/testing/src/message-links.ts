import type { Message } from "@convoke/core";

/*
 * Reads the links of a message as a mail program shows them: those of <a> and <area> in the HTML part, and what looks
 * like a URL in the text part. Comments (among them what only Outlook reads), styles and scripts hold none.
 */

const QUOTED_OR_NOT = `(?:[^"'>]|"[^"]*"|'[^']*')*`;
const ANCHOR = new RegExp(
	`<!--.*?-->|<(?<raw>style|script|title|textarea)\\b.*?</\\k<raw>\\s*>|<(?:a|area)(?=[\\s/])(?<attributes>${QUOTED_OR_NOT})>`,
	"gis",
);
const ATTRIBUTE = /(?<name>[^\s"'<>/=]+)(?:\s*=\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<bare>[^\s"'=<>`]+)))?/g;
const REFERENCE = /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]+));/gi;
const NAMES: ReadonlyMap<string, string> = new Map([
	["amp", "&"],
	["apos", "'"],
	["gt", ">"],
	["lt", "<"],
	["quot", '"'],
]);
// The renderer writes `label [url]`, so that brackets end one.
const TEXT_URL = /https?:\/\/[^\s<>"[\]]+/gi;

/** Where the links of a message lead: those of the HTML part, then URLs of the text part, each once. */
export function linksOf({ html, text }: Pick<Message, "html" | "text">): readonly string[] {
	return [...new Set([...htmlLinks(html ?? ""), ...textLinks(text ?? "")])];
}

function htmlLinks(html: string): readonly string[] {
	return [...html.matchAll(ANCHOR)].flatMap(({ groups }) => {
		const href = [...(groups?.["attributes"] ?? "").matchAll(ATTRIBUTE)].find(
			(attribute) => attribute.groups?.["name"]?.toLowerCase() === "href",
		)?.groups;
		const value = href?.["double"] ?? href?.["single"] ?? href?.["bare"];
		return value === undefined ? [] : [decode(value).trim()];
	});
}

function textLinks(text: string): readonly string[] {
	return [...text.matchAll(TEXT_URL)].map(([url]) =>
		// The end of a sentence or of a bracket around the URL is not part of it.
		url.replace(url.includes("(") ? /[.,;:!?']+$/ : /[.,;:!?')]+$/, ""),
	);
}

function decode(value: string): string {
	return value.replace(REFERENCE, (reference: string, hex?: string, decimal?: string, name?: string) => {
		if (name !== undefined) return NAMES.get(name) ?? reference;
		const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
		return point <= 0x10_ff_ff ? String.fromCodePoint(point) : reference;
	});
}

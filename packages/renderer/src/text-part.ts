import { convert } from "html-to-text";
import type { HtmlToTextOptions } from "html-to-text";
import { decodeEntities } from "./escape.ts";
import { hideTags } from "./hidden-tags.ts";
import type { HtmlTemplate } from "./html-part.ts";
import type { Span, Token } from "./template.ts";
import { formatTable } from "./text-table.ts";

const OPTIONS: HtmlToTextOptions = {
	// Lines are the mail program's to break; a broken one would break placeholders and links.
	wordwrap: false,
	// What stands outside of <body> may be half of a section.
	baseElements: { selectors: ["convoke-none"], returnDomByDefault: true },
	// The walk is recursive.
	limits: { maxDepth: 500 },
	formatters: {
		tableOrLayout: formatTable,
		alt: (element, _walk, builder) => {
			const attributes: Readonly<Record<string, unknown>> = element.attribs ?? {};
			if (typeof attributes["alt"] === "string") builder.addInline(attributes["alt"]);
		},
	},
	selectors: [
		{ selector: "a", options: { hideLinkHrefIfSameAsText: true, noAnchorUrl: true } },
		{ selector: "img", format: "alt" },
		{ selector: "table", format: "tableOrLayout" },
		// What does not hold any more would hold again.
		...["s", "strike", "del"].map((selector) => ({
			selector,
			format: "inlineSurround",
			options: { prefix: "~", suffix: "~" },
		})),
		{ selector: "title", format: "skip" },
		// A preview text of the author's own.
		{ selector: '[style*="display:none"]', format: "skip" },
		{ selector: '[style*="display: none"]', format: "skip" },
		...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({ selector, options: { uppercase: false } })),
	],
};

// mustache.js takes a line that holds nothing but such a tag away, and the blank line after it would stay.
const LONE_SECTION_TAG = /^(\{\{[#^/][^{}]*\}\}\n)\n/gm;

/**
 * Makes a text template of an HTML template: links as `label [url]`, images by their `alt`.
 *
 * `undefined` when half of a section would be left behind, such as one that begins in an attribute.
 */
export function makeText(html: HtmlTemplate): string | undefined {
	const hidden = hideTags(html.source, html.tokens);
	const plain = convert(hidden.text, OPTIONS);
	const lost = new Set(hidden.lost(plain));
	if (!areWhole(html.tokens, lost)) return undefined;
	// A fallback within HTML may hold entities. Braces that the author wrote as entities are no tags either.
	const tidy = plain
		.replaceAll("{{", "{ {")
		.replace(/^[^\S\n]+$/gm, "")
		.replace(/\n{3,}/g, "\n\n");
	return hidden.restore(tidy, decodeEntities).replace(LONE_SECTION_TAG, "$1");
}

/** Whether each section is left with both of its tags or with none. */
function areWhole(tokens: readonly Token[], lost: ReadonlySet<Span>): boolean {
	return tokens.every(
		(token) =>
			token.kind !== "section" || (lost.has(token.span) === lost.has(token.closing) && areWhole(token.tokens, lost)),
	);
}

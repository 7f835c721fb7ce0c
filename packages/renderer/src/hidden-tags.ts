import { listTags } from "./template.ts";
import type { Span, Token } from "./template.ts";

/** A template whose tags have been replaced by words that other programs leave alone. */
export interface HiddenTags {
	readonly text: string;
	/** Puts the tags back, each as `rewrite` wants it. */
	restore(text: string, rewrite?: (tag: string) => string): string;
	/** The tags whose word is not in the text any more. */
	lost(text: string): readonly Span[];
}

/**
 * Hides mustache tags from a program that does not know them.
 *
 * MJML drops a `{{#x}}` between sections without a word, and html-to-text upper-cases it in a heading. Each tag gets a
 * word of its own, so that losing one is noticed although the same tag stands elsewhere too.
 */
export function hideTags(template: string, tokens: readonly Token[]): HiddenTags {
	const word = findWord(template);
	const tags = listTags(tokens);
	let text = "";
	let from = 0;
	for (const [index, { start, end }] of tags.entries()) {
		text += `${template.slice(from, start)}${word}${index}x`;
		from = end;
	}
	const pattern = new RegExp(`${word}(\\d+)x`, "g");
	return {
		text: text + template.slice(from),
		restore: (given, rewrite = (tag) => tag) =>
			given.replace(pattern, (hidden, index: string) => {
				const tag = tags[Number(index)];
				return tag === undefined ? hidden : rewrite(template.slice(tag.start, tag.end));
			}),
		lost(given) {
			const kept = new Set(Array.from(given.matchAll(pattern), (found) => Number(found[1])));
			return tags.filter((_, index) => !kept.has(index));
		},
	};
}

function findWord(template: string): string {
	for (let n = 0; ; n += 1) if (!template.includes(`tag${n}q`)) return `tag${n}q`;
}

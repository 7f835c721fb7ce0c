import { invalidInput } from "@convoke/core";
import { arabic } from "./arabic.ts";
import { english } from "./english.ts";
import type { PageTexts } from "./page-texts.ts";
import { spanish } from "./spanish.ts";

/** Texts by language tag: of those there are, only what is to be otherwise; of a new language, what is left out is English. */
export type LanguageOptions = Readonly<Record<string, Partial<PageTexts>>>;

/** A language and what the pages say in it. */
export interface Language {
	/** BCP 47, for the `lang` attribute. */
	readonly tag: string;
	readonly texts: PageTexts;
}

const BUILT_IN: Readonly<Record<string, PageTexts>> = { en: english, es: spanish, ar: arabic };
const TAG = /^[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}$/i;
/** Real ones have some dozens of characters. */
const MAX_HEADER = 1000;

/** The languages that the pages speak. */
export class Languages {
	readonly #byTag = new Map<string, Language>();
	readonly #fallback: Language;

	/**
	 * @throws `invalid_input` with `invalid_language` for a tag that is none, or a default that has no texts;
	 * `unknown_field` and `invalid_type` for a text.
	 */
	constructor(added: LanguageOptions, fallback: string) {
		for (const [tag, texts] of Object.entries({ ...BUILT_IN, ...added })) {
			if (!TAG.test(tag)) throw invalidLanguage("languages", `\`${tag}\` is no language tag such as \`pt-BR\`.`);
			checkTexts(tag, texts);
			const given = Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined));
			const folded = tag.toLowerCase();
			this.#byTag.set(folded, { tag, texts: { ...(BUILT_IN[folded] ?? english), ...given } });
		}
		const found = this.#find(fallback);
		if (found === undefined) throw invalidLanguage("defaultLanguage", `There are no texts in \`${fallback}\`.`);
		this.#fallback = found;
	}

	/**
	 * The first of these wishes that can be met: a language tag, then an `Accept-Language` header (RFC 9110 section
	 * 12.5.4). Neither shows up in the answer.
	 */
	choose(tag: unknown, acceptLanguage: string | undefined): Language {
		const wishes = [...(typeof tag === "string" ? [tag] : []), ...preferred(acceptLanguage ?? "")];
		for (const wish of wishes) {
			const language = this.#find(wish);
			if (language !== undefined) return language;
		}
		return this.#fallback;
	}

	#find(wish: string): Language | undefined {
		const tag = wish.toLowerCase();
		return this.#byTag.get(tag) ?? this.#byTag.get(tag.split("-")[0] ?? "");
	}
}

function preferred(header: string): readonly string[] {
	if (header.length > MAX_HEADER) return [];
	return header
		.split(",")
		.map((range) => {
			const [tag = "", ...parameters] = range.split(";").map((part) => part.trim());
			const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
			return { tag, quality: weight === undefined ? 1 : Number(weight) };
		})
		.filter(({ quality }) => quality > 0)
		.toSorted((a, b) => b.quality - a.quality)
		.map(({ tag }) => tag);
}

function checkTexts(tag: string, texts: Partial<PageTexts>): void {
	for (const [name, text] of Object.entries(texts)) {
		const field = `languages.${tag}.${name}`;
		if (!Object.hasOwn(english, name)) {
			throw invalidInput("unknown_field", field, `There is no text \`${name}\`; remove it or mend its spelling.`);
		}
		if (text !== undefined && typeof text !== "string") {
			throw invalidInput("invalid_type", field, `\`${field}\` must be a string.`);
		}
	}
}

function invalidLanguage(field: string, message: string) {
	return invalidInput("invalid_language", field, message);
}

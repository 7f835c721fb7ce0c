import { invalidInput } from "@convoke/core";
import type { ConvokeError } from "@convoke/core";
import mustache from "mustache";
import { readVariable, variableName } from "./variable.ts";
import type { Variable } from "./variable.ts";

/** A piece of a parsed template. */
export type Token =
	| { readonly kind: "text"; readonly text: string }
	| { readonly kind: "value"; readonly variable: Variable; readonly fallback: string | null; readonly span: Span }
	| SectionToken;

/** What stands between `{{#name}}` or `{{^name}}` and `{{/name}}`. */
export interface SectionToken {
	readonly kind: "section";
	readonly variable: Variable;
	/** `{{^name}}`: for those who lack the value. */
	readonly inverted: boolean;
	readonly tokens: readonly Token[];
	/** The opening tag. */
	readonly span: Span;
	/** The closing tag. */
	readonly closing: Span;
}

/** Where a tag stands in its template. */
export interface Span {
	readonly start: number;
	readonly end: number;
}

/** A tuple of mustache.js: type, value, start, end, and for sections their tokens and where their closing tag starts. */
type MustacheToken = readonly [string, string, number, number, (readonly MustacheToken[])?, number?];

const MAX_TEMPLATE = 1_000_000;
const MAX_TAG = 5_000;
const MAX_DEPTH = 50;

/**
 * Parses a mustache template, with `{{name|fallback}}` on top.
 *
 * @param name what messages call the template
 * @throws `invalid_input` with `template_too_large`, `template_too_deep`, `template_syntax`,
 * `template_partial_unsupported`, `template_delimiters_unsupported`.
 */
export function parseTemplate(template: string, field: string, name = `\`${field}\``): readonly Token[] {
	const place = { template, field, name };
	checkSize(template, field);
	checkTags(place);
	return toTokens(parseMustache(place), place, 1);
}

function checkSize(template: string, field: string): void {
	if (Buffer.byteLength(template) <= MAX_TEMPLATE) return;
	throw invalidInput("template_too_large", field, `\`${field}\` is larger than ${MAX_TEMPLATE} octets.`);
}

/** The names a template asks for, as the port spells them. */
export function listVariables(tokens: readonly Token[], inSection = false): readonly string[] {
	return tokens.flatMap((token) => {
		if (token.kind === "text") return [];
		const isKnown = token.variable.kind === "self" && inSection;
		const inner = token.kind === "section" ? listVariables(token.tokens, true) : [];
		return isKnown ? inner : [variableName(token.variable), ...inner];
	});
}

/** Of these names, those that somewhere stand without a fallback, and not within a section that asks for them. */
export function listUnguarded(tokens: readonly Token[], asked: ReadonlySet<string> = new Set()): readonly string[] {
	return tokens.flatMap((token) => {
		if (token.kind === "text" || ["unsubscribeUrl", "viewUrl"].includes(token.variable.kind)) return [];
		const name = variableName(token.variable);
		if (token.kind === "section")
			return listUnguarded(token.tokens, token.inverted ? asked : new Set([...asked, name]));
		return token.variable.kind === "self" || token.fallback !== null || asked.has(name) ? [] : [name];
	});
}

/** Every tag of a template in the order it stands there, comments left out. */
export function listTags(tokens: readonly Token[]): readonly Span[] {
	return tokens.flatMap((token) => {
		if (token.kind === "text") return [];
		return token.kind === "value" ? [token.span] : [token.span, ...listTags(token.tokens), token.closing];
	});
}

/** The error for a template, naming the line. */
export function templateError(reason: string, at: Place, index: number, problem: string): ConvokeError {
	const line = at.template.slice(0, index).split("\n").length;
	return invalidInput(reason, at.field, `${at.name}, line ${line}: ${problem}`);
}

/** Which template, of which field. */
export interface Place {
	readonly template: string;
	readonly field: string;
	/** What an author calls it. */
	readonly name: string;
}

// mustache.js looks for a tag's end in time quadratic in the blanks inside the tag.
function checkTags(place: Place): void {
	const { template } = place;
	let start = template.indexOf("{{");
	while (start >= 0) {
		const end = template.indexOf("}}", start + 2);
		if (end < 0) throw templateError("template_syntax", place, start, "a tag is not closed with `}}`.");
		if (end - start > MAX_TAG)
			throw templateError("template_syntax", place, start, `a tag is longer than ${MAX_TAG} characters.`);
		start = template.indexOf("{{", end + 2);
	}
}

function parseMustache(place: Place): readonly MustacheToken[] {
	try {
		// A writer of its own: the module's one keeps every template for ever.
		return new mustache.Writer().parse(place.template) as readonly MustacheToken[];
	} catch (error) {
		const message = error instanceof Error ? error.message : "";
		const index = Number(/ at (\d+)$/.exec(message)?.[1] ?? 0);
		const problem = message.replace(/ at \d+$/, "");
		throw templateError("template_syntax", place, index, `${problem}.`);
	}
}

function toTokens(tokens: readonly MustacheToken[], place: Place, depth: number): readonly Token[] {
	return tokens.flatMap((token) => toToken(token, place, depth));
}

function toToken(token: MustacheToken, place: Place, depth: number): readonly Token[] {
	const [type, value, start, end, inner = [], closingStart = 0] = token;
	switch (type) {
		case "text":
			return [{ kind: "text", text: value }];
		case "name":
		case "&": {
			const { name, fallback } = splitFallback(value);
			if (name === "") throw templateError("template_syntax", place, start, "a placeholder has no name.");
			return [{ kind: "value", variable: readVariable(name), fallback, span: { start, end } }];
		}
		case "#":
		case "^": {
			if (value === "" || value.includes("|")) {
				throw templateError("template_syntax", place, start, "a section takes a name, and no fallback.");
			}
			if (depth > MAX_DEPTH) {
				throw templateError("template_too_deep", place, start, `sections are nested more than ${MAX_DEPTH} deep.`);
			}
			const closing = { start: closingStart, end: place.template.indexOf("}}", closingStart) + 2 };
			const tokens = toTokens(inner, place, depth + 1);
			return [
				{
					kind: "section",
					variable: readVariable(value),
					inverted: type === "^",
					tokens,
					span: { start, end },
					closing,
				},
			];
		}
		case ">":
			throw templateError(
				"template_partial_unsupported",
				place,
				start,
				"partials such as `{{> name}}` are not supported.",
			);
		case "=":
			throw templateError(
				"template_delimiters_unsupported",
				place,
				start,
				"the delimiters `{{` and `}}` cannot be changed.",
			);
		default:
			// `{{! a comment }}`
			return [];
	}
}

function splitFallback(value: string): { readonly name: string; readonly fallback: string | null } {
	const bar = value.indexOf("|");
	if (bar < 0) return { name: value.trim(), fallback: null };
	return { name: value.slice(0, bar).trim(), fallback: value.slice(bar + 1).trim() };
}

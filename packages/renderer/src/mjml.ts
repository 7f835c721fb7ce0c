import { invalidInput } from "@convoke/core";
import type { ConvokeError, Finding } from "@convoke/core";
import { hideTags } from "./hidden-tags.ts";
import type { HiddenTags } from "./hidden-tags.ts";
import { scanMarkup, startMarkup } from "./markup.ts";
import { parseTemplate, templateError } from "./template.ts";
import type { Token } from "./template.ts";

/** What MJML became. */
export interface CompiledMjml {
	readonly html: string;
	/** The tags of the source. */
	readonly tokens: readonly Token[];
	/** `mustache_tag_lost`, if MJML dropped one. */
	readonly findings: readonly Finding[];
}

// A document of 2,000 sections takes most of a second, and 2,000 wrappers in each other overflow the stack.
const MAX_ELEMENTS = 2000;
const MAX_DEPTH = 50;

/**
 * Compiles MJML to an HTML template, its mustache tags untouched.
 *
 * @throws `invalid_input` as `parseTemplate`, and with `mjml_include_forbidden`, `mjml_invalid`, `template_too_large`,
 * `template_too_deep`.
 */
export async function compileMjml(mjml: string): Promise<CompiledMjml> {
	const tokens = parseTemplate(mjml, "mjml");
	const hidden = hideTags(mjml, tokens);
	checkElements(hidden.text);
	const html = await runMjml(hidden);
	const [lost] = hidden.lost(html);
	const findings = lost === undefined ? [] : [toFinding(mjml.slice(lost.start, lost.end))];
	return { html: hidden.restore(html), tokens, findings };
}

function toFinding(tag: string): Finding {
	const message = `MJML drops \`${tag}\` where it stands, so that its part would reach everyone; put it into an <mj-raw>.`;
	return { severity: "error", reason: "mustache_tag_lost", message, field: "mjml" };
}

/** Checks what MJML would not: it includes, overflows, and closes what the author left open, each without a word. */
function checkElements(text: string): void {
	const markup = startMarkup();
	const open: string[] = [];
	let elements = 0;
	scanMarkup(markup, text, {
		tag(start, end) {
			const name = markup.tag.replace("/", "");
			if (name === "mj-include") {
				const message = "`mjml` must not read files: put what it includes in place of <mj-include>.";
				throw invalidInput("mjml_include_forbidden", "mjml", message);
			}
			if (name !== "mjml" && !name.startsWith("mj-")) return;
			if (markup.tag.startsWith("/")) {
				const closed = open.pop();
				if (closed !== name) throw unbalanced(text, start, closed === undefined ? name : closed);
				return;
			}
			elements += 1;
			if (text.charAt(end - 2) !== "/") open.push(name);
			if (open.length > MAX_DEPTH) throw tooDeep();
		},
	});
	const left = open.pop();
	if (left !== undefined) throw unbalanced(text, text.length, left);
	if (elements > MAX_ELEMENTS) {
		throw invalidInput("template_too_large", "mjml", `\`mjml\` has more than ${MAX_ELEMENTS} elements.`);
	}
}

function unbalanced(text: string, at: number, name: string): ConvokeError {
	const place = { template: text, field: "mjml", name: "`mjml`" };
	return templateError("mjml_invalid", place, at, `<${name}> is opened or closed alone.`);
}

function tooDeep(): ConvokeError {
	return invalidInput("template_too_deep", "mjml", `\`mjml\` nests elements more than ${MAX_DEPTH} deep.`);
}

async function runMjml(hidden: HiddenTags): Promise<string> {
	// Half a second to load: only who sends MJML waits for it.
	const { default: mjml2html } = await import("mjml");
	try {
		const { html } = await mjml2html(hidden.text, {
			validationLevel: "strict",
			ignoreIncludes: true,
			keepComments: false,
		});
		return html;
	} catch (error) {
		if (error instanceof RangeError) throw tooDeep();
		throw invalidInput("mjml_invalid", "mjml", `\`mjml\` is not valid MJML: ${hidden.restore(describe(error))}`);
	}
}

/** The first complaint, with its line. */
function describe(error: unknown): string {
	if (!(error instanceof Error)) return "it cannot be compiled.";
	const errors: unknown = "errors" in error ? error.errors : undefined;
	const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
	if (typeof first === "object" && first !== null && "line" in first && "message" in first) {
		return `line ${String(first.line)}: ${String(first.message)}`;
	}
	return error.message;
}

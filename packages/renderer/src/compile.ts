import { invalidInput } from "@convoke/core";
import type { CompiledMessage, Finding, MessageSource } from "@convoke/core";
import { parseHtml } from "./html-part.ts";
import type { HtmlTemplate } from "./html-part.ts";
import { lintHtml } from "./lint-html.ts";
import { lintSubject } from "./lint-subject.ts";
import { compileMjml } from "./mjml.ts";
import type { Node, Part } from "./nodes.ts";
import { parsePlain } from "./plain-part.ts";
import { listUnguarded, listVariables, parseTemplate } from "./template.ts";
import type { Token } from "./template.ts";
import { makeText } from "./text-part.ts";

interface HtmlSide {
	readonly html: HtmlTemplate | null;
	readonly tokens: readonly Token[];
	readonly findings: readonly Finding[];
}

/**
 * Compiles what an author wrote.
 *
 * @throws `invalid_input` with `content_missing`, `content_ambiguous`, and as `Renderer.compile`.
 */
export async function compileSource(source: MessageSource): Promise<CompiledMessage> {
	checkParts(source);
	const subject = parseTemplate(source.subject, "subject");
	const previewText = parseTemplate(source.previewText ?? "", "previewText");
	const { html, tokens, findings } = await compileHtmlSide(source);
	const isMade = source.text === null && html !== null;
	const text = isMade ? makeText(html) : (source.text ?? undefined);
	// An empty text is how an author says: no text part.
	const plain = text === undefined || text === "" ? null : parsePlain(text, "text");
	const parts = [subject, previewText, tokens, plain?.tokens ?? []];
	return {
		html: html?.source ?? null,
		text: plain === null ? null : (text ?? null),
		variables: [...new Set(parts.flatMap((part) => listVariables(part)))],
		unguarded: [...new Set(parts.flatMap((part) => listUnguarded(part)))],
		findings: [
			...findings,
			...lintSubject(subject),
			...(html === null ? [] : lintHtml(html)),
			...(html === null || plain === null || isMade ? [] : findUnused(html.tokens, plain.tokens)),
			...(isMade && text === undefined ? [TEXT_LOST] : []),
			...(html === null ? [] : findFooter(html.part, "html")),
			...(plain === null ? [] : findFooter(plain.part, "text")),
		],
	};
}

const TEXT_LOST: Finding = {
	severity: "error",
	reason: "mustache_tag_lost",
	message: "No text part can be made from the HTML, as a section begins or ends where text has nothing; write `text`.",
	field: "text",
};

/** An author's own text part that says less than the HTML part. */
function findUnused(html: readonly Token[], text: readonly Token[]): readonly Finding[] {
	const used = new Set(listVariables(text));
	return [...new Set(listVariables(html))]
		.filter((name) => !used.has(name) && !["unsubscribeUrl", "viewUrl", "."].includes(name))
		.map((name) => ({
			severity: "info",
			reason: "variable_unused",
			field: "text",
			message: `The HTML part uses \`${name.replace("properties.", "")}\`, and \`text\` does not.`,
		}));
}

function checkParts(source: MessageSource): void {
	if (source.html !== null && source.mjml !== null) {
		throw invalidInput("content_ambiguous", "mjml", "Give `html` or `mjml`, not both.");
	}
	if (source.html === null && source.mjml === null && (source.text ?? "") === "") {
		throw invalidInput("content_missing", "html", "A message needs `html`, `mjml` or `text`.");
	}
}

async function compileHtmlSide(source: MessageSource): Promise<HtmlSide> {
	if (source.html !== null) {
		const html = parseHtml(source.html, "html");
		return { html, tokens: html.tokens, findings: [] };
	}
	if (source.mjml === null) return { html: null, tokens: [], findings: [] };
	const compiled = await compileMjml(source.mjml);
	// Half of a section may be gone: what is left is no template.
	if (compiled.findings.length > 0) return { html: null, tokens: compiled.tokens, findings: compiled.findings };
	const html = parseHtml(compiled.html, "mjml", "The HTML that `mjml` becomes");
	return { html, tokens: html.tokens, findings: [] };
}

function findFooter(part: Part, field: string): readonly Finding[] {
	const nodes = [...part.head, ...part.tail];
	if (nodes.some((node) => shows(node, false))) return [];
	const message = nodes.some((node) => shows(node, true))
		? `For some contacts \`${field}\` has no unsubscribe link; theirs gets a footer with one.`
		: `\`${field}\` has no unsubscribe link, so a footer with one is added; write {{{UNSUBSCRIBE_URL}}} to place it yourself.`;
	return [{ severity: "info", reason: "footer_added", message, field }];
}

/** Whether the node shows every reader the link, or with `some` at least some. */
function shows(node: Node, some: boolean): boolean {
	if (node.kind === "link") return node.visible;
	if (node.kind === "url") return node.nodes.some((inner) => shows(inner, some));
	return some && node.kind === "section" && node.nodes.some((inner) => shows(inner, some));
}

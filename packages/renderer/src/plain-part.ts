import type { Node, Part } from "./nodes.ts";
import { parseTemplate } from "./template.ts";
import type { Token } from "./template.ts";

/** A parsed template without markup. */
export interface PlainTemplate {
	readonly tokens: readonly Token[];
	readonly part: Part;
}

/**
 * Parses a template in which nothing is escaped: a subject, a preview text, a text part.
 *
 * @throws `invalid_input` as `parseTemplate`.
 */
export function parsePlain(template: string, field: string): PlainTemplate {
	const tokens = parseTemplate(template, field);
	return { tokens, part: { head: toNodes(tokens), tail: [] } };
}

function toNodes(tokens: readonly Token[]): readonly Node[] {
	return tokens.map((token): Node => {
		switch (token.kind) {
			case "text":
				// mustache.js adds texts up character by character; as one flat string they are never copied again.
				return { kind: "text", text: Buffer.from(token.text).toString() };
			case "section":
				return { kind: "section", variable: token.variable, inverted: token.inverted, nodes: toNodes(token.tokens) };
			case "value":
				if (token.variable.kind === "unsubscribeUrl") return { kind: "link", visible: true };
				return { kind: "value", variable: token.variable, fallback: token.fallback };
		}
	});
}

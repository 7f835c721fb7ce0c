import { decodeTags } from "./encoded-tags.ts";
import { escapeAuthored } from "./escape.ts";
import { isSamePlace, scanMarkup, startMarkup } from "./markup.ts";
import type { Markup } from "./markup.ts";
import type { Node, Part } from "./nodes.ts";
import { parseTemplate, templateError } from "./template.ts";
import type { Place, SectionToken, Token } from "./template.ts";

// Attributes that a click or a glance follows.
const URL_ATTRIBUTES: ReadonlySet<string> = new Set([
	"action",
	"background",
	"cite",
	"data",
	"formaction",
	"href",
	"poster",
	"src",
	"xlink:href",
]);

/** A parsed HTML template. */
export interface HtmlTemplate {
	/** The source with URL-encoded placeholders decoded. */
	readonly source: string;
	readonly tokens: readonly Token[];
	readonly part: Part;
}

/**
 * Parses an HTML template and says for each placeholder how it must be written.
 *
 * @param name what messages call the template
 * @throws `invalid_input` as `parseTemplate`, and with `template_unquoted_attribute`, `template_unsafe_place`,
 * `template_split_markup`.
 */
export function parseHtml(template: string, field: string, name = `\`${field}\``): HtmlTemplate {
	const source = decodeTags(template);
	const tokens = parseTemplate(source, field, name);
	const place = { template: source, field, name };
	const builder: Builder = { markup: startMarkup(), place, sinks: [[]], slots: [], depth: 0, values: 0 };
	for (const token of tokens) addToken(builder, token);
	return { source, tokens, part: toPart(close(builder), builder.slots) };
}

/** A place among the nodes for the preview text or the footer: the best one is known at the end of the document. */
interface Slot {
	readonly kind: "preheader" | "footer";
	readonly rank: number;
	readonly index: number;
}

interface Builder {
	readonly markup: Markup;
	readonly place: Place;
	/** The list being filled is the last one; one more for each URL attribute it is in. */
	readonly sinks: Node[][];
	readonly slots: Slot[];
	/** How many sections it is in. */
	depth: number;
	/** How many quoted values have begun. */
	values: number;
}

function addToken(builder: Builder, token: Token): void {
	if (token.kind === "text") addText(builder, token.text);
	else if (token.kind === "section") addSection(builder, token);
	else addValue(builder, token);
}

function addText(builder: Builder, text: string): void {
	const { markup } = builder;
	let from = 0;
	const cut = (to: number): void => {
		if (to > from) add(builder, { kind: "text", text: text.slice(from, to) });
		from = to;
	};
	scanMarkup(markup, text, {
		valueStart(at) {
			builder.values += 1;
			if (!URL_ATTRIBUTES.has(markup.attribute)) return;
			cut(at);
			builder.sinks.push([]);
		},
		valueEnd(at) {
			if (!URL_ATTRIBUTES.has(markup.attribute)) return;
			cut(at);
			for (const node of wrapUrl(builder.sinks.pop() ?? [])) add(builder, node);
		},
		tag(start, end) {
			if (builder.depth > 0 || markup.conditional) return;
			const rank = PREHEADER_RANKS.get(markup.tag);
			if (rank !== undefined) {
				cut(end);
				addSlot(builder, "preheader", rank);
			}
			if (markup.tag !== "/body" && markup.tag !== "/html") return;
			cut(start);
			addSlot(builder, "footer", markup.tag === "/body" ? 2 : 1);
		},
		declaration(start, end) {
			if (builder.depth > 0 || markup.conditional || !/^<!doctype/i.test(text.slice(start, start + 9))) return;
			cut(end);
			addSlot(builder, "preheader", 1);
		},
	});
	cut(text.length);
}

const PREHEADER_RANKS: ReadonlyMap<string, number> = new Map([
	["body", 4],
	["/head", 3],
	["html", 2],
]);

function addSlot(builder: Builder, kind: Slot["kind"], rank: number): void {
	builder.slots.push({ kind, rank, index: builder.sinks[0]?.length ?? 0 });
}

function addValue(builder: Builder, token: Token & { kind: "value" }): void {
	checkPlace(builder, token);
	if (token.variable.kind === "unsubscribeUrl") {
		const visible = builder.markup.mode !== "comment" && builder.markup.mode !== "raw" && !builder.markup.conditional;
		return add(builder, { kind: "link", visible });
	}
	const fallback = token.fallback === null ? null : escapeAuthored(token.fallback);
	add(builder, { kind: "value", variable: token.variable, fallback });
}

function addSection(builder: Builder, token: SectionToken): void {
	const before = { ...builder.markup };
	const { values } = builder;
	builder.sinks.push([]);
	builder.depth += 1;
	for (const inner of token.tokens) addToken(builder, inner);
	builder.depth -= 1;
	// Back in a value of the same name, but in another one.
	const isElsewhere = before.mode === "quoted" && builder.values > values;
	if (isElsewhere || !isSamePlace(before, builder.markup)) {
		const problem = "a section begins and ends in different places of the markup, such as in and outside a tag.";
		throw templateError("template_split_markup", builder.place, token.span.start, problem);
	}
	builder.markup.conditional ||= before.conditional;
	const nodes = builder.sinks.pop() ?? [];
	add(builder, { kind: "section", variable: token.variable, inverted: token.inverted, nodes });
}

function checkPlace(builder: Builder, token: Token & { kind: "value" }): void {
	const { mode, raw } = builder.markup;
	const at = token.span.start;
	if (mode === "raw" && (raw === "script" || raw === "style")) {
		const problem = `a placeholder cannot stand in <${raw}>, where nothing makes data safe.`;
		throw templateError("template_unsafe_place", builder.place, at, problem);
	}
	if (mode === "text" || mode === "quoted" || mode === "comment" || mode === "raw") return;
	const problem = "a placeholder in a tag must stand within a quoted attribute value.";
	throw templateError("template_unquoted_attribute", builder.place, at, problem);
}

/** Data may lead anywhere only behind a scheme and a host, or a path, that the author wrote. */
function wrapUrl(nodes: readonly Node[]): readonly Node[] {
	const [first] = nodes;
	if (nodes.every((node) => node.kind === "text")) return nodes;
	if (first?.kind === "text" && /[:/?#]/.test(first.text)) return nodes;
	return [{ kind: "url", nodes }];
}

function add(builder: Builder, node: Node): void {
	builder.sinks.at(-1)?.push(node);
}

function close(builder: Builder): readonly Node[] {
	// A document that ends within an attribute value keeps what was read of it.
	while (builder.sinks.length > 1) for (const node of wrapUrl(builder.sinks.pop() ?? [])) add(builder, node);
	return builder.sinks[0] ?? [];
}

/** Puts the preview text in its best place, and cuts where a footer would go: at the last one of the best. */
function toPart(nodes: readonly Node[], slots: readonly Slot[]): Part {
	const best = (kind: Slot["kind"]): readonly Slot[] => {
		const some = slots.filter((slot) => slot.kind === kind);
		const top = Math.max(...some.map(({ rank }) => rank));
		return some.filter(({ rank }) => rank === top);
	};
	const start = best("preheader")[0]?.index ?? 0;
	const end = best("footer").at(-1)?.index ?? nodes.length;
	const whole = nodes.toSpliced(start, 0, { kind: "preheader" });
	const cut = start > end ? end : end + 1;
	return { head: flatten(whole.slice(0, cut)), tail: flatten(whole.slice(cut)) };
}

/**
 * Joins neighbouring texts and makes each one flat string: mustache.js adds them up character by character, and what
 * is cut out of those would be copied again for every recipient.
 */
function flatten(nodes: readonly Node[]): readonly Node[] {
	const joined: Node[] = [];
	let text = "";
	const flush = (): void => {
		if (text !== "") joined.push({ kind: "text", text: Buffer.from(text).toString() });
		text = "";
	};
	for (const node of nodes) {
		if (node.kind === "text") {
			text += node.text;
			continue;
		}
		flush();
		joined.push(node.kind === "section" || node.kind === "url" ? { ...node, nodes: flatten(node.nodes) } : node);
	}
	flush();
	return joined;
}

import { invalidInput } from "../errors.ts";
import type { ConvokeError } from "../errors.ts";
import { checkId } from "../ids.ts";
import { readArray, readPlainObject } from "../plain-object.ts";
import { checkPropertyKey } from "../property-key.ts";
import { wordsOf } from "../search-words.ts";
import { checkFilterText, checkFilterValue } from "./check-filter-value.ts";
import type { FilterSubject } from "./check-filter-value.ts";
import { FILTER_FIELDS, INTERNAL_FIELDS, OPERATORS, propertyKeyOf } from "./fields.ts";
import type { Filter, FilterOperator } from "./filter.ts";

const MAX_LEVELS = 8;
const MAX_NODES = 200;
/** Most words of a search. */
export const MAX_WORDS = 20;

/** The keys of each kind of node, by the key that tells the kind. */
const KEYS = {
	and: ["and"],
	or: ["or"],
	not: ["not"],
	field: ["field", "op", "value"],
	segment: ["segment"],
	topic: ["topic", "is", "explicit"],
	received: ["received"],
	sample: ["sample", "seed"],
	search: ["search"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Kind = keyof typeof KEYS;

const KINDS: readonly Kind[] = ["and", "or", "not", "field", "segment", "topic", "received", "sample", "search"];

/** Where the walk through a filter is. */
interface Walk {
	/** Nodes met so far. */
	nodes: number;
	/** The nodes around the present one, from the root. */
	readonly around: unknown[];
}

/** A node that is known to be a plain object of one kind. */
interface Node {
	readonly kind: Kind;
	readonly values: ReadonlyMap<string, unknown>;
	/** Its path, for errors. */
	readonly field: string;
}

const CHECKS: Readonly<Record<Kind, (node: Node, walk: Walk) => Filter>> = {
	and: ({ values, field }, walk) => ({ and: checkNodes(values.get("and"), `${field}.and`, walk) }),
	or: ({ values, field }, walk) => ({ or: checkNodes(values.get("or"), `${field}.or`, walk) }),
	not: ({ values, field }, walk) => ({ not: checkNode(values.get("not"), `${field}.not`, walk) }),
	field: checkCondition,
	segment: ({ values, field }) => ({ segment: checkId(values.get("segment"), `${field}.segment`) }),
	topic: checkTopic,
	received: ({ values, field }) => ({ received: checkId(values.get("received"), `${field}.received`) }),
	sample: checkSample,
	search: checkSearch,
};

/**
 * Returns a filter from untrusted input, as a deep copy with known keys only. Names are not looked up: whether a property,
 * segment or topic exists shows when the filter is bound.
 *
 * @param field where the filter stands in the caller's input; errors name the path below it: `filter.and[2].value`
 * @throws `invalid_filter` for anything that is no node of exactly one known kind, unknown keys and cycles;
 * `filter_too_deep` beyond 8 levels; `filter_too_large` over 200 nodes, 1,000 values of an `in` or 1,024 characters of a
 * string; `unknown_field`; `unknown_operator` also for one that the field does not have; `invalid_filter_value`;
 * `invalid_property_key` and `reserved_property_key` after `properties.`; `invalid_text` for NUL or lone surrogates;
 * `invalid_id` for the id of a segment, topic or broadcast
 */
export function checkFilter(input: unknown, field = "filter"): Filter {
	return checkNode(input, field, { nodes: 0, around: [] });
}

function checkNode(input: unknown, field: string, walk: Walk): Filter {
	if (walk.around.includes(input)) {
		throw invalidInput("invalid_filter", field, `\`${field}\` contains itself.`);
	}
	if (walk.around.length >= MAX_LEVELS) {
		throw invalidInput("filter_too_deep", field, `\`${field}\` is more than ${MAX_LEVELS} levels deep.`);
	}
	walk.nodes += 1;
	if (walk.nodes > MAX_NODES) {
		throw invalidInput("filter_too_large", field, `The filter has more than ${MAX_NODES} conditions.`);
	}
	const node = readNode(input, field);
	walk.around.push(input);
	const filter = CHECKS[node.kind](node, walk);
	walk.around.pop();
	return filter;
}

function readNode(input: unknown, field: string): Node {
	const entries = readPlainObject(input);
	if (entries === undefined) throw invalidFilter(field);
	const values = new Map([...entries].filter(([, value]) => value !== undefined));
	const kind = KINDS.find((key) => values.has(key));
	if (kind === undefined) throw invalidFilter(field);
	const known: readonly string[] = KEYS[kind];
	if (![...values.keys()].every((key) => known.includes(key))) throw invalidFilter(field);
	return { kind, values, field };
}

function checkNodes(value: unknown, field: string, walk: Walk): readonly Filter[] {
	const nodes = readArray(value, MAX_NODES);
	if (nodes === undefined) throw invalidFilter(field);
	if (nodes === "too_long") {
		throw invalidInput("filter_too_large", field, `The filter has more than ${MAX_NODES} conditions.`);
	}
	return nodes.map((node, index) => checkNode(node, `${field}[${index}]`, walk));
}

function checkCondition({ values, field }: Node): Filter {
	const { name, subject } = checkField(values.get("field"), `${field}.field`);
	const op = checkOperator(values.get("op"), subject, `${field}.op`);
	return { field: name, op, value: checkFilterValue(values.get("value"), subject, op, `${field}.value`) };
}

function checkField(value: unknown, field: string): { readonly name: string; readonly subject: FilterSubject } {
	const name = typeof value === "string" ? value : "";
	const key = propertyKeyOf(name);
	if (key !== undefined) return { name: `properties.${checkPropertyKey(key, field)}`, subject: "property" };
	const known = INTERNAL_FIELDS.has(name) ? undefined : FILTER_FIELDS.get(name);
	if (known === undefined) {
		const message = `\`${field}\` must name a field of contacts, or a property as \`properties.<key>\`.`;
		throw invalidInput("unknown_field", field, message);
	}
	return { name, subject: known.kind };
}

function checkOperator(value: unknown, subject: FilterSubject, field: string): FilterOperator {
	if (!isOperator(value, subject)) {
		const operators = [...OPERATORS[subject]].join(", ");
		throw invalidInput(
			"unknown_operator",
			field,
			`\`${field}\` must be an operator that this field has: ${operators}.`,
		);
	}
	return value;
}

function isOperator(value: unknown, subject: FilterSubject): value is FilterOperator {
	const known: ReadonlySet<unknown> = OPERATORS[subject];
	return known.has(value);
}

function checkTopic({ values, field }: Node): Filter {
	const topic = checkId(values.get("topic"), `${field}.topic`);
	const is = values.get("is");
	if (is !== "opt_in" && is !== "opt_out") {
		const message = `\`${field}.is\` must be "opt_in" or "opt_out".`;
		throw invalidInput("invalid_filter_value", `${field}.is`, message);
	}
	const explicit = values.get("explicit");
	if (explicit === undefined) return { topic, is };
	if (explicit !== true) {
		const message = `\`${field}.explicit\` must be true or absent.`;
		throw invalidInput("invalid_filter_value", `${field}.explicit`, message);
	}
	return { topic, is, explicit };
}

function checkSample({ values, field }: Node): Filter {
	const sample = values.get("sample");
	if (typeof sample !== "number" || !(sample >= 0 && sample <= 100)) {
		const message = `\`${field}.sample\` must be a share in percent, from 0 to 100.`;
		throw invalidInput("invalid_filter_value", `${field}.sample`, message);
	}
	return { sample: sample + 0, seed: checkFilterText(values.get("seed"), `${field}.seed`) };
}

function checkSearch({ values, field }: Node): Filter {
	const search = checkFilterText(values.get("search"), `${field}.search`);
	const words = wordsOf(search).length;
	if (words > 0 && words <= MAX_WORDS) return { search };
	const message = `\`${field}.search\` must have a letter or digit in it, and at most ${MAX_WORDS} words.`;
	throw invalidInput("invalid_filter_value", `${field}.search`, message);
}

function invalidFilter(field: string): ConvokeError {
	const message = `\`${field}\` must be an object of one of these forms: { and }, { or }, { not }, { field, op, value }, { segment }, { topic, is }, { received }, { sample, seed }, { search }.`;
	return invalidInput("invalid_filter", field, message);
}

import type { BoundFilter } from "../../src/filter/filter.ts";
import { asciiLower } from "../../src/ascii.ts";
import type { Walk } from "../../src/ports/storage.ts";
import type { Break } from "./saboteur.ts";
import { inTenant } from "./saboteur.ts";

/** Reads one node of a filter wrongly; the nodes below it are wrong already. */
type Misreading = (filter: BoundFilter) => BoundFilter;

const NO_ONE: BoundFilter = { kind: "any", of: [] };

function swapped(from: string, to: string): Misreading {
	return (filter) => (filter.kind === "compare" && filter.op === from ? { ...filter, op: asOperator(to) } : filter);
}

function asOperator(text: string): "eq" | "lt" | "lte" | "gt" | "gte" {
	if (text === "lt" || text === "lte" || text === "gt" || text === "gte") return text;
	return "eq";
}

const MISREADINGS: Readonly<Record<string, Misreading>> = {
	"takes `all` for `any`": (filter) =>
		filter.kind === "all" && filter.of.length > 0 ? { ...filter, kind: "any" } : filter,
	"takes `any` for `all`": (filter) =>
		filter.kind === "any" && filter.of.length > 0 ? { ...filter, kind: "all" } : filter,
	"takes `all` of nothing for no one": (filter) => (filter.kind === "all" && filter.of.length === 0 ? NO_ONE : filter),
	"takes `any` of nothing for everyone": (filter) =>
		filter.kind === "any" && filter.of.length === 0 ? { kind: "all", of: [] } : filter,
	"overlooks `not`": (filter) => (filter.kind === "not" ? filter.of : filter),
	"lets `not` pass over missing values": (filter) =>
		filter.kind === "not" && (filter.of.kind === "compare" || filter.of.kind === "match" || filter.of.kind === "oneOf")
			? { kind: "all", of: [{ kind: "set", subject: filter.of.subject }, filter] }
			: filter,
	"overlooks suppressions": (filter) => (filter.kind === "flag" && filter.column === "suppressed" ? NO_ONE : filter),
	"overlooks SMTPUTF8": (filter) => (filter.kind === "flag" && filter.column === "needsSmtputf8" ? NO_ONE : filter),
	"overlooks the global opt-out": (filter) =>
		filter.kind === "flag" && filter.column === "unsubscribed" ? NO_ONE : filter,
	"takes an empty text for a missing one": (filter) =>
		filter.kind === "set"
			? {
					kind: "all",
					of: [filter, { kind: "not", of: { kind: "compare", subject: filter.subject, op: "eq", value: "" } }],
				}
			: filter,
	"takes `lt` for `lte`": swapped("lt", "lte"),
	"takes `lte` for `lt`": swapped("lte", "lt"),
	"takes `gt` for `gte`": swapped("gt", "gte"),
	"takes `gte` for `gt`": swapped("gte", "gt"),
	"takes `eq` for `gte`": swapped("eq", "gte"),
	"forgets the last of many values": (filter) =>
		filter.kind === "oneOf" && filter.values.length > 1 ? { ...filter, values: filter.values.slice(0, -1) } : filter,
	"searches everywhere": (filter) => (filter.kind === "match" ? { ...filter, op: "contains" } : filter),
	"searches at the start only": (filter) => (filter.kind === "match" ? { ...filter, op: "startsWith" } : filter),
	"folds more than ASCII": (filter) =>
		filter.kind === "match" ? { ...filter, value: filter.value.toLowerCase() } : filter,
	"folds where texts are compared": (filter) =>
		filter.kind === "compare" && typeof filter.value === "string"
			? { ...filter, value: asciiLower(filter.value) }
			: filter,
	"takes `%` for anything": (filter) =>
		filter.kind === "match" && filter.value.includes("%")
			? { ...filter, value: filter.value.replaceAll("%", "") }
			: filter,
	"asks for another property when case differs": (filter) =>
		"subject" in filter && "property" in filter.subject
			? { ...filter, subject: { ...filter.subject, property: filter.subject.property.toLowerCase() } }
			: filter,
	"looks for words anywhere": (filter) =>
		filter.kind === "search" ? { ...filter, prefixes: filter.prefixes.map((prefix) => prefix.slice(0, 1)) } : filter,
	"looks for the first word only": (filter) =>
		filter.kind === "search" ? { ...filter, prefixes: filter.prefixes.slice(0, 1) } : filter,
	"looks for the beginning of long words only": (filter) =>
		filter.kind === "search" ? { ...filter, prefixes: filter.prefixes.map((prefix) => prefix.slice(0, 64)) } : filter,
	"knows no members": (filter) => (filter.kind === "member" ? NO_ONE : filter),
	"takes one choice for the other": (filter) =>
		filter.kind === "choice" ? { ...filter, is: filter.is === "opt_in" ? "opt_out" : "opt_in" } : filter,
	"takes no choice for an opt-in": (filter) =>
		filter.kind === "choice" && filter.is === "opt_in" ? { kind: "not", of: { ...filter, is: "opt_out" } } : filter,
	"knows no one who received anything": (filter) => (filter.kind === "received" ? NO_ONE : filter),
	"draws a sample with its bound": (filter) =>
		filter.kind === "sample" ? { ...filter, below: filter.below + 1 } : filter,
	"draws a sample without offset": (filter) => (filter.kind === "sample" ? { ...filter, offset: 0 } : filter),
	"draws a sample without multiplier": (filter) => (filter.kind === "sample" ? { ...filter, multiplier: 1 } : filter),
};

function misread(filter: BoundFilter, misreading: Misreading): BoundFilter {
	if (filter.kind === "all" || filter.kind === "any") {
		return misreading({ ...filter, of: filter.of.map((part) => misread(part, misreading)) });
	}
	if (filter.kind === "not") return misreading({ ...filter, of: misread(filter.of, misreading) });
	return misreading(filter);
}

function breaking(misreading: Misreading): Break {
	const walkOf = (walk: Walk): Walk => ({
		...walk,
		target: misread(walk.target, misreading),
		rules: walk.rules.map((rule) => ({ ...rule, when: misread(rule.when, misreading) })),
	});
	return inTenant((tenant) => ({
		pageContacts: (filter, page) => tenant.pageContacts(misread(filter, misreading), page),
		countContacts: (filter) => tenant.countContacts(misread(filter, misreading)),
		surveyChunk: (walk) => tenant.surveyChunk(walkOf(walk)),
		freezeChunk: (id, walk, slice) => tenant.freezeChunk(id, walkOf(walk), slice),
	}));
}

/** What is said of filters, broken. */
export const filterSaboteurs: Readonly<Record<string, Break>> = Object.fromEntries(
	Object.entries(MISREADINGS).map(([sentence, misreading]) => [`a filter ${sentence}`, breaking(misreading)]),
);

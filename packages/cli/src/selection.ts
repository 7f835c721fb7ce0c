import type { ContactRef, ContactSelection, Filter } from "@convoke/core";
import { text, UsageError } from "./command.ts";
import type { OptionValues } from "./command.ts";

/** Options that say which contacts. */
export const SELECTION_OPTIONS = {
	search: { type: "string" },
	filter: { type: "string" },
	segment: { type: "string" },
} as const;

/** What they mean. */
export const SELECTION_ABOUT = {
	search: "<words> words that begin a word of the address or the names",
	filter: '<json> a filter as JSON: {"field":"properties.plan","op":"eq","value":"pro"}',
	segment: "<id> the id of a segment",
} as const;

/** Reads which contacts are wanted. @throws `UsageError` */
export function selectionOf(options: OptionValues): ContactSelection {
	const filter = text(options, "filter");
	return {
		search: text(options, "search"),
		filter: filter === undefined ? undefined : parseFilter(filter),
		segmentId: text(options, "segment"),
	};
}

/** Reads a filter; what is in it is checked where it is used. @throws `UsageError` */
export function parseFilter(json: string): Filter {
	try {
		return JSON.parse(json) as Filter;
	} catch {
		throw new UsageError(`--filter must be JSON, such as ${SELECTION_ABOUT.filter.split(": ")[1]}`);
	}
}

/** A contact by address, id, or `external:` and the host's id. */
export function contactRef(argument: string): ContactRef {
	if (argument.startsWith("external:")) return { externalId: argument.slice("external:".length) };
	return argument.includes("@") ? { email: argument } : { id: argument };
}

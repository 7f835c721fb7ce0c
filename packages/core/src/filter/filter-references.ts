import { propertyUse } from "../rules/broadcast-moves.ts";
import { propertyKeyOf } from "./fields.ts";
import type { Filter } from "./filter.ts";

/** What a filter refers to; each list without doubles, ascending by code unit. */
export interface FilterReferences {
	/** Segments asked about. */
	readonly segmentIds: readonly string[];
	/** Topics asked about. */
	readonly topicIds: readonly string[];
	/** Broadcasts asked about by `received`. */
	readonly broadcastIds: readonly string[];
	/** Properties compared, without `properties.`. */
	readonly propertyKeys: readonly string[];
}

/** Collects what a checked filter refers to, whether it exists or not. */
export function filterReferences(filter: Filter): FilterReferences {
	const found = {
		segments: new Set<string>(),
		topics: new Set<string>(),
		broadcasts: new Set<string>(),
		keys: new Set<string>(),
	};
	collect(filter, found);
	return {
		segmentIds: [...found.segments].toSorted(),
		topicIds: [...found.topics].toSorted(),
		broadcastIds: [...found.broadcasts].toSorted(),
		propertyKeys: [...found.keys].toSorted(),
	};
}

/** What must not be removed while a filter is in use, ascending: ids of segments and topics, and `properties.<key>`. */
export function usesOfFilter(filter: Filter): readonly string[] {
	const { segmentIds, topicIds, propertyKeys } = filterReferences(filter);
	return [...new Set([...segmentIds, ...topicIds, ...propertyKeys.map(propertyUse)])].toSorted();
}

interface Found {
	readonly segments: Set<string>;
	readonly topics: Set<string>;
	readonly broadcasts: Set<string>;
	readonly keys: Set<string>;
}

function collect(filter: Filter, found: Found): void {
	if ("and" in filter) for (const part of filter.and) collect(part, found);
	else if ("or" in filter) for (const part of filter.or) collect(part, found);
	else if ("not" in filter) collect(filter.not, found);
	else if ("segment" in filter) found.segments.add(filter.segment);
	else if ("topic" in filter) found.topics.add(filter.topic);
	else if ("received" in filter) found.broadcasts.add(filter.received);
	else if ("field" in filter) {
		const key = propertyKeyOf(filter.field);
		if (key !== undefined) found.keys.add(key);
	}
}

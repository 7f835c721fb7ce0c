import type { TenantContext } from "../context.ts";
import { invalidInput } from "../errors.ts";
import { filterReferences } from "../filter/filter-references.ts";
import type { Filter } from "../filter/filter.ts";

/** Most conditions of a filter together with those of the dynamic segments it asks about. */
const MAX_CONDITIONS = 500;

/**
 * Filters of the dynamic segments that a filter asks about, directly or through others, by id.
 *
 * @param own the segment whose filter it is to become
 * @throws `invalid_input` with `segment_cycle` when a segment's filter would ask about itself, or `filter_too_large` over
 * 500 conditions together.
 */
export async function dynamicFilters(
	context: TenantContext,
	filter: Filter,
	own?: { readonly id: string; readonly filter: Filter },
): Promise<ReadonlyMap<string, Filter>> {
	const found = new Map<string, Filter>();
	const seen = new Set<string>();
	let wanted = filterReferences(filter).segmentIds;
	while (wanted.length > 0) {
		for (const id of wanted) seen.add(id);
		const inner: Filter[] = [];
		for (const segment of await context.tenant.findSegments(wanted)) {
			const definition = segment?.id === own?.id ? own?.filter : segment?.filter;
			if (segment === undefined || definition === undefined || definition === null) continue;
			found.set(segment.id, definition);
			inner.push(definition);
		}
		wanted = filterReferences({ and: inner }).segmentIds.filter((id) => !seen.has(id));
	}
	if (found.size > 0) checkExpanded(filter, found);
	return found;
}

function checkExpanded(filter: Filter, segments: ReadonlyMap<string, Filter>): void {
	const sizes = new Map<string, number>();
	const around = new Set<string>();

	function sizeOf(part: Filter): number {
		if ("and" in part) return part.and.reduce((sum, each) => sum + sizeOf(each), 1);
		if ("or" in part) return part.or.reduce((sum, each) => sum + sizeOf(each), 1);
		if ("not" in part) return 1 + sizeOf(part.not);
		return "segment" in part ? sizeOfSegment(part.segment) : 1;
	}

	function sizeOfSegment(id: string): number {
		const definition = segments.get(id);
		if (definition === undefined) return 1;
		if (around.has(id)) {
			const message =
				"A dynamic segment's filter asks about the segment itself, perhaps through others: take that out.";
			throw invalidInput("segment_cycle", "filter", message);
		}
		const known = sizes.get(id);
		if (known !== undefined) return known;
		around.add(id);
		const size = sizeOf(definition);
		around.delete(id);
		sizes.set(id, size);
		return size;
	}

	if (sizeOf(filter) <= MAX_CONDITIONS) return;
	const message = `The filter has more than ${MAX_CONDITIONS} conditions, those of the segments it asks about included.`;
	throw invalidInput("filter_too_large", "filter", message);
}

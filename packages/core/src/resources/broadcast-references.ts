import type { TenantContext } from "../context.ts";
import type { Filter } from "../filter/filter.ts";
import { filterReferences } from "../filter/filter-references.ts";
import { invalidInput } from "../errors.ts";
import type { BroadcastDraft } from "./broadcast-input.ts";
import { dynamicFilters } from "./dynamic-segments.ts";
import { requireSegments, requireTopics } from "./contact-units.ts";
import { Properties } from "./properties.ts";

/**
 * Checks that everything a broadcast refers to exists: a rule on a topic that is gone would leave nobody out.
 *
 * @throws `not_found` with `segment_not_found` or `topic_not_found`; `invalid_input` with `unknown_field` for a property
 * that is not declared.
 */
export async function requireReferences(
	context: TenantContext,
	{ segmentId, topicId, filter }: Pick<BroadcastDraft, "segmentId" | "topicId" | "filter">,
): Promise<void> {
	if (segmentId !== null) await requireSegments(context, [segmentId]);
	if (topicId !== null) await requireTopics(context, [topicId]);
	if (filter !== null) await requireFilter(context, filter);
}

/**
 * Checks that everything a filter asks about exists, also what the dynamic segments among that ask about.
 *
 * @param own the segment whose filter it is to become
 * @throws as {@link requireReferences}; `invalid_input` with `segment_cycle` or `filter_too_large`.
 */
export async function requireFilter(context: TenantContext, filter: Filter, own?: string): Promise<void> {
	const { segmentIds, topicIds } = filterReferences(filter);
	await requireSegments(context, segmentIds);
	await requireTopics(context, topicIds);
	await requireDeclared(context, filter);
	await dynamicFilters(context, filter, own === undefined ? undefined : { id: own, filter });
}

/** Checks that a filter asks for declared properties only. @throws `invalid_input` with `unknown_field`. */
export async function requireDeclared(context: TenantContext, filter: Filter): Promise<void> {
	const { propertyKeys } = filterReferences(filter);
	if (propertyKeys.length === 0) return;
	const types = await new Properties(context).types();
	const unknown = propertyKeys.find((key) => !types.has(key));
	if (unknown === undefined) return;
	throw invalidInput(
		"unknown_field",
		"filter",
		`There is no property \`${unknown}\`; declare it, or mend its spelling.`,
	);
}

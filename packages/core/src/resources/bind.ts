import type { TenantContext } from "../context.ts";
import { invalidInput } from "../errors.ts";
import { bindFilter } from "../filter/bind-filter.ts";
import { checkFilter } from "../filter/check-filter.ts";
import { EVERYONE } from "../filter/filter.ts";
import type { BoundFilter, Filter } from "../filter/filter.ts";
import { filterReferences } from "../filter/filter-references.ts";
import { recipientRules } from "../filter/recipient-rules.ts";
import type { BoundRule } from "../filter/recipient-rules.ts";
import { checkId } from "../ids.ts";
import type { Broadcast } from "../model/broadcast.ts";
import type { PropertyType } from "../model/property.ts";
import { requireDeclared } from "./broadcast-references.ts";
import { requireSegments } from "./contact-units.ts";
import { Properties } from "./properties.ts";

/**
 * Turns a filter into the form that storages take, as of `at`. A property that is not declared any more has no values,
 * so that its conditions hold for nobody: what a filter asks for is checked where it comes in.
 */
async function bind(context: TenantContext, filter: Filter, at: Date): Promise<BoundFilter> {
	const { topicIds, propertyKeys } = filterReferences(filter);
	const [topics, properties] = await Promise.all([
		topicIds.length === 0 ? [] : context.tenant.findTopics(topicIds),
		propertyKeys.length === 0 ? new Map<string, PropertyType>() : new Properties(context).types(),
	]);
	const types = new Map(propertyKeys.map((key) => [key, properties.get(key) ?? "string"]));
	const defaults = topics.flatMap((topic) => (topic ? [[topic.id, topic.defaultSubscription] as const] : []));
	return bindFilter(filter, { at, properties: types, topics: new Map(defaults) });
}

/** Checks and binds the selection of a list. @throws `invalid_input`; `not_found` for the segment. */
export async function bindTargetFilter(
	context: TenantContext,
	selection: { readonly filter?: Filter | undefined; readonly segmentId?: string | undefined },
): Promise<BoundFilter> {
	const { filter, segmentId } = selection;
	if (filter !== undefined && segmentId !== undefined) {
		throw invalidInput("conflicting_selection", "segmentId", "Give `filter` or `segmentId`, not both.");
	}
	if (segmentId !== undefined) {
		const member = { kind: "member" as const, segmentId: checkId(segmentId, "segmentId") };
		await requireSegments(context, [member.segmentId]);
		return member;
	}
	if (filter === undefined) return EVERYONE;
	const checked = checkFilter(filter);
	await requireDeclared(context, checked);
	return bind(context, checked, context.clock.now());
}

/** Binds a broadcast's target, as of `at`. */
export async function bindTarget(context: TenantContext, broadcast: Broadcast, at: Date): Promise<BoundFilter> {
	if (broadcast.segmentId !== null) return { kind: "member", segmentId: broadcast.segmentId };
	if (broadcast.filter !== null) return bind(context, broadcast.filter, at);
	return EVERYONE;
}

/** Binds the rules that say who does not receive a broadcast. */
export async function bindRules(
	context: TenantContext,
	broadcast: Broadcast,
	smtputf8: boolean,
	at: Date,
): Promise<readonly BoundRule[]> {
	const [topic] = broadcast.topicId === null ? [undefined] : await context.tenant.findTopics([broadcast.topicId]);
	const rules = recipientRules({ topic, smtputf8 });
	return Promise.all(rules.map(async ({ reason, when }) => ({ reason, when: await bind(context, when, at) })));
}

import type { TenantContext } from "../context.ts";
import { invalidInput } from "../errors.ts";
import { bindFilter } from "../filter/bind-filter.ts";
import { checkFilter, MAX_WORDS } from "../filter/check-filter.ts";
import { checkFilterText } from "../filter/check-filter-value.ts";
import { EVERYONE } from "../filter/filter.ts";
import type { BoundFilter, Filter } from "../filter/filter.ts";
import { filterReferences } from "../filter/filter-references.ts";
import { recipientRules } from "../filter/recipient-rules.ts";
import type { BoundRule } from "../filter/recipient-rules.ts";
import { checkId } from "../ids.ts";
import type { Broadcast } from "../model/broadcast.ts";
import type { PropertyType } from "../model/property.ts";
import { wordsOf } from "../search-words.ts";
import { requireDeclared } from "./broadcast-references.ts";
import { requireSegments } from "./contact-units.ts";
import { dynamicFilters } from "./dynamic-segments.ts";
import { Properties } from "./properties.ts";

/**
 * Turns a filter into the form that storages take, as of `at`. A property that is not declared any more has no values,
 * so that its conditions hold for nobody: what a filter asks for is checked where it comes in.
 */
async function bind(context: TenantContext, filter: Filter, at: Date): Promise<BoundFilter> {
	const segments = await dynamicFilters(context, filter);
	const { topicIds, propertyKeys } = filterReferences({ and: [filter, ...segments.values()] });
	const [topics, properties] = await Promise.all([
		topicIds.length === 0 ? [] : context.tenant.findTopics(topicIds),
		propertyKeys.length === 0 ? new Map<string, PropertyType>() : new Properties(context).types(),
	]);
	const types = new Map(propertyKeys.map((key) => [key, properties.get(key) ?? "string"]));
	const defaults = topics.flatMap((topic) => (topic ? [[topic.id, topic.defaultSubscription] as const] : []));
	return bindFilter(filter, { at, properties: types, topics: new Map(defaults), segments });
}

/** Checks and binds the selection of a list. @throws `invalid_input`; `not_found` for the segment. */
export async function bindTargetFilter(
	context: TenantContext,
	selection: ContactSelection<unknown>,
): Promise<BoundFilter> {
	const { search } = selection;
	const chosen = await bindSelection(context, selection);
	if (search === undefined || checkFilterText(search, "search").trim() === "") return chosen;
	const prefixes = [...new Set(wordsOf(search))];
	if (prefixes.length > MAX_WORDS) {
		throw invalidInput("filter_too_large", "search", `\`search\` has more than ${MAX_WORDS} words.`);
	}
	// Whoever is looked for by punctuation alone is not there.
	const found: BoundFilter = prefixes.length === 0 ? { kind: "any", of: [] } : { kind: "search", prefixes };
	return chosen === EVERYONE ? found : { kind: "all", of: [found, chosen] };
}

async function bindSelection(
	context: TenantContext,
	{ filter, segmentId }: ContactSelection<unknown>,
): Promise<BoundFilter> {
	if (filter !== undefined && segmentId !== undefined) {
		throw invalidInput("conflicting_selection", "segmentId", "Give `filter` or `segmentId`, not both.");
	}
	if (segmentId !== undefined) {
		const id = checkId(segmentId, "segmentId");
		await requireSegments(context, [id]);
		return bind(context, { segment: id }, context.clock.now());
	}
	if (filter === undefined) return EVERYONE;
	const checked = checkFilter(filter);
	await requireDeclared(context, checked);
	return bind(context, checked, context.clock.now());
}

/** Which contacts of a list. */
export interface ContactSelection<F = Filter> {
	/** Only contacts that match. */
	readonly filter?: F | undefined;
	/** Only members of this segment, or whom it matches if it is dynamic. Not together with `filter`. */
	readonly segmentId?: string | undefined;
	/**
	 * What somebody typed into a search box: each of its words must begin a word of the address or the names, whatever
	 * case and accents. At most 20 words. A blank one finds everyone.
	 */
	readonly search?: string | undefined;
}

/** Binds a broadcast's target, as of `at`. */
export async function bindTarget(context: TenantContext, broadcast: Broadcast, at: Date): Promise<BoundFilter> {
	if (broadcast.segmentId !== null) return bind(context, { segment: broadcast.segmentId }, at);
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

import { compileMatch, compileRules } from "../filter/match.ts";
import type { ContactRecord } from "../model/contact.ts";
import type { ExclusionReason } from "../model/recipient.ts";
import type { Walk, WalkChunk } from "../ports/storage.ts";
import { checkPlanAdds } from "../storage-errors.ts";
import { excludedCounts } from "./counts.ts";
import type { RecipientRow } from "./recipient-rows.ts";
import type { TenantTables } from "./tenant-tables.ts";

/** How many contacts one call looks at, whether or not they are candidates, so that it stays a matter of milliseconds. */
const MAX_PASSED = 20_000;

/** What the rules say of one candidate: a reason to leave it out, or none. */
type Visit = (contact: ContactRecord, reason: ExclusionReason | undefined) => void;

/** One chunk of a walk, writing nothing. */
export function surveyChunk(tables: TenantTables, walk: Walk): WalkChunk {
	return passChunk(tables, walk, () => {});
}

/** One chunk of a walk, written; see `TenantStorage.freezeChunk`. */
export function freezeChunk(
	tables: TenantTables,
	broadcastId: string,
	walk: Walk,
	slice: { readonly id: string; readonly at: Date },
): WalkChunk | undefined {
	const broadcast = tables.broadcasts.peek(broadcastId);
	if (broadcast?.status !== "queued" || broadcast.plan === null) return undefined;
	if (broadcast.plan.through !== (walk.after ?? null)) return undefined;
	const rows: RecipientRow[] = [];
	const updatedAt = slice.at.getTime();
	const chunk = passChunk(tables, walk, ({ id: contactId }, reason) => {
		rows.push({
			contactId,
			state: reason === undefined ? "pending" : "excluded",
			reason: reason ?? null,
			attempts: 0,
			tries: 0,
			retryAt: null,
			providerId: null,
			updatedAt,
			claim: 0,
		});
	});
	if (rows.length > 0) tables.openRecipients(broadcastId).append(slice.id, rows);
	const { through, complete } = chunk;
	tables.broadcasts.update(broadcastId, { plan: { ...broadcast.plan, through, complete } });
	return chunk;
}

function passChunk(tables: TenantTables, walk: Walk, visit: Visit): WalkChunk {
	const { rows } = tables.contacts;
	const start = walk.after === undefined ? 0 : rows.positionAfter(walk.after);
	const end = Math.max(start, rows.positionAfter(walk.upTo));
	const { stop, candidates } = countCandidates(tables, walk, start, end);
	const { included, excluded } = judgeCandidates(tables, walk, start, stop, visit);
	checkPlanAdds(candidates, included, excluded);
	const through = stop === end ? walk.upTo : (rows.idAt(stop - 1) ?? walk.upTo);
	return { through, complete: stop === end, candidates, included, excluded: excludedCounts(excluded) };
}

/** Counts by the target alone, up to the walk's limit. */
function countCandidates(
	tables: TenantTables,
	{ target, limit }: Walk,
	start: number,
	end: number,
): { readonly stop: number; readonly candidates: number } {
	const isCandidate = compileMatch(target, tables);
	const farthest = Math.min(end, start + MAX_PASSED);
	let candidates = 0;
	let stop = start;
	for (; stop < farthest && candidates < limit; stop += 1) {
		const contact = tables.contacts.rows.at(stop);
		if (contact !== undefined && isCandidate(contact)) candidates += 1;
	}
	return { stop, candidates };
}

function judgeCandidates(
	tables: TenantTables,
	{ target, rules }: Walk,
	start: number,
	stop: number,
	visit: Visit,
): { readonly included: number; readonly excluded: ReadonlyMap<string, number> } {
	const isCandidate = compileMatch(target, tables);
	const reasonFor = compileRules(rules, tables);
	const excluded = new Map<string, number>();
	let included = 0;
	for (let position = start; position < stop; position += 1) {
		const contact = tables.contacts.rows.at(position);
		if (contact === undefined || !isCandidate(contact)) continue;
		const reason = reasonFor(contact);
		if (reason === undefined) included += 1;
		else excluded.set(reason, (excluded.get(reason) ?? 0) + 1);
		visit(contact, reason);
	}
	return { included, excluded };
}

import type { SliceLease, SliceTurn } from "@convoke/core";
import type { Operation } from "./operation.ts";

/** What an operation came to: an answer, or the code and reason of an error. */
export type Outcome = { readonly answer: unknown } | { readonly code: string; readonly reason: string };

/** What must have come up in a run that is worth its name. */
export const FACTS = [
	"changeContacts: import_ended",
	"changeContacts: no_mood",
	"changeContacts: uniqueness_violated",
	"claimSlice: claimed",
	"claimSlice: claimed again",
	"advanceSlice: canceled",
	"advanceSlice: late",
	"advanceSlice: lost",
	"advanceSlice: marked",
	"advanceSlice: marked again",
	"advanceSlice: retry",
	"deleteProperty: deleted",
	"deleteProperty: in_use",
	"deleteProperty: missing",
	"deleteSegment: deleted",
	"deleteSegment: in_use",
	"deleteSegment: missing",
	"deleteTopic: deleted",
	"deleteTopic: in_use",
	"deleteTopic: missing",
	"freezeChunk: candidates",
	"freezeChunk: nothing",
	"moveRecipients: some",
	"findDue: some",
] as const;

/** What this outcome shows. */
export function factsOf({ verb }: Operation, outcome: Outcome): readonly string[] {
	if (!("answer" in outcome)) return [`${verb}: ${outcome.reason}`];
	const { answer } = outcome;
	const facts = [];
	if (verb === "claimSlice" && answer !== undefined) {
		facts.push("claimed", ...((answer as SliceLease).claim > 1 ? ["claimed again"] : []));
	} else if (verb === "advanceSlice") {
		facts.push(...factsOfTurn(answer as SliceTurn));
	} else if (verb === "freezeChunk") {
		facts.push((answer as { readonly candidates?: number } | undefined)?.candidates ? "candidates" : "nothing");
	} else if (verb === "moveRecipients" || verb === "findDue") {
		if (answer !== 0 && !(Array.isArray(answer) && answer.length === 0)) facts.push("some");
	} else if (typeof answer === "string" && verb.startsWith("delete")) {
		facts.push(answer);
	}
	return facts.map((fact) => `${verb}: ${fact}`);
}

/** Whether an answer says more than that there is nothing. */
export function isTelling(outcome: Outcome): boolean {
	if (!("answer" in outcome)) return false;
	const { answer } = outcome;
	if (Array.isArray(answer)) return answer.some((part) => part !== undefined);
	return answer !== undefined && answer !== false && answer !== 0 && answer !== "missing";
}

function factsOfTurn({ held, marked, late, nextRetryAt, status }: SliceTurn): readonly string[] {
	const facts: readonly (readonly [boolean, string])[] = [
		[!held, "lost"],
		[late > 0, "late"],
		[marked.length > 0, "marked"],
		[marked.some(({ attempt }) => attempt > 1), "marked again"],
		[nextRetryAt !== undefined, "retry"],
		[status === "canceled", "canceled"],
	];
	return facts.filter(([holds]) => holds).map(([, fact]) => fact);
}

/** The errors that every storage ends its units with. */
import { ConvokeError } from "./errors.ts";

/** The storage was closed. */
export function storageClosed(): ConvokeError {
	return new ConvokeError("storage_unavailable", {
		reason: "storage_closed",
		message: "The storage was closed: make a new one.",
	});
}

/** A unit would leave two contacts with one address or external id. */
export function uniquenessViolated(field?: "address" | "externalId"): ConvokeError {
	return new ConvokeError("storage_failed", {
		reason: "uniqueness_violated",
		field,
		resource: "contact",
		message: `The unit would leave two contacts with the same ${field ?? "address or externalId"}; nothing was written.`,
	});
}

/** A unit is to take an import further that is no longer in progress, or that somebody else has taken further. */
export function importEnded(): ConvokeError {
	return new ConvokeError("invalid_state", {
		reason: "import_ended",
		resource: "import",
		message:
			"The import is no longer in progress here; nothing was written. See where it stands, and resume it if need be.",
	});
}

/**
 * Throws when the rules do not account for everyone in the target.
 *
 * @throws `storage_failed` with `plan_mismatch`
 */
export function checkPlanAdds(candidates: number, included: number, excluded: ReadonlyMap<string, number>): void {
	let judged = included;
	for (const count of excluded.values()) judged += count;
	if (judged === candidates) return;
	throw new ConvokeError("storage_failed", {
		reason: "plan_mismatch",
		resource: "broadcast",
		message: `The target has ${candidates} candidates here, the rules judged ${judged}; nothing was written.`,
	});
}

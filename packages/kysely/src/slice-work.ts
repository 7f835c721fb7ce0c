import type { SliceStep } from "@convoke/core";
import type { CountChanges } from "./recipient-counts.ts";

/** A broadcast. */
export interface OfBroadcast {
	readonly tenant: string;
	readonly broadcast: string;
}

/** Recipients of a slice, by contact id: from the first up to the last. */
export interface SliceRange extends OfBroadcast {
	readonly from: string;
	readonly last: string;
}

/** What one step does to a slice. */
export interface SliceWork extends SliceRange {
	readonly step: SliceStep;
	/** Grows with what is done. */
	readonly changes: CountChanges;
}

/** The recipients that a step works on. */
export function rangeOf({ tenant, broadcast, from, last }: SliceWork): SliceRange {
	return { tenant, broadcast, from, last };
}

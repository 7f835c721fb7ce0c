import { ConvokeError } from "../errors.ts";

/** The error for removing what a broadcast under way, or a dynamic segment, refers to. */
export function inUse(resource: "segment" | "topic" | "property"): ConvokeError {
	return new ConvokeError("invalid_state", {
		reason: `${resource}_in_use`,
		resource,
		message: `This ${resource} is used by a dynamic segment, or by a broadcast that is scheduled, queued, sending or paused; change the segment, or cancel the broadcast or wait.`,
	});
}

import { createHash } from "node:crypto";
import type { TenantContext } from "../context.ts";
import { ConvokeError } from "../errors.ts";
import { checkText } from "../text.ts";

/** How long keys are remembered. */
const DAY_MS = 86_400_000;

/** What a caller's key stands for. */
export interface UsedKey {
	/** Id for what is to come of the call: the same one for each repetition. */
	readonly subjectId: string;
	/** Whether the key was used before. */
	readonly isRepeated: boolean;
	/** When it was first used. */
	readonly firstUsed: Date;
}

/**
 * Uses a caller's key for an act.
 *
 * @throws `invalid_input` for the key; `already_exists` with `idempotency_key_reused` when it was used for something else.
 */
export async function useKey(
	{ tenant, clock, newId }: TenantContext,
	key: unknown,
	act: "create" | "send",
	asked: unknown,
): Promise<UsedKey> {
	const name = checkText(key, "idempotencyKey", { max: 256, empty: "empty_text" });
	const fingerprint = createHash("sha256").update(JSON.stringify(asked)).digest("base64url");
	const at = clock.now();
	const use = { key: `${act} ${name}`, fingerprint, subjectId: newId(), at };
	const kept = await tenant.keepKey(use, new Date(at.getTime() - DAY_MS));
	if (kept.fingerprint !== fingerprint) {
		throw new ConvokeError("already_exists", {
			reason: "idempotency_key_reused",
			field: "idempotencyKey",
			message: "The key was used for another call within a day: give each call that differs a key of its own.",
		});
	}
	return { subjectId: kept.subjectId, isRepeated: kept.subjectId !== use.subjectId, firstUsed: kept.at };
}

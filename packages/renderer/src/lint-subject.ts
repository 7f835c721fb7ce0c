import type { Finding } from "@convoke/core";
import type { Token } from "./template.ts";

/** Says what in a subject looks like spam to filters and people. */
export function lintSubject(tokens: readonly Token[]): readonly Finding[] {
	const text = authored(tokens);
	const letters = text.replace(/\P{L}/gu, "");
	const isShouted = letters.length >= 8 && letters === letters.toUpperCase() && letters !== letters.toLowerCase();
	return [
		...(isShouted ? [warning("subject_shouts", "The subject is in capitals; write it as a sentence.")] : []),
		...(/[!?]{2}|[$€£]{2}|!.*!/su.test(text)
			? [warning("subject_punctuation", "The subject repeats `!`, `?` or currency signs; one is enough.")]
			: []),
		...(/^\s*(?:re|aw|fwd?|wg)\s*:/i.test(text)
			? [warning("subject_pretends_reply", "The subject begins like a reply or a forwarded message, which it is not.")]
			: []),
	];
}

/** What the author wrote themselves. */
function authored(tokens: readonly Token[]): string {
	return tokens
		.map((token) => {
			if (token.kind === "text") return token.text;
			return token.kind === "section" ? authored(token.tokens) : (token.fallback ?? "");
		})
		.join("");
}

function warning(reason: string, message: string): Finding {
	return { severity: "warning", reason, field: "subject", message };
}

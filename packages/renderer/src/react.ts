import { ConvokeError, invalidInput } from "@convoke/core";

/**
 * The HTML template that a React element becomes.
 *
 * @throws `invalid_input` with `react_email_missing`, `react_failed` or `invalid_type`.
 */
export async function renderReact(element: unknown): Promise<string> {
	if (typeof element !== "object" || element === null || !("type" in element) || !("props" in element)) {
		throw invalidInput("invalid_type", "react", "`react` must be a React element.");
	}
	const { render } = await loadReactEmail();
	try {
		return await render(element as Parameters<typeof render>[0]);
	} catch (cause) {
		const message = "`react` cannot be rendered: one of its components failed.";
		throw new ConvokeError("invalid_input", { reason: "react_failed", field: "react", message, cause });
	}
}

/** Only who sends React elements needs it. */
async function loadReactEmail() {
	try {
		return await import("@react-email/render");
	} catch (cause) {
		const message = "`react` needs packages that are optional: npm install @react-email/render react react-dom";
		throw new ConvokeError("invalid_input", { reason: "react_email_missing", field: "react", message, cause });
	}
}

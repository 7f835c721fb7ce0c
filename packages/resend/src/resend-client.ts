import type { Answer } from "./outcome.ts";
import type { ResendSettings } from "./resend-options.ts";

/** Makes one request; resolves with the answer, whatever its status. */
export async function post(
	{ apiKey, baseUrl }: ResendSettings,
	path: string,
	body: unknown,
	idempotencyKey: string,
	signal: AbortSignal,
): Promise<Answer> {
	const response = await fetch(`${baseUrl}${path}`, {
		method: "POST",
		headers: {
			authorization: `Bearer ${apiKey}`,
			"content-type": "application/json",
			"idempotency-key": idempotencyKey,
			// Refused without one.
			"user-agent": "convoke",
			// One bad message is to spoil no other of a batch.
			"x-batch-validation": "permissive",
		},
		body: JSON.stringify(body),
		// The key is for this host.
		redirect: "error",
		signal,
	});
	const text = await response.text();
	return { status: response.status, body: parse(text), retryAfter: response.headers.get("retry-after") };
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

import { createHash } from "node:crypto";
import type { Message, TransportOutcome } from "@convoke/core";
import { toBody } from "./email-body.ts";
import { field, toOutcome, toUnanswered } from "./outcome.ts";
import type { Answer } from "./outcome.ts";
import { post } from "./resend-client.ts";
import type { ResendSettings } from "./resend-options.ts";

/** How often a batch is requested whose answer was lost: its key makes that harmless within this process. */
const REQUESTS = 3;

/** Requests one message. */
export async function sendOne(
	settings: ResendSettings,
	message: Message,
	signal: AbortSignal,
): Promise<TransportOutcome> {
	try {
		return toOutcome(await post(settings, "/emails", toBody(message), message.idempotencyKey, signal));
	} catch (error) {
		return toUnanswered(error);
	}
}

/** Requests several messages at once; answers in their order. */
export async function sendBatch(
	settings: ResendSettings,
	messages: readonly Message[],
	signal: AbortSignal,
): Promise<readonly TransportOutcome[]> {
	const key = batchKey(messages);
	let outcomes: readonly TransportOutcome[] = [];
	for (let request = 1; request <= REQUESTS; request += 1) {
		try {
			const answer = await post(settings, "/emails/batch", messages.map(toBody), key, signal);
			if (messages.length > 1 && (answer.status === 400 || answer.status === 422)) {
				// A server that judges batches as a whole does not say whose fault it is.
				return await Promise.all(messages.map((message) => sendOne(settings, message, signal)));
			}
			outcomes = toOutcomes(answer, messages.length);
		} catch (error) {
			outcomes = messages.map(() => toUnanswered(error));
		}
		if (signal.aborted || !outcomes.every(({ kind }) => kind === "uncertain")) break;
	}
	return outcomes;
}

/** The same messages have the same key. */
function batchKey(messages: readonly Message[]): string {
	const hash = createHash("sha256");
	for (const { idempotencyKey } of messages) hash.update(`${idempotencyKey}\n`);
	return `batch_${hash.digest("hex")}`;
}

/** Ids come in the order of the messages that were taken, and errors by the position of the others. */
function toOutcomes(answer: Answer, count: number): readonly TransportOutcome[] {
	const { status, body } = answer;
	if (status < 200 || status >= 300) return Array.from({ length: count }, () => toOutcome(answer));
	const taken = list(body, "data");
	const refused = new Set(list(body, "errors").map((error) => position(error)));
	if (taken.length + refused.size !== count) {
		return Array.from({ length: count }, () => ({ kind: "uncertain", reason: "broken_answer" }));
	}
	let next = 0;
	return Array.from({ length: count }, (_, index) => {
		if (refused.has(index)) return { kind: "rejected", reason: "invalid_message" };
		const id = field(taken[next], "id");
		next += 1;
		return id === "" ? { kind: "uncertain", reason: "broken_answer" } : { kind: "accepted", providerId: id };
	});
}

function list(body: unknown, name: string): readonly unknown[] {
	if (typeof body !== "object" || body === null) return [];
	const value: unknown = Reflect.get(body, name);
	return Array.isArray(value) ? value : [];
}

function position(error: unknown): number {
	if (typeof error !== "object" || error === null) return -1;
	const index: unknown = Reflect.get(error, "index");
	return typeof index === "number" ? index : -1;
}

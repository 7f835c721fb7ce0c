import { checkFields } from "../check-input.ts";
import type { TenantContext } from "../context.ts";
import { invalidInput } from "../errors.ts";
import type { ConvokeEvent } from "../model/event.ts";

/** Events in the order they were written. */
export interface EventPage {
	/** At most `limit` events. */
	readonly data: readonly ConvokeEvent[];
	/** Where to go on; `undefined` when nothing was ever written. */
	readonly cursor: string | undefined;
}

/** `audience.events`: what happened to contacts, consent above all; append-only. */
export class Events {
	readonly #context: TenantContext;

	constructor(context: TenantContext) {
		this.#context = context;
	}

	/**
	 * Events after a cursor, oldest first; without cursor from the start. Keep the answer's `cursor` and give it next time
	 * to see every event once.
	 *
	 * @throws `invalid_input` with `invalid_cursor`, `invalid_limit`.
	 */
	async since(cursor?: string, options: { readonly limit?: number | undefined } = {}): Promise<EventPage> {
		checkFields(options, "options", ["limit"]);
		const limit = options.limit ?? 100;
		if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
			throw invalidInput("invalid_limit", "limit", "`limit` must be a whole number from 1 to 1000.");
		}
		if (cursor !== undefined && !(typeof cursor === "string" && /^\d{1,19}$/.test(cursor))) {
			throw invalidInput("invalid_cursor", "cursor", "Give a cursor that `events.since` answered with.");
		}
		const data = await this.#context.tenant.listEvents(cursor, limit);
		return { data, cursor: data.at(-1)?.cursor ?? cursor };
	}
}

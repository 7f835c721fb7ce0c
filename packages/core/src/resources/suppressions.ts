import { z } from "zod";
import { checked, checkInput } from "../check-input.ts";
import type { TenantContext } from "../context.ts";
import { parseEmailAddress } from "../email-address.ts";
import { notFound } from "../errors.ts";
import type { EventType, NewEvent } from "../model/event.ts";
import type { Suppression, SuppressionOrigin, SuppressionRecord } from "../model/suppression.ts";
import { readPage } from "../page.ts";
import type { ListOptions, Page } from "../page.ts";
import { event } from "../rules/contact-changes.ts";
import { checkActor } from "./contact-input.ts";
import type { ActOptions } from "./contact-input.ts";

/** An address to suppress. */
export interface NewSuppression {
	/** The address. */
	readonly email: string;
	/** Why. @default "manual" */
	readonly origin?: SuppressionOrigin | undefined;
}

const newSuppression = z.strictObject({
	email: checked((value) => parseEmailAddress(value)),
	origin: z.enum(["bounce", "complaint", "manual"]).optional(),
});

/** `audience.suppressions`: the addresses that are never to be mailed. */
export class Suppressions {
	readonly #context: TenantContext;

	constructor(context: TenantContext) {
		this.#context = context;
	}

	/** Suppresses an address, at once. Of an address that is suppressed already, the first record stays. */
	async add(suppression: NewSuppression, options?: ActOptions): Promise<Suppression> {
		const { email, origin } = checkInput(newSuppression, suppression, "suppression");
		const { newId, clock, tenant, hashAddress } = this.#context;
		const record: SuppressionRecord = {
			id: newId(),
			email: email.address,
			origin: origin ?? "manual",
			createdAt: clock.now(),
			addressHash: hashAddress(email.key),
		};
		const events = await this.#events("suppression.added", record.addressHash, options);
		if (await tenant.insertSuppression(record, events)) return toSuppression(record);
		return toSuppression((await tenant.findSuppression(record.addressHash)) ?? record);
	}

	/** @throws `not_found`. */
	async get(email: string): Promise<Suppression> {
		const found = await this.#context.tenant.findSuppression(this.#hash(email));
		if (found === undefined) throw notFound("suppression");
		return toSuppression(found);
	}

	/** Lists suppressions, newest first. */
	list(options: ListOptions = {}): Promise<Page<Suppression>> {
		return readPage(options, (page) => this.#context.tenant.pageSuppressions(page), toSuppression);
	}

	/** Allows an address again. @throws `not_found`. */
	async remove(email: string, options?: ActOptions): Promise<void> {
		const hash = this.#hash(email);
		const events = await this.#events("suppression.removed", hash, options);
		if (!(await this.#context.tenant.deleteSuppression(hash, events))) throw notFound("suppression");
	}

	#hash(email: string): string {
		return this.#context.hashAddress(parseEmailAddress(email).key);
	}

	async #events(type: EventType, addressHash: string, options: ActOptions | undefined): Promise<readonly NewEvent[]> {
		const actor = checkActor(options);
		const [contact] = await this.#context.tenant.findContacts([{ addressHash }]);
		return [event(type, contact?.id ?? null, { at: this.#context.clock.now(), source: "api", actor })];
	}
}

function toSuppression({ addressHash: _addressHash, ...suppression }: SuppressionRecord): Suppression {
	return suppression;
}

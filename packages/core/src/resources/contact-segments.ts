import type { TenantContext } from "../context.ts";
import { notFound } from "../errors.ts";
import { checkId } from "../ids.ts";
import type { Segment } from "../model/segment.ts";
import { checkActor, checkContactRef } from "./contact-input.ts";
import type { ActOptions, ContactRef } from "./contact-input.ts";
import { editContact, requireSegments } from "./contact-units.ts";

/** `audience.contacts.segments`: which segments a contact is a member of. */
export class ContactSegments {
	readonly #context: TenantContext;

	constructor(context: TenantContext) {
		this.#context = context;
	}

	/** Adds a contact to a segment; harmless when it is a member. @throws `not_found`. */
	async add(ref: ContactRef, segmentId: string, options?: ActOptions): Promise<void> {
		const id = checkId(segmentId, "segmentId");
		await requireSegments(this.#context, [id]);
		await this.#edit(ref, { addSegments: [id] }, options);
	}

	/** Takes a contact out of a segment; harmless when it is no member. @throws `not_found`. */
	async remove(ref: ContactRef, segmentId: string, options?: ActOptions): Promise<void> {
		const id = checkId(segmentId, "segmentId");
		await requireSegments(this.#context, [id]);
		await this.#edit(ref, { removeSegments: [id] }, options);
	}

	/** The segments of a contact, newest first. @throws `not_found`. */
	async list(ref: ContactRef): Promise<readonly Segment[]> {
		const [contact] = await this.#context.tenant.findContacts([checkContactRef(ref)]);
		if (contact === undefined) throw notFound("contact");
		const segments = await this.#context.tenant.findSegments(contact.segmentIds.toReversed());
		return segments.filter((segment) => segment !== undefined);
	}

	async #edit(
		ref: ContactRef,
		edit: { readonly addSegments?: readonly string[]; readonly removeSegments?: readonly string[] },
		options: ActOptions | undefined,
	): Promise<void> {
		const act = { at: this.#context.clock.now(), source: "api" as const, actor: checkActor(options) };
		await editContact(this.#context, checkContactRef(ref), edit, act);
	}
}

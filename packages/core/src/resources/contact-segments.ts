import type { TenantContext } from "../context.ts";
import { notFound } from "../errors.ts";
import { checkId } from "../ids.ts";
import type { Segment } from "../model/segment.ts";
import { checkActor, checkContactRef } from "./contact-input.ts";
import type { ActOptions, ContactRef } from "./contact-input.ts";
import { toSegment } from "./segments.ts";
import { editContact, requireStaticSegments } from "./contact-units.ts";

/** `audience.contacts.segments`: which segments a contact is a member of. */
export class ContactSegments {
	readonly #context: TenantContext;

	constructor(context: TenantContext) {
		this.#context = context;
	}

	/**
	 * Adds a contact to a static segment; harmless when it is a member.
	 *
	 * @throws `not_found`; `invalid_state` with `segment_is_dynamic`.
	 */
	async add(ref: ContactRef, segmentId: string, options?: ActOptions): Promise<void> {
		const id = checkId(segmentId, "segmentId");
		await requireStaticSegments(this.#context, [id]);
		await this.#edit(ref, { addSegments: [id] }, options);
	}

	/** Takes a contact out of a static segment; harmless when it is no member. @throws as `add`. */
	async remove(ref: ContactRef, segmentId: string, options?: ActOptions): Promise<void> {
		const id = checkId(segmentId, "segmentId");
		await requireStaticSegments(this.#context, [id]);
		await this.#edit(ref, { removeSegments: [id] }, options);
	}

	/** The static segments of a contact, newest first. @throws `not_found`. */
	async list(ref: ContactRef): Promise<readonly Segment[]> {
		const [contact] = await this.#context.tenant.findContacts([checkContactRef(ref)]);
		if (contact === undefined) throw notFound("contact");
		const segments = await this.#context.tenant.findSegments(contact.segmentIds.toReversed());
		return segments.flatMap((segment) => (segment === undefined ? [] : toSegment(segment)));
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

import type { TenantContext } from "../context.ts";
import { notFound } from "../errors.ts";
import type { ContactRecord, Subscription } from "../model/contact.ts";
import type { Topic } from "../model/topic.ts";
import { checkActor, checkContactRef, checkTopicChoices } from "./contact-input.ts";
import type { ActOptions, ContactRef } from "./contact-input.ts";
import { editContact, requireTopics } from "./contact-units.ts";
import { allTopics } from "./topics.ts";

/** A contact's subscription to one topic. */
export interface ContactTopic {
	/** The topic's id. */
	readonly id: string;
	/** The topic's name. */
	readonly name: string;
	/** The topic's description. */
	readonly description: string | null;
	/** Who sees the topic on the preference page. */
	readonly visibility: Topic["visibility"];
	/** What holds: the contact's choice, else the topic's default. */
	readonly subscription: Subscription;
	/** Whether the contact made a choice of its own. */
	readonly explicit: boolean;
}

/** `audience.contacts.topics`: a contact's choices for topics. */
export class ContactTopics {
	readonly #context: TenantContext;

	constructor(context: TenantContext) {
		this.#context = context;
	}

	/** All topics with the subscription that holds for the contact, newest first. @throws `not_found`. */
	async list(ref: ContactRef): Promise<readonly ContactTopic[]> {
		const [contact] = await this.#context.tenant.findContacts([checkContactRef(ref)]);
		if (contact === undefined) throw notFound("contact");
		return (await allTopics(this.#context)).map((topic) => contactTopic(contact, topic));
	}

	/**
	 * Sets choices of a contact: a deliberate act, opt-ins included. Topics not named stay as they are; `null` goes back to
	 * the topic's default.
	 *
	 * @throws `not_found`; `invalid_input`.
	 */
	async update(
		ref: ContactRef,
		choices: readonly { readonly id: string; readonly subscription: Subscription | null }[],
		options?: ActOptions,
	): Promise<readonly ContactTopic[]> {
		const key = checkContactRef(ref);
		const wanted = Object.fromEntries(checkTopicChoices(choices).map(({ id, subscription }) => [id, subscription]));
		const act = { at: this.#context.clock.now(), source: "api" as const, actor: checkActor(options) };
		await requireTopics(this.#context, Object.keys(wanted));
		const contact = await editContact(this.#context, key, { choices: wanted }, act);
		return (await allTopics(this.#context)).map((topic) => contactTopic(contact, topic));
	}
}

/** What holds for a contact and a topic. */
export function contactTopic(contact: Pick<ContactRecord, "choices">, topic: Topic): ContactTopic {
	const { id, name, description, visibility, defaultSubscription } = topic;
	const choice = contact.choices[id];
	return {
		id,
		name,
		description,
		visibility,
		subscription: choice ?? defaultSubscription,
		explicit: choice !== undefined,
	};
}

import { z } from "zod";
import { checked, checkFields, checkInput } from "../check-input.ts";
import { MAX_EXTERNAL_ID, MAX_NAME } from "../contact-limits.ts";
import { parseEmailAddress } from "../email-address.ts";
import type { EmailAddress } from "../email-address.ts";
import { invalidInput } from "../errors.ts";
import { checkId } from "../ids.ts";
import type { Subscription } from "../model/contact.ts";
import type { ContactKey } from "../ports/storage.ts";
import { checkText } from "../text.ts";

/** How to name a contact, everywhere. */
export type ContactRef = { readonly id: string } | { readonly email: string } | { readonly externalId: string };

/** What every act on contacts may say of itself. */
export interface ActOptions {
	/** Who does it, in the host's words, for the record of consent; at most 200 characters. */
	readonly actor?: string | undefined;
}

/** A choice for a topic. */
export interface TopicChoice {
	/** The topic's id. */
	readonly id: string;
	/** `opt_in` or `opt_out`; in `contacts.topics.update` also `null`: back to the topic's default. */
	readonly subscription: Subscription;
}

/** A contact to create, or to merge into the one that has the address. */
export interface NewContact<Values> {
	/** The address; one contact per address and tenant, whatever the case of its letters. */
	readonly email: string;
	/** The host's own id for this person, at most 255 characters. */
	readonly externalId?: string | null | undefined;
	/** At most 200 characters. */
	readonly firstName?: string | null | undefined;
	/** At most 200 characters. */
	readonly lastName?: string | null | undefined;
	/** Values of declared properties; `null` clears. */
	readonly properties?: { readonly [K in keyof Values]?: Values[K] | null | undefined } | undefined;
	/** `true` opts out of everything. `false` never opts anyone back in. */
	readonly unsubscribed?: boolean | undefined;
	/** Segments to add the contact to. */
	readonly segments?: readonly { readonly id: string }[] | undefined;
	/** Choices for topics; an `opt_in` does not undo an earlier opt-out. */
	readonly topics?: readonly TopicChoice[] | undefined;
}

/** Changes of a contact: absent or `undefined` leaves alone, `null` clears. */
export interface ContactChanges<Values> extends Omit<NewContact<Values>, "email" | "segments" | "topics"> {
	/** A new address. Id, history and opt-outs stay with the person. */
	readonly email?: string | undefined;
	/** `true` opts out of everything, `false` opts back in: a deliberate act, recorded as an event. */
	readonly unsubscribed?: boolean | undefined;
}

/** The checked fields of {@link NewContact}; properties are checked against their declarations later. */
export interface CheckedContact {
	readonly email: EmailAddress;
	readonly externalId?: string | null | undefined;
	readonly firstName?: string | null | undefined;
	readonly lastName?: string | null | undefined;
	readonly properties?: unknown;
	readonly unsubscribed?: boolean | undefined;
	readonly segments?: readonly { readonly id: string }[] | undefined;
	readonly topics?: readonly TopicChoice[] | undefined;
}

/** The checked fields of {@link ContactChanges}. */
export type CheckedChanges = Omit<CheckedContact, "email" | "segments" | "topics"> & {
	readonly email?: EmailAddress | undefined;
};

const MAX_LINKS = 100;

const name = (field: string) => checked((value) => checkText(value, field, { max: MAX_NAME })).nullish();

const fields = {
	externalId: checked((value) =>
		checkText(value, "externalId", { max: MAX_EXTERNAL_ID, empty: "external_id_empty" }),
	).nullish(),
	firstName: name("firstName"),
	lastName: name("lastName"),
	properties: z.unknown().optional(),
	unsubscribed: z.boolean().optional(),
};

/** Names a segment. */
export const segmentLink: z.ZodType<{ readonly id: string }> = z.strictObject({
	id: checked((value) => checkId(value, "segments.id")),
});
/** Names a topic, and a choice for it. */
export const topicLink: z.ZodObject<{
	id: z.ZodType<string>;
	subscription: z.ZodEnum<{ opt_in: "opt_in"; opt_out: "opt_out" }>;
}> = z.strictObject({
	id: checked((value) => checkId(value, "topics.id")),
	subscription: z.enum(["opt_in", "opt_out"]),
});

const newContact: z.ZodType<CheckedContact> = z.strictObject({
	email: checked((value) => parseEmailAddress(value)),
	...fields,
	segments: z.array(segmentLink).max(MAX_LINKS).optional(),
	topics: z.array(topicLink).max(MAX_LINKS).optional(),
});

const contactChanges: z.ZodType<CheckedChanges> = z.strictObject({
	email: checked((value) => parseEmailAddress(value)).optional(),
	...fields,
});

const topicChoices = z
	.array(topicLink.extend({ subscription: z.enum(["opt_in", "opt_out"]).nullable() }))
	.min(1)
	.max(MAX_LINKS);

/** @throws `invalid_input` naming the field, or the whole by `label`. */
export function checkNewContact(input: unknown, label = "contact"): CheckedContact {
	return checkInput(newContact, input, label);
}

/** @throws `invalid_input` naming the field. */
export function checkContactChanges(input: unknown): CheckedChanges {
	return checkInput(contactChanges, input, "changes");
}

/** @throws `invalid_input` naming the field. */
export function checkSegmentLinks(input: unknown): readonly { readonly id: string }[] {
	return checkInput(z.array(segmentLink).min(1).max(MAX_LINKS), input, "segments");
}

/** @throws `invalid_input` naming the field. */
export function checkTopicLinks(input: unknown): readonly TopicChoice[] {
	return checkInput(z.array(topicLink).min(1).max(MAX_LINKS), input, "topics");
}

/** @throws `invalid_input` naming the field. */
export function checkTopicChoices(
	input: unknown,
): readonly { readonly id: string; readonly subscription: Subscription | null }[] {
	return checkInput(topicChoices, input, "topics");
}

/**
 * Reads a contact's ref. A whole contact is one too: its id counts.
 *
 * @throws `invalid_input` with `invalid_ref` when it names none or several, `invalid_id`, `invalid_email`.
 */
export function checkContactRef(ref: unknown): ContactKey {
	if (typeof ref === "object" && ref !== null) {
		const id = "id" in ref ? ref.id : undefined;
		const email = "email" in ref ? ref.email : undefined;
		const externalId = "externalId" in ref ? ref.externalId : undefined;
		if (id !== undefined) return { id: checkId(id, "id") };
		if (email !== undefined && externalId === undefined) return { addressKey: parseEmailAddress(email).key };
		if (externalId !== undefined && email === undefined) {
			return { externalId: checkText(externalId, "externalId", { max: MAX_EXTERNAL_ID }) };
		}
	}
	throw invalidInput("invalid_ref", undefined, "Name a contact by one of { id }, { email } or { externalId }.");
}

/** @throws `invalid_input` with `unknown_field`, `invalid_type`, `invalid_text` or `text_too_long`. */
export function checkActor(options: ActOptions = {}): string | null {
	checkFields(options, "options", ["actor"]);
	return options.actor === undefined ? null : checkText(options.actor, "actor", { max: 200 });
}

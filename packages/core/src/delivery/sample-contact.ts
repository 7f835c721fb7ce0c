import { z } from "zod";
import { checked, checkInput } from "../check-input.ts";
import { MAX_NAME } from "../contact-limits.ts";
import type { TenantContext } from "../context.ts";
import { parseEmailAddress } from "../email-address.ts";
import { invalidInput, notFound } from "../errors.ts";
import type { Contact, PropertyValue, PropertyValues } from "../model/contact.ts";
import { checkPropertyValues } from "../property-values.ts";
import { checkContactRef } from "../resources/contact-input.ts";
import type { ContactRef } from "../resources/contact-input.ts";
import { toContact } from "../resources/contact-units.ts";
import { Properties } from "../resources/properties.ts";
import { checkText } from "../text.ts";

/** A contact that does not exist, to see a message with. */
export interface SampleContact {
	/** Their address. */
	readonly email?: string | undefined;
	/** At most 200 characters. */
	readonly firstName?: string | null | undefined;
	/** At most 200 characters. */
	readonly lastName?: string | null | undefined;
	/** Values of declared properties. */
	readonly properties?: Readonly<Record<string, PropertyValue | null | undefined>> | undefined;
}

/** Whose data a message is made with: at most one of both. @default somebody called Sam Sample */
export interface PreviewOptions {
	/** This contact's. */
	readonly contact?: ContactRef | undefined;
	/** These. */
	readonly sample?: SampleContact | undefined;
}

/** What {@link PreviewOptions} name, checked. */
export interface Sample {
	/** A contact under an id that nobody has, so that a link in the message opts nobody out. */
	readonly contact: Contact;
	/** Whether the address is one that was asked for. */
	readonly hasAddress: boolean;
}

const name = (field: string) => checked((value) => checkText(value, field, { max: MAX_NAME })).nullish();

const sampleContact = z.strictObject({
	email: checked((value) => parseEmailAddress(value, "sample.email")).optional(),
	firstName: name("sample.firstName"),
	lastName: name("sample.lastName"),
	properties: z.unknown().optional(),
});

const selection = z.strictObject({ contact: z.unknown().optional(), sample: z.unknown().optional() });

/** Reads whose data a message is made with. @throws `invalid_input`; `not_found` for a contact. */
export async function readSample(context: TenantContext, options: PreviewOptions): Promise<Sample> {
	const { contact: ref, sample } = checkInput(selection, options, "options");
	if (ref !== undefined && sample !== undefined) {
		throw invalidInput("conflicting_selection", "sample", "Give `contact` or `sample`, not both.");
	}
	const id = context.newId();
	if (ref !== undefined) {
		const [contact] = await context.tenant.findContacts([checkContactRef(ref)]);
		if (contact === undefined) throw notFound("contact");
		return { contact: { ...toContact(contact), id }, hasAddress: true };
	}
	const given = checkInput(sampleContact, sample ?? { firstName: "Sam", lastName: "Sample" }, "sample");
	const now = context.clock.now();
	const contact: Contact = {
		id,
		email: given.email?.address ?? "sam@example.com",
		externalId: null,
		firstName: given.firstName ?? null,
		lastName: given.lastName ?? null,
		properties: await readProperties(context, given.properties),
		unsubscribed: false,
		confirmation: "none",
		createdAt: now,
		updatedAt: now,
	};
	return { contact, hasAddress: given.email !== undefined };
}

async function readProperties(context: TenantContext, input: unknown): Promise<PropertyValues> {
	const values = checkPropertyValues(input ?? {}, await new Properties(context).types(), "sample.properties");
	return Object.fromEntries(Object.entries(values).flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}

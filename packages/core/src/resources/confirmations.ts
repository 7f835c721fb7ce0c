import { z } from "zod";
import { linkUrl } from "../base-url.ts";
import { checked, checkInput } from "../check-input.ts";
import type { TenantContext } from "../context.ts";
import { confirmationMessage } from "../delivery/confirmation-message.ts";
import { handOver } from "../delivery/hand-over.ts";
import { senderOf } from "../delivery/freeze.ts";
import { ConvokeError, notFound } from "../errors.ts";
import { checkId } from "../ids.ts";
import type { LinkSubject } from "../link-token.ts";
import type { Contact, ContactRecord, PropertyValues } from "../model/contact.ts";
import type { TransportOutcome } from "../ports/transport.ts";
import { askToConfirm, confirmContact } from "../rules/confirmation.ts";
import { UNCHANGED } from "../rules/contact-changes.ts";
import { checkActor, checkContactRef } from "./contact-input.ts";
import type { ActOptions, ContactRef } from "./contact-input.ts";
import { requireTopics, toContact } from "./contact-units.ts";
import { invalidToken, maskEmail, tenantContext } from "./preferences.ts";

/** What to ask for, and who asks. */
export interface ConfirmationOptions extends ActOptions {
	/** Topics to opt in to with the confirmation, by their ids; at most 100. */
	readonly topics?: readonly { readonly id: string }[] | undefined;
}

/** What became of a request for confirmation. */
export interface RequestedConfirmation {
	/** The contact as it is now. */
	readonly contact: Contact;
	/** What the transport said of the message. Unless it was accepted, ask again. */
	readonly outcome: TransportOutcome;
}

/** What a confirmation page shows. */
export interface ConfirmationView {
	/** The address, masked: links get forwarded. */
	readonly maskedEmail: string;
	/** Whether it is confirmed already. */
	readonly confirmed: boolean;
	/** The topics that are to be confirmed. */
	readonly topics: readonly { readonly id: string; readonly name: string }[];
	/** Whose page it is: never shown on it. */
	readonly tenantId: string;
	/** The contact's id. */
	readonly contactId: string;
	/** The contact's properties, such as the language it reads. */
	readonly properties: PropertyValues;
}

const TIMEOUT_MS = 30_000;

const confirmationOptions = z.strictObject({
	topics: z
		.array(z.looseObject({ id: checked((value) => checkId(value, "topics.id")) }))
		.max(100)
		.optional(),
	actor: z.unknown().optional(),
});

/** `audience.confirmations`: what the person who was asked to confirm may see and do, by the token of the link. */
export class Confirmations {
	readonly #context: TenantContext;

	constructor(context: TenantContext) {
		this.#context = context;
	}

	/**
	 * What is to be confirmed. Changes nothing.
	 *
	 * @throws `invalid_token`, with `confirmation_outdated` for a link that a newer request or another address has replaced.
	 */
	async open(token: string): Promise<ConfirmationView> {
		const { context, subject } = await this.#read(token);
		const [contact] = await context.tenant.findContacts([{ id: subject.contactId }]);
		if (contact === undefined || !isAnswerable(contact, subject)) throw outdated();
		return view(context, contact);
	}

	/**
	 * Confirms: the contact receives broadcasts from now on, and is in the topics that were asked for; being out of
	 * everything ends. Leaves the event `contact.confirmed` with the version of the text. Repeating it changes nothing.
	 *
	 * @throws as `open`.
	 */
	async confirm(token: string): Promise<ConfirmationView> {
		const { context, subject } = await this.#read(token);
		const act = { at: context.clock.now(), source: "page" as const, actor: null };
		let after: ContactRecord | undefined;
		await context.tenant.changeContacts([{ key: { id: subject.contactId } }], ([found]) => {
			if (found?.contact === undefined || !isAnswerable(found.contact, subject)) throw outdated();
			const decision = confirmContact(found.contact, found, subject.broadcastId, act) ?? UNCHANGED;
			after = decision.write ?? found.contact;
			return { contacts: [decision] };
		});
		if (after === undefined) throw outdated();
		return view(context, after);
	}

	async #read(token: string): Promise<{ readonly context: TenantContext; readonly subject: LinkSubject }> {
		const subject = this.#context.tokens.open("confirm", token);
		const tenantId = subject && (await this.#context.storage.findTenant({ contactId: subject.contactId }));
		if (subject === undefined || tenantId === undefined) throw invalidToken();
		return { context: tenantContext(this.#context, tenantId), subject };
	}
}

/** Asks a contact to confirm; see `contacts.requestConfirmation`. */
export async function requestConfirmation(
	context: TenantContext,
	ref: ContactRef,
	options: ConfirmationOptions,
): Promise<RequestedConfirmation> {
	const key = checkContactRef(ref);
	const { topics: wanted = [], actor } = checkInput(confirmationOptions, options, "options");
	const act = { at: context.clock.now(), source: "api" as const, actor: checkActor({ actor: actor as string }) };
	const topicIds = [...new Set(wanted.map(({ id }) => id))].toSorted();
	const sender = await senderOf(context, undefined);
	await requireTopics(context, topicIds);
	const [contact] = await context.tenant.findContacts([key]);
	if (contact === undefined) throw notFound("contact");
	await requireReachable(context, contact, sender.transport.smtputf8);
	const request = { id: context.newId(), topicIds, textVersion: context.confirmation.version };
	const token = context.tokens.mint("confirm", { contactId: contact.id, broadcastId: request.id });
	const message = confirmationMessage(context.confirmation, sender, request.id, {
		contact: toContact(contact),
		url: linkUrl(context.baseUrl, "confirm", token),
		topics: await namesOf(context, topicIds),
	});
	let after = contact;
	await context.tenant.changeContacts([{ key: { id: contact.id } }], ([found]) => {
		// The message is to the address that was read.
		if (found?.contact?.addressKey !== contact.addressKey) throw notFound("contact");
		const decision = askToConfirm(found.contact, found, request, act);
		after = decision.write ?? found.contact;
		return { contacts: [decision] };
	});
	const outcome = await handOver(sender.transport, message, context.clock, TIMEOUT_MS);
	return { contact: toContact(after), outcome };
}

/** @throws `invalid_state` with `suppressed` or `address_needs_smtputf8`. */
async function requireReachable(context: TenantContext, contact: ContactRecord, smtputf8: boolean): Promise<void> {
	const isSuppressed = (await context.tenant.findSuppression(contact.addressHash)) !== undefined;
	if (!isSuppressed && (smtputf8 || !contact.needsSmtputf8)) return;
	throw new ConvokeError("invalid_state", {
		reason: isSuppressed ? "suppressed" : "address_needs_smtputf8",
		resource: "contact",
		message: isSuppressed
			? "The contact's address is suppressed, so that nothing may be sent there; remove the suppression first."
			: "The transport cannot reach an address with characters beyond ASCII before the @.",
	});
}

/** Whether the link's request is being waited for, or was answered with nothing asked since. */
function isAnswerable({ confirmation, confirmationRequest }: ContactRecord, { broadcastId }: LinkSubject): boolean {
	return confirmationRequest === null ? confirmation === "confirmed" : confirmationRequest.id === broadcastId;
}

async function view(context: TenantContext, contact: ContactRecord): Promise<ConfirmationView> {
	return {
		maskedEmail: maskEmail(contact.email),
		confirmed: contact.confirmationRequest === null,
		topics: await namesOf(context, contact.confirmationRequest?.topicIds ?? []),
		tenantId: context.tenantId,
		contactId: contact.id,
		properties: contact.properties,
	};
}

/** Topics that were removed since are left out. */
async function namesOf(context: TenantContext, ids: readonly string[]): Promise<ConfirmationView["topics"]> {
	if (ids.length === 0) return [];
	const topics = await context.tenant.findTopics(ids);
	return topics.flatMap((topic) => (topic === undefined ? [] : [{ id: topic.id, name: topic.name }]));
}

function outdated(): ConvokeError {
	return new ConvokeError("invalid_token", {
		reason: "confirmation_outdated",
		message: "This link no longer confirms anything; use the one in the newest message, or sign up again.",
	});
}

import type { ConfirmationRequest, ContactRecord } from "../model/contact.ts";
import type { ContactDecision, FoundContact } from "../ports/storage.ts";
import { changeContact, event } from "./contact-changes.ts";
import type { Act, ContactEdit } from "./contact-changes.ts";

/**
 * Asks a contact to confirm. Until then it receives no broadcast, unless it has confirmed before: a request for further
 * topics takes nothing away.
 */
export function askToConfirm(
	contact: ContactRecord,
	found: FoundContact,
	request: ConfirmationRequest,
	act: Act,
): ContactDecision {
	const confirmation = contact.confirmation === "confirmed" ? "confirmed" : "pending";
	const textVersion = request.textVersion;
	const decision = changeContact(contact, found, { confirmation, confirmationRequest: request }, act);
	const asked = event("contact.confirmation_requested", contact.id, { ...act, textVersion });
	return { ...decision, events: [asked, ...decision.events] };
}

/**
 * The person confirms: a deliberate act, which also ends being out of everything and brings the topics asked for.
 * `undefined`: this request is not what is being waited for.
 */
export function confirmContact(
	contact: ContactRecord,
	found: FoundContact,
	requestId: string | undefined,
	act: Act,
): ContactDecision | undefined {
	const request = contact.confirmationRequest;
	if (request === null || request.id !== requestId) return undefined;
	const told: Act = { ...act, textVersion: request.textVersion };
	const choices = Object.fromEntries(request.topicIds.map((topicId) => [topicId, "opt_in" as const]));
	const edit: ContactEdit = { confirmation: "confirmed", confirmationRequest: null, unsubscribed: false, choices };
	const decision = changeContact(contact, found, edit, told);
	return { ...decision, events: [event("contact.confirmed", contact.id, told), ...decision.events] };
}

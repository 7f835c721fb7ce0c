import type { NewBroadcast, NewContact } from "@convoke/core";

/** Where the senders of tests have their seat. */
export const POSTAL_ADDRESS = "Test Company, 1 Test Street, Testville";

let contacts = 0;

/**
 * A contact to create, which says only what the test is about; without an `email` it gets one that no other has.
 *
 * @example
 * ```ts
 * const ada = await audience.contacts.create(aContact({ firstName: "Ada" }));
 * ada.email; // contact1@example.test
 * ```
 */
export function aContact<Values = object>(overrides: Partial<NewContact<Values>> = {}): NewContact<Values> {
	return { ...overrides, email: overrides.email ?? `contact${(contacts += 1)}@example.test` };
}

const HTML = `<p>Hello!</p><p>${POSTAL_ADDRESS}</p><p><a href="{{{UNSUBSCRIBE_URL}}}">Unsubscribe</a></p>`;

/**
 * A broadcast to draft, which says only what the test is about; without a target it is for everyone.
 *
 * @example
 * ```ts
 * const { id } = await audience.broadcasts.create(aBroadcast({ topicId: topic.id }));
 * ```
 */
export function aBroadcast<F = never>(overrides: Partial<NewBroadcast<F>> = {}): NewBroadcast<NonNullable<F>> {
	const { subject, everyone, segmentId, filter, html, mjml, text } = overrides;
	const hasTarget = isGiven(segmentId) || isGiven(filter);
	const hasContent = isGiven(html) || isGiven(mjml) || isGiven(text);
	return {
		...overrides,
		subject: subject ?? "News",
		filter: filter ?? undefined,
		everyone: everyone ?? !hasTarget,
		html: hasContent ? html : HTML,
	};
}

function isGiven(value: unknown): boolean {
	return value !== undefined && value !== null;
}

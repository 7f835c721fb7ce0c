import { checkFields } from "../check-input.ts";
import type { TenantContext } from "../context.ts";
import { invalidInput } from "../errors.ts";
import type { BoundFilter } from "../filter/filter.ts";
import type { Broadcast } from "../model/broadcast.ts";
import type { Contact, ContactRecord } from "../model/contact.ts";
import type { ExclusionReason, Recipient, RecipientState } from "../model/recipient.ts";
import { readPage } from "../page.ts";
import type { ListOptions, Page } from "../page.ts";
import { toContact } from "../resources/contact-units.ts";
import { RECIPIENT_MOVES } from "../rules/recipient-moves.ts";
import { checkText } from "../text.ts";
import { exclusionOf, judgementOf } from "./explain.ts";
import type { Judgement } from "./explain.ts";

/** One candidate of a broadcast. */
export interface BroadcastRecipient extends Recipient {
	/** The contact as it is now; `null` when it was removed. */
	readonly contact: Contact | null;
}

/** Which recipients of a list. */
export interface RecipientSelection extends ListOptions {
	/** Only those in this state. */
	readonly state?: RecipientState | undefined;
	/** Only those with this reason. */
	readonly reason?: string | undefined;
}

/** Reads a selection. @throws `invalid_input` with `unknown_field`, `invalid_value`, or as {@link checkReason}. */
export function checkRecipientSelection(selection: RecipientSelection): void {
	checkFields(selection, "selection", ["state", "reason", "limit", "after", "before"]);
	const { state, reason } = selection;
	if (state !== undefined && !(typeof state === "string" && Object.hasOwn(RECIPIENT_MOVES, state))) {
		const states = Object.keys(RECIPIENT_MOVES).join(", ");
		throw invalidInput("invalid_value", "state", `\`state\` must be one of: ${states}.`);
	}
	checkReason(reason);
}

/** Reads a reason, if one is given. @throws `invalid_input` with `invalid_type`, `text_too_long` or `invalid_text`. */
export function checkReason(reason: unknown): void {
	if (reason !== undefined) checkText(reason, "reason", { max: 200 });
}

/** The recipients of a broadcast whose plan is written. */
export async function writtenRecipients(
	{ tenant }: TenantContext,
	broadcast: Broadcast,
	{ state, reason, ...page }: RecipientSelection,
): Promise<Page<BroadcastRecipient>> {
	const { data, hasMore } = await readPage(
		page,
		(request) => tenant.pageRecipients(broadcast.id, { state, reason }, request),
		(row) => row,
	);
	const contacts = await tenant.findContacts(data.map(({ contactId }) => ({ id: contactId })));
	return { data: data.map((row, index) => withContact(row, contacts[index])), hasMore };
}

/** The recipients that a broadcast would have now. */
export async function expectedRecipients(
	context: TenantContext,
	broadcast: Broadcast,
	{ state, reason, ...page }: RecipientSelection,
): Promise<Page<BroadcastRecipient>> {
	const judgement = await judgementOf(context, broadcast);
	const filter = expectedFilter(judgement, state, reason);
	if (filter === undefined) return { data: [], hasMore: false };
	const { data, hasMore } = await readPage(
		page,
		(request) => context.tenant.pageContacts(filter, request),
		(contact) => contact,
	);
	const reasons = await Promise.all(data.map((contact) => exclusionOf(context, judgement, contact)));
	return { data: data.map((contact, index) => expectedRow(broadcast, contact, reasons[index])), hasMore };
}

/** Which contacts would be in a state for a reason; `undefined`: none can be. */
function expectedFilter(
	{ target, rules }: Judgement,
	state: RecipientState | undefined,
	reason: string | undefined,
): BoundFilter | undefined {
	const wanted: BoundFilter[] = [target];
	if (reason !== undefined) {
		const index = rules.findIndex((rule) => rule.reason === reason);
		const rule = rules[index];
		if (rule === undefined) return undefined;
		// The first rule that holds is the reason, so none before it may.
		wanted.push(rule.when, none(rules.slice(0, index)));
	}
	if (state === "excluded") wanted.push({ kind: "not", of: none(rules) });
	else if (state === "pending") wanted.push(none(rules));
	else if (state !== undefined) return undefined;
	return { kind: "all", of: wanted };
}

function none(rules: Judgement["rules"]): BoundFilter {
	return { kind: "not", of: { kind: "any", of: rules.map(({ when }) => when) } };
}

function withContact(row: Recipient, contact: ContactRecord | undefined): BroadcastRecipient {
	return { ...row, contact: contact === undefined ? null : toContact(contact) };
}

function expectedRow(
	broadcast: Broadcast,
	contact: ContactRecord,
	reason: ExclusionReason | undefined,
): BroadcastRecipient {
	return {
		broadcastId: broadcast.id,
		contactId: contact.id,
		state: reason === undefined ? "pending" : "excluded",
		reason: reason ?? null,
		attempts: 0,
		retryAt: null,
		providerId: null,
		updatedAt: broadcast.updatedAt,
		contact: toContact(contact),
	};
}

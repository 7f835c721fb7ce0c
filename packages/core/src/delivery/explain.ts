import type { TenantContext } from "../context.ts";
import { notFound } from "../errors.ts";
import { filterReferences } from "../filter/filter-references.ts";
import type { BoundFilter } from "../filter/filter.ts";
import { compileMatch, compileRules } from "../filter/match.ts";
import type { MatchFacts } from "../filter/match.ts";
import type { BoundRule } from "../filter/recipient-rules.ts";
import type { Broadcast, BroadcastRecord } from "../model/broadcast.ts";
import type { ContactRecord } from "../model/contact.ts";
import type { ExclusionReason, Recipient, RecipientState } from "../model/recipient.ts";
import type { ContactKey } from "../ports/storage.ts";
import { bindRules, bindTarget } from "../resources/bind.ts";
import { senderOf } from "./freeze.ts";

/** Why a contact gets a broadcast or not. */
export interface Explanation {
	/** The contact. */
	readonly contactId: string;
	/**
	 * `not_in_target`: no candidate. Before the plan is written, `pending`: would receive it, or `excluded`. Afterwards the
	 * state of its recipient row.
	 */
	readonly outcome: RecipientState | "not_in_target";
	/** Why, where the outcome has a reason. */
	readonly reason: string | null;
	/** The same as a sentence. */
	readonly message: string;
	/** Its row in the broadcast, once the plan is written. */
	readonly recipient: Recipient | null;
}

/** A broadcast's target and rules, ready for judging contacts as they are now. */
export interface Judgement {
	/** Who is a candidate. */
	readonly target: BoundFilter;
	/** Who is left out. */
	readonly rules: readonly BoundRule[];
	/** Broadcasts that the target asks about. */
	readonly received: readonly string[];
}

/** Makes a broadcast's target and rules ready. */
export async function judgementOf(context: TenantContext, broadcast: Broadcast): Promise<Judgement> {
	const at = context.clock.now();
	const { transport } = await senderOf(context, broadcast);
	return {
		target: await bindTarget(context, broadcast, at),
		rules: await bindRules(context, broadcast, transport.smtputf8, at),
		received: broadcast.filter === null ? [] : filterReferences(broadcast.filter).broadcastIds,
	};
}

/** What the rules say of one candidate: the reason that leaves it out, if there is one. */
export async function exclusionOf(
	context: TenantContext,
	judgement: Judgement,
	contact: ContactRecord,
): Promise<ExclusionReason | undefined> {
	return compileRules(judgement.rules, await factsOf(context, judgement, contact))(contact);
}

/** Says why a contact gets a broadcast or not. @throws `not_found` when there is neither contact nor recipient. */
export async function explain(
	context: TenantContext,
	broadcast: BroadcastRecord,
	key: ContactKey,
): Promise<Explanation> {
	const [contact] = await context.tenant.findContacts([key]);
	const contactId = contact?.id ?? ("id" in key ? key.id : undefined);
	if (contactId === undefined) throw notFound("contact");
	const recipient = await context.tenant.findRecipient(broadcast.id, contactId);
	if (recipient !== undefined) return explanation(contactId, recipient.state, recipient.reason, recipient);
	if (contact === undefined) throw notFound("contact");
	if (broadcast.plan?.complete === true || passed(broadcast, contactId)) {
		return explanation(contactId, "not_in_target", null, null);
	}
	const judgement = await judgementOf(context, broadcast);
	const facts = await factsOf(context, judgement, contact);
	if (!compileMatch(judgement.target, facts)(contact)) return explanation(contactId, "not_in_target", null, null);
	const reason = compileRules(judgement.rules, facts)(contact);
	return explanation(contactId, reason === undefined ? "pending" : "excluded", reason ?? null, null);
}

/** Whether the walk of a plan that is being written will not come to this contact any more. */
function passed({ plan }: BroadcastRecord, contactId: string): boolean {
	if (plan === null) return false;
	return plan.upTo === null || contactId > plan.upTo || (plan.through !== null && contactId <= plan.through);
}

async function factsOf(context: TenantContext, judgement: Judgement, contact: ContactRecord): Promise<MatchFacts> {
	const [suppression, ...recipients] = await Promise.all([
		context.tenant.findSuppression(contact.addressHash),
		...judgement.received.map((broadcastId) => context.tenant.findRecipient(broadcastId, contact.id)),
	]);
	const received = new Set(recipients.flatMap((row) => (row?.state === "sent" ? [row.broadcastId] : [])));
	return {
		isSuppressed: (addressHash) => addressHash === contact.addressHash && suppression !== undefined,
		hasReceived: (broadcastId, contactId) => contactId === contact.id && received.has(broadcastId),
	};
}

const REASONS: Readonly<Record<string, string>> = {
	suppressed: "The address is on the suppression list.",
	unsubscribed: "The contact has unsubscribed from everything.",
	unconfirmed: "The contact has not confirmed its address yet.",
	topic_opted_out: "The contact has opted out of the broadcast's topic.",
	topic_not_opted_in: "The topic is for those who opt in, and the contact has not.",
	address_needs_smtputf8: "The transport cannot reach an address with characters beyond ASCII before the @.",
	removed: "The contact was removed before its message was sent.",
	canceled: "The broadcast was canceled before its message was sent.",
};

const OUTCOMES: Readonly<Record<Explanation["outcome"], string>> = {
	not_in_target: "The contact is not in the broadcast's target.",
	pending: "The contact is to receive the broadcast.",
	sending: "The message is being handed over.",
	sent: "The transport has taken the message.",
	failed: "The message was refused for good.",
	uncertain: "The message may have been sent: its outcome was lost.",
	excluded: "The contact is left out.",
	skipped: "The contact was left out at the moment of sending.",
};

function explanation(
	contactId: string,
	outcome: Explanation["outcome"],
	reason: string | null,
	recipient: Recipient | null,
): Explanation {
	const message = (reason !== null && Object.hasOwn(REASONS, reason) && REASONS[reason]) || OUTCOMES[outcome];
	return { contactId, outcome, reason, message, recipient };
}

import type { TenantContext } from "../context.ts";
import { notFound } from "../errors.ts";
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
	 * `not_in_target`: no candidate. `too_late`: created after the broadcast was sent off. `not_sent`: the broadcast was
	 * canceled or failed before it came to this contact. Before the plan is written, `pending`: would receive it, or
	 * `excluded`. Afterwards the state of its recipient row.
	 */
	readonly outcome: RecipientState | "not_in_target" | "too_late" | "not_sent";
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
	const target = await bindTarget(context, broadcast, at);
	const rules = await bindRules(context, broadcast, transport.smtputf8, at);
	return { target, rules, received: receivedIn(target) };
}

/** The broadcasts that a target asks about by `received`, each once. */
function receivedIn(filter: BoundFilter): readonly string[] {
	if (filter.kind === "received") return [filter.broadcastId];
	if (filter.kind === "not") return receivedIn(filter.of);
	return filter.kind === "all" || filter.kind === "any" ? [...new Set(filter.of.flatMap(receivedIn))] : [];
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
	if (recipient !== undefined) return ofRecipient(broadcast, recipient);
	if (contact === undefined) throw notFound("contact");
	const { plan, status, statusReason } = broadcast;
	if (plan !== null && (plan.upTo === null || contactId > plan.upTo)) return explanation(contactId, "too_late");
	if (plan?.complete === true || isPassed(broadcast, contactId)) return explanation(contactId, "not_in_target");
	if (status === "canceled") return explanation(contactId, "not_sent", "canceled");
	if (status === "failed") return explanation(contactId, "not_sent", statusReason);
	const judgement = await judgementOf(context, broadcast);
	const facts = await factsOf(context, judgement, contact);
	if (!compileMatch(judgement.target, facts)(contact)) return explanation(contactId, "not_in_target");
	const reason = compileRules(judgement.rules, facts)(contact);
	return explanation(contactId, reason === undefined ? "pending" : "excluded", reason);
}

/** Whether the walk of a plan that is being written has passed this contact. */
function isPassed({ plan }: BroadcastRecord, contactId: string): boolean {
	return plan !== null && plan.through !== null && contactId <= plan.through;
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

const CANCELED = "The broadcast was canceled before the contact's message was sent.";

/** Why somebody is left out. */
const REASONS: Readonly<Record<string, string>> = {
	suppressed: "The address is on the suppression list.",
	unsubscribed: "The contact has unsubscribed from everything.",
	unconfirmed: "The contact has not confirmed its address yet.",
	topic_opted_out: "The contact has opted out of the broadcast's topic.",
	topic_not_opted_in: "The topic is for those who opt in, and the contact has not.",
	address_needs_smtputf8: "The transport cannot reach an address with characters beyond ASCII before the @.",
	removed: "The contact was removed before its message was sent.",
	canceled: CANCELED,
};

const RETRIED = "The transport has not taken the message yet; it is tried again.";

const OUTCOMES: Readonly<Record<Explanation["outcome"], string>> = {
	not_in_target: "The contact is not in the broadcast's target.",
	too_late: "The contact was created after the broadcast was sent off.",
	not_sent: "The broadcast failed before it was sent to anyone.",
	pending: "The contact is to receive the broadcast.",
	sending: "The message is being handed over.",
	sent: "The transport has taken the message.",
	failed: "The contact's message could not be made, or the transport did not take it; it is not tried again.",
	uncertain: "The message may have been sent: its outcome was lost.",
	excluded: "The contact is left out.",
	skipped: "The contact was left out at the moment of sending.",
};

/** Outcomes that their reason explains better. */
const LEFT_OUT: readonly Explanation["outcome"][] = ["excluded", "skipped", "not_sent"];

function ofRecipient({ status }: BroadcastRecord, recipient: Recipient): Explanation {
	const { contactId, state, reason, retryAt } = recipient;
	const explained = { ...explanation(contactId, state, reason), recipient };
	if (state !== "pending") return explained;
	// Its cancel was interrupted, and a worker goes on with it.
	if (status === "canceled") return { ...explained, message: CANCELED };
	return retryAt === null ? explained : { ...explained, message: RETRIED };
}

function explanation(contactId: string, outcome: Explanation["outcome"], reason: string | null = null): Explanation {
	const known = reason !== null && LEFT_OUT.includes(outcome) && Object.hasOwn(REASONS, reason);
	const message = (known && REASONS[reason]) || OUTCOMES[outcome];
	return { contactId, outcome, reason, message, recipient: null };
}

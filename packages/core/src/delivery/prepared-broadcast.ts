import { linkUrl } from "../base-url.ts";
import type { TenantContext } from "../context.ts";
import { notFound } from "../errors.ts";
import type { BoundRule } from "../filter/recipient-rules.ts";
import type { BroadcastContent } from "../model/broadcast.ts";
import type { Contact } from "../model/contact.ts";
import type { Message, Transport } from "../ports/transport.ts";
import { bindRules } from "../resources/bind.ts";
import { readRateLimit } from "../sender.ts";
import type { CheckedRateLimit } from "../sender.ts";
import { rendererOf, senderOf } from "./freeze.ts";

/** A broadcast made ready for sending: everything that is the same for all recipients. */
export interface PreparedBroadcast {
	/** Its tenant. */
	readonly context: TenantContext;
	/** Its id. */
	readonly broadcastId: string;
	/** What hands its messages over. */
	readonly transport: Transport;
	/** How fast they may go. */
	readonly rateLimit: CheckedRateLimit | undefined;
	/** Asked again when a recipient is marked. */
	readonly rules: readonly BoundRule[];
	/** One recipient's message. @throws `render_failed`. */
	readonly message: (contact: Contact) => Message;
}

/** Makes a broadcast ready for sending. @throws `not_found`. */
export async function prepareBroadcast(context: TenantContext, broadcastId: string): Promise<PreparedBroadcast> {
	const [broadcast, content] = await Promise.all([
		context.tenant.findBroadcast(broadcastId),
		context.tenant.findContent(broadcastId),
	]);
	if (broadcast === undefined || content === undefined) throw notFound("broadcast");
	const sender = await senderOf(context, broadcast);
	const { transport } = sender;
	const rateLimit = readRateLimit(sender);
	const rules = await bindRules(context, broadcast, transport.smtputf8, context.clock.now());
	return { context, broadcastId, transport, rateLimit, rules, message: messageMaker(context, content) };
}

/** The function that makes one recipient's message of a content, links and all. @throws `render_failed`. */
export function messageMaker(context: TenantContext, content: BroadcastContent): (contact: Contact) => Message {
	const { broadcastId, baseUrl } = content;
	const topicId = content.topicId ?? undefined;
	const link = (page: "unsubscribe" | "view", contactId: string): string =>
		linkUrl(baseUrl, page, context.tokens.mint(page, { contactId, broadcastId, topicId }));
	return rendererOf(context).prepare(content, {
		unsubscribeUrl: (contactId) => link("unsubscribe", contactId),
		viewUrl: (contactId) => link("view", contactId),
	});
}

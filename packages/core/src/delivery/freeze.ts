import type { TenantContext } from "../context.ts";
import { ConvokeError, invalidInput } from "../errors.ts";
import { domainOf } from "../email-address.ts";
import type { Mailbox } from "../email-address.ts";
import type { Broadcast, BroadcastContent, MessageHeaders } from "../model/broadcast.ts";
import type { PropertyValue } from "../model/contact.ts";
import type { Finding, Renderer } from "../ports/renderer.ts";
import { requireReferences } from "../resources/broadcast-references.ts";
import { Properties } from "../resources/properties.ts";
import { readSender } from "../sender.ts";
import type { Sender } from "../sender.ts";
import {
	bySeverity,
	findBidi,
	findInlineImages,
	findMisalignment,
	findPostalAddress,
	findUnknownVariables,
	NO_SENDER,
	shownVariable,
} from "./findings.ts";
import { listIdOf } from "./list-id.ts";

/** What checking a broadcast gives: what there is to say, and its content unless that cannot be made. */
export interface Examined {
	/** Errors first. */
	readonly findings: readonly Finding[];
	/** As it would be frozen. */
	readonly content: BroadcastContent | undefined;
	/**
	 * Variables for which nothing stands in where a contact has no value. None while something that the broadcast refers
	 * to is gone: who receives it cannot be told then.
	 */
	readonly unguarded: readonly string[];
}

/** The sender of a broadcast, or of mail that is none. @throws `invalid_input` with `missing_transport`. */
export async function senderOf(context: TenantContext, broadcast: Broadcast | undefined): Promise<Sender> {
	if (context.resolveSender === undefined) {
		throw invalidInput("missing_transport", "transport", "createAudience was given no `transport` and no `sender`.");
	}
	return context.resolveSender(broadcast, context.tenantId);
}

/** The audience's renderer. @throws `invalid_input` with `missing_renderer`. */
export function rendererOf(context: TenantContext): Renderer {
	if (context.renderer === undefined) {
		throw invalidInput("missing_renderer", "renderer", "createAudience was given no `renderer`.");
	}
	return context.renderer;
}

/** Checks a broadcast and makes the content that would be frozen. */
export async function examine(context: TenantContext, broadcast: Broadcast): Promise<Examined> {
	const sender = await senderOf(context, broadcast);
	const { from: defaultFrom, replyTo, footer } = readSender(sender);
	const properties = new Properties(context);
	const types = await properties.types();
	const compiled = await finding(() => rendererOf(context).compile(broadcast));
	if ("reason" in compiled) return { findings: [compiled], content: undefined, unguarded: [] };
	const referred = await finding(() => requireReferences(context, broadcast));
	const from = broadcast.from ?? defaultFrom;
	const fallbacks = fallbacksOf(await properties.stored());
	const findings: readonly Finding[] = [
		...compiled.findings,
		...(referred === undefined ? [] : [referred]),
		...findUnknownVariables(compiled, types.keys()),
		...(from === null ? [NO_SENDER] : findMisalignment(from, sender.transport.dkimDomain)),
		...findBidi(broadcast.subject),
		...findPostalAddress(footer, compiled),
		...findInlineImages(compiled.html, broadcast.attachments),
	];
	const content = from && {
		broadcastId: broadcast.id,
		topicId: broadcast.topicId,
		from,
		replyTo: broadcast.replyTo.length > 0 ? broadcast.replyTo : replyTo,
		subject: broadcast.subject,
		previewText: broadcast.previewText,
		html: compiled.html,
		text: compiled.text,
		headers: await headersOf(context, broadcast, from),
		tags: broadcast.tags,
		attachments: broadcast.attachments,
		footer,
		baseUrl: context.baseUrl,
		fallbacks,
	};
	const isUnguarded = (name: string) => referred === undefined && !Object.hasOwn(fallbacks, shownVariable(name));
	const unguarded = compiled.unguarded.filter(isUnguarded);
	return { findings: bySeverity(findings), content: content ?? undefined, unguarded };
}

/**
 * The content to freeze.
 *
 * @throws `invalid_input` for the first finding that is an error.
 */
export async function freeze(context: TenantContext, broadcast: Broadcast): Promise<BroadcastContent> {
	const { findings, content } = await examine(context, broadcast);
	const error = findings.find(({ severity }) => severity === "error");
	if (error !== undefined) throw invalidInput(error.reason, error.field, error.message);
	if (content === undefined) throw invalidInput(NO_SENDER.reason, NO_SENDER.field, NO_SENDER.message);
	return content;
}

/** Does the work, or says what the author must mend for it. */
async function finding<T>(work: () => Promise<T>): Promise<T | Finding> {
	try {
		return await work();
	} catch (error) {
		if (!ConvokeError.is(error) || !["invalid_input", "not_found"].includes(error.code)) throw error;
		return { severity: "error", reason: error.reason, field: error.field, message: error.message };
	}
}

/** The author's headers, and `List-Id` unless they wrote one. */
async function headersOf(context: TenantContext, broadcast: Broadcast, from: Mailbox): Promise<MessageHeaders> {
	const { topicId, headers } = broadcast;
	if (topicId === null || Object.keys(headers).some((name) => name.toLowerCase() === "list-id")) return headers;
	const [topic] = await context.tenant.findTopics([topicId]);
	if (topic === undefined) return headers;
	return { ...headers, "List-Id": listIdOf(topic, domainOf(from.address)) };
}

function fallbacksOf(
	properties: readonly { readonly key: string; readonly fallback: PropertyValue | null }[],
): Readonly<Record<string, PropertyValue>> {
	return Object.fromEntries(properties.flatMap(({ key, fallback }) => (fallback === null ? [] : [[key, fallback]])));
}

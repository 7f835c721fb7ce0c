import type { TenantContext } from "../context.ts";
import { invalidInput } from "../errors.ts";
import type { Broadcast, BroadcastContent } from "../model/broadcast.ts";
import type { Finding } from "../ports/renderer.ts";
import type { Message } from "../ports/transport.ts";
import { bySeverity, NO_SENDER } from "./findings.ts";
import { examine, rendererOf } from "./freeze.ts";
import { messageMaker } from "./prepared-broadcast.ts";
import { readSample } from "./sample-contact.ts";
import type { PreviewOptions } from "./sample-contact.ts";

/** What one recipient would get. */
export interface Preview {
	/** The message. */
	readonly message: Message;
	/** What there is to say about it; once its content is frozen, about its data only. */
	readonly findings: readonly Finding[];
	/** An HTML page that shows all of it; needs no other file of ours and runs no script. */
	readonly page: string;
}

interface Shown {
	readonly content: BroadcastContent;
	readonly findings: readonly Finding[];
}

/** Makes one message and the page that shows it. Writes and sends nothing. */
export async function preview(context: TenantContext, broadcast: Broadcast, options: PreviewOptions): Promise<Preview> {
	const { contact } = await readSample(context, options);
	const { content, findings } = await contentOf(context, broadcast);
	const message = messageMaker(context, content)(contact);
	const all = bySeverity([...findings, ...findUnsafeUrls(content, message)]);
	return { message, findings: all, page: rendererOf(context).previewPage(message, all) };
}

/** What data would have led elsewhere leads here. */
const NOWHERE = "about:blank";

function findUnsafeUrls({ html }: BroadcastContent, message: Message): readonly Finding[] {
	if (html?.includes(NOWHERE) !== false || message.html?.includes(NOWHERE) !== true) return [];
	const text = "With this data a link leads nowhere: its value is missing or is no http, https, mailto or tel URL.";
	return [{ severity: "warning", reason: "unsafe_url", field: "html", message: text }];
}

/** What the messages are made of: as it was frozen, else as it would be now. */
async function contentOf(context: TenantContext, broadcast: Broadcast): Promise<Shown> {
	const frozen = await frozenContent(context, broadcast);
	if (frozen !== undefined) return { content: frozen, findings: [] };
	const { content, findings } = await examine(context, broadcast);
	if (content !== undefined) return { content, findings };
	const fault = findings.find(({ severity }) => severity === "error") ?? NO_SENDER;
	throw invalidInput(fault.reason, fault.field, fault.message);
}

/** The content that a broadcast was frozen with, if it was. */
export async function frozenContent(
	context: TenantContext,
	{ id, status }: Broadcast,
): Promise<BroadcastContent | undefined> {
	if (status === "draft" || status === "scheduled") return undefined;
	return context.tenant.findContent(id);
}

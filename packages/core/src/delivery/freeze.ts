import type { TenantContext } from "../context.ts";
import { ConvokeError, invalidInput } from "../errors.ts";
import type { Broadcast, BroadcastContent } from "../model/broadcast.ts";
import type { PropertyValue } from "../model/contact.ts";
import type { CompiledMessage, Finding, Renderer } from "../ports/renderer.ts";
import { requireReferences } from "../resources/broadcast-references.ts";
import { Properties } from "../resources/properties.ts";
import { readSender } from "../sender.ts";
import type { Sender } from "../sender.ts";

/** What checking a broadcast gives: what there is to say, and its content unless that cannot be made. */
export interface Examined {
	/** Errors first. */
	readonly findings: readonly Finding[];
	/** As it would be frozen. */
	readonly content: BroadcastContent | undefined;
}

const BUILT_IN = new Set(["email", "firstName", "lastName", "unsubscribeUrl"]);
const PROPERTY = "properties.";
// Bidi controls in a subject make it read otherwise than it is written.
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** The sender of a broadcast. @throws `invalid_input` with `missing_transport`. */
export async function senderOf(context: TenantContext, broadcast: Broadcast): Promise<Sender> {
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
	const { from: defaultFrom, replyTo, footer } = readSender(await senderOf(context, broadcast));
	const properties = new Properties(context);
	const types = await properties.types();
	const compiled = await finding(() => rendererOf(context).compile(broadcast));
	if ("reason" in compiled) return { findings: [compiled], content: undefined };
	const referred = await finding(() => requireReferences(context, broadcast));
	const from = broadcast.from ?? defaultFrom;
	const known = new Set([...BUILT_IN, ...[...types.keys()].map((key) => PROPERTY + key)]);
	const findings: Finding[] = [...compiled.findings];
	if (referred !== undefined) findings.push(referred);
	for (const name of compiled.variables.filter((variable) => !known.has(variable))) {
		findings.push(unknownVariable(name));
	}
	if (from === null) findings.push(NO_SENDER);
	if (BIDI.test(broadcast.subject)) findings.push(BIDI_IN_SUBJECT);
	if (footer.postalAddress === null) findings.push(NO_POSTAL_ADDRESS);
	else findings.push(...withoutAddress(footer.postalAddress, compiled));
	const content = from && {
		broadcastId: broadcast.id,
		topicId: broadcast.topicId,
		from,
		replyTo: broadcast.replyTo.length > 0 ? broadcast.replyTo : replyTo,
		subject: broadcast.subject,
		previewText: broadcast.previewText,
		html: compiled.html,
		text: compiled.text,
		headers: broadcast.headers,
		footer,
		baseUrl: context.baseUrl,
		fallbacks: fallbacksOf(await properties.stored()),
	};
	return { findings: bySeverity(findings), content: content ?? undefined };
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

const NO_SENDER: Finding = {
	severity: "error",
	reason: "sender_missing",
	field: "from",
	message: "Nobody is the author: give the broadcast, or the sender in createAudience, a `from`.",
};

const NO_POSTAL_ADDRESS: Finding = {
	severity: "warning",
	reason: "postal_address_missing",
	message: "The sender has no `postalAddress`; marketing mail needs one in many countries (15 USC 7704(a)(5)(A)(iii)).",
};

const BIDI_IN_SUBJECT: Finding = {
	severity: "warning",
	reason: "bidi_in_subject",
	field: "subject",
	message: "The subject has invisible characters that change the direction of its text; spam filters look for them.",
};

/** The footer shows the postal address; a part with an unsubscribe link of its own has no footer. */
function withoutAddress(postalAddress: string, { html, text, findings }: CompiledMessage): readonly Finding[] {
	const hasFooter = (field: string) => findings.some((each) => each.reason === "footer_added" && each.field === field);
	const parts = { html, text };
	return (["html", "text"] as const)
		.filter((field) => !hasFooter(field) && parts[field]?.includes(postalAddress) === false)
		.map((field) => ({
			severity: "warning",
			reason: "postal_address_not_shown",
			field,
			message: `\`${field}\` has an unsubscribe link of its own and so no footer; write the postal address into it.`,
		}));
}

function unknownVariable(name: string): Finding {
	return {
		severity: "error",
		reason: "unknown_variable",
		message: `The templates use \`${name.replace(PROPERTY, "")}\`, which is no field and no declared property of contacts.`,
	};
}

function bySeverity(findings: readonly Finding[]): readonly Finding[] {
	const order = ["error", "warning", "info"];
	return findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

function fallbacksOf(
	properties: readonly { readonly key: string; readonly fallback: PropertyValue | null }[],
): Readonly<Record<string, PropertyValue>> {
	return Object.fromEntries(properties.flatMap(({ key, fallback }) => (fallback === null ? [] : [[key, fallback]])));
}

import { getDomain } from "tldts";
import { domainOf } from "../email-address.ts";
import type { Attachment, BroadcastContent, Footer } from "../model/broadcast.ts";
import type { CompiledMessage, Finding } from "../ports/renderer.ts";

/** How compiled messages name properties. */
export const PROPERTY = "properties.";

const BUILT_IN: ReadonlySet<string> = new Set(["email", "firstName", "lastName", "unsubscribeUrl", "viewUrl"]);
// Bidi controls in a subject make it read otherwise than it is written.
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** Nobody is the author. */
export const NO_SENDER: Finding = {
	severity: "error",
	reason: "sender_missing",
	field: "from",
	message: "Nobody is the author: give the broadcast, or the sender in createAudience, a `from`.",
};

/** What there is to say about variables that are no fields and no declared properties. */
export function findUnknownVariables(compiled: CompiledMessage, propertyKeys: Iterable<string>): readonly Finding[] {
	const known = new Set([...BUILT_IN, ...Array.from(propertyKeys, (key) => PROPERTY + key)]);
	return compiled.variables
		.filter((name) => !known.has(name))
		.map((name) => ({
			severity: "error",
			reason: "unknown_variable",
			message: `The templates use \`${shownVariable(name)}\`, which is no field and no declared property of contacts.`,
		}));
}

/** A variable as an author writes it. */
export function shownVariable(name: string): string {
	return name.startsWith(PROPERTY) ? name.slice(PROPERTY.length) : name;
}

/** What there is to say about the subject's characters. */
export function findBidi(subject: string): readonly Finding[] {
	if (!BIDI.test(subject)) return [];
	const message =
		"The subject has invisible characters that change the direction of its text; spam filters look for them.";
	return [{ severity: "warning", reason: "bidi_in_subject", field: "subject", message }];
}

/** The footer shows the postal address; a part with an unsubscribe link of its own has no footer. */
export function findPostalAddress({ postalAddress }: Footer, compiled: CompiledMessage): readonly Finding[] {
	if (postalAddress === null) {
		const message =
			"The sender has no `postalAddress`; marketing mail needs one in many countries (15 USC 7704(a)(5)(A)(iii)).";
		return [{ severity: "warning", reason: "postal_address_missing", message }];
	}
	const { html, text, findings } = compiled;
	const hasFooter = (field: string) => findings.some((each) => each.reason === "footer_added" && each.field === field);
	const parts = { html, text };
	const wanted = lettersOf(postalAddress);
	return (["html", "text"] as const)
		.filter((field) => !hasFooter(field) && parts[field] !== null && !lettersOf(parts[field]).includes(wanted))
		.map((field) => ({
			severity: "warning",
			reason: "postal_address_not_shown",
			field,
			message: `\`${field}\` has an unsubscribe link of its own and so no footer; write the postal address into it.`,
		}));
}

/**
 * DMARC asks that the signature's domain and the author's have the same registrable domain (RFC 7489 section 3.1.1).
 */
export function findMisalignment(from: BroadcastContent["from"], dkimDomain: string | undefined): readonly Finding[] {
	const domain = domainOf(from.address);
	if (dkimDomain === undefined || registrable(domain) === registrable(dkimDomain)) return [];
	const message = `Messages come from ${domain} and are signed by ${dkimDomain}, so that DMARC does not count the signature; sign with the author's domain.`;
	return [{ severity: "warning", reason: "dkim_domain_differs", field: "from", message }];
}

/** Pictures that the HTML part shows and nobody attached, and the other way round. */
export function findInlineImages(html: string | null, attachments: readonly Attachment[]): readonly Finding[] {
	const shown = new Set(Array.from((html ?? "").matchAll(/["'(]\s*cid:([^"')\s]+)/gi), (found) => found[1] ?? ""));
	const attached = new Set(attachments.flatMap(({ contentId }) => contentId ?? []));
	const missing = [...shown].filter((id) => !attached.has(id));
	const unused = [...attached].filter((id) => !shown.has(id));
	return [
		...missing.map(
			(id): Finding => ({
				severity: "warning",
				reason: "inline_image_missing",
				field: "attachments",
				message: `The HTML part shows \`cid:${id}\`, which no attachment has as its \`contentId\`.`,
			}),
		),
		...unused.map(
			(id): Finding => ({
				severity: "info",
				reason: "inline_image_unused",
				field: "attachments",
				message: `The attachment with the \`contentId\` \`${id}\` is not shown by the HTML part.`,
			}),
		),
	];
}

/** Letters and digits: an address is the same one with `<br>` for line ends and `&amp;` for `&`. */
function lettersOf(text: string): string {
	return text
		.replace(/<[^<>]*>|&#?\w{1,31};/g, "")
		.replace(/[^\p{L}\p{N}]/gu, "")
		.toLowerCase();
}

/** Errors first. */
export function bySeverity(findings: readonly Finding[]): readonly Finding[] {
	const order = ["error", "warning", "info"];
	return findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

function registrable(domain: string): string {
	return (getDomain(domain, { allowPrivateDomains: true }) ?? domain).toLowerCase();
}

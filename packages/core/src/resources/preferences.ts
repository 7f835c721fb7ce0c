import { announcing } from "../announcer.ts";
import { z } from "zod";
import { checked, checkInput } from "../check-input.ts";
import { linkUrl } from "../base-url.ts";
import type { AudienceContext, TenantContext } from "../context.ts";
import { ConvokeError, invalidInput, notFound } from "../errors.ts";
import { checkId } from "../ids.ts";
import type { LinkPurpose, LinkSubject } from "../link-token.ts";
import type { ContactRecord, PropertyValues, Subscription } from "../model/contact.ts";
import type { EventSource } from "../model/event.ts";
import { changeContact, optOutFormer, UNCHANGED } from "../rules/contact-changes.ts";
import type { Act, ContactEdit } from "../rules/contact-changes.ts";
import { checkContactRef } from "./contact-input.ts";
import type { ContactRef } from "./contact-input.ts";
import { contactTopic } from "./contact-topics.ts";
import type { ContactTopic } from "./contact-topics.ts";
import { editContact } from "./contact-units.ts";
import { allTopics } from "./topics.ts";

/** What a preference page shows. */
export interface Preferences {
	/** The address, masked: links get forwarded. */
	readonly maskedEmail: string;
	/** Opted out of everything. */
	readonly unsubscribed: boolean;
	/** The topics this person may see, newest first: public ones, private ones with a choice of theirs, and the link's. */
	readonly topics: readonly ContactTopic[];
	/** The topic that the link's message belongs to; `null`: none, or it was removed. */
	readonly topic: { readonly id: string; readonly name: string } | null;
	/** The link's message belonged to a topic that was removed, so that unsubscribing by it leaves everything. */
	readonly topicRemoved: boolean;
	/** For the page's form: only with this token may `update` opt in. */
	readonly formToken: string;
	/** Whose page it is: never shown on it. */
	readonly tenantId: string;
	/** The contact's id. */
	readonly contactId: string;
	/** The contact's properties, such as the language it reads. */
	readonly properties: PropertyValues;
}

/** What a person changes on the page. */
export interface PreferenceChanges {
	/** `true`: out of everything; `false`: back in. */
	readonly unsubscribed?: boolean | undefined;
	/** Topics to switch; others stay as they are. */
	readonly topics?: readonly { readonly id: string; readonly subscription: Subscription }[] | undefined;
}

/** What an unsubscribe link did. */
export interface UnsubscribeOutcome {
	/** What the person is out of now. */
	readonly scope: "topic" | "everything";
	/** The topic, if it was one. */
	readonly topic: { readonly id: string; readonly name: string } | null;
}

const preferenceChanges: z.ZodType<PreferenceChanges> = z.strictObject({
	unsubscribed: z.boolean().optional(),
	topics: z
		.array(
			z.strictObject({
				id: checked((value) => checkId(value, "topics.id")),
				subscription: z.enum(["opt_in", "opt_out"]),
			}),
		)
		.max(100)
		.optional(),
});

/**
 * `audience.preferences`: what the person who gets the mail may see and decide, by the token of a link. The token names
 * the contact, whatever the tenant of this audience. Opening changes nothing.
 */
export class PreferenceLinks {
	readonly #context: TenantContext;

	constructor(context: TenantContext) {
		this.#context = context;
	}

	/**
	 * Whether we made this token for this purpose. Looks nothing up, so that a web server can turn all others away at no
	 * cost to the storage. Never throws.
	 */
	accepts(purpose: LinkPurpose, token: string): boolean {
		return this.#context.tokens.open(purpose, token) !== undefined;
	}

	/** What the holder of a link may see. @throws `invalid_token`; `not_found` when the contact was removed. */
	async open(token: string): Promise<Preferences> {
		const { subject } = this.#read(token);
		const context = await this.#contextOf(subject);
		const [contact] = await context.tenant.findContacts([{ id: subject.contactId }]);
		if (contact === undefined) throw notFound("contact");
		return view(context, contact, subject);
	}

	/**
	 * Changes what the page's form says. Switching a topic on while out of everything also clears that.
	 *
	 * @throws `invalid_token`, with `opt_in_needs_form_token` for an opt-in by any token but `formToken`;
	 * `invalid_input` with `unknown_topic`; `not_found` when the contact was removed.
	 */
	async update(token: string, changes: PreferenceChanges): Promise<Preferences> {
		const { purpose, subject } = this.#read(token);
		const { unsubscribed, topics } = checkInput(preferenceChanges, changes, "changes");
		const optsIn = unsubscribed === false || topics?.some(({ subscription }) => subscription === "opt_in");
		if (optsIn === true && purpose !== "subscribe") {
			throw new ConvokeError("invalid_token", {
				reason: "opt_in_needs_form_token",
				message: "Opting in needs the token of the page's own form, so that a forwarded link cannot do it.",
			});
		}
		const context = await this.#contextOf(subject);
		const before = await this.open(token);
		const visible = new Set(before.topics.map(({ id }) => id));
		if (topics?.some(({ id }) => !visible.has(id))) {
			throw invalidInput("unknown_topic", "topics", "A topic named here is not one this person may see.");
		}
		const switchedOn = topics?.some(({ subscription }) => subscription === "opt_in") === true;
		const edit: ContactEdit = {
			unsubscribed: unsubscribed ?? (switchedOn ? false : undefined),
			choices: topics && Object.fromEntries(topics.map(({ id, subscription }) => [id, subscription])),
		};
		const contact = await editContact(context, { id: subject.contactId }, edit, this.#act("page", subject));
		return view(context, contact, subject);
	}

	/**
	 * What a mail program's one-click POST does (RFC 8058): leaves the topic of the link's message, or everything when it
	 * has none or the topic was removed. Repeating it changes nothing more. Works for a removed contact too.
	 *
	 * @param source who did it: the mail program, or the person by the button of the page.
	 * @throws `invalid_token`.
	 */
	async unsubscribe(token: string, source: "one_click" | "page" = "one_click"): Promise<UnsubscribeOutcome> {
		const { subject } = this.#read(token);
		const context = await this.#contextOf(subject);
		const [topic] = subject.topicId === undefined ? [undefined] : await context.tenant.findTopics([subject.topicId]);
		const edit: ContactEdit = topic === undefined ? { unsubscribed: true } : { choices: { [topic.id]: "opt_out" } };
		const act = this.#act(source, subject);
		let former: readonly string[] = [];
		await context.tenant.changeContacts([{ key: { id: subject.contactId } }], ([found]) => {
			if (found?.contact !== undefined) return { contacts: [changeContact(found.contact, found, edit, act)] };
			former = (found?.former ?? []).map(({ addressHash }) => addressHash);
			return { contacts: [UNCHANGED] };
		});
		for (const addressHash of former) await optOutAddress(context, addressHash, subject.contactId, act);
		return topic === undefined || former.length > 0
			? { scope: "everything", topic: null }
			: { scope: "topic", topic: { id: topic.id, name: topic.name } };
	}

	/** The same page for the host's own account screen, where the host knows who it is. @throws `not_found`. */
	async forContact(ref: ContactRef): Promise<Preferences> {
		const contact = await this.#contact(ref);
		return view(this.#context, contact, { contactId: contact.id });
	}

	/**
	 * A link to the contact's preference page, for any mail; or one to unsubscribe from everything, for the
	 * `List-Unsubscribe` header of mail that is no broadcast.
	 *
	 * @throws `not_found`.
	 */
	async url(ref: ContactRef, page: "preferences" | "unsubscribe" = "preferences"): Promise<string> {
		const { id } = await this.#contact(ref);
		return linkUrl(this.#context.baseUrl, page, this.#context.tokens.mint(page, { contactId: id }));
	}

	async #contact(ref: ContactRef): Promise<ContactRecord> {
		const [contact] = await this.#context.tenant.findContacts([checkContactRef(ref)]);
		if (contact === undefined) throw notFound("contact");
		return contact;
	}

	#act(source: EventSource, subject: LinkSubject): Act {
		return { at: this.#context.clock.now(), source, actor: null, broadcastId: subject.broadcastId };
	}

	#read(token: unknown): { readonly purpose: LinkPurpose; readonly subject: LinkSubject } {
		for (const purpose of ["unsubscribe", "preferences", "subscribe"] as const) {
			const subject = this.#context.tokens.open(purpose, token);
			if (subject !== undefined) return { purpose, subject };
		}
		throw invalidToken();
	}

	async #contextOf(subject: LinkSubject): Promise<TenantContext> {
		const tenantId = await this.#context.storage.findTenant({ contactId: subject.contactId });
		if (tenantId === undefined) throw invalidToken();
		return tenantContext(this.#context, tenantId);
	}
}

/** The context of one tenant. */
export function tenantContext(context: AudienceContext, tenantId: string): TenantContext {
	const tenant = context.storage.forTenant(tenantId);
	const { announcer } = context;
	return { ...context, tenantId, tenant: announcer === undefined ? tenant : announcing(tenant, announcer, tenantId) };
}

/**
 * Opts out an address of a removed contact: the contact that has it now, and only where there is none what was retained,
 * for that would come back after its holder has decided otherwise.
 */
async function optOutAddress(context: TenantContext, addressHash: string, contactId: string, act: Act): Promise<void> {
	await context.tenant.changeContacts([{ key: { addressHash } }], ([found]) => {
		if (found?.contact !== undefined) {
			return { contacts: [changeContact(found.contact, found, { unsubscribed: true }, act)] };
		}
		const rows = (found?.retained ?? []).filter((row) => row.contactId === contactId);
		return { contacts: [optOutFormer(rows, act)] };
	});
}

async function view(context: TenantContext, contact: ContactRecord, subject: LinkSubject): Promise<Preferences> {
	const topics = await allTopics(context);
	const topic = topics.find(({ id }) => id === subject.topicId);
	return {
		maskedEmail: maskEmail(contact.email),
		unsubscribed: contact.unsubscribed,
		topics: topics
			.map((each) => contactTopic(contact, each))
			.filter(({ id, visibility, explicit }) => visibility === "public" || explicit || id === subject.topicId),
		topic: topic === undefined ? null : { id: topic.id, name: topic.name },
		topicRemoved: subject.topicId !== undefined && topic === undefined,
		formToken: context.tokens.mint("subscribe", subject),
		tenantId: context.tenantId,
		contactId: contact.id,
		properties: contact.properties,
	};
}

/** An address as pages show it. */
export function maskEmail(email: string): string {
	const [local = "", domain = ""] = email.split("@");
	return `${Array.from(local)[0] ?? ""}***@${domain[0] ?? ""}***`;
}

/** The error for whatever is no token of ours. */
export function invalidToken(): ConvokeError {
	return new ConvokeError("invalid_token", {
		reason: "invalid_token",
		message: "This link is incomplete or not one of ours; open it again from the message.",
	});
}

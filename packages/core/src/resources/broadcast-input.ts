import { z } from "zod";
import { checked, checkInput } from "../check-input.ts";
import type { Mailbox } from "../email-address.ts";
import { invalidInput } from "../errors.ts";
import { checkFilter } from "../filter/check-filter.ts";
import { usesOfFilter } from "../filter/filter-references.ts";
import type { Filter } from "../filter/filter.ts";
import { checkId } from "../ids.ts";
import type { BroadcastRecord, MessageHeaders, MessageTag } from "../model/broadcast.ts";
import { parseMailboxes } from "../sender.ts";
import type { MailboxInput } from "../sender.ts";
import { checkHeaderText, checkText } from "../text.ts";
import { parseMailbox } from "../email-address.ts";
import { checkAttachments, checkTags } from "./message-extras.ts";
import type { NewAttachment } from "./message-extras.ts";

/** A broadcast to draft. Exactly one of `segmentId`, `filter` and `everyone` says to whom. */
export interface NewBroadcast<F = Filter> {
	/** Internal label, at most 70 characters. */
	readonly name?: string | null | undefined;
	/** To the members of this segment. */
	readonly segmentId?: string | null | undefined;
	/** To the contacts this filter matches. */
	readonly filter?: F | null | undefined;
	/** To every contact of the tenant. */
	readonly everyone?: boolean | undefined;
	/** The topic that recipients may have opted out of. */
	readonly topicId?: string | null | undefined;
	/** Author. @default the sender's */
	readonly from?: MailboxInput | null | undefined;
	/** Where replies go, at most 10. @default the sender's */
	readonly replyTo?: MailboxInput | readonly MailboxInput[] | null | undefined;
	/** 1 to 998 characters (RFC 5322 section 2.1.1), personalised. */
	readonly subject: string;
	/** What mail programs show beside the subject, at most 200 characters, personalised. */
	readonly previewText?: string | null | undefined;
	/** HTML part, personalised. Not together with `mjml`. */
	readonly html?: string | null | undefined;
	/** MJML source of the HTML part, personalised. */
	readonly mjml?: string | null | undefined;
	/**
	 * A React element that becomes `html` here and now, for those who have `@react-email/render` installed. Placeholders
	 * are text in it: `{"{{{contact.first_name|there}}}"}`.
	 */
	readonly react?: object | null | undefined;
	/** Text part, personalised; an empty one for none at all. @default made from the HTML part */
	readonly text?: string | null | undefined;
	/** Further headers, at most 30; not those that Convoke or the transport writes. */
	readonly headers?: MessageHeaders | undefined;
	/** Labels for the provider's reports, at most 50; a transport without labels leaves them out. */
	readonly tags?: readonly MessageTag[] | undefined;
	/** Files that go with every message, at most 10 and 5 MB together. */
	readonly attachments?: readonly NewAttachment[] | undefined;
}

/** Changes of a draft: absent or `undefined` leaves alone, `null` clears. */
export type BroadcastChanges<F = Filter> = Partial<NewBroadcast<F>>;

/** What is left to read once `react` has become `html`. */
export type PlainInput<T extends BroadcastChanges<unknown>> = Omit<T, "react">;

/**
 * Turns `react` into `html`.
 *
 * @throws `invalid_input` with `content_ambiguous` beside `html` or `mjml`, and as `Renderer.renderReact`.
 */
export async function withoutReact<T extends BroadcastChanges<unknown>>(
	input: T,
	render: (element: unknown) => Promise<string>,
): Promise<PlainInput<T>> {
	if (typeof input !== "object" || input === null || !Object.hasOwn(input, "react")) return input;
	const { react, ...plain } = input;
	if (react === undefined || react === null) return plain;
	if ((plain.html ?? plain.mjml ?? null) !== null) {
		throw invalidInput("content_ambiguous", "react", "Give `react`, `html` or `mjml`, not several.");
	}
	return { ...plain, html: await render(react), mjml: null };
}

/** The fields of a broadcast that an author decides. */
export type BroadcastDraft = Pick<
	BroadcastRecord,
	| "name"
	| "segmentId"
	| "filter"
	| "everyone"
	| "topicId"
	| "from"
	| "replyTo"
	| "subject"
	| "previewText"
	| "html"
	| "mjml"
	| "text"
	| "headers"
	| "tags"
	| "attachments"
>;

const MAX_TEMPLATE = 1024 * 1024;
const MAX_HEADERS = 30;
const MAX_HEADER = 998;

// Written by Convoke or the transport, so that an author's would double or contradict them (R8).
const RESERVED_HEADERS =
	/^(to|cc|bcc|from|sender|reply-to|subject|date|message-id|return-path|received|dkim-signature|mime-version|content-.*|list-unsubscribe.*)$/i;
// RFC 5322 section 3.6.8: printable ASCII without colon.
const HEADER_NAME = /^[!-9;-~]+$/;

const id = (field: string) => checked((value) => checkId(value, field)).nullish();
const checkTemplate = (value: unknown, field: string) =>
	checkText(value, field, {
		max: MAX_TEMPLATE,
		multiline: true,
		tooLong: "template_too_large",
		empty: "content_missing",
	});
const template = (field: string) => checked((value) => checkTemplate(value, field)).nullish();

const fields = {
	name: checked((value) => checkText(value, "name", { max: 70 })).nullish(),
	segmentId: id("segmentId"),
	filter: checked((value) => checkFilter(value)).nullish(),
	everyone: z.boolean().optional(),
	topicId: id("topicId"),
	from: checked((value) => parseMailbox(value, "from")).nullish(),
	replyTo: checked((value) => parseMailboxes(value, "replyTo")).nullish(),
	subject: checked((value) =>
		checkHeaderText(value, "subject", MAX_HEADER, { tooLong: "subject_too_long", empty: "subject_empty" }),
	).optional(),
	previewText: checked((value) => checkText(value, "previewText", { max: 200 })).nullish(),
	html: template("html"),
	mjml: template("mjml"),
	text: checked((value) => (value === "" ? value : checkTemplate(value, "text"))).nullish(),
	headers: checked(checkHeaders).optional(),
	tags: checked(checkTags).optional(),
	attachments: checked(checkAttachments).optional(),
};

const newBroadcast = z.strictObject(fields);

/** A draft without anything in it. */
const BLANK: Omit<BroadcastDraft, "subject"> = {
	name: null,
	segmentId: null,
	filter: null,
	everyone: false,
	topicId: null,
	from: null,
	replyTo: [],
	previewText: null,
	html: null,
	mjml: null,
	text: null,
	headers: {},
	tags: [],
	attachments: [],
};

/**
 * Reads a new broadcast.
 *
 * @throws `invalid_input` with `subject_empty`, `subject_too_long`, `invalid_header`, `invalid_header_name`,
 * `reserved_header`, `too_many_headers`, `header_too_long`, `target_missing`, `target_ambiguous`, `content_missing`,
 * `content_ambiguous`, or what `checkFilter`, `parseMailbox`, `checkTags` and `checkAttachments` throw.
 */
export function checkNewBroadcast(input: unknown): BroadcastDraft {
	const { subject, ...given } = checkInput(newBroadcast, input, "broadcast");
	const wanted = checkHeaderText(subject, "subject", MAX_HEADER, { empty: "subject_empty" });
	return checkDraft(merge({ ...BLANK, subject: wanted }, given));
}

/** Reads changes of a draft. @throws as {@link checkNewBroadcast}. */
export function checkBroadcastChanges(draft: BroadcastDraft, input: unknown): BroadcastDraft {
	const given = checkInput(newBroadcast, input, "changes");
	const isRetargeted = (given.segmentId ?? given.filter ?? null) !== null || given.everyone === true;
	// Naming another target replaces the one the draft has.
	const base = isRetargeted ? { ...draft, segmentId: null, filter: null, everyone: false } : draft;
	return checkDraft(merge(base, given));
}

/** What a draft refers to, as `BroadcastRecord.uses` has it. */
export function usesOf({ segmentId, topicId, filter }: BroadcastDraft): readonly string[] {
	const asked = filter === null ? [] : usesOfFilter(filter);
	const uses = [segmentId, topicId, ...asked].filter((use) => use !== null);
	return [...new Set(uses)].toSorted();
}

type Given = { readonly [K in keyof BroadcastDraft]?: BroadcastDraft[K] | null | undefined };

function merge(draft: BroadcastDraft, given: Given): BroadcastDraft {
	const replyTo: readonly Mailbox[] | null | undefined = given.replyTo;
	return {
		name: given.name === undefined ? draft.name : given.name,
		segmentId: given.segmentId === undefined ? draft.segmentId : given.segmentId,
		filter: given.filter === undefined ? draft.filter : given.filter,
		everyone: given.everyone ?? draft.everyone,
		topicId: given.topicId === undefined ? draft.topicId : given.topicId,
		from: given.from === undefined ? draft.from : given.from,
		replyTo: replyTo === undefined ? draft.replyTo : (replyTo ?? []),
		subject: given.subject ?? draft.subject,
		previewText: given.previewText === undefined ? draft.previewText : given.previewText,
		html: given.html === undefined ? draft.html : given.html,
		mjml: given.mjml === undefined ? draft.mjml : given.mjml,
		text: given.text === undefined ? draft.text : given.text,
		headers: given.headers ?? draft.headers,
		tags: given.tags ?? draft.tags,
		attachments: given.attachments ?? draft.attachments,
	};
}

function checkDraft(draft: BroadcastDraft): BroadcastDraft {
	const targets = [draft.segmentId !== null, draft.filter !== null, draft.everyone].filter(Boolean).length;
	if (targets === 0) {
		const message = "Say to whom: `segmentId`, `filter`, or `everyone: true`.";
		throw invalidInput("target_missing", "segmentId", message);
	}
	if (targets > 1) {
		throw invalidInput(
			"target_ambiguous",
			"segmentId",
			"Give one of `segmentId`, `filter` and `everyone`, not several.",
		);
	}
	if (draft.html === null && draft.mjml === null && (draft.text ?? "") === "") {
		throw invalidInput("content_missing", "html", "Give the message's content: `html`, `mjml` or `text`.");
	}
	if (draft.html !== null && draft.mjml !== null) {
		throw invalidInput("content_ambiguous", "mjml", "Give `html` or `mjml`, not both.");
	}
	return draft;
}

function checkHeaders(input: unknown): MessageHeaders {
	if (typeof input !== "object" || input === null || Array.isArray(input)) {
		throw invalidInput("invalid_type", "headers", "`headers` must be an object of names and values.");
	}
	const entries = Object.entries(input);
	if (entries.length > MAX_HEADERS) {
		throw invalidInput("too_many_headers", "headers", `A message takes at most ${MAX_HEADERS} further headers.`);
	}
	const names = new Set<string>();
	for (const [name, value] of entries) {
		if (!HEADER_NAME.test(name)) {
			throw invalidInput(
				"invalid_header_name",
				"headers",
				"A header's name is printable ASCII without colon or space.",
			);
		}
		if (RESERVED_HEADERS.test(name)) {
			throw invalidInput(
				"reserved_header",
				"headers",
				`\`${name}\` is written by Convoke or the transport; leave it out.`,
			);
		}
		if (names.has(name.toLowerCase())) {
			throw invalidInput("duplicate_header", "headers", `\`${name}\` is given twice, in different case.`);
		}
		names.add(name.toLowerCase());
		const text = checkHeaderText(value, `headers.${name}`, MAX_HEADER);
		if (Buffer.byteLength(text) > MAX_HEADER) {
			throw invalidInput("header_too_long", `headers.${name}`, `A header's value has at most ${MAX_HEADER} octets.`);
		}
	}
	return Object.fromEntries(entries);
}

import { z } from "zod";
import { checked, checkInput } from "../check-input.ts";
import { invalidInput } from "../errors.ts";
import type { Attachment, MessageTag } from "../model/broadcast.ts";
import { checkHeaderText } from "../text.ts";

/** A file to attach, or a picture for the HTML part. */
export interface NewAttachment {
	/** As it is shown and saved: 1 to 255 characters, no path. */
	readonly filename: string;
	/** The file, as bytes or in base64. */
	readonly content: Uint8Array | string;
	/** MIME type, such as `image/png`. @default by the file's name */
	readonly contentType?: string | null | undefined;
	/** For a picture that the HTML part shows as `<img src="cid:logo">`: `logo`, of letters, digits, `.`, `_` and `-`. */
	readonly contentId?: string | null | undefined;
}

const MAX_TAGS = 50;
const MAX_ATTACHMENTS = 10;
const MAX_BYTES = 5 * 1024 * 1024;

// As Resend has them, and narrow enough for every provider.
const TAG = /^[A-Za-z0-9_-]{1,256}$/;
// RFC 2045 section 5.1, without parameters.
const MIME_TYPE = /^[a-z0-9][a-z0-9.+_-]{0,126}\/[a-z0-9][a-z0-9.+_-]{0,126}$/i;
const CONTENT_ID = /^[A-Za-z0-9._-]{1,128}$/;
// With the length a multiple of 4. No groups: a repeated one overflows the stack on a file of some MB.
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

const TAG_WORDS = "1 to 256 ASCII letters, digits, `_` or `-`";

const tag = z.strictObject({
	name: checked((value) => checkPattern(value, TAG, "invalid_tag", "tags.name", TAG_WORDS)),
	value: checked((value) => checkPattern(value, TAG, "invalid_tag", "tags.value", TAG_WORDS)),
});

const attachment = z.strictObject({
	filename: checked(checkFilename),
	content: checked(checkContent),
	contentType: checked((value) =>
		checkPattern(value, MIME_TYPE, "invalid_content_type", "attachments.contentType", "a type such as `image/png`"),
	).nullish(),
	contentId: checked((value) =>
		checkPattern(
			value,
			CONTENT_ID,
			"invalid_content_id",
			"attachments.contentId",
			"1 to 128 ASCII letters, digits, `.`, `_` or `-`",
		),
	).nullish(),
});

/** Reads tags. @throws `invalid_input` with `too_many_tags`, `invalid_tag`, `duplicate_tag`. */
export function checkTags(input: unknown): readonly MessageTag[] {
	checkCount(input, MAX_TAGS, "tags");
	const tags = checkInput(z.array(tag), input, "tags");
	if (new Set(tags.map(({ name }) => name)).size === tags.length) return tags;
	throw invalidInput("duplicate_tag", "tags", "Each tag has a name of its own; one is given twice.");
}

/**
 * Reads attachments.
 *
 * @throws `invalid_input` with `too_many_attachments`, `attachments_too_large`, `invalid_filename`, `invalid_header`,
 * `header_too_long`, `invalid_attachment`, `invalid_content_type`, `invalid_content_id`, `duplicate_content_id`.
 */
export function checkAttachments(input: unknown): readonly Attachment[] {
	checkCount(input, MAX_ATTACHMENTS, "attachments");
	const attachments = checkInput(z.array(attachment), input, "attachments").map(
		({ contentType, contentId, ...file }) => ({
			...file,
			contentType: contentType ?? null,
			contentId: contentId ?? null,
		}),
	);
	const size = attachments.reduce((sum, { content }) => sum + Buffer.byteLength(content, "base64"), 0);
	if (size > MAX_BYTES) {
		throw invalidInput("attachments_too_large", "attachments", "All attachments together have at most 5 MB.");
	}
	const ids = attachments.flatMap(({ contentId }) => contentId ?? []);
	if (new Set(ids).size === ids.length) return attachments;
	const message = "Each picture has a `contentId` of its own; one is given twice.";
	throw invalidInput("duplicate_content_id", "attachments.contentId", message);
}

function checkCount(input: unknown, max: number, field: string): void {
	if (!Array.isArray(input) || input.length <= max) return;
	throw invalidInput(`too_many_${field}`, field, `A message takes at most ${max} ${field}.`);
}

function checkFilename(value: unknown): string {
	const field = "attachments.filename";
	const name = checkHeaderText(value, field, 255, { empty: "invalid_filename" });
	if (!/[/\\]/.test(name)) return name;
	throw invalidInput("invalid_filename", field, `\`${field}\` is a file's name, without any path.`);
}

function checkContent(value: unknown): string {
	const content = value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
	// The length first, so that a huge string is not looked through.
	if (typeof content === "string" && content.length > MAX_BYTES * 2) {
		throw invalidInput("attachments_too_large", "attachments", "All attachments together have at most 5 MB.");
	}
	if (typeof content === "string" && content.length % 4 === 0 && BASE64.test(content)) return content;
	const message = "An attachment's `content` is a file that is not empty, as bytes or in base64.";
	throw invalidInput("invalid_attachment", "attachments.content", message);
}

function checkPattern(value: unknown, pattern: RegExp, reason: string, field: string, words: string): string {
	if (typeof value === "string" && pattern.test(value)) return value;
	throw invalidInput(reason, field, `\`${field}\` must be ${words}.`);
}

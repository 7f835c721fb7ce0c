import type { Attachment, Mailbox, Message } from "@convoke/core";

/** A message as `POST /emails` takes it. The same message makes the same bytes, by which Resend knows a repetition. */
export function toBody(message: Message): Readonly<Record<string, unknown>> {
	return {
		from: toText(message.from),
		to: [toText(message.to)],
		...(message.replyTo.length > 0 && { reply_to: message.replyTo.map(toText) }),
		subject: message.subject,
		...(message.html !== null && { html: message.html }),
		// An empty text keeps Resend from making one of the HTML part.
		text: message.text ?? "",
		headers: message.headers,
		...(message.tags.length > 0 && { tags: message.tags }),
		...(message.attachments.length > 0 && { attachments: message.attachments.map(toAttachment) }),
	};
}

/** A mailbox as text, its name quoted (RFC 5322 section 3.2.4). */
function toText({ name, address }: Mailbox): string {
	return name === null || name === "" ? address : `"${name.replaceAll(/["\\]/g, "\\$&")}" <${address}>`;
}

function toAttachment({ filename, content, contentType, contentId }: Attachment): Readonly<Record<string, string>> {
	return {
		filename,
		content,
		...(contentType !== null && { content_type: contentType }),
		...(contentId !== null && { content_id: contentId }),
	};
}

import type { Message } from "@convoke/core";
import { escapeHtml } from "./escape.ts";
import { withPictures } from "./pictures.ts";

/** A message as a document for a browser. What runs and loads in it is for the headers to say that it is sent with. */
export function browserPage({ html, text, subject, attachments }: Message): string {
	if (html !== null) return withPictures(html, attachments);
	return `<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(subject)}</title></head>
<body><pre style="white-space:pre-wrap;overflow-wrap:anywhere">${escapeHtml(text ?? "")}</pre></body></html>
`;
}

import type { Footer } from "@convoke/core";
import { escapeHtml } from "./escape.ts";

// Quiet, and legible on light and dark grounds.
const STYLE = "margin:32px 0 0;padding:16px;text-align:center;font:12px/1.5 sans-serif;color:#767676";

/** The footer of an HTML part without unsubscribe link. */
export function htmlFooter(footer: Footer, unsubscribeUrl: string): string {
	const lines = footerLines(footer).map((line) => `${escapeHtml(line)}<br>`);
	const link = `<a href="${escapeHtml(unsubscribeUrl)}" style="color:#767676">Unsubscribe</a>`;
	return `<div style="${STYLE}">${lines.join("")}${link}</div>`;
}

/** The footer of a text part without unsubscribe link, below the separator that mail programs know (RFC 3676 section 4.3). */
export function textFooter(footer: Footer, unsubscribeUrl: string): string {
	return `\n\n-- \n${[...footerLines(footer), `Unsubscribe: ${unsubscribeUrl}`].join("\n")}\n`;
}

/** The preview text, hidden in the document where mail programs look for it; empty when there is none. */
export function htmlPreheader(previewText: string): string {
	if (previewText.trim() === "") return "";
	const style = "display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all";
	return `<div style="${style}">${escapeHtml(previewText)}</div>`;
}

function footerLines(footer: Footer): readonly string[] {
	const text = [footer.brand ?? "", footer.postalAddress ?? ""].join("\n");
	return text
		.split(/\r\n|\r|\n/)
		.map((line) => line.trim())
		.filter((line) => line !== "");
}

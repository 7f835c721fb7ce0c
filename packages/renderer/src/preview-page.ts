import type { Finding, Mailbox, Message } from "@convoke/core";
import { escapeHtml } from "./escape.ts";
import { withPictures } from "./pictures.ts";

/*
 * A page that shows a message: the HTML part on a desktop and a phone, light and dark, beside the text part and the
 * headers. The message stands in frames without rights, and the page itself may run nothing.
 */

const POLICY =
	"default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline' https:; font-src https: data:; frame-src 'self'";

const STYLE = `
:root { color-scheme: light; --line: #c9d4d7; --quiet: #566a70; font: 15px/1.5 system-ui, sans-serif; color: #14262b; }
body { margin: 0; padding: 24px; background: #eef3f4; }
h1 { margin: 0; font-size: 22px; }
h2 { margin: 0 0 8px; font-size: 14px; color: var(--quiet); font-weight: 600; }
p { margin: 4px 0 0; }
main { display: flex; flex-wrap: wrap; gap: 24px; align-items: flex-start; margin-top: 24px; }
iframe { display: block; border: 1px solid var(--line); border-radius: 8px; background: #fff; height: 800px; }
.desktop { width: 680px; }
.phone { width: 375px; }
.dark iframe { background: #121212; }
pre, table { margin: 0; padding: 16px; box-sizing: border-box; border: 1px solid var(--line); border-radius: 8px; background: #fff; }
pre { width: 560px; max-height: 800px; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.5 ui-monospace, monospace; }
table { width: 560px; border-spacing: 0; table-layout: fixed; }
th { width: 150px; text-align: left; vertical-align: top; font-weight: 600; }
td { overflow-wrap: anywhere; }
ul { margin: 16px 0 0; padding: 0; list-style: none; max-width: 90ch; }
li { padding: 4px 0; }
li b { display: inline-block; width: 80px; }
.error b { color: #a3161a; } .warning b { color: #7a4b00; } .info b { color: var(--quiet); }
`;

type Scheme = "light" | "dark";

/** Makes the page. */
export function previewPage(message: Message, findings: readonly Finding[]): string {
	return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escapeHtml(message.subject)}</title><style>${STYLE}</style></head><body>
<header><h1>${escapeHtml(message.subject)}</h1><p>${escapeHtml(mailbox(message.from))}</p></header>
${listFindings(findings)}<main>
${showHtml(message)}${showText(message.text)}${showHeaders(message)}</main></body></html>
`;
}

function listFindings(findings: readonly Finding[]): string {
	if (findings.length === 0) return "";
	const items = findings.map(
		({ severity, message }) => `<li class="${severity}"><b>${severity}</b>${escapeHtml(message)}</li>`,
	);
	return `<ul aria-label="Findings">${items.join("")}</ul>\n`;
}

function showHtml({ html, attachments }: Message): string {
	if (html === null) return "";
	const whole = withPictures(html, attachments);
	const dark = hasDarkStyle(whole) ? "dark" : "dark, as apps recolour it";
	return [
		frame(whole, "desktop", "light", "Desktop, light"),
		frame(whole, "phone", "light", "Phone, light"),
		frame(whole, "desktop", "dark", `Desktop, ${dark}`),
		frame(whole, "phone", "dark", `Phone, ${dark}`),
	].join("");
}

function frame(html: string, device: "desktop" | "phone", scheme: Scheme, title: string): string {
	const document = escapeHtml(inScheme(html, scheme));
	return `<section class="${scheme}"><h2>${title}</h2><iframe class="${device}" sandbox title="${title}" srcdoc="${document}"></iframe></section>\n`;
}

function showText(text: string | null): string {
	const part = text === null ? "<p>The message has none.</p>" : `<pre>${escapeHtml(text)}</pre>`;
	return `<section><h2>Text part</h2>${part}</section>\n`;
}

function showHeaders(message: Message): string {
	const { from, to, replyTo, subject, messageId, headers, tags, attachments } = message;
	const rows: readonly (readonly [string, string])[] = [
		["From", mailbox(from)],
		["To", mailbox(to)],
		...(replyTo.length === 0 ? [] : [["Reply-To", replyTo.map(mailbox).join(", ")] as const]),
		["Subject", subject],
		["Message-ID", messageId],
		...Object.entries(headers),
		...tags.map(({ name, value }) => [`Tag ${name}`, value] as const),
		...attachments.map(({ filename, contentId }) => [contentId === null ? "Attachment" : "Picture", filename] as const),
	];
	const cells = rows.map(
		([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
	);
	return `<section><h2>Headers</h2><table>${cells.join("")}</table></section>\n`;
}

function mailbox({ name, address }: Mailbox): string {
	return name === null ? address : `${name} <${address}>`;
}

const SCHEME_QUERY = /\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)/gi;

// Many programs turn the colours of a message without dark style of its own around, but not its pictures.
const RECOLOURED =
	"<style>html{background:#fff;min-height:100%;filter:invert(1) hue-rotate(180deg)}img,video{filter:invert(1) hue-rotate(180deg)}</style>";

function hasDarkStyle(html: string): boolean {
	return Array.from(html.matchAll(SCHEME_QUERY)).some(([, scheme]) => scheme?.toLowerCase() === "dark");
}

/** The document as it looks in a scheme, whatever the scheme of who looks at the page. */
function inScheme(html: string, scheme: Scheme): string {
	const fixed = html.replace(SCHEME_QUERY, (_, asked: string) =>
		asked.toLowerCase() === scheme ? "(min-width:0)" : "(max-width:0)",
	);
	return scheme === "dark" && !hasDarkStyle(html) ? fixed + RECOLOURED : fixed;
}

import type { Finding } from "@convoke/core";
import { Parser } from "htmlparser2";
import { hideTags } from "./hidden-tags.ts";
import type { HtmlTemplate } from "./html-part.ts";

/** Gmail cuts a longer message off, and with it the unsubscribe link at its end. */
const MAX_BYTES = 102 * 1024;

// Whoever follows one of these cannot see where it leads, so that filters distrust them.
const SHORTENERS: ReadonlySet<string> = new Set([
	"bit.ly",
	"buff.ly",
	"cutt.ly",
	"goo.gl",
	"is.gd",
	"ow.ly",
	"rb.gy",
	"rebrand.ly",
	"shorturl.at",
	"t.co",
	"tiny.cc",
	"tinyurl.com",
]);

const UNSAFE = /^(?:javascript|vbscript|data|file|blob|filesystem|about|view-source):/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
// A host as link texts name it: `www.tidal.test`, `https://tidal.test/news`.
const SHOWN_URL = /^(?:https?:\/\/)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?:[/?#]\S*)?$/i;
const NUMERIC_HOST = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]|\d+)$/i;

// A placeholder's word, as `hideTags` makes them.
const HIDDEN = /tag\d+q\d+x/;

interface Link {
	readonly url: string;
	/** What it shows. */
	text: string;
}

interface Survey {
	readonly links: Link[];
	/** Of pictures. */
	readonly sources: string[];
	/** Pictures without `alt`. */
	altMissing: number;
	/** What people read. */
	text: string;
}

/**
 * Says what is wrong with links, pictures and size of an HTML part. What only old Outlook reads, in conditional
 * comments, is left out.
 */
export function lintHtml(html: HtmlTemplate): readonly Finding[] {
	// Words in place of tags: a placeholder's fallback may hold what looks like markup.
	const survey = surveyHtml(hideTags(html.source, html.tokens).text);
	return [...lintLinks(survey), ...lintImages(survey), ...lintSize(html.source)];
}

function surveyHtml(html: string): Survey {
	const survey: Survey = { links: [], sources: [], altMissing: 0, text: "" };
	let open: Link | undefined;
	let skipped = 0;
	const parser = new Parser({
		onopentag(name, attributes) {
			if (name === "style" || name === "script" || name === "title") skipped += 1;
			if (name === "a" || name === "area") {
				open = { url: clean(attributes["href"] ?? ""), text: "" };
				if (attributes["href"] !== undefined) survey.links.push(open);
			}
			if (name !== "img") return;
			survey.sources.push(clean(attributes["src"] ?? ""));
			if (attributes["alt"] === undefined) survey.altMissing += 1;
		},
		ontext(text) {
			if (skipped > 0) return;
			survey.text += text;
			if (open !== undefined) open.text += text;
		},
		onclosetag(name) {
			if (name === "style" || name === "script" || name === "title") skipped -= 1;
			if (name === "a" || name === "area") open = undefined;
		},
	});
	parser.end(html);
	return survey;
}

/** As a browser reads it: without controls and spaces around, and without tabs and line ends within. */
function clean(url: string): string {
	return url.replace(/^[\0- ]+|[\0- ]+$/g, "").replace(/[\t\r\n]/g, "");
}

function lintLinks({ links, sources }: Survey): readonly Finding[] {
	const urls = links.map(({ url }) => url);
	const hosts = urls.flatMap((url) => hostOf(url) ?? []);
	const insecure = [...urls, ...sources].filter((url) => /^http:/i.test(url));
	return [
		...some(
			"error",
			"unsafe_url",
			count(urls, (url) => UNSAFE.test(url)),
			(n) => {
				return `${n} with a scheme that mail programs do not follow, such as javascript: or data:; use https.`;
			},
		),
		...some("warning", "insecure_link", insecure.length, (n) => {
			return `${n} or pictures without https, the first to ${hostOf(insecure[0] ?? "") ?? "nowhere"}; write https://.`;
		}),
		...some("warning", "relative_link", count(urls, isRelative), (n) => {
			return `${n} without a scheme and a host, which lead nowhere from a mail; write them out.`;
		}),
		...some(
			"warning",
			"link_shortener",
			count(hosts, (host) => SHORTENERS.has(host)),
			(n) => {
				return `${n} through a link shortener, which spam filters distrust; link to the page itself.`;
			},
		),
		...some(
			"warning",
			"link_to_number",
			count(hosts, (host) => NUMERIC_HOST.test(host)),
			(n) => {
				return `${n} to a number instead of a domain, as spam does; link to a domain.`;
			},
		),
		...some("warning", "misleading_link", count(links, isMisleading), (n) => {
			return `${n} showing another domain than the one led to, as phishing does; show words, or the same domain.`;
		}),
	];
}

function lintImages({ sources, altMissing, text }: Survey): readonly Finding[] {
	const pictures = altMissing === 1 ? "1 picture has" : `${altMissing} pictures have`;
	const isWordless = sources.length > 0 && text.replace(/\s+/g, "").length < 20;
	return [
		...(altMissing === 0
			? []
			: [
					finding(
						"warning",
						"alt_missing",
						altMissing,
						`${pictures} no \`alt\` text, which readers without pictures get.`,
					),
				]),
		...(isWordless
			? [
					finding(
						"warning",
						"pictures_only",
						undefined,
						"The message is pictures without words, which many readers never see and spam filters distrust.",
					),
				]
			: []),
	];
}

function lintSize(source: string): readonly Finding[] {
	const size = Buffer.byteLength(source);
	if (size <= MAX_BYTES) return [];
	const message = `The HTML part has ${Math.ceil(size / 1024)} KB; Gmail cuts a message off after 102 KB, the unsubscribe link with it.`;
	return [finding("warning", "message_too_large", undefined, message)];
}

function isRelative(url: string): boolean {
	// What begins with a placeholder may become anything.
	return !SCHEME.test(url) && !url.startsWith("#") && url.search(HIDDEN) !== 0;
}

function isMisleading({ url, text }: Link): boolean {
	const shown = SHOWN_URL.exec(text.trim())?.[1]
		?.toLowerCase()
		.replace(/^www\./, "");
	const host = hostOf(url);
	if (shown === undefined || host === undefined || HIDDEN.test(host)) return false;
	return host !== shown && !host.endsWith(`.${shown}`) && !shown.endsWith(`.${host}`);
}

function hostOf(url: string): string | undefined {
	return /^https?:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]+)/i
		.exec(url)?.[1]
		?.toLowerCase()
		.replace(/^www\./, "");
}

function count<T>(items: readonly T[], holds: (item: T) => boolean): number {
	return items.filter(holds).length;
}

function some(
	severity: Finding["severity"],
	reason: string,
	n: number,
	say: (links: string) => string,
): readonly Finding[] {
	return n === 0 ? [] : [finding(severity, reason, n, `The message has ${say(n === 1 ? "1 link" : `${n} links`)}`)];
}

function finding(severity: Finding["severity"], reason: string, n: number | undefined, message: string): Finding {
	return { severity, reason, message, field: "html", ...(n !== undefined && { count: n }) };
}

import type { NewBroadcast, NewContact } from "@convoke/core";
import { expect } from "vitest";
import type { Refusal, Row } from "./row.ts";
import { show } from "./row.ts";
import { hostile, LETTER } from "./world.ts";
import type { World } from "./world.ts";

const LINK = "{{{UNSUBSCRIBE_URL}}}";
const FOOTER_LINK = /Unsubscribe: https:\/\/tidal\.test\/mail\/u\/[\w-]{88}\n$/;

const ONE_LINK = /^(?:(?!\/mail\/u\/)[^])*\/mail\/u\/(?:(?!\/mail\/u\/)[^])*$/;

/** What the parts of a message have in them. */
type Expected = Partial<Record<"subject" | "html" | "text", string | RegExp>>;

// What every object has, and what engines have been led astray by.
const MAGIC = [
	"constructor",
	"constructor.name",
	"constructor.prototype",
	"__proto__",
	"__proto__.polluted",
	"prototype",
	"toString",
	"toLocaleString",
	"valueOf",
	"hasOwnProperty",
	"isPrototypeOf",
	"propertyIsEnumerable",
	"__defineGetter__",
	"__defineSetter__",
	"__lookupGetter__",
	"__lookupSetter__",
	"contact.constructor",
	"contact.__proto__",
	"contact.properties.__proto__",
	"contact.properties.constructor.name",
	"contact.toString",
	"contact.id",
	"contact.unsubscribed",
	"length",
	"name",
	"this",
	"self",
	"global",
	"process.env",
	"require",
];

/** H31–H33, H67–H83: what authors write, and what contacts' data does in it. */
export const templates: readonly Row[] = [
	mailed(
		31,
		"HTML without unsubscribe link, mended by a footer,",
		{ html: "<p>Hello</p>", text: `Hi ${LINK}` },
		{},
		{ html: /<a href="https:\/\/tidal\.test\/mail\/u\/[\w-]{88}"[^>]*>Unsubscribe<\/a>/ },
	),
	told(
		31,
		"HTML without unsubscribe link, told by check,",
		{ html: "<p>Hello</p>", text: `Hi ${LINK}` },
		"info footer_added html",
	),
	mailed(
		32,
		"a link in the HTML alone, mended in the text,",
		{ html: `<a href="${LINK}">bye</a>`, text: "Hi" },
		{},
		{ text: FOOTER_LINK, html: ONE_LINK },
	),
	told(
		32,
		"a link in the HTML alone, told by check,",
		{ html: `<a href="${LINK}">bye</a>`, text: "Hi" },
		"info footer_added text",
	),
	told(33, "no postal address, warned of by check,", {}, "warning postal_address_missing"),
	mailed(33, "no postal address, sent all the same,", { text: `Hi ${LINK}` }, {}, { text: /^Hi https/ }),

	...MAGIC.flatMap((name) => magic(/__(?:define|lookup)/.test(name) ? 68 : 67, name)),

	...[
		() => 1,
		{
			get plan() {
				return "x";
			},
		},
		new Proxy({}, {}),
		new (class Plan {
			readonly name = "pro";
		})(),
		Symbol("s"),
		new Map(),
		/x/,
		[1],
	].flatMap((value) =>
		property(
			69,
			`the property ${show(value)}`,
			{ plan: value },
			{ reason: "invalid_property_value", field: "properties.plan" },
		),
	),
	...[
		new Proxy(
			{ plan: "x" },
			{
				ownKeys: () => {
					throw new Error("trap");
				},
			},
		),
		new (class Values {
			plan = "x";
		})(),
	].flatMap((values) =>
		property(69, `properties as ${show(values)}`, values, { reason: "invalid_type", field: "properties" }),
	),
	...property(
		69,
		"properties with a getter",
		{
			get plan() {
				throw new Error("read");
			},
		},
		{ reason: "invalid_property_value", field: "properties.plan" },
	),
	...property(
		70,
		"a cyclic property",
		{ plan: cyclic() },
		{ reason: "invalid_property_value", field: "properties.plan" },
	),
	...property(
		70,
		"a property 100 levels deep",
		{ plan: nested(100) },
		{ reason: "invalid_property_value", field: "properties.plan" },
	),
	...property(70, "10,000 properties", Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`k${n}`, 1])), {
		reason: "too_many_properties",
		field: "properties",
	}),

	...[
		"{{unsubscribe_url}}",
		"{{{UNSUBSCRIBE_URL}}}",
		"{{contact.email}}",
		"{{#plan}}x{{/plan}}",
		"{{=<% %>=}}",
		"{{> a}}",
	].map((plan) =>
		mailed(
			71,
			`the property ${show(plan)}, which stays what it is,`,
			{ subject: "{{plan}}", html: `<p>{{plan}}</p>${LINK}`, text: `{{plan}} ${LINK}` },
			{ properties: { plan } },
			{
				subject: plan,
				text: `${plan} https://`,
				html: `<p>${plan.replace("<%", "&lt;%").replace("%>", "%&gt;").replace("{{>", "{{&gt;")}</p>`,
			},
		),
	),
	mailed(
		72,
		"the property </a></td><h1>, escaped in HTML,",
		{ html: `<td><a href="https://x.test">{{{plan}}}</a></td>${LINK}`, text: `{{plan}} ${LINK}` },
		{ properties: { plan: "</a></td><h1>" } },
		{ html: ">&lt;/a&gt;&lt;/td&gt;&lt;h1&gt;</a></td>", text: "</a></td><h1>" },
	),

	...[
		"javascript:alert(1)",
		"JaVaScRiPt:alert(1)",
		"\tjavascript:alert(1)",
		" javascript:alert(1)",
		"java\nscript:alert(1)",
	].map((url) => unsafe(73, url)),
	...[
		"data:text/html,<script>alert(1)</script>",
		"vbscript:msgbox(1)",
		"file:///etc/passwd",
		"blob:https://x.test/1",
	].map((url) => unsafe(74, url)),

	...[
		"<a href={{plan}}>x</a>",
		"<a {{plan}}>x</a>",
		"<img alt=a{{plan}} src='https://x.test/a.png'>",
		"<{{plan}}>",
		"<p {{plan}}='x'>",
	].map((html) => sent(75, html, { html }, { reason: "template_unquoted_attribute", field: "html" })),
	mailed(
		76,
		'the property https://good.test" onclick="x in a link, one attribute,',
		{ html: `<a href="{{plan}}">x</a>${LINK}` },
		{ properties: { plan: 'https://good.test" onclick="x' } },
		{ html: '<a href="https://good.test&quot; onclick=&quot;x">x</a>' },
	),

	...everyPart(77, "{{> a}}", "template_partial_unsupported"),
	...everyPart(77, "{{#plan}}{{>a}}{{/plan}}", "template_partial_unsupported"),
	...everyPart(78, "{{=<% %>=}}", "template_delimiters_unsupported"),
	...["{{a", "{{#plan}}", "{{/plan}}", "{{#plan}}{{/seats}}"].flatMap((template) =>
		everyPart(79, template, "template_syntax", ["line 1"]),
	),
	sent(
		79,
		"40,000 nested sections",
		{ html: `${"{{#plan}}".repeat(40_000)}${"{{/plan}}".repeat(40_000)}` },
		{ reason: "template_too_deep", field: "html", says: ["line 1"] },
	),

	...[
		"<mj-include path='/etc/passwd' type='css' />",
		"<mj-include path='./a.mjml'></mj-include>",
		"<MJ-INCLUDE path='/etc/passwd'/>",
	].flatMap((include) =>
		["<mjml><mj-head>$</mj-head><mj-body></mj-body></mjml>", "<mjml><mj-body>$</mj-body></mjml>"].map((document) =>
			sent(
				80,
				document.replace("$", include),
				{ mjml: document.replace("$", include) },
				{ reason: "mjml_include_forbidden", field: "mjml" },
			),
		),
	),
	{
		h: 81,
		name: "empty MJML in broadcasts.create",
		act:
			({ audience }) =>
			() =>
				audience.broadcasts.create({ ...LETTER, everyone: true, mjml: "" }),
		refused: { reason: "content_missing", field: "mjml" },
	},
	...["<p>Hello</p>", "Hello", "<html><body>Hello</body></html>"].map((mjml) =>
		sent(81, mjml, { mjml }, { reason: "mjml_invalid", field: "mjml" }),
	),
	...[
		"<mjml><mj-body>\n<mj-section>\n</mj-body></mjml>",
		"<mjml>\n<mj-body>",
		"<mjml><mj-body>\n<mj-nope></mj-nope></mj-body></mjml>",
	].map((mjml) => sent(81, mjml, { mjml }, { reason: "mjml_invalid", field: "mjml", says: ["line"] })),
	sent(
		82,
		"2,000 nested wrappers",
		{ mjml: `<mjml><mj-body>${"<mj-wrapper>".repeat(2000)}${"</mj-wrapper>".repeat(2000)}</mj-body></mjml>` },
		{ reason: "template_too_deep", field: "mjml" },
	),
	mailed(
		83,
		"the property </mj-text><mj-raw><script>, escaped,",
		{
			mjml: `<mjml><mj-body><mj-section><mj-column><mj-text>{{{plan}}} ${LINK}</mj-text></mj-column></mj-section></mj-body></mjml>`,
		},
		{ properties: { plan: "</mj-text><mj-raw><script>" } },
		{ html: "&lt;/mj-text&gt;&lt;mj-raw&gt;&lt;script&gt;" },
	),
];

/** Sends to a new contact, whose message then is looked at. */
function mailed(
	h: number,
	name: string,
	content: Partial<NewBroadcast>,
	contact: Partial<NewContact<Record<string, unknown>>>,
	expected: Expected,
): Row {
	return {
		h,
		name,
		act:
			({ audience, outbox }) =>
			async () => {
				const { id: segmentId } = await audience.segments.create({ name: "New" });
				await audience.contacts.create(hostile({ email: "new@x.test", segments: [{ id: segmentId }], ...contact }));
				const { id } = await audience.broadcasts.create({ ...LETTER, ...only(content), segmentId });
				await audience.broadcasts.send(id);
				await audience.worker().run();
				const [message] = outbox.messages;
				if (message === undefined) throw new Error("No message was made.");
				for (const [part, words] of Object.entries(expected)) {
					expect(message[part as keyof Expected]).toEqual(
						typeof words === "string" ? expect.stringContaining(words) : expect.stringMatching(words),
					);
				}
			},
	};
}

function told(h: number, name: string, content: Partial<NewBroadcast>, expected: string): Row {
	return {
		h,
		name,
		act:
			({ audience }) =>
			async () => {
				const { id } = await audience.broadcasts.create({ ...LETTER, ...only(content), everyone: true });
				const findings = await audience.broadcasts.check(id);
				expect(findings.map((each) => [each.severity, each.reason, each.field].filter(Boolean).join(" "))).toContain(
					expected,
				);
			},
	};
}

/** Refused when it is sent; drafts may be as unfinished as they like. */
function sent(h: number, name: string, content: Partial<NewBroadcast>, refused: Refusal): Row {
	return {
		h,
		name: `${show(name)} in broadcasts.send`,
		act: async ({ audience }) => {
			const { id } = await audience.broadcasts.create({ ...LETTER, ...only(content), everyone: true });
			return () => audience.broadcasts.send(id);
		},
		refused: { reaches: "look-ups", ...refused },
	};
}

/** What a broadcast is made of when it is made of this. */
function only(content: Partial<NewBroadcast>): Partial<NewBroadcast> {
	return (content.html ?? content.mjml) === undefined ? content : { text: null, ...content };
}

function everyPart(h: number, template: string, reason: string, says: readonly string[] = []): readonly Row[] {
	const mjml = `<mjml><mj-body><mj-section><mj-column><mj-text>${template}</mj-text></mj-column></mj-section></mj-body></mjml>`;
	return [
		...(["subject", "previewText", "text", "html"] as const).map((field) =>
			sent(h, `${template} as ${field}`, { [field]: template }, { reason, field, says }),
		),
		sent(h, `${template} within mjml`, { mjml }, { reason, field: "mjml", says }),
	];
}

/** An unknown variable is an error to send; a preview shows what it would become: nothing. */
function magic(h: number, name: string): readonly Row[] {
	return [
		sent(h, `{{${name}}}`, { html: `<p>{{${name}}}</p>` }, { reason: "unknown_variable" }),
		{
			h,
			name: `{{${name}}} in broadcasts.preview, which comes out empty,`,
			act:
				({ audience, ada }) =>
				async () => {
					const html = `<p>[{{${name}}}{{{${name}}}}{{#${name}}}x{{/${name}}}]</p>`;
					const text = `[{{${name}}}{{&${name}}}{{#${name}}}x{{/${name}}}]`;
					const { id } = await audience.broadcasts.create({
						...LETTER,
						subject: `Hi {{${name}}}.`,
						html,
						text,
						everyone: true,
					});
					const { message } = await audience.broadcasts.preview(id, { contact: { id: ada.id } });
					expect(message.subject).toBe("Hi .");
					expect(message.html).toContain("<p>[]</p>");
					expect(message.text).toContain("[]");
					expect(`${message.subject}${message.html}${message.text}`).not.toMatch(/\[object|function|native code/);
				},
		},
	];
}

/** The same values in a new contact, in a change, and in sample data. */
function property(h: number, name: string, values: unknown, refused: Refusal): readonly Row[] {
	const properties = hostile(values);
	return [
		{
			h,
			name: `${name} in contacts.create`,
			act:
				({ audience }) =>
				() =>
					audience.contacts.create({ email: "new@x.test", properties }),
			refused: { reaches: "look-ups", ...refused },
		},
		{
			h,
			name: `${name} in contacts.update`,
			act:
				({ audience, ada }) =>
				() =>
					audience.contacts.update({ id: ada.id }, { properties }),
			refused: { reaches: "look-ups", ...refused },
		},
		{
			h,
			name: `${name} in broadcasts.preview`,
			act:
				({ audience, draft }) =>
				() =>
					audience.broadcasts.preview(draft.id, { sample: { properties } }),
			refused: { reaches: "look-ups", ...refused, field: refused.field && `sample.${refused.field}` },
		},
	];
}

function unsafe(h: number, url: string): Row {
	return {
		h,
		name: `the property ${show(url)} in a link, which leads nowhere, with a warning in the preview,`,
		act:
			({ audience, ada }: World) =>
			async () => {
				await audience.contacts.update({ id: ada.id }, { properties: { plan: url } });
				const html = `<a href="{{plan}}">a</a><a href='{{{plan|https://x.test}}}'>b</a>${LINK}`;
				const { id } = await audience.broadcasts.create({ ...LETTER, html, text: null, everyone: true });
				const { message, findings } = await audience.broadcasts.preview(id, { contact: { id: ada.id } });
				expect(message.html).toContain(`<a href="about:blank">a</a><a href='about:blank'>b</a>`);
				expect(findings.map(({ severity, reason }) => `${severity} ${reason}`)).toContain("warning unsafe_url");
				const harmless = await audience.broadcasts.preview(id, { sample: { properties: { plan: "https://x.test" } } });
				expect(harmless.findings.map(({ reason }) => reason)).not.toContain("unsafe_url");
			},
	};
}

function cyclic(): object {
	const value: { self?: object } = {};
	value.self = value;
	return value;
}

function nested(depth: number): object {
	return depth === 0 ? {} : { inner: nested(depth - 1) };
}

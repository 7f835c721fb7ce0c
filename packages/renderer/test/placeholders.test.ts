import { expect, test } from "vitest";
import { createRenderer } from "../src/index.ts";
import {
	aSource,
	renderHtml,
	renderSubject,
	renderText,
	UNSUBSCRIBE_URL,
	VIEW_URL,
	withProperties,
} from "./rendering.ts";

const NAMES: readonly [string, string][] = [
	["contact.first_name", "Ada"],
	["contact.firstName", "Ada"],
	["FIRST_NAME", "Ada"],
	["first_name", "Ada"],
	["firstName", "Ada"],
	["contact.last_name", "Lovelace"],
	["contact.lastName", "Lovelace"],
	["LAST_NAME", "Lovelace"],
	["contact.email", "ada@example.com"],
	["EMAIL", "ada@example.com"],
	["email", "ada@example.com"],
	["company", "Analytical"],
	["contact.company", "Analytical"],
	["contact.properties.company", "Analytical"],
];

const DATA = withProperties({
	company: "Analytical",
	seats: 3,
	trialEndsAt: new Date("2026-05-01T23:30:00Z"),
	beta: true,
});

test.each(NAMES)("%s is the contact's, in two braces or three, with and without fallback", async (name, value) => {
	for (const tag of [
		`{{${name}}}`,
		`{{{${name}}}}`,
		`{{&${name}}}`,
		`{{${name}|x}}`,
		`{{{${name}|x}}}`,
		`{{{ ${name} | x }}}`,
	]) {
		expect(await renderHtml(tag, DATA)).toBe(value);
		expect(await renderText(tag, DATA)).toBe(value);
		expect(await renderSubject(tag, DATA)).toBe(value);
	}
});

test.each([
	["{{{contact.first_name|there}}}", "there"],
	["{{{FIRST_NAME|there}}}", "there"],
	["{{FIRST_NAME|there}}", "there"],
	["{{{ FIRST_NAME | dear friend }}}", "dear friend"],
	["{{{company|Unknown}}}", "Unknown"],
	["{{{contact.company|größte Firma}}}", "größte Firma"],
	["{{{company|a|b}}}", "a|b"],
	["{{{company|a}b}}}", "a}b"],
	["{{{company|}}}", ""],
	["{{{company}}}", ""],
	["{{company}}", ""],
])("%s without value is %j", async (tag, expected) => {
	for (const firstName of [null, ""]) {
		expect(await renderHtml(tag, { contact: { firstName } })).toBe(expected);
		expect(await renderText(tag, { contact: { firstName } })).toBe(expected);
		expect(await renderSubject(`Hi ${tag}!`, { contact: { firstName } })).toBe(`Hi ${expected}!`);
	}
});

test("a value comes before the placeholder's fallback, that before the property's, and that before nothing", async () => {
	const content = { fallbacks: { company: "everyone", seats: 1 } };
	expect(await renderText("{{company|you}}", { ...withProperties({ company: "Analytical" }), content })).toBe(
		"Analytical",
	);
	expect(await renderText("{{company|you}}", { content })).toBe("you");
	expect(await renderText("{{company}}", { content })).toBe("everyone");
	expect(await renderText("{{company}}", { ...withProperties({ company: "" }), content })).toBe("everyone");
	expect(await renderText("{{company|}}", { content })).toBe("");
	expect(await renderText("{{seats}}", { content })).toBe("1");
	expect(await renderText("{{other}}", { content })).toBe("");
});

test("values read plainly, dates as days in UTC", async () => {
	expect(await renderText("{{seats}} {{beta}} {{trialEndsAt}}", DATA)).toBe("3 true 2026-05-01");
	expect(await renderText("{{seats}} {{beta}}", withProperties({ seats: 0, beta: false }))).toBe("0 false");
});

test("the host says how properties read, and what it says is data", async () => {
	const options = {
		format: (value: unknown, key: string) => `<${key}:${value instanceof Date ? value.getTime() : String(value)}>`,
	};
	expect(await renderText("{{seats}} {{FIRST_NAME}}", { ...DATA, options })).toBe("<seats:3> Ada");
	expect(await renderHtml("{{{seats}}}", { ...DATA, options })).toBe("&lt;seats:3&gt;");
	expect(await renderText("{{plan}}", { content: { fallbacks: { plan: "free" } }, options })).toBe("<plan:free>");
});

test.each(["{{{UNSUBSCRIBE_URL}}}", "{{UNSUBSCRIBE_URL}}", "{{{RESEND_UNSUBSCRIBE_URL}}}", "{{{ unsubscribe_url }}}"])(
	"%s is the recipient's link, safe in an attribute",
	async (tag) => {
		expect(await renderText(tag)).toBe(UNSUBSCRIBE_URL);
		expect(await renderHtml(`<a href="${tag}">x</a>`)).toBe(`<a href="${UNSUBSCRIBE_URL.replace("&", "&amp;")}">x</a>`);
	},
);

test.each([
	["%7B%7B%7BRESEND_UNSUBSCRIBE_URL%7D%7D%7D", UNSUBSCRIBE_URL.replace("&", "&amp;")],
	["%7b%7b%7bUNSUBSCRIBE_URL%7d%7d%7d", UNSUBSCRIBE_URL.replace("&", "&amp;")],
	["%7B%7BUNSUBSCRIBE_URL%7D%7D", UNSUBSCRIBE_URL.replace("&", "&amp;")],
	["https://x.test/?n=%7B%7B%7Bcontact.first_name%7Cthere%7D%7D%7D", "https://x.test/?n=Ada"],
	["https://x.test/?n=%7B%7B%7Bnick%7Ca%20friend%7D%7D%7D", "https://x.test/?n=a friend"],
	["https://x.test/?n=%7B%7B%7Bnick%7C%22%3E%7D%7D%7D", "https://x.test/?n=%7B%7B%7Bnick%7C%22%3E%7D%7D%7D"],
	["https://x.test/?json=%7B%22a%22%3A1%7D", "https://x.test/?json=%7B%22a%22%3A1%7D"],
	["https://x.test/?n=%7B%7Bnot-a-name%7D%7D", "https://x.test/?n=%7B%7Bnot-a-name%7D%7D"],
])("the encoded link %s leads to %s", async (href, expected) => {
	expect(await renderHtml(`<a href="${href}">x</a>`)).toBe(`<a href="${expected}">x</a>`);
});

test("a section stands for those with a value, an inverted one for the others", async () => {
	const template =
		"{{#contact.trialEndsAt}}ends {{.}}{{/contact.trialEndsAt}}{{^contact.trialEndsAt}}none{{/contact.trialEndsAt}}";
	expect(await renderText(template, DATA)).toBe("ends 2026-05-01");
	expect(await renderText(template)).toBe("none");
	expect(await renderText("{{#FIRST_NAME}}Hi {{.}}, {{LAST_NAME}}{{/FIRST_NAME}}")).toBe("Hi Ada, Lovelace");
	expect(await renderHtml("{{#company}}<b>{{.}}</b>{{/company}}", withProperties({ company: "A&B" }))).toBe(
		"<b>A&amp;B</b>",
	);
});

test.each([
	["missing", {}, "no"],
	["empty", { x: "" }, "no"],
	["false", { x: false }, "no"],
	["zero", { x: 0 }, "no"],
	["true", { x: true }, "yes"],
	["a number", { x: -1 }, "yes"],
	["a blank", { x: " " }, "yes"],
	["the text 0", { x: "0" }, "yes"],
	["a date", { x: new Date(0) }, "yes"],
])("a value that is %s decides a section as in mustache.js", async (_, properties, expected) => {
	expect(await renderText("{{#x}}yes{{/x}}{{^x}}no{{/x}}", withProperties(properties))).toBe(expected);
});

test("a section asks for the contact's own value, whatever the fallbacks", async () => {
	const content = { fallbacks: { company: "everyone" } };
	expect(await renderText("{{#company}}at {{company}}{{/company}}{{^company}}free{{/company}}", { content })).toBe(
		"free",
	);
});

test("sections within sections, and on lines of their own", async () => {
	const template = "a\n{{#seats}}\n{{#beta}}\nb {{.}}\n{{/beta}}\nc {{.}}\n{{/seats}}\nd";
	expect(await renderText(template, DATA)).toBe("a\nb true\nc 3\nd");
	expect(await renderText(template, withProperties({ seats: 3 }))).toBe("a\nc 3\nd");
	expect(await renderText(template)).toBe("a\nd");
	expect(await renderText("{{#seats}}{{^beta}}{{.}}{{/beta}}{{/seats}}", withProperties({ seats: 3 }))).toBe("3");
	expect(await renderText("{{#seats}}{{#.}}{{.}}{{/.}}{{/seats}}", withProperties({ seats: 3 }))).toBe("3");
});

test("a comment is nobody's", async () => {
	expect(await renderText("a{{! {secret} }}b")).toBe("ab");
});

test.each([
	"constructor",
	"constructor.name",
	"__proto__",
	"__proto__.constructor",
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
	"contact.properties",
	"contact.properties.constructor",
	"contact.properties.__proto__",
	"contact.toString",
	"contact.email.length",
	"contact.id",
	"contact.unsubscribed",
	"contact.externalId",
	"email.constructor",
	"length",
	"this",
	".",
	"..",
	"globalThis.process",
	"process.env.PATH",
	"contact",
	"contact.",
])("%s reveals nothing", async (name) => {
	const template = `[{{${name}}}{{{${name}}}}{{#${name}}}x{{.}}{{/${name}}}]`;
	expect(await renderText(template, DATA)).toBe("[]");
	expect(await renderHtml(template, DATA)).toBe("[]");
});

test("what a value holds is not looked at again", async () => {
	const contact = { firstName: "{{email}}{{{UNSUBSCRIBE_URL}}}", properties: { a: "{{#b}}x{{/b}}", b: "{{a}}" } };
	expect(await renderText("{{FIRST_NAME}} {{a}} {{b}}", { contact })).toBe(
		"{{email}}{{{UNSUBSCRIBE_URL}}} {{#b}}x{{/b}} {{a}}",
	);
	expect(await renderSubject("{{a}}", { contact })).toBe("{{#b}}x{{/b}}");
	expect(await renderHtml("{{{a}}}", { contact })).toBe("{{#b}}x{{/b}}");
	expect(await renderText("$& $1 {{FIRST_NAME}}", { contact: { firstName: "$& $1 $$" } })).toBe("$& $1 $& $1 $$");
});

test("subject and text stand as they are, HTML is escaped", async () => {
	const contact = { firstName: `Tom & "Jerry's" <b>` };
	expect(await renderSubject("{{FIRST_NAME}} {{{FIRST_NAME}}}", { contact })).toBe(
		`${contact.firstName} ${contact.firstName}`,
	);
	expect(await renderText("{{FIRST_NAME}}", { contact })).toBe(contact.firstName);
	const escaped = "Tom &amp; &quot;Jerry&#39;s&quot; &lt;b&gt;";
	expect(await renderHtml("{{FIRST_NAME}} {{{FIRST_NAME}}}", { contact })).toBe(`${escaped} ${escaped}`);
});

test("an author's fallback reads the same written as text or with entities", async () => {
	const contact = { firstName: null };
	expect(await renderHtml("{{{FIRST_NAME|Tom & Jerry}}}", { contact })).toBe("Tom &amp; Jerry");
	expect(await renderHtml("{{{FIRST_NAME|Tom &amp; Jerry&#39;s}}}", { contact })).toBe("Tom &amp; Jerry&#39;s");
	expect(await renderHtml('<i title="{{{FIRST_NAME|a "b" <c>}}}"></i>', { contact })).toBe(
		'<i title="a &quot;b&quot; &lt;c&gt;"></i>',
	);
});

test("a message says which names it asks for, once each and as the view spells them", async () => {
	const source = aSource({
		subject: "{{FIRST_NAME|there}} {{contact.first_name}}",
		previewText: "{{company}} {{toString.x}}",
		html: "<p>{{#trialEndsAt}}{{.}}{{contact.last_name}}{{/trialEndsAt}}{{^seats}}{{EMAIL}}{{/seats}}{{{UNSUBSCRIBE_URL}}}</p>",
		text: "{{contact.company}} {{plan|x}} {{.}}",
	});
	expect((await createRenderer().compile(source)).variables).toEqual([
		"firstName",
		"properties.company",
		"toString.x",
		"properties.trialEndsAt",
		"lastName",
		"properties.seats",
		"email",
		"unsubscribeUrl",
		"properties.plan",
		".",
	]);
});

test.each(["{{{VIEW_URL}}}", "{{view_url}}", "%7B%7B%7BVIEW_URL%7D%7D%7D"])(
	"%s leads to the message in a browser",
	async (tag) => {
		const link = (url: string) => `<a href="${url.replace("&", "&amp;")}">x</a>`;
		expect(await renderHtml(`<a href="${tag}">x</a>`)).toBe(link(VIEW_URL));
		expect(await renderText(tag.startsWith("%") ? decodeURIComponent(tag) : tag)).toContain(VIEW_URL);
		const compiled = await createRenderer().compile(aSource({ html: `<a href="${tag}">x</a>`, text: "x" }));
		expect([compiled.variables, compiled.unguarded]).toEqual([["viewUrl"], []]);
		expect(compiled.findings.map(({ reason }) => reason)).toEqual(["footer_added", "footer_added"]);
	},
);

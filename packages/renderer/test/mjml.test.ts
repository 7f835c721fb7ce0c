import { expect, test } from "vitest";
import { createRenderer } from "../src/index.ts";
import { aSource, renderMessage, UNSUBSCRIBE_URL } from "./rendering.ts";

const compile = (mjml: string) => createRenderer().compile(aSource({ mjml }));
const refused = (reason: string): unknown => expect.objectContaining({ code: "invalid_input", reason, field: "mjml" });
const text = (inner: string): string =>
	`<mjml><mj-body><mj-section><mj-column><mj-text>${inner}</mj-text></mj-column></mj-section></mj-body></mjml>`;

test("MJML becomes HTML, its tags as they were", async () => {
	const {
		html,
		text: plain,
		variables,
		findings,
	} = await compile(
		text(
			"<h1>Hello {{{contact.first_name|it&#39;s}}}</h1>{{#seats}}<p>{{.}} seats</p>{{/seats}}<a href='{{{UNSUBSCRIBE_URL}}}'>bye</a>",
		),
	);
	expect(html).toContain("<!doctype html>");
	expect(html).toContain("<h1>Hello {{{contact.first_name|it&#39;s}}}</h1>{{#seats}}<p>{{.}} seats</p>{{/seats}}");
	expect(plain).toBe(
		"Hello {{{contact.first_name|it's}}}\n\n{{#seats}}\n{{.}} seats\n\n{{/seats}}bye [{{{UNSUBSCRIBE_URL}}}]",
	);
	expect(variables).toEqual(["firstName", "properties.seats", "unsubscribeUrl"]);
	expect(findings).toEqual([]);
});

test("placeholders in links, pictures, titles and previews come through", async () => {
	const { html } = await renderMessage({
		source: {
			mjml: `<mjml><mj-head><mj-title>For {{FIRST_NAME}}</mj-title><mj-preview>{{FIRST_NAME}}, look</mj-preview></mj-head><mj-body>
				<mj-section background-url="https://x.test/{{plan}}.png"><mj-column>
				<mj-button href="{{{site|https://x.test/?a=1&amp;b=2}}}">Go, {{FIRST_NAME}}</mj-button>
				<mj-image src="https://x.test/a.png" alt="For {{FIRST_NAME}}" href="%7B%7B%7BRESEND_UNSUBSCRIBE_URL%7D%7D%7D"/>
				</mj-column></mj-section></mj-body></mjml>`,
		},
		contact: { firstName: "A&B", properties: { plan: 'p"ro' } },
	});
	expect(html).toContain("<title>For A&amp;B</title>");
	expect(html).toContain("A&amp;B, look");
	expect(html).toContain('href="https://x.test/?a=1&amp;b=2"');
	expect(html).toContain('alt="For A&amp;B"');
	expect(html).toContain(`href="${UNSUBSCRIBE_URL.replace("&", "&amp;")}"`);
	expect(html).toContain("https://x.test/p&quot;ro.png");
	expect(html).not.toContain("{{");
});

test("an encoded placeholder counts among the names asked for", async () => {
	expect((await compile(text("<a href='%7B%7B%7Bsite%7D%7D%7D'>x</a>"))).variables).toEqual(["properties.site"]);
});

test("data cannot close what MJML opened", async () => {
	const mjml = text("<p>{{x}}</p>{{{UNSUBSCRIBE_URL}}}");
	const { html } = await renderMessage({ source: { mjml }, contact: { properties: { x: "</mj-text><mj-raw><b>" } } });
	expect(html).toContain("<p>&lt;/mj-text&gt;&lt;mj-raw&gt;&lt;b&gt;</p>");
});

const section = (inner: string): string =>
	`<mj-section><mj-column><mj-text>${inner}</mj-text></mj-column></mj-section>`;

test.each([
	["around a section", `{{#vip}}${section("x")}{{/vip}}`],
	["around a column", `<mj-section>{{#vip}}<mj-column><mj-text>x</mj-text></mj-column>{{/vip}}</mj-section>`],
	["around a text", `<mj-section><mj-column>{{#vip}}<mj-text>x</mj-text>{{/vip}}</mj-column></mj-section>`],
	["a value between sections", `${section("x")}{{vip}}`],
	["around a section, the same tag also where it is kept", `{{#vip}}${section("{{#vip}}x{{/vip}}")}{{/vip}}`],
	["opening where it is lost", `{{#vip}}${section("x{{/vip}}")}`],
])("a tag that MJML drops is an error to send: %s", async (_, body) => {
	const { html, findings } = await compile(`<mjml><mj-body>${body}</mj-body></mjml>`);
	expect(findings[0]).toMatchObject({ severity: "error", reason: "mustache_tag_lost", field: "mjml" });
	expect(findings[0]?.message).toContain("<mj-raw>");
	expect(html).toBe(null);
});

test("within <mj-raw> a section may stand around sections", async () => {
	const mjml = `<mjml><mj-body><mj-raw>{{#vip}}</mj-raw>${section("secret")}<mj-raw>{{/vip}}</mj-raw>${section("{{{UNSUBSCRIBE_URL}}}")}</mj-body></mjml>`;
	expect((await compile(mjml)).findings).toEqual([]);
	const vip = await renderMessage({ source: { mjml }, contact: { properties: { vip: true } } });
	const other = await renderMessage({ source: { mjml } });
	expect([vip.html?.includes("secret"), vip.text?.includes("secret")]).toEqual([true, true]);
	expect([other.html?.includes("secret"), other.text?.includes("secret")]).toEqual([false, false]);
});

test.each([
	'<mjml><mj-body><mj-include path="/etc/passwd" type="css"/></mj-body></mjml>',
	'<mjml><mj-head><mj-include path="/etc/passwd" type="css" css-inline="inline"/></mj-head><mj-body></mj-body></mjml>',
	'<mjml><mj-body><MJ-INCLUDE path="./a.mjml"></MJ-INCLUDE></mj-body></mjml>',
	"<mjml><mj-body><mj-raw><mj-include path='/etc/passwd' type='html'/></mj-raw></mj-body></mjml>",
	'{{#a}}<mjml><mj-body><mj-include path="/etc/{{b}}"/></mj-body></mjml>{{/a}}',
])("nothing is included: %s", async (mjml) => {
	await expect(compile(mjml)).rejects.toThrow(refused("mjml_include_forbidden"));
});

test.each([
	["", "mjml_invalid"],
	[" ", "mjml_invalid"],
	["hello", "mjml_invalid"],
	["<p>hello</p>", "mjml_invalid"],
	["<mjml>", "mjml_invalid"],
	["<mjml></mjml>", "mjml_invalid"],
	["<mjml><mj-body><mj-section></mj-body></mjml>", "mjml_invalid"],
	["<mjml><mj-body><mj-nonsense></mj-nonsense></mj-body></mjml>", "mjml_invalid"],
	["<mjml><mj-body>{{#a}}</mj-body></mjml>", "template_syntax"],
	["<mjml><mj-body>{{> a}}</mj-body></mjml>", "template_partial_unsupported"],
	["<mjml><mj-body>{{=<% %>=}}</mj-body></mjml>", "template_delimiters_unsupported"],
	[text("<a href={{u}}>x</a>"), "template_unquoted_attribute"],
	[text("<script>{{u}}</script>"), "template_unsafe_place"],
])("%j is refused", async (mjml, reason) => {
	await expect(compile(mjml)).rejects.toThrow(refused(reason));
});

test("a complaint names the line and speaks the author's language", async () => {
	const mjml =
		"<mjml>\n<mj-body>\n<mj-section><mj-column>\n<mj-text color='{{shade}}'>x</mj-text></mj-column></mj-section></mj-body></mjml>";
	const error = await compile(mjml).catch((thrown: unknown) => thrown);
	expect(error).toMatchObject({ reason: "mjml_invalid", message: expect.stringMatching(/line 4/) });
	expect(error).toMatchObject({ message: expect.stringContaining("{{shade}}") });
});

test("2,000 elements compile, one more is refused", async () => {
	const elements = (count: number): string =>
		`<mjml><mj-body><mj-section><mj-column>${"<mj-spacer/>".repeat(count - 4)}</mj-column></mj-section></mj-body></mjml>`;
	expect((await compile(elements(2000))).html).toContain("</html>");
	await expect(compile(elements(2001))).rejects.toThrow(refused("template_too_large"));
});

test("50 levels are looked at, one more is refused, and 2,000 too", async () => {
	const nested = (levels: number): string =>
		`<mjml><mj-body>${"<mj-wrapper>".repeat(levels - 2)}${"</mj-wrapper>".repeat(levels - 2)}</mj-body></mjml>`;
	await expect(compile(nested(50))).rejects.toThrow(refused("mjml_invalid"));
	await expect(compile(nested(51))).rejects.toThrow(refused("template_too_deep"));
	await expect(compile(nested(2000))).rejects.toThrow(refused("template_too_deep"));
	const foreign = `<mjml><mj-body>${"<x>".repeat(20_000)}${"</x>".repeat(20_000)}</mj-body></mjml>`;
	await expect(compile(foreign)).rejects.toThrow(expect.objectContaining({ code: "invalid_input", field: "mjml" }));
});

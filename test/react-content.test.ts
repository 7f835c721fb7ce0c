import { aContact, createTestAudience } from "@convoke/testing";
import { expect, test } from "vitest";

// As `createElement` makes them; React itself is the renderer's to have.
const element = (type: string, text: string) => ({
	$$typeof: Symbol.for("react.transitional.element"),
	type,
	key: null,
	props: { children: text },
});

test("a broadcast is drafted and changed with a React element, which is HTML from then on", async () => {
	const { audience, inbox, deliver } = createTestAudience();
	await audience.contacts.create(aContact({ firstName: "Ada" }));
	const react = element("p", "Hello {{{contact.first_name|there}}}");
	const draft = await audience.broadcasts.create({ everyone: true, subject: "News", react });
	expect(draft.html).toContain("<p>Hello {{{contact.first_name|there}}}</p>");
	const { id } = await audience.broadcasts.update(draft.id, { react: element("h1", "Dear {{{FIRST_NAME}}}") });
	await audience.broadcasts.send(id);
	await deliver();
	expect(inbox.messages[0]?.html).toContain("<h1>Dear Ada</h1>");
});

test("one of react, html and mjml is given, and a draft of any can become one of another", async () => {
	const { audience } = createTestAudience();
	const react = element("p", "Hello");
	const both = { everyone: true, subject: "News", react, html: "<p>x</p>" };
	await expect(audience.broadcasts.create(both)).rejects.toMatchObject({ reason: "content_ambiguous", field: "react" });
	await expect(audience.broadcasts.create({ everyone: true, subject: "News", react: null })).rejects.toMatchObject({
		reason: "content_missing",
	});
	const mjml = "<mjml><mj-body></mj-body></mjml>";
	const draft = await audience.broadcasts.create({ everyone: true, subject: "News", mjml });
	const { html, mjml: left } = await audience.broadcasts.update(draft.id, { react });
	expect({ html: html?.includes("<p>Hello</p>"), left }).toEqual({ html: true, left: null });
});

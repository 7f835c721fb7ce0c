/** A template and the values of its placeholders. */
type Values = Readonly<Record<string, string>>;

const PARAGRAPH = `<tr><td style="padding:0 32px 16px;font:16px/26px -apple-system,'Segoe UI',Helvetica,Arial,sans-serif;color:#23363c">
<h2 style="margin:0 0 8px;font-size:20px;color:#0b4152">Rotas that everyone sees</h2>
<p style="margin:0 0 12px">You asked for rotas that a whole team can see, and they are here: drag a shift, and whoever it
belongs to knows at once &mdash; no more print-outs on the fridge, no more calls on a Sunday night.</p>
<p style="margin:0"><a href="https://tidal.test/whats-new" style="color:#0a6570;font-weight:600">See what is new</a></p>
</td></tr>
`;

const GREETING = `<tr><td style="padding:32px"><h1>Hello {{contact.first_name|there}},</h1>
<p>here is what happened at {{company|your company}} this month. Your plan is {{plan}}, with {{seats}} seats.</p></td></tr>
`;

const CLOSING = `<tr><td style="padding:32px;font-size:12px">Sent to {{contact.email}} for {{contact.first_name}} {{contact.last_name}}.
<a href="{{{UNSUBSCRIBE_URL}}}">Unsubscribe</a></td></tr>
`;

/** A newsletter of 20 KB with six variables and an unsubscribe link. */
export const NEWSLETTER = {
	subject: "{{contact.first_name|Hello}}, your September at {{company|Tidal}}",
	html: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The Tidal newsletter</title></head>
<body style="margin:0;background:#eef4f5"><table role="presentation" width="600" align="center">
${GREETING}${PARAGRAPH.repeat(35)}${CLOSING}</table></body></html>
`,
	text: `Hello {{contact.first_name|there}},

here is what happened at {{company|your company}} this month. Your plan is {{plan}}, with {{seats}} seats.

${"You asked for rotas that a whole team can see, and they are here.\nhttps://tidal.test/whats-new\n\n".repeat(10)}
Sent to {{contact.email}} for {{contact.first_name}} {{contact.last_name}}.
Unsubscribe: {{{UNSUBSCRIBE_URL}}}
`,
};

const MJML_PARAGRAPH = `<mj-section><mj-column><mj-text font-size="16px" line-height="26px" color="#23363c">
<h2 style="margin:0 0 8px;font-size:20px;color:#0b4152">Rotas that everyone sees</h2>
<p style="margin:0 0 12px">You asked for rotas that a whole team can see, and they are here: drag a shift, and whoever it
belongs to knows at once &mdash; no more print-outs on the fridge, no more calls on a Sunday night.</p>
<p style="margin:0"><a href="https://tidal.test/whats-new">See what is new</a></p></mj-text></mj-column></mj-section>
`;

/** The same in MJML, which becomes 20 KB of HTML. */
export const MJML_NEWSLETTER = {
	subject: "{{contact.first_name|there}}, your September at {{company|your company}}",
	mjml: `<mjml lang="en"><mj-head><mj-title>The Tidal newsletter</mj-title></mj-head><mj-body>
<mj-section><mj-column><mj-text><h1>Hello {{contact.first_name|there}},</h1>
<p>here is what happened at {{company|your company}} this month. Your plan is {{plan}}, with {{seats}} seats.</p>
</mj-text></mj-column></mj-section>
${MJML_PARAGRAPH.repeat(7)}<mj-section><mj-column><mj-text font-size="12px">Sent to {{contact.email}} for
{{contact.first_name|there}} {{contact.last_name}}. <a href="{{{UNSUBSCRIBE_URL}}}">Unsubscribe</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
`,
};

const TAG = /\{\{\{?([\w.]+)(?:\|([^}]*))?\}?\}\}/g;
const SPECIAL = /[&<>"']/g;
const ENTITIES: Values = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Makes the function that fills a template in, by hand: the template is parted at its placeholders once. */
export function createFiller(template: string, escape: (text: string) => string): (values: Values) => string {
	// Text, then again and again a name, a fallback and the text behind them.
	const [first = "", ...parts] = template.split(TAG);
	return (values) => {
		let out = first;
		for (let at = 0; at < parts.length; at += 3) {
			out += escape(values[parts[at] ?? ""] ?? "") || (parts[at + 1] ?? "");
			out += parts[at + 2] ?? "";
		}
		return out;
	};
}

/** Escapes for HTML, by hand. */
export function escapeByHand(text: string): string {
	return text.replace(SPECIAL, (character) => ENTITIES[character] ?? character);
}

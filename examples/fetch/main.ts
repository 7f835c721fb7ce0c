import { createSmtpTransport } from "@convoke/smtp";
import { serve } from "@hono/node-server";
import { createApp } from "./app.ts";
import { sendNewsletter } from "./newsletter.ts";
import { openAudience } from "./open-audience.ts";

// `node main.ts` serves; `node main.ts "Subject" "Text"` sends a newsletter.
const port = Number(process.env.PORT ?? 3000);
const transport = createSmtpTransport(process.env.SMTP_URL ?? "smtp://localhost:1025");
const audience = await openAudience({
	filename: "audience.db",
	transport,
	baseUrl: process.env.BASE_URL ?? `http://localhost:${port}/mail`,
	linkKeys: process.env.CONVOKE_LINK_KEYS,
	hashKey: process.env.CONVOKE_HASH_KEY,
});

const [subject, text] = process.argv.slice(2);
if (subject !== undefined && text !== undefined) {
	console.log(`${await sendNewsletter(audience, subject, text)} messages sent.`);
	await transport.close();
	await audience.close();
} else {
	serve({ fetch: createApp(audience).fetch, port });
	console.log(`http://localhost:${port}`);
}

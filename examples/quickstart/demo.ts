import { createAudience, createMemoryStorage } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { createSmtpTransport } from "@convoke/smtp";
import { createSqliteStorage } from "@convoke/sqlite";
import { preferencePages } from "@convoke/web/node";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import PostalMime from "postal-mime";
import { readCommandLine } from "./command-line.ts";
import { startInbox } from "./inbox.ts";

import { Screen } from "./screen.ts";
import { startWebServer } from "./web-server.ts";
import { BETA_TESTERS, DEMO_KEYS, LEFT_NEWS, READER, SUPPRESSED } from "./story.ts";

const { json, folder, memory } = readCommandLine();
const screen = new Screen({ quiet: json });
const filename = join(folder, "audience.db");
screen.introduce(
	`The audience is ${memory ? "in memory" : "in an SQLite file"} and the mail server on this machine: nothing here reaches the internet.`,
);

// A mail server and a web server of this machine, so that everything below is as real as it gets without the internet.
const inbox = await startInbox(folder);
const web = await startWebServer();

const transport = createSmtpTransport(inbox.url);
const audience = createAudience({
	storage: memory ? createMemoryStorage() : createSqliteStorage({ filename }),
	renderer: createRenderer(),
	sender: () => ({
		transport,
		from: "Tidal <news@tidal.example>",
		replyTo: "hello@tidal.example",
		brand: "Tidal",
		postalAddress: "12 Example Quay, Exampleton",
	}),
	links: { baseUrl: `${web.url}/mail`, keys: DEMO_KEYS.links },
	hashKey: DEMO_KEYS.addresses,
	properties: { plan: "string", seats: "number", trialEndsAt: "date" },
});
await audience.migrate();
web.serve(preferencePages(audience, { brand: { name: "Tidal" } }));

screen.step("Import contacts.csv");
const everyone = await audience.segments.create({ name: "Everyone in contacts.csv" });
const imported = await audience.contacts.imports.create({
	file: createReadStream(join(import.meta.dirname, "contacts.csv")),
	columns: {
		email: "Email",
		firstName: "First name",
		lastName: "Last name",
		unsubscribed: "Unsubscribed",
		properties: { plan: "Plan", seats: "Seats", trialEndsAt: "Trial ends" },
	},
	segments: [{ id: everyone.id }],
});
const contacts = await audience.contacts.count();
const issues = (await audience.contacts.imports.issues(imported.id)).data;
const refused = issues.filter(({ severity }) => severity === "error");
const warnings = issues.filter(({ severity }) => severity === "warning");

const { counts } = imported;
screen.say(
	`${counts.total} rows: ${counts.created} contacts, ${counts.updated} rows about one already there, ${counts.failed} refused.`,
);
screen.say(`What is wrong with the first 5 of the ${refused.length} refused rows:`);
screen.issues(refused.slice(0, 5));
screen.say(`${warnings.length} rows with a warning:`);
screen.issues(warnings);

screen.step("Sort people: a segment for you, topics for them");
const news = await audience.topics.create({ name: "Product news", defaultSubscription: "opt_in" });
const beta = await audience.topics.create({ name: "Beta programme", defaultSubscription: "opt_out" });
for (const email of LEFT_NEWS) {
	await audience.contacts.topics.update({ email }, [{ id: news.id, subscription: "opt_out" }]);
}
for (const email of BETA_TESTERS) {
	await audience.contacts.topics.update({ email }, [{ id: beta.id, subscription: "opt_in" }]);
}
for (const suppression of SUPPRESSED) await audience.suppressions.add(suppression);

const members = await audience.contacts.count({ segmentId: everyone.id });
const onTeamPlan = await audience.contacts.count({ filter: { field: "properties.plan", op: "eq", value: "team" } });
screen.say(`Segment "${everyone.name}": ${members} contacts, ${onTeamPlan} of them on the team plan.`);
screen.say(`Topic "${news.name}": everyone gets it until they opt out; ${LEFT_NEWS.length} have.`);
screen.say(`Topic "${beta.name}": nobody gets it until they opt in; ${BETA_TESTERS.length} have.`);
screen.say(`${SUPPRESSED.length} suppressed addresses: a bounce, a complaint and a request.`);

screen.step("Plan the newsletter: who gets it, who does not, and why");
const newsletter = await audience.broadcasts.create({
	segmentId: everyone.id,
	topicId: news.id,
	subject: "Plan the week once, {{{contact.first_name|together}}}",
	mjml: await readFile(join(import.meta.dirname, "newsletter.mjml"), "utf8"),
});
const plan = await audience.broadcasts.plan(newsletter.id);
screen.plan(plan);
screen.say("The first reason that holds counts. The same rules are asked again just before each message is sent.");

const invitation = await audience.broadcasts.create({
	filter: { field: "properties.plan", op: "eq", value: "team" },
	topicId: beta.id,
	subject: "Try what comes next",
	text: "Hi {{{contact.first_name|there}}}, the next Tidal is ready for you to try.",
});
screen.say(`And a draft on "${beta.name}" for the team plan, which stays a draft:`);
screen.plan(await audience.broadcasts.plan(invitation.id));

screen.step("Send it");
await audience.broadcasts.send(newsletter.id);
await screen.watch(() => audience.broadcasts.progress(newsletter.id), audience.worker().run());
const { counts: outcome } = await audience.broadcasts.progress(newsletter.id);
const received = inbox.messages.length;
screen.say(`${outcome.sent} messages handed over, ${received} received by the mail server.`);

screen.step("Open a message");
const arrived = inbox.messages.find(({ to }) => to === READER);
if (arrived === undefined) throw new Error(`Nothing arrived for ${READER}.`);
const message = await PostalMime.parse(await readFile(arrived.file));
const headers = new Map(message.headers.map(({ key, value }) => [key, value]));
screen.fields([
	["To", headers.get("to") ?? ""],
	["Subject", message.subject ?? ""],
	["List-Unsubscribe", headers.get("list-unsubscribe") ?? ""],
	["List-Unsubscribe-Post", headers.get("list-unsubscribe-post") ?? ""],
]);
screen.excerpt(message.text ?? "", 7);

screen.step("Unsubscribe, as the button of a mail program does");
const link = /<(.+)>/.exec(headers.get("list-unsubscribe") ?? "")?.[1] ?? "";
const answer = await fetch(link, { method: "POST", body: new URLSearchParams({ "List-Unsubscribe": "One-Click" }) });
if (!answer.ok) throw new Error(`The unsubscribe link answered ${answer.status}.`);
const { events } = await audience.contacts.history({ email: READER });
screen.say(`The link answered ${answer.status}. On record: ${events[0]?.type} by ${events[0]?.source}.`);

screen.step("Send a second broadcast");
const second = await audience.broadcasts.create({
	segmentId: everyone.id,
	topicId: news.id,
	subject: "One more thing, {{{contact.first_name|everyone}}}",
	html: "<p>Hi {{{contact.first_name|there}}},</p><p>rotas can now be printed. Some walls have no screen.</p>",
});
for (const finding of await audience.broadcasts.check(second.id)) screen.say(`${finding.severity}: ${finding.message}`);
await audience.broadcasts.send(second.id);
await screen.watch(() => audience.broadcasts.progress(second.id), audience.worker().run());
const secondPlan = await audience.broadcasts.plan(second.id);
screen.plan(secondPlan);
const why = await audience.broadcasts.explain(second.id, { email: READER });
screen.say(`${READER} is ${why.outcome} (${why.reason}): ${why.message}`);

await transport.close();
await web.close();
await inbox.close();
await audience.close();

screen.step("Look at the messages");
screen.say(
	`${inbox.messages.length} .eml files lie in ${relative(process.cwd(), folder) || "."}; a mail program opens them.`,
);
if (!memory)
	screen.say(`The audience lies beside them in ${relative(process.cwd(), filename)}; any SQLite browser opens it.`);

if (json) {
	const result = {
		contacts,
		importErrors: refused.length,
		candidates: plan.candidates,
		planned: plan.planned,
		excluded: plan.excluded,
		sent: outcome.sent,
		received,
		secondPlanned: secondPlan.planned,
		secondExcluded: secondPlan.excluded,
	};
	console.log(JSON.stringify(result));
}

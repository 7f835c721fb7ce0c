import type { AudienceOptions, NewBroadcast, NewContact } from "@convoke/core";
import { createMemoryStorage, createAudience } from "@convoke/core";
import { createSmtpTransport } from "@convoke/smtp";
import PostalMime from "postal-mime";
import { expect } from "vitest";
import { rawHeaders, startMailServer, USUAL_HEADERS } from "../support/mail-server.ts";
import type { Delivery } from "../support/mail-server.ts";
import type { Row } from "./row.ts";
import { show } from "./row.ts";
import { LETTER, settings } from "./world.ts";
import type { World } from "./world.ts";

const TWO_MAILBOXES = 'Bob" <evil@x.test>, "';

/** H9, H11, H16: what reaches a mail server in the end. */
export const rawMessages: readonly Row[] = [
	...[
		"Hi\u2028there",
		"Hi\u2029there",
		"Hi\u0085there",
		"Hi \u202eereht",
		"Gr\u00fc\u00dfe \u{1f4e8}",
		"Hi\u200bthere",
	].flatMap(encodedSubject),
	...["\u202e", "\u202a", "\u2066", "\u200f"].map((control) => warnedOf(`Hi ${control}there`, true)),
	...["Hi", "Hi\u2028there", "Hi\u0085there", "\u05e9\u05dc\u05d5\u05dd"].map((subject) => warnedOf(subject, false)),

	{
		h: 11,
		name: `from name ${TWO_MAILBOXES}, quoted, one mailbox,`,
		act: () => async () => {
			const from = { name: TWO_MAILBOXES, address: "news@tidal.test" };
			const { message, header, delivery } = await mailOne({ from });
			expect(delivery).toMatchObject({ from: "news@tidal.test", to: ["ada@x.test"] });
			expect((await message()).from).toEqual({ name: TWO_MAILBOXES, address: "news@tidal.test" });
			expect(header("from")).toBe('"Bob\\" <evil@x.test>, \\"" <news@tidal.test>');
		},
	},
	{
		h: 11,
		name: `reply-to name ${TWO_MAILBOXES}, quoted, one mailbox,`,
		act: () => async () => {
			const replyTo = { name: TWO_MAILBOXES, address: "reply@tidal.test" };
			const { message, delivery } = await mailOne({ replyTo }, {}, ["reply-to"]);
			expect(delivery).toMatchObject({ from: "news@tidal.test", to: ["ada@x.test"] });
			expect((await message()).replyTo).toEqual([replyTo]);
		},
	},
	{
		h: 11,
		name: `a contact's name ${TWO_MAILBOXES}, quoted, one mailbox,`,
		act: () => async () => {
			const { message, delivery } = await mailOne({}, { firstName: TWO_MAILBOXES });
			expect(delivery).toMatchObject({ from: "news@tidal.test", to: ["ada@x.test"] });
			expect((await message()).to).toEqual([{ name: TWO_MAILBOXES.trim(), address: "ada@x.test" }]);
		},
	},
	...[
		"Bob <evil@x.test>",
		"evil@x.test, Bob",
		"g: evil@x.test;",
		"Bob\\",
		'"',
		'\\"',
		"(Bob",
		"Bob\u2028<evil@x.test>",
	].map(oneMailbox),
	...(["create", "update"] as const).map(
		(verb): Row => ({
			h: 11,
			name: `from written as ${TWO_MAILBOXES} <news@tidal.test> in broadcasts.${verb}`,
			act:
				({ audience, draft }) =>
				() => {
					const given = { from: `${TWO_MAILBOXES} <news@tidal.test>` };
					return verb === "create"
						? audience.broadcasts.create({ ...LETTER, everyone: true, ...given })
						: audience.broadcasts.update(draft.id, given);
				},
			refused: { reason: "invalid_email", field: "from", reaches: verb === "update" ? "look-ups" : "nothing" },
		}),
	),

	...["A\r\nB: c", "A\nB: c", "A\rB: c", "A\r\n\r\n<p>body</p>", "A\u0001"].flatMap(brokenSubject),
	{
		h: 16,
		name: "the property A\\r\\nB: c in the text of a message, where it is only text,",
		act: () => async () => {
			const { message } = await mailOne({ text: "Hi {{plan}}." }, { properties: { plan: "A\r\nB: c" } });
			expect((await message()).text?.replaceAll("\r", "")).toContain("Hi A\nB: c.");
		},
	},
];

function warnedOf(subject: string, warned: boolean): Row {
	return {
		h: 9,
		name: `subject ${show(subject)}, ${warned ? "with" : "without"} a warning of broadcasts.check,`,
		act:
			({ audience }) =>
			async () => {
				const { id } = await audience.broadcasts.create({ ...LETTER, subject, everyone: true });
				const findings = await audience.broadcasts.check(id);
				const found = findings.find(({ reason }) => reason === "bidi_in_subject");
				expect(found?.severity).toBe(warned ? "warning" : undefined);
				expect(found?.field).toBe(warned ? "subject" : undefined);
				expect(await audience.broadcasts.send(id)).toMatchObject({ status: "queued" });
			},
	};
}

interface PostOffice extends Pick<World, "audience"> {
	/** Sends a broadcast to everyone over SMTP. */
	readonly mail: (
		given: Partial<NewBroadcast>,
	) => Promise<{ readonly id: string; readonly deliveries: readonly Delivery[] }>;
}

/** An audience whose messages go over SMTP to a server on this machine. */
async function postOffice(): Promise<PostOffice> {
	const options: AudienceOptions = settings(createMemoryStorage());
	const sender: { transport?: ReturnType<typeof createSmtpTransport> } = {};
	const audience = createAudience({
		...options,
		sender: () => {
			if (sender.transport === undefined) throw new Error("There is no server yet.");
			return { transport: sender.transport };
		},
	});
	await audience.properties.create({ key: "plan", type: "string" });
	return {
		audience,
		async mail(given) {
			const server = await startMailServer();
			sender.transport = createSmtpTransport(server.url);
			try {
				const { id } = await audience.broadcasts.create({ ...LETTER, everyone: true, ...given });
				await audience.broadcasts.send(id);
				await audience.worker().run();
				return { id, deliveries: server.deliveries };
			} finally {
				await sender.transport.close();
				await server.close();
			}
		},
	};
}

interface Mailed {
	readonly delivery: Delivery;
	/** Value of a raw header field, unfolded. */
	readonly header: (name: string) => string | undefined;
	/** The message as a mail program reads it. */
	readonly message: () => ReturnType<typeof PostalMime.parse>;
}

/** Sends one message to ada@x.test over SMTP, and sees to it that it has no header it should not have. */
async function mailOne(
	given: Partial<NewBroadcast>,
	contact: Partial<NewContact<{ plan: string }>> = {},
	furtherNames: readonly string[] = [],
): Promise<Mailed> {
	const { audience, mail } = await postOffice();
	await audience.contacts.create({ email: "ada@x.test", ...contact });
	const { deliveries } = await mail(given);
	const [delivery] = deliveries;
	if (delivery === undefined || deliveries.length > 1) throw new Error(`${deliveries.length} messages arrived.`);
	expectTame(delivery, furtherNames);
	return {
		delivery,
		header: (name) => rawHeaders(delivery.raw).find((field) => field.name === name)?.value,
		message: () => PostalMime.parse(delivery.raw),
	};
}

/** Each header field once, none besides, and ASCII throughout. */
function expectTame({ raw }: Delivery, furtherNames: readonly string[] = []): void {
	const fields = rawHeaders(raw);
	expect(fields.map(({ name }) => name).toSorted()).toEqual([...USUAL_HEADERS, ...furtherNames].toSorted());
	for (const { value } of fields) expect(value).toMatch(/^[ -~\t]*$/);
}

function encodedSubject(subject: string): readonly Row[] {
	return [
		{
			h: 9,
			name: `subject ${show(subject)}, encoded by RFC 2047,`,
			act: () => async () => {
				const { message, header } = await mailOne({ subject });
				expect(header("subject")).toMatch(/^(=\?UTF-8\?[QB]\?[!->@-~]+\?= ?)+$/i);
				expect((await message()).subject).toBe(subject);
			},
		},
		{
			h: 9,
			name: `the same from a contact's data, subject {{plan}} with ${show(subject)}, encoded by RFC 2047,`,
			act: () => async () => {
				const { message, header } = await mailOne({ subject: "{{plan}}" }, { properties: { plan: subject } });
				expect(header("subject")).toMatch(/^(=\?UTF-8\?[QB]\?[!->@-~]+\?= ?)+$/i);
				expect((await message()).subject).toBe(subject);
			},
		},
	];
}

function oneMailbox(name: string): Row {
	return {
		h: 11,
		name: `from name ${show(name)}, one mailbox,`,
		act: () => async () => {
			const { message, delivery } = await mailOne({ from: { name, address: "news@tidal.test" } });
			expect(delivery).toMatchObject({ from: "news@tidal.test", to: ["ada@x.test"] });
			expect((await message()).from).toEqual({ name, address: "news@tidal.test" });
		},
	};
}

function brokenSubject(company: string): readonly Row[] {
	return [
		{
			h: 16,
			name: `subject Hi {{plan}} with the property ${show(company)}, failed for that contact alone,`,
			act: () => async () => {
				const { audience, mail } = await postOffice();
				await audience.contacts.createMany([
					{ email: "bad@x.test", properties: { plan: company } },
					{ email: "good@x.test", properties: { plan: "Tidal" } },
				]);
				const { deliveries, id } = await mail({ subject: "Hi {{plan}}" });
				expect(deliveries.map(({ to }) => to)).toEqual([["good@x.test"]]);
				for (const delivery of deliveries) expectTame(delivery);
				expect(await audience.broadcasts.explain(id, { email: "bad@x.test" })).toMatchObject({
					outcome: "failed",
					reason: "invalid_header",
				});
				expect(await audience.broadcasts.progress(id)).toMatchObject({
					status: "sent",
					counts: { sent: 1, failed: 1 },
				});
				expect(await audience.broadcasts.verify(id)).toMatchObject({ ok: true });
			},
		},
		{
			h: 16,
			name: `subject Hi {{plan}} with the fallback ${show(company)}, failed for those without value,`,
			act: () => async () => {
				const { audience, mail } = await postOffice();
				await audience.properties.update({ key: "plan" }, { fallback: company });
				await audience.contacts.createMany([
					{ email: "bad@x.test" },
					{ email: "good@x.test", properties: { plan: "Tidal" } },
				]);
				const { deliveries, id } = await mail({ subject: "Hi {{plan}}" });
				expect(deliveries.map(({ to }) => to)).toEqual([["good@x.test"]]);
				expect(await audience.broadcasts.explain(id, { email: "bad@x.test" })).toMatchObject({
					outcome: "failed",
					reason: "invalid_header",
				});
			},
		},
	];
}

import { expect } from "vitest";
import { createOutbox } from "../support/outbox.ts";
import type { Row } from "./row.ts";
import { show } from "./row.ts";
import { LETTER } from "./world.ts";
import type { World } from "./world.ts";

const KELVIN = "\u212a@x.test";
const CHINESE = "用户@例子.广告";
const CHINESE_STORED = "用户@xn--fsqu00a.xn--4rr70v";

/** H23–H26: addresses that look alike or strange, and are good. */
export const acceptedAddresses: readonly Row[] = [
	...[
		"USER@Example.COM",
		"User@EXAMPLE.com",
		" user@example.com\t",
		"user@example\u3002com",
		"user@\uff45xample.com",
		"user@ex\u00adample.com",
	].map(sameContact),
	{
		h: 23,
		name: "USER@Example.COM and user@example.com in one contacts.createMany, as the same contact,",
		act:
			({ audience }) =>
			async () => {
				const [first, second] = await audience.contacts.createMany([
					{ email: "USER@Example.COM", firstName: "U" },
					{ email: "user@example.com", lastName: "R" },
				]);
				expect(second).toMatchObject({ id: first?.id, firstName: "U", lastName: "R" });
				expect(await audience.contacts.count({ filter: { field: "firstName", op: "eq", value: "U" } })).toBe(1);
			},
	},
	{
		h: 23,
		name: "USER@Example.COM and user@example.com, as one message (R71),",
		act: (world) => async () => {
			const { audience, outbox } = world;
			const one = await audience.segments.create({ name: "One" });
			const two = await audience.segments.create({ name: "Two" });
			await audience.contacts.create({ email: "USER@Example.COM", segments: [{ id: one.id }] });
			await audience.contacts.create({ email: "user@example.com", segments: [{ id: two.id }] });
			const filter = { or: [{ segment: one.id }, { segment: two.id }] };
			const { id } = await audience.broadcasts.create({ ...LETTER, filter });
			await audience.broadcasts.send(id);
			await audience.worker().run();
			expect(outbox.messages.map(({ to }) => to.address)).toEqual(["USER@example.com"]);
		},
	},
	{
		h: 23,
		name: "a hundred spellings of one address, as one contact (R12),",
		act:
			({ audience }) =>
			async () => {
				const before = await audience.contacts.count();
				const letters = "abcdefg".split("");
				const spellings = Array.from({ length: 100 }, (_, bits) =>
					letters.map((letter, at) => (bits & (1 << at) ? letter.toUpperCase() : letter)).join(""),
				);
				const made = await audience.contacts.createMany(spellings.map((local) => ({ email: `${local}@X.test` })));
				expect(new Set(made.map(({ id }) => id)).size).toBe(1);
				expect(await audience.contacts.count()).toBe(before + 1);
			},
	},
	{
		h: 23,
		name: "an address in another case that another contact has, refused as taken,",
		act:
			({ audience, bob }) =>
			async () => {
				await expect(audience.contacts.update({ id: bob.id }, { email: "ADA@SEED.test" })).rejects.toMatchObject({
					code: "already_exists",
					reason: "email_taken",
				});
			},
	},

	...[
		["the Kelvin sign before k", KELVIN, "k@x.test"],
		["k before the Kelvin sign", "k@x.test", KELVIN],
		["the dotless i before i", "\u0131@x.test", "i@x.test"],
		["the dotted I before i", "\u0130@x.test", "i@x.test"],
		["the long s before s", "\u017f@x.test", "s@x.test"],
		["an accent of its own before one in the letter", "e\u0301@x.test", "\u00e9@x.test"],
		["a capital beyond ASCII before its small letter", "\u00c9@x.test", "\u00e9@x.test"],
	].map(twoContacts),

	...["a..b@x.test", ".a@x.test", "a.@x.test"].map(oddDots),

	{
		h: 26,
		name: `${show(CHINESE)}, stored, and left out of the plan of a transport without SMTPUTF8,`,
		act:
			({ audience, outbox }) =>
			async () => {
				const { id: contactId, email } = await audience.contacts.create({ email: CHINESE });
				expect(email).toBe(CHINESE_STORED);
				const { id } = await audience.broadcasts.create({
					...LETTER,
					filter: { field: "email", op: "eq", value: CHINESE },
				});
				const excluded = { candidates: 1, planned: 0, excluded: { address_needs_smtputf8: 1 } };
				const explained = { outcome: "excluded", reason: "address_needs_smtputf8" };
				expect(await audience.broadcasts.plan(id)).toMatchObject({ ...excluded, frozen: false });
				expect(await audience.broadcasts.explain(id, { email: CHINESE })).toMatchObject(explained);
				await audience.broadcasts.send(id);
				expect(await audience.worker().run()).toEqual({ sent: 0, remaining: 0 });
				expect(outbox.messages).toEqual([]);
				expect(await audience.broadcasts.plan(id)).toMatchObject({ ...excluded, frozen: true });
				expect(await audience.broadcasts.explain(id, { id: contactId })).toMatchObject(explained);
				expect(await audience.broadcasts.get(id)).toMatchObject({ status: "sent" });
			},
	},
	{
		h: 26,
		name: `${show(CHINESE)}, sent to by a transport with SMTPUTF8,`,
		act:
			({ make }) =>
			async () => {
				const outbox = createOutbox({ smtputf8: true });
				const audience = make({ transport: outbox });
				await audience.contacts.create({ email: CHINESE });
				const plan = await sendTo(audience, CHINESE);
				expect(plan).toMatchObject({ candidates: 1, planned: 1, excluded: {} });
				expect(outbox.messages.map(({ to }) => to.address)).toEqual([CHINESE_STORED]);
			},
	},
	{
		h: 26,
		name: "user@m\\u00fcnchen.example, sent to at its A-label by a transport without SMTPUTF8 (R11),",
		act:
			({ audience, outbox }) =>
			async () => {
				await audience.contacts.create({ email: "user@münchen.example" });
				await sendTo(audience, "user@MÜNCHEN.example");
				expect(outbox.messages.map(({ to }) => to.address)).toEqual(["user@xn--mnchen-3ya.example"]);
			},
	},
	...[
		["of a zero-width space", "a\u200bb@x.test"],
		["of a bidi control", "a\u202eb@x.test"],
		["of a no-break space", "a\u00a0b@x.test"],
		["of a byte order mark", "\ufeffa@x.test"],
	].map(
		([name = "", email = ""]): Row => ({
			h: 26,
			name: `a local part ${name} in contacts.create`,
			act:
				({ audience }) =>
				() =>
					audience.contacts.create({ email }),
			refused: { reason: "invalid_email", field: "email", secrets: [email] },
		}),
	),
];

async function sendTo(audience: World["audience"], email: string) {
	const filter = { field: "email", op: "eq", value: email } as const;
	const { id } = await audience.broadcasts.create({ ...LETTER, filter });
	await audience.broadcasts.send(id);
	await audience.worker().run();
	return audience.broadcasts.plan(id);
}

function sameContact(typed: string): Row {
	return {
		h: 23,
		name: `${show(typed)} after user@example.com, as the same contact,`,
		act:
			({ audience }) =>
			async () => {
				const { contacts, suppressions } = audience;
				const first = await contacts.create({ email: "user@example.com", firstName: "U" });
				const count = await contacts.count();
				const again = await contacts.create({ email: typed, lastName: "R" });
				expect(again).toMatchObject({ id: first.id, firstName: "U", lastName: "R" });
				expect(await contacts.count()).toBe(count);
				expect(await contacts.get({ email: typed })).toMatchObject({ id: first.id });
				expect(await contacts.list({ filter: { field: "email", op: "eq", value: typed } })).toMatchObject({
					data: [{ id: first.id }],
				});
				await suppressions.add({ email: typed });
				expect(await contacts.count({ filter: { field: "suppressed", op: "eq", value: true } })).toBe(1);
				expect(await suppressions.get("user@example.com")).toMatchObject({ origin: "manual" });
			},
	};
}

function twoContacts([name = "", one = "", other = ""]: readonly string[]): Row {
	return {
		h: 24,
		name: `${name}, as two contacts,`,
		act:
			({ audience }) =>
			async () => {
				const { contacts, suppressions } = audience;
				const first = await contacts.create({ email: one, unsubscribed: true });
				await suppressions.add({ email: one });
				const second = await contacts.create({ email: other });
				expect(second.id).not.toBe(first.id);
				expect(second.unsubscribed).toBe(false);
				expect([first.email, second.email]).toEqual([one, other]);
				expect(await contacts.get({ email: other })).toMatchObject({ id: second.id });
				const suppressed = await contacts.list({ filter: { field: "suppressed", op: "eq", value: true } });
				expect(suppressed.data.map(({ id }) => id)).toEqual([first.id]);
				const found = await contacts.list({ filter: { field: "email", op: "eq", value: other } });
				expect(found.data.map(({ id }) => id)).toEqual([second.id]);
				await expect(suppressions.get(other)).rejects.toMatchObject({ code: "not_found" });
			},
	};
}

function oddDots(email: string): Row {
	return {
		h: 25,
		name: `${email}, as it is,`,
		act:
			({ audience, outbox }) =>
			async () => {
				const { id } = await audience.contacts.create({ email });
				expect(await audience.contacts.get({ email })).toMatchObject({ id, email });
				await expect(audience.contacts.get({ email: "ab@x.test" })).rejects.toMatchObject({ code: "not_found" });
				await expect(audience.contacts.get({ email: "a@x.test" })).rejects.toMatchObject({ code: "not_found" });
				await sendTo(audience, email);
				expect(outbox.messages.map(({ to }) => to.address)).toEqual([email]);
			},
	};
}

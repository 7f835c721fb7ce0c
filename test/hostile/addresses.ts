import type { Audience } from "@convoke/core";
import { expect } from "vitest";
import type { Refusal, Row } from "./row.ts";
import { show } from "./row.ts";
import { hostile, LETTER } from "./world.ts";
import type { World } from "./world.ts";

/** A place where an address comes in. */
interface Door {
	readonly name: string;
	readonly field: string;
	readonly open: (audience: Audience, email: string, world: World) => unknown;
	readonly reaches?: Refusal["reaches"];
}

const CONTACT_DOORS: readonly Door[] = [
	{ name: "contacts.create", field: "email", open: ({ contacts }, email) => contacts.create({ email }) },
	{
		name: "the second of contacts.createMany",
		field: "[1].email",
		open: ({ contacts }, email) => contacts.createMany([{ email: "new@x.test" }, { email }]),
	},
	{
		name: "contacts.update",
		field: "email",
		open: ({ contacts }, email, { ada }) => contacts.update({ id: ada.id }, { email }),
	},
	{ name: "a ref of contacts.get", field: "email", open: ({ contacts }, email) => contacts.get({ email }) },
	{ name: "a ref of contacts.update", field: "email", open: ({ contacts }, email) => contacts.update({ email }, {}) },
	{ name: "a ref of contacts.remove", field: "email", open: ({ contacts }, email) => contacts.remove({ email }) },
	{ name: "a ref of contacts.history", field: "email", open: ({ contacts }, email) => contacts.history({ email }) },
	{
		name: "a ref of contacts.segments.add",
		field: "email",
		open: ({ contacts }, email, { segment }) => contacts.segments.add({ email }, segment.id),
		reaches: "look-ups",
	},
	{
		name: "a ref of contacts.topics.list",
		field: "email",
		open: ({ contacts }, email) => contacts.topics.list({ email }),
	},
	{
		name: "a ref of contacts.topics.update",
		field: "email",
		open: ({ contacts }, email, { topic }) =>
			contacts.topics.update({ email }, [{ id: topic.id, subscription: "opt_in" }]),
	},
	{ name: "a ref of preferences.url", field: "email", open: ({ preferences }, email) => preferences.url({ email }) },
	{
		name: "a ref of broadcasts.explain",
		field: "email",
		open: ({ broadcasts }, email, { draft }) => broadcasts.explain(draft.id, { email }),
		reaches: "look-ups",
	},
	{ name: "suppressions.add", field: "email", open: ({ suppressions }, email) => suppressions.add({ email }) },
	{ name: "suppressions.get", field: "email", open: ({ suppressions }, email) => suppressions.get(email) },
	{ name: "suppressions.remove", field: "email", open: ({ suppressions }, email) => suppressions.remove(email) },
];

const MAILBOX_DOORS: readonly Door[] = [
	{
		name: "from of broadcasts.create",
		field: "from",
		open: ({ broadcasts }, from) => broadcasts.create({ ...LETTER, everyone: true, from }),
	},
	{
		name: "the address of from",
		field: "from",
		open: ({ broadcasts }, address) => broadcasts.create({ ...LETTER, everyone: true, from: { name: "Bob", address } }),
	},
	{
		name: "replyTo of broadcasts.create",
		field: "replyTo",
		open: ({ broadcasts }, replyTo) => broadcasts.create({ ...LETTER, everyone: true, replyTo }),
	},
	{
		name: "the second replyTo",
		field: "replyTo",
		open: ({ broadcasts }, address) =>
			broadcasts.create({ ...LETTER, everyone: true, replyTo: ["a@x.test", { address }] }),
	},
];

const LABEL = "d".repeat(63);
const NESTED = 10_000;

/** H17–H22 and H27–H30: what is no address. Whatever takes an address is asked. */
export const addresses: readonly Row[] = [
	...everywhere(17, "b@x.test, c@x.test", "invalid_email"),
	...somewhere(17, ["b@x.test,c@x.test", "b@x.test; c@x.test", "b@x.test c@x.test", "b@x.test c"], "invalid_email"),
	...everywhere(18, "b@x.test\r\nRCPT TO:<c@x.test>", "invalid_email", { mailbox: "invalid_header" }),
	...somewhere(18, ["b@x.test\nc@x.test", "b@x.test\r\n", "\r\nb@x.test", "b\r@x.test", "b@x.te\nst"], "invalid_email"),
	...everywhere(19, '"evil@attacker.test x"@x.test', "invalid_email"),
	...somewhere(19, ['"a b"@x.test', '"a"@x.test', 'a"b"c@x.test', '"Ada" <a@x.test>', "<a@x.test>"], "invalid_email"),
	...everywhere(20, "g: a@x.test, b@x.test;", "invalid_email"),
	...somewhere(20, ["g:;", "g:a@x.test;", "a@x.test;"], "invalid_email"),
	...["a@[127.0.0.1]", "a@127.0.0.1", "a@localhost"].flatMap((text) => everywhere(21, text, "invalid_email")),
	...somewhere(21, ["a@[IPv6:::1]", "a@[x.test]", "a@0x7f.1", "a@2130706433", "a@x.1"], "invalid_email"),
	...everywhere(22, `${"l".repeat(65)}@x.test`, "email_too_long", { says: ["64"] }),
	...everywhere(22, `${"l".repeat(63)}@${LABEL}.${LABEL}.${LABEL}`, "email_too_long", { says: ["254"] }),
	...everywhere(22, `l@${LABEL}d.test`, "email_too_long", { says: ["63"] }),
	// 66 octets in 33 characters, and a label that is longer in ASCII.
	...somewhere(22, [`${"\u00e9".repeat(33)}@x.test`, `a@${"\u00e9".repeat(63)}.test`], "email_too_long"),
	...["a@xn--a", "a@exa mple.com", "a@-x.com"].flatMap((text) => everywhere(27, text, "invalid_email")),
	...somewhere(
		27,
		[
			"a@xn--a.test",
			"a@x-.com",
			"a@x..com",
			"a@.com",
			"a@x.com.",
			"a@x_y.com",
			"a@%65xample.com",
			"@x.test",
			"a@",
			"@",
			"",
		],
		"invalid_email",
	),
	...everywhere(28, `a@${"a.".repeat(40_000)}!`, "email_too_long", { says: ["254"] }),
	...everywhere(29, "(".repeat(NESTED), "invalid_email"),
	...somewhere(
		29,
		[`${"(".repeat(NESTED)}${")".repeat(NESTED)}`, "((a@x.test))", "(comment)a@x.test", "a@(comment)x.test"],
		"invalid_email",
	),
	// With an @ in it, 254 octets are counted before anything else.
	...somewhere(
		29,
		[
			`${"(".repeat(NESTED)}a@x.test${")".repeat(NESTED)}`,
			`${"g:".repeat(NESTED)}a@x.test${";".repeat(NESTED)}`,
			`${'"'.repeat(NESTED)}@x.test`,
		],
		"email_too_long",
	),
	quick(28, `a@${"a.".repeat(40_000)}!`),
	quick(29, "(".repeat(NESTED)),

	...[null, 42, {}, ["a@x.test"]].flatMap((value) => notText(show(value), () => value, CONTACT_DOORS)),
	...[[], true, 8n, Symbol("a@x.test"), Object.create(null), Object("a@x.test")].flatMap((value: unknown) =>
		notText(show(value), () => value, CONTACT_DOORS.slice(0, 1)),
	),
	...[42, true, 8n].flatMap((value) => notText(show(value), () => value, MAILBOX_DOORS)),
	{
		h: 30,
		name: "no email in contacts.create",
		act:
			({ audience }) =>
			() =>
				audience.contacts.create(hostile({})),
		refused: { reason: "invalid_type", field: "email" },
	},
	...CONTACT_DOORS.map(
		(door): Row => ({
			h: 30,
			name: `an object whose toString makes an address in ${door.name}, without asking it,`,
			act: (world) => () => {
				const trap = {
					toString: (): string => {
						throw new Error("toString was called");
					},
					[Symbol.toPrimitive]: (): string => {
						throw new Error("toPrimitive was called");
					},
				};
				return door.open(world.audience, hostile(trap), world);
			},
			refused: { reason: "invalid_type", field: door.field, reaches: door.reaches },
		}),
	),
];

interface Expected {
	/** The reason where mailboxes come in, if it is another. */
	readonly mailbox?: string;
	readonly says?: readonly string[];
}

/** The text at every door. */
function everywhere(h: number, text: string, reason: string, { mailbox, says }: Expected = {}): readonly Row[] {
	return [
		...CONTACT_DOORS.map((door) => refusal(h, text, door, reason, says)),
		...MAILBOX_DOORS.map((door) => refusal(h, text, door, mailbox ?? reason, says)),
	];
}

/** Texts at one door. */
function somewhere(h: number, texts: readonly string[], reason: string): readonly Row[] {
	return texts.flatMap((text) => CONTACT_DOORS.slice(0, 1).map((door) => refusal(h, text, door, reason)));
}

function refusal(h: number, text: string, door: Door, reason: string, says?: readonly string[]): Row {
	const { name, field, reaches } = door;
	return {
		h,
		name: `${show(text)} in ${name}`,
		act: (world) => () => door.open(world.audience, text, world),
		// Anything shorter may be a part of any message.
		refused: { reason, field, says, secrets: text.length > 3 ? [text] : [], reaches },
	};
}

function notText(name: string, make: () => unknown, doors: readonly Door[]): readonly Row[] {
	return doors.map((door) => ({
		h: 30,
		name: `${name} in ${door.name}`,
		act: (world) => () => door.open(world.audience, hostile(make()), world),
		refused: { reason: "invalid_type", field: door.field, reaches: door.reaches },
	}));
}

/** Refusing costs next to nothing: the quickest of some tries takes less than a millisecond. */
function quick(h: number, email: string): Row {
	return {
		h,
		name: `${show(email)}, refused within a millisecond,`,
		act:
			({ audience }) =>
			async () => {
				const times: number[] = [];
				for (let turn = 0; turn < 30; turn += 1) {
					const start = performance.now();
					await expect(audience.contacts.create({ email })).rejects.toThrow("email");
					times.push(performance.now() - start);
				}
				expect(Math.min(...times)).toBeLessThan(1);
			},
	};
}

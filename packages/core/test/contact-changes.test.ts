import { describe, expect, test } from "vitest";
import type { ContactRecord, RetainedOptOut } from "../src/model/contact.ts";
import type { FoundContact } from "../src/ports/storage.ts";
import { changeContact, createOrMerge, optOutFormer, removeContact, UNCHANGED } from "../src/rules/contact-changes.ts";
import type { Act, ContactEdit, ContactInput } from "../src/rules/contact-changes.ts";

const act: Act = { at: new Date("2026-03-01T00:00:00Z"), source: "api", actor: "user:7" };
const address = { address: "Ada@example.com", key: "ada@example.com", needsSmtputf8: false, hash: "hash-ada" };
const elsewhere = { address: "ada@example.org", key: "ada@example.org", needsSmtputf8: false, hash: "hash-org" };
const nothing: FoundContact = {
	contact: undefined,
	addressHolder: undefined,
	externalIdHolder: undefined,
	retained: [],
	former: [],
};

function contact(overrides: Partial<ContactRecord> = {}): ContactRecord {
	const created = createOrMerge(nothing, { address }, "id-1", { ...act, at: new Date("2026-01-01T00:00:00Z") }).write;
	if (created === undefined) throw new Error("not created");
	return { ...created, ...overrides };
}

function retained(overrides: Partial<RetainedOptOut> = {}): RetainedOptOut {
	return {
		addressHash: address.hash,
		contactId: "old",
		unsubscribed: false,
		topicIds: [],
		at: new Date("2025-01-01T00:00:00Z"),
		...overrides,
	};
}

const types = (decision: { readonly events: readonly { readonly type: string; readonly source: string }[] }) =>
	decision.events.map(({ type, source }) => `${type} ${source}`);

describe("creating a contact", () => {
	test("starts from an empty contact with the fields given", () => {
		const input: ContactInput = { address, firstName: "Ada", properties: { plan: "pro" }, addSegments: ["s2", "s1"] };
		const decision = createOrMerge(nothing, input, "id-1", act);
		expect(decision.write).toMatchObject({
			id: "id-1",
			email: "Ada@example.com",
			addressKey: "ada@example.com",
			firstName: "Ada",
			lastName: null,
			properties: { plan: "pro" },
			segmentIds: ["s1", "s2"],
			unsubscribed: false,
			createdAt: act.at,
		});
		expect(types(decision)).toEqual(["contact.created api"]);
		expect(decision.events[0]).toMatchObject({ actor: "user:7", at: act.at, contactId: "id-1" });
	});

	test("records an opt-out and choices that come with it", () => {
		const input: ContactInput = { address, unsubscribed: true, choices: { t1: "opt_in", t2: "opt_out" } };
		const decision = createOrMerge(nothing, input, "id-1", act);
		expect(types(decision)).toEqual([
			"contact.created api",
			"contact.unsubscribed api",
			"topic.opted_in api",
			"topic.opted_out api",
		]);
	});

	test("takes over the opt-outs retained for the address, whatever the input says", () => {
		const found = {
			...nothing,
			retained: [retained({ unsubscribed: true }), retained({ contactId: "o2", topicIds: ["t1"] })],
		};
		const input: ContactInput = { address, unsubscribed: false, choices: { t1: "opt_in", t2: "opt_in" } };
		const decision = createOrMerge(found, input, "id-1", act);
		expect(decision.write).toMatchObject({ unsubscribed: true, choices: { t1: "opt_out", t2: "opt_in" } });
		expect(types(decision)).toEqual([
			"contact.created api",
			"contact.unsubscribed retained",
			"topic.opted_out retained",
			"topic.opted_in api",
		]);
		expect(decision.retain).toEqual([retained(), retained({ contactId: "o2" })]);
	});

	test("refuses an external id that another contact has", () => {
		const found = { ...nothing, externalIdHolder: "other" };
		expect(() => createOrMerge(found, { address, externalId: "u1" }, "id-1", act)).toThrow(
			expect.objectContaining({ code: "already_exists", reason: "external_id_taken" }),
		);
	});
});

describe("creating on an address that exists", () => {
	const cases: readonly [string, Partial<ContactRecord>, Partial<ContactInput>, Partial<ContactRecord>, string[]][] = [
		["changes nothing when nothing is given", {}, {}, {}, []],
		[
			"merges the fields given",
			{ lastName: "L" },
			{ firstName: "A" },
			{ firstName: "A", lastName: "L" },
			["contact.updated api"],
		],
		[
			"clears a field given as null",
			{ firstName: "A" },
			{ firstName: null },
			{ firstName: null },
			["contact.updated api"],
		],
		[
			"merges properties by key",
			{ properties: { a: "1", b: 2 } },
			{ properties: { b: 3, a: null } },
			{ properties: { b: 3 } },
			["contact.updated api"],
		],
		["finds equal dates equal", { properties: { d: new Date(5) } }, { properties: { d: new Date(5) } }, {}, []],
		["opts out", {}, { unsubscribed: true }, { unsubscribed: true }, ["contact.unsubscribed api"]],
		["never opts back in", { unsubscribed: true }, { unsubscribed: false }, { unsubscribed: true }, []],
		["keeps an opt-out of a topic", { choices: { t: "opt_out" } }, { choices: { t: "opt_in" } }, {}, []],
		[
			"opts into a topic without choice",
			{},
			{ choices: { t: "opt_in" } },
			{ choices: { t: "opt_in" } },
			["topic.opted_in api"],
		],
		[
			"adds segments",
			{ segmentIds: ["a"] },
			{ addSegments: ["b", "a"] },
			{ segmentIds: ["a", "b"] },
			["segment.added api"],
		],
		["keeps the address as it was typed first", {}, { address: { ...address, address: "ADA@example.com" } }, {}, []],
	];
	test.each(cases)("%s", (_name, before, input, after, events) => {
		const existing = contact(before);
		const decision = createOrMerge({ ...nothing, contact: existing }, { address, ...input }, "unused", act);
		expect(types(decision)).toEqual(events);
		const expected = { ...existing, ...after, ...(events.length > 0 && { updatedAt: act.at }) };
		expect(decision.write ?? existing).toEqual(expected);
	});
});

describe("changing a contact on purpose", () => {
	const cases: readonly [string, Partial<ContactRecord>, ContactEdit, Partial<ContactRecord>, string[]][] = [
		[
			"opts back in",
			{ unsubscribed: true },
			{ unsubscribed: false },
			{ unsubscribed: false },
			["contact.resubscribed api"],
		],
		[
			"opts into a topic again",
			{ choices: { t: "opt_out" } },
			{ choices: { t: "opt_in" } },
			{ choices: { t: "opt_in" } },
			["topic.opted_in api"],
		],
		[
			"goes back to the topic's default",
			{ choices: { t: "opt_out" } },
			{ choices: { t: null } },
			{ choices: {} },
			["topic.reset api"],
		],
		[
			"leaves a segment",
			{ segmentIds: ["a", "b"] },
			{ removeSegments: ["a"] },
			{ segmentIds: ["b"] },
			["segment.removed api"],
		],
		["changes nothing that is the same", { firstName: "A" }, { firstName: "A" }, {}, []],
	];
	test.each(cases)("%s", (_name, before, edit, after, events) => {
		const existing = contact(before);
		const decision = changeContact(existing, { ...nothing, contact: existing }, edit, act);
		expect(types(decision)).toEqual(events);
		const expected = { ...existing, ...after, ...(events.length > 0 && { updatedAt: act.at }) };
		expect(decision.write ?? existing).toEqual(expected);
	});

	test("a new address takes person and opt-outs along, and leaves the opt-outs at the old one", () => {
		const existing = contact({ unsubscribed: true, choices: { t1: "opt_out", t2: "opt_in" } });
		const decision = changeContact(existing, { ...nothing, contact: existing }, { address: elsewhere }, act);
		expect(decision.write).toMatchObject({
			id: existing.id,
			email: elsewhere.address,
			addressHash: elsewhere.hash,
			unsubscribed: true,
		});
		expect(decision.retain).toEqual([
			{ addressHash: address.hash, contactId: existing.id, unsubscribed: true, topicIds: ["t1"], at: act.at },
		]);
		expect(types(decision)).toEqual(["contact.email_changed api"]);
	});

	test("a new address brings the opt-outs retained for it", () => {
		const existing = contact();
		const found = {
			...nothing,
			contact: existing,
			retained: [retained({ addressHash: elsewhere.hash, unsubscribed: true })],
		};
		const decision = changeContact(existing, found, { address: elsewhere }, act);
		expect(decision.write?.unsubscribed).toBe(true);
		expect(types(decision)).toEqual(["contact.email_changed api", "contact.unsubscribed retained"]);
	});

	test("an address that another contact has is refused", () => {
		const existing = contact();
		const found = { ...nothing, contact: existing, addressHolder: "other" };
		expect(() => changeContact(existing, found, { address: elsewhere }, act)).toThrow(
			expect.objectContaining({ code: "already_exists", reason: "email_taken" }),
		);
	});
});

describe("removing a contact", () => {
	test("retains its opt-outs, and which contact had the address", () => {
		const existing = contact({ choices: { b: "opt_out", a: "opt_out", c: "opt_in" } });
		const decision = removeContact(existing, act);
		expect(decision.remove).toBe(existing.id);
		expect(decision.write).toBeUndefined();
		expect(decision.retain).toEqual([
			{ addressHash: address.hash, contactId: existing.id, unsubscribed: false, topicIds: ["a", "b"], at: act.at },
		]);
	});

	test("an old link opts the removed contact out once", () => {
		const decision = optOutFormer([retained()], act);
		expect(decision.retain).toEqual([retained({ unsubscribed: true, at: act.at })]);
		expect(types(decision)).toEqual(["contact.unsubscribed api"]);
		expect(optOutFormer(decision.retain, act)).toEqual(UNCHANGED);
	});
});

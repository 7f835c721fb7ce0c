import { describe, expect, test } from "vitest";
import type { Contact } from "../src/index.ts";
import { openAudience } from "./support/open-audience.ts";

async function eventsOf(audience: ReturnType<typeof openAudience>): Promise<string[]> {
	return (await audience.events.since()).data.map(({ type, source, actor }) =>
		[type, source, actor].filter(Boolean).join(" "),
	);
}

describe("many contacts at once", () => {
	const untyped = (value: unknown) => value as never;

	test("name the entry of an error, also where there is one alone, and where it shows when it is written", async () => {
		const { contacts } = openAudience();
		await contacts.create({ email: "holder@example.com", externalId: "u1" });
		const refused = (entries: readonly unknown[], error: object) =>
			expect(contacts.createMany(untyped(entries))).rejects.toMatchObject(error);
		await refused([{ email: "nope" }], { reason: "invalid_email", field: "[0].email" });
		await refused([{ email: "a@example.com" }, null], { reason: "invalid_type", field: "[1]" });
		await refused([{ email: "a@example.com" }, { email: "b@example.com", externalId: "u1" }], {
			code: "already_exists",
			reason: "external_id_taken",
			field: "[1].externalId",
		});
		await expect(contacts.create(untyped(null))).rejects.toMatchObject({ reason: "invalid_type", field: "contact" });
		await expect(contacts.create({ email: "b@example.com", externalId: "u1" })).rejects.toMatchObject({
			reason: "external_id_taken",
			field: "externalId",
		});
		expect(await contacts.count()).toBe(1);
	});

	test.each([null, "u2"])(
		"an external id is passed on from one entry to a later one, which has %j then",
		async (next) => {
			const { contacts } = openAudience();
			await contacts.create({ email: "first@example.com", externalId: "u1" });
			const [first, second] = await contacts.createMany([
				{ email: "first@example.com", externalId: next },
				{ email: "second@example.com", externalId: "u1" },
			]);
			expect([first?.externalId, second?.externalId]).toEqual([next, "u1"]);
			expect(await contacts.get({ externalId: "u1" })).toMatchObject({ email: "second@example.com" });
		},
	);

	test("an external id that an earlier entry keeps is taken", async () => {
		const { contacts } = openAudience();
		await contacts.create({ email: "first@example.com", externalId: "u1" });
		const entries = [
			{ email: "first@example.com", firstName: "Ada" },
			{ email: "second@example.com", externalId: "u1" },
		];
		await expect(contacts.createMany(entries)).rejects.toMatchObject({ reason: "external_id_taken" });
	});
});

test("a contact that comes back is not said to leave a topic that is gone", async () => {
	const audience = openAudience();
	const [kept, gone] = [await audience.topics.create({ name: "Kept" }), await audience.topics.create({ name: "Gone" })];
	const topics = [kept, gone].map(({ id }) => ({ id, subscription: "opt_out" as const }));
	await audience.contacts.create({ email: "ada@example.com", topics });
	await audience.contacts.remove({ email: "ada@example.com" });
	await audience.topics.remove(gone.id);
	const { id } = await audience.contacts.create({ email: "ada@example.com" });
	const { events } = await audience.contacts.history({ id });
	expect(events.map(({ type, topicId }) => [type, topicId])).toEqual([
		["topic.opted_out", kept.id],
		["contact.created", null],
	]);
});

describe("contacts", () => {
	test("are created whole and read by id, address in any case, and external id", async () => {
		const audience = openAudience({ plan: "string", seats: "number", pro: "boolean", until: "date" });
		const until = new Date("2027-01-01T00:00:00Z");
		const created = await audience.contacts.create({
			email: "Ada@Example.COM",
			externalId: "user-1",
			firstName: "Ada",
			properties: { plan: "team", seats: 3, pro: true, until },
		});
		expect(created).toEqual({
			id: created.id,
			email: "Ada@example.com",
			externalId: "user-1",
			firstName: "Ada",
			lastName: null,
			properties: { plan: "team", seats: 3, pro: true, until },
			unsubscribed: false,
			confirmation: "none",
			createdAt: created.createdAt,
			updatedAt: created.createdAt,
		} satisfies Contact);
		for (const ref of [{ id: created.id }, { email: "aDA@example.com" }, { externalId: "user-1" }]) {
			expect(await audience.contacts.get(ref)).toEqual(created);
		}
		expect(created.properties.until?.getTime()).toBe(until.getTime());
	});

	test("created again are the same contact, merged, and never opted back in", async () => {
		const audience = openAudience();
		const first = await audience.contacts.create({ email: "ada@example.com", firstName: "Ada", unsubscribed: true });
		const second = await audience.contacts.create({
			email: "ADA@example.com",
			lastName: "Lovelace",
			unsubscribed: false,
		});
		expect(second).toMatchObject({ id: first.id, firstName: "Ada", lastName: "Lovelace", unsubscribed: true });
		expect(await audience.contacts.count()).toBe(1);
	});

	test("created many at once keep their order, also with doubles among them", async () => {
		const audience = openAudience();
		const emails = Array.from({ length: 450 }, (_, index) => `c${index % 430}@example.com`);
		const created = await audience.contacts.createMany(emails.map((email) => ({ email })));
		expect(created.map(({ email }) => email)).toEqual(emails);
		expect(await audience.contacts.count()).toBe(430);
		expect(created[440]?.id).toBe(created[10]?.id);
	});

	test("are not written when one of many is wrong", async () => {
		const audience = openAudience();
		const many = [{ email: "a@example.com" }, { email: "b@example.com" }, { email: "nonsense" }];
		await expect(audience.contacts.createMany(many)).rejects.toMatchObject({
			reason: "invalid_email",
			field: "[2].email",
		});
		expect(await audience.contacts.count()).toBe(0);
	});

	test("are listed newest first, page by page, in both directions", async () => {
		const audience = openAudience();
		await audience.contacts.createMany(Array.from({ length: 7 }, (_, index) => ({ email: `c${index}@example.com` })));
		const emails = (page: { readonly data: readonly Contact[] }) => page.data.map(({ email }) => email[1]).join("");
		const first = await audience.contacts.list({ limit: 3 });
		expect([emails(first), first.hasMore]).toEqual(["654", true]);
		const second = await audience.contacts.list({ limit: 3, after: first.data[2]?.id });
		expect([emails(second), second.hasMore]).toEqual(["321", true]);
		const last = await audience.contacts.list({ limit: 3, after: second.data[2]?.id });
		expect([emails(last), last.hasMore]).toEqual(["0", false]);
		const back = await audience.contacts.list({ limit: 2, before: last.data[0]?.id });
		expect([emails(back), back.hasMore]).toEqual(["21", true]);
		const start = await audience.contacts.list({ limit: 10, before: second.data[0]?.id });
		expect([emails(start), start.hasMore]).toEqual(["654", false]);
	});

	test("are gone through one by one, counted and listed by filter or segment", async () => {
		const audience = openAudience({ plan: "string" });
		const { id } = await audience.segments.create({ name: "Odd" });
		await audience.contacts.createMany(
			Array.from({ length: 205 }, (_, index) => ({
				email: `c${index}@example.com`,
				properties: { plan: index % 5 === 0 ? "pro" : "free" },
				segments: index % 2 === 1 ? [{ id }] : [],
			})),
		);
		const pro = { field: "properties.plan", op: "eq", value: "pro" } as const;
		const seen: string[] = [];
		for await (const { email } of audience.contacts.each()) seen.push(email);
		expect(new Set(seen).size).toBe(205);
		expect(await audience.contacts.count({ filter: pro })).toBe(41);
		expect(await audience.contacts.count({ segmentId: id })).toBe(102);
		expect(await audience.contacts.count({ filter: { and: [pro, { segment: id }] } })).toBe(20);
		expect((await audience.contacts.list({ filter: pro, limit: 1 })).data[0]?.email).toBe("c200@example.com");
	});

	test("change as told: null clears, undefined leaves alone, properties merge", async () => {
		const audience = openAudience({ plan: "string", seats: "number" });
		const ref = { email: "ada@example.com" };
		await audience.contacts.create({ ...ref, firstName: "Ada", lastName: "L", properties: { plan: "pro", seats: 1 } });
		const changes = { firstName: null, lastName: undefined, properties: { plan: null, seats: 2 } };
		expect(await audience.contacts.update(ref, changes)).toMatchObject({
			firstName: null,
			lastName: "L",
			properties: { seats: 2 },
		});
		expect((await audience.contacts.get(ref)).properties).toEqual({ seats: 2 });
	});

	test("keep id and opt-outs when the address changes, and the old address keeps the opt-outs too", async () => {
		const audience = openAudience();
		const topic = await audience.topics.create({ name: "News" });
		const before = await audience.contacts.create({
			email: "old@example.com",
			unsubscribed: true,
			topics: [{ id: topic.id, subscription: "opt_out" }],
		});
		const moved = await audience.contacts.update({ id: before.id }, { email: "new@example.com" });
		expect(moved).toMatchObject({ id: before.id, email: "new@example.com", unsubscribed: true });
		const again = await audience.contacts.create({ email: "old@example.com" });
		expect(again.id).not.toBe(before.id);
		expect(again.unsubscribed).toBe(true);
		expect((await audience.contacts.topics.list({ id: again.id }))[0]).toMatchObject({
			subscription: "opt_out",
			explicit: true,
		});
	});

	test("refuse an address or external id that another contact has", async () => {
		const audience = openAudience();
		await audience.contacts.create({ email: "a@example.com", externalId: "1" });
		await audience.contacts.create({ email: "b@example.com" });
		const b = { email: "b@example.com" };
		await expect(audience.contacts.update(b, { email: "A@example.com" })).rejects.toMatchObject({
			code: "already_exists",
			reason: "email_taken",
		});
		await expect(audience.contacts.update(b, { externalId: "1" })).rejects.toMatchObject({
			reason: "external_id_taken",
		});
		await expect(audience.contacts.create({ email: "c@example.com", externalId: "1" })).rejects.toMatchObject({
			reason: "external_id_taken",
		});
		expect(await audience.contacts.count()).toBe(2);
	});

	test("that were removed come back opted out, until they opt in on purpose", async () => {
		const audience = openAudience();
		const ref = { email: "ada@example.com" };
		await audience.contacts.create({ ...ref, unsubscribed: true });
		await audience.contacts.remove(ref);
		await expect(audience.contacts.get(ref)).rejects.toMatchObject({ code: "not_found" });
		expect((await audience.contacts.create({ ...ref, unsubscribed: false })).unsubscribed).toBe(true);
		await audience.contacts.update(ref, { unsubscribed: false }, { actor: "support:ida" });
		await audience.contacts.remove(ref);
		expect((await audience.contacts.create(ref)).unsubscribed).toBe(false);
		expect(await eventsOf(audience)).toEqual([
			"contact.created api",
			"contact.unsubscribed api",
			"contact.removed api",
			"contact.created api",
			"contact.unsubscribed retained",
			"contact.resubscribed api support:ida",
			"contact.removed api",
			"contact.created api",
		]);
	});
});

describe("segments and topics of a contact", () => {
	test("are added and removed, each time with an event", async () => {
		const audience = openAudience();
		const ref = { email: "ada@example.com" };
		await audience.contacts.create(ref);
		const [one, two] = [
			await audience.segments.create({ name: "One" }),
			await audience.segments.create({ name: "Two" }),
		];
		await audience.contacts.segments.add(ref, one.id);
		await audience.contacts.segments.add(ref, one.id);
		await audience.contacts.segments.add(ref, two.id);
		expect(await audience.contacts.segments.list(ref)).toEqual([two, one]);
		await audience.contacts.segments.remove(ref, one.id);
		expect(await audience.contacts.segments.list(ref)).toEqual([two]);
		expect((await eventsOf(audience)).slice(1)).toEqual([
			"segment.added api",
			"segment.added api",
			"segment.removed api",
		]);
		await audience.segments.remove(two.id);
		expect(await audience.contacts.segments.list(ref)).toEqual([]);
	});

	test("show the subscription in force and whether it was chosen", async () => {
		const audience = openAudience();
		const ref = { email: "ada@example.com" };
		await audience.contacts.create(ref);
		const news = await audience.topics.create({ name: "News" });
		const beta = await audience.topics.create({ name: "Beta", defaultSubscription: "opt_out", visibility: "private" });
		const inForce = async () =>
			Object.fromEntries(
				(await audience.contacts.topics.list(ref)).map((topic) => [
					topic.name,
					`${topic.subscription} ${topic.explicit}`,
				]),
			);
		expect(await inForce()).toEqual({ News: "opt_in false", Beta: "opt_out false" });
		await audience.contacts.topics.update(ref, [
			{ id: news.id, subscription: "opt_out" },
			{ id: beta.id, subscription: "opt_in" },
		]);
		expect(await inForce()).toEqual({ News: "opt_out true", Beta: "opt_in true" });
		await audience.contacts.topics.update(ref, [{ id: news.id, subscription: null }]);
		expect(await inForce()).toEqual({ News: "opt_in false", Beta: "opt_in true" });
		await audience.topics.remove(beta.id);
		expect(await inForce()).toEqual({ News: "opt_in false" });
	});
});

describe("properties", () => {
	test("are declared, given a fallback, and removed with their values", async () => {
		const audience = openAudience();
		const plan = await audience.properties.create({ key: "plan", type: "string", fallback: "free" });
		await expect(audience.properties.create({ key: "plan", type: "number" })).rejects.toMatchObject({
			reason: "property_key_taken",
		});
		expect(await audience.properties.update({ key: "plan" }, { fallback: null })).toEqual({ ...plan, fallback: null });
		await expect(audience.properties.update({ key: "plan" }, { fallback: 3 })).rejects.toMatchObject({
			reason: "invalid_property_value",
		});
		await audience.contacts.create({ email: "a@example.com", properties: { plan: "pro" } });
		await audience.properties.remove({ id: plan.id });
		await audience.properties.create({ key: "plan", type: "number" });
		expect((await audience.contacts.get({ email: "a@example.com" })).properties).toEqual({});
		expect((await audience.properties.list()).data.map(({ key }) => key)).toEqual(["plan"]);
	});

	test("declared in code exist for every tenant and keep their type", async () => {
		const audience = openAudience({ plan: "string" });
		await audience.tenant("acme").contacts.create({ email: "a@example.com", properties: { plan: "pro" } });
		expect((await audience.tenant("acme").properties.list()).data).toMatchObject([{ key: "plan", type: "string" }]);
		await expect(audience.properties.remove({ key: "plan" })).rejects.toMatchObject({
			reason: "property_declared_in_code",
		});
	});
});

describe("tenants", () => {
	test("share nothing, not even an opt-out", async () => {
		const audience = openAudience();
		const [acme, zeta] = [audience.tenant("acme"), audience.tenant("zeta")];
		const ref = { email: "ada@example.com" };
		await acme.contacts.create({ ...ref, unsubscribed: true });
		await acme.suppressions.add(ref);
		const { id } = await acme.segments.create({ name: "All" });
		expect(await zeta.contacts.count()).toBe(0);
		expect((await zeta.contacts.create(ref)).unsubscribed).toBe(false);
		await expect(zeta.suppressions.get(ref.email)).rejects.toMatchObject({ code: "not_found" });
		await expect(zeta.segments.get(id)).rejects.toMatchObject({ code: "not_found" });
		await expect(zeta.contacts.segments.add(ref, id)).rejects.toMatchObject({ reason: "segment_not_found" });
		expect((await acme.events.since()).data).toHaveLength(3);
		expect((await zeta.events.since()).data).toHaveLength(1);
		expect(() => audience.tenant("../etc")).toThrow(expect.objectContaining({ reason: "invalid_tenant" }));
	});
});

describe("suppressions", () => {
	test("are kept once, with what brought them first, and end on request", async () => {
		const audience = openAudience();
		const { id } = await audience.contacts.create({ email: "ada@example.com" });
		const first = await audience.suppressions.add({ email: "Ada@example.com", origin: "bounce" });
		expect(await audience.suppressions.add({ email: "ada@example.com" })).toEqual(first);
		expect(await audience.suppressions.get("ADA@example.com")).toEqual(first);
		await audience.suppressions.add({ email: "nobody@example.com", origin: "complaint" });
		expect((await audience.suppressions.list()).data.map(({ origin }) => origin)).toEqual(["complaint", "bounce"]);
		await audience.suppressions.remove("ada@example.com");
		await expect(audience.suppressions.remove("ada@example.com")).rejects.toMatchObject({ code: "not_found" });
		const events = (await audience.events.since()).data.slice(1);
		expect(events.map(({ type, contactId }) => [type, contactId])).toEqual([
			["suppression.added", id],
			["suppression.added", null],
			["suppression.removed", id],
		]);
	});
});

describe("events", () => {
	test("are read on from a cursor, each once", async () => {
		const audience = openAudience();
		await audience.contacts.createMany(Array.from({ length: 5 }, (_, index) => ({ email: `c${index}@example.com` })));
		const first = await audience.events.since(undefined, { limit: 3 });
		const second = await audience.events.since(first.cursor, { limit: 3 });
		expect([first.data.length, second.data.length]).toEqual([3, 2]);
		expect(new Set([...first.data, ...second.data].map(({ contactId }) => contactId)).size).toBe(5);
		expect(await audience.events.since(second.cursor)).toEqual({ data: [], cursor: second.cursor });
		await expect(audience.events.since("x")).rejects.toMatchObject({ reason: "invalid_cursor" });
	});
});

test("a whole contact serves as the name of itself", async () => {
	const audience = openAudience();
	const contact = await audience.contacts.create({ email: "ada@example.com", externalId: "1" });
	expect(await audience.contacts.get(contact)).toEqual(contact);
	const ambiguous = { email: "ada@example.com", externalId: "1" };
	await expect(audience.contacts.get(ambiguous)).rejects.toMatchObject({ reason: "invalid_ref" });
});

test("properties are bounded together, also by what the contact has already", async () => {
	const types = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`p${index}`, "string" as const]));
	const audience = openAudience(types);
	const large = "x".repeat(4000);
	const half = (from: number) =>
		Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`p${index + from}`, large]));
	const ref = { email: "ada@example.com" };
	await audience.contacts.create({ ...ref, properties: half(0) });
	await expect(audience.contacts.create({ ...ref, properties: half(4) })).rejects.toMatchObject({
		reason: "property_too_large",
	});
	expect(Object.keys((await audience.contacts.get(ref)).properties)).toHaveLength(5);
});

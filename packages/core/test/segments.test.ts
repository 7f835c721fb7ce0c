import { describe, expect, test } from "vitest";
import type { Audience, Filter } from "../src/index.ts";
import { openAudience } from "./support/open-audience.ts";

async function people(): Promise<Audience> {
	const audience = openAudience({ plan: "string", seats: "number" });
	for (const [name, plan, seats] of [
		["ada", "pro", 3],
		["bob", "pro", 1],
		["cyd", "free", 5],
	] as const) {
		await audience.contacts.create({ email: `${name}@example.com`, firstName: name, properties: { plan, seats } });
	}
	return audience;
}

const PRO: Filter = { field: "properties.plan", op: "eq", value: "pro" };
const MANY: Filter = { field: "properties.seats", op: "gte", value: 3 };

function nameOf({ firstName }: { readonly firstName: string | null }): string {
	return firstName ?? "";
}

async function namesIn(audience: Audience, segmentId: string): Promise<string> {
	const { data } = await audience.contacts.list({ segmentId });
	return data.map(nameOf).toSorted().join(" ");
}

describe("a dynamic segment", () => {
	test("is whoever matches now", async () => {
		const audience = await people();
		const { id, filter } = await audience.segments.create({ name: "Pro", filter: PRO });
		expect(filter).toEqual(PRO);
		expect(await namesIn(audience, id)).toBe("ada bob");
		await audience.contacts.update({ email: "cyd@example.com" }, { properties: { plan: "pro" } });
		expect(await namesIn(audience, id)).toBe("ada bob cyd");
		expect(await audience.segments.count(id)).toBe(3);
		await audience.segments.update(id, { filter: MANY, name: "Large" });
		expect(await namesIn(audience, id)).toBe("ada cyd");
		expect(await audience.segments.get(id)).toMatchObject({ name: "Large", filter: MANY });
	});

	test("asks about other segments, static and dynamic, and about those who are not in them", async () => {
		const audience = await people();
		const vip = await audience.segments.create({ name: "VIP" });
		await audience.contacts.segments.add({ email: "bob@example.com" }, vip.id);
		const pro = await audience.segments.create({ name: "Pro", filter: PRO });
		const both = await audience.segments.create({
			name: "Pro, many seats or VIP",
			filter: { and: [{ segment: pro.id }, { or: [MANY, { segment: vip.id }] }] },
		});
		const rest = await audience.segments.create({ name: "Rest", filter: { not: { segment: both.id } } });
		expect(await namesIn(audience, both.id)).toBe("ada bob");
		expect(await namesIn(audience, rest.id)).toBe("cyd");
		expect(await audience.segments.count(rest.id)).toBe(1);
		expect(await audience.contacts.count({ filter: { and: [{ segment: rest.id }, PRO] } })).toBe(0);
	});

	test("is no place to add contacts to", async () => {
		const audience = await people();
		const { id } = await audience.segments.create({ name: "Pro", filter: PRO });
		const refused = { code: "invalid_state", reason: "segment_is_dynamic" };
		await expect(audience.contacts.segments.add({ email: "ada@example.com" }, id)).rejects.toMatchObject(refused);
		await expect(audience.contacts.create({ email: "x@example.com", segments: [{ id }] })).rejects.toMatchObject(
			refused,
		);
		await expect(audience.contacts.imports.create({ list: "x@example.com", segments: [{ id }] })).rejects.toMatchObject(
			refused,
		);
		expect(await audience.contacts.count()).toBe(3);
	});

	test("keeps what its filter asks about from being removed", async () => {
		const audience = await people();
		const topic = await audience.topics.create({ name: "News" });
		const inner = await audience.segments.create({ name: "Inner" });
		await audience.properties.create({ key: "city", type: "string" });
		const filter: Filter = {
			and: [
				{ topic: topic.id, is: "opt_in" },
				{ not: { segment: inner.id } },
				{ field: "properties.city", op: "isSet", value: true },
			],
		};
		const outer = await audience.segments.create({ name: "Outer", filter });
		await expect(audience.topics.remove(topic.id)).rejects.toMatchObject({ reason: "topic_in_use" });
		await expect(audience.segments.remove(inner.id)).rejects.toMatchObject({ reason: "segment_in_use" });
		await expect(audience.properties.remove({ key: "city" })).rejects.toMatchObject({ reason: "property_in_use" });
		await audience.segments.update(outer.id, { filter: PRO });
		await audience.topics.remove(topic.id);
		await audience.segments.remove(inner.id);
		await audience.properties.remove({ key: "city" });
	});

	test("never asks about itself", async () => {
		const audience = await people();
		const a = await audience.segments.create({ name: "A", filter: PRO });
		const b = await audience.segments.create({ name: "B", filter: { or: [{ segment: a.id }, MANY] } });
		const c = await audience.segments.create({ name: "C", filter: { not: { segment: b.id } } });
		for (const { id } of [a, b, c]) {
			await expect(audience.segments.update(a.id, { filter: { not: { segment: id } } })).rejects.toMatchObject({
				code: "invalid_input",
				reason: "segment_cycle",
				field: "filter",
			});
		}
		expect((await audience.segments.get(a.id)).filter).toEqual(PRO);
	});

	test("is refused when it asks too much by way of others", async () => {
		const audience = await people();
		let { id } = await audience.segments.create({ name: "0", filter: PRO });
		const refusals: unknown[] = [];
		for (let level = 1; level < 10 && refusals.length === 0; level += 1) {
			const inner = id;
			const filter: Filter = { or: Array.from({ length: 4 }, () => ({ segment: inner })) };
			await audience.segments.create({ name: `${level}`, filter }).then(
				(made) => void (id = made.id),
				(error: unknown) => void refusals.push(error),
			);
		}
		expect(refusals).toMatchObject([{ code: "invalid_input", reason: "filter_too_large" }]);
		expect(await audience.segments.count(id)).toBe(2);
	});

	test.each([
		[{ segment: "01900000-0000-7000-8000-00000000dead" }, "segment_not_found"],
		[{ topic: "01900000-0000-7000-8000-00000000dead", is: "opt_in" }, "topic_not_found"],
		[{ field: "properties.nope", op: "eq", value: 1 }, "unknown_field"],
		[{ field: "shoe", op: "eq", value: 1 }, "unknown_field"],
		[{ search: " -- " }, "invalid_filter_value"],
	] as const)("by %j is refused", async (filter, reason) => {
		const audience = await people();
		await expect(audience.segments.create({ name: "S", filter })).rejects.toMatchObject({ reason });
		expect((await audience.segments.list()).data).toEqual([]);
	});
});

test("a static segment gets no filter", async () => {
	const audience = await people();
	const { id } = await audience.segments.create({ name: "Static", filter: null });
	await expect(audience.segments.update(id, { filter: PRO })).rejects.toMatchObject({
		code: "invalid_state",
		reason: "segment_is_static",
	});
	expect(await audience.segments.update(id, {})).toMatchObject({ name: "Static", filter: null });
});

describe("a search box", () => {
	test.each([
		["ADA", "ada"],
		["exam", "ada bob cyd"],
		["bob exam", "bob"],
		["bob ada", ""],
		["", "ada bob cyd"],
		["  ", "ada bob cyd"],
		["@", ""],
	])("with %j finds %j", async (search, expected) => {
		const audience = await people();
		const { data } = await audience.contacts.list({ search });
		expect(data.map(nameOf).toSorted().join(" ")).toBe(expected);
		expect(await audience.contacts.count({ search, filter: PRO })).toBe(
			expected.split(" ").filter((name) => name === "ada" || name === "bob").length,
		);
	});

	test("refuses a search of more than 20 words or 1,024 characters", async () => {
		const audience = await people();
		for (const search of [Array.from({ length: 21 }, (_, index) => `w${index}`).join(" "), "x".repeat(1025)]) {
			await expect(audience.contacts.list({ search })).rejects.toMatchObject({ reason: "filter_too_large" });
		}
	});
});

test("a filter may be JSON, with instants as text", async () => {
	const audience = openAudience({ until: "date" });
	await audience.contacts.create({ email: "ada@example.com", properties: { until: new Date("2030-01-01T00:00:00Z") } });
	for (const [text, count] of [
		['{"field":"properties.until","op":"gt","value":"2029-12-31T23:00:00-01:00"}', 0],
		['{"field":"properties.until","op":"gte","value":"2029-12-31T23:00:00-01:00"}', 1],
		['{"field":"properties.until","op":"in","value":["2030-01-01T00:00:00Z"]}', 1],
		['{"field":"createdAt","op":"gt","value":"2001-01-01T00:00:00Z"}', 1],
		['{"field":"properties.until","op":"eq","value":"soon"}', 0],
	] as const) {
		const untyped: Audience = audience;
		expect(await untyped.contacts.count({ filter: JSON.parse(text) as Filter }), text).toBe(count);
	}
});

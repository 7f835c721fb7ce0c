import { describe, expect, test } from "vitest";
import type { Audience, BulkProgress } from "../src/index.ts";
import { openAudience } from "./support/open-audience.ts";

const COUNT = 450;

async function crowd(): Promise<Audience> {
	const audience = openAudience({ seats: "number" });
	await audience.contacts.createMany(
		Array.from({ length: COUNT }, (_, seats) => ({ email: `p${seats}@example.com`, properties: { seats } })),
	);
	return audience;
}

const FEW = { field: "properties.seats", op: "lt", value: 300 } as const;

describe("contacts.bulk", () => {
	test("adds whoever matches to segments, in units, and takes them out", async () => {
		const audience = await crowd();
		const { id } = await audience.segments.create({ name: "Few seats" });
		const seen: BulkProgress[] = [];
		const options = { onProgress: (progress: BulkProgress) => void seen.push(progress), actor: "ops" };
		const added = await audience.contacts.bulk.addToSegments({ filter: FEW }, [{ id }], options);
		expect(added).toEqual({ matched: 300, changed: 300, optOutsKept: 0, cursor: null });
		expect(seen.map(({ matched }) => matched)).toEqual([200, 300]);
		expect(await audience.segments.count(id)).toBe(300);
		expect((await audience.contacts.history({ email: "p7@example.com" })).events[0]).toMatchObject({
			type: "segment.added",
			segmentId: id,
			actor: "ops",
		});
		expect(await audience.contacts.bulk.addToSegments({ filter: FEW }, [{ id }])).toMatchObject({
			matched: 300,
			changed: 0,
		});
		expect(await audience.contacts.bulk.removeFromSegments({ segmentId: id }, [{ id }])).toMatchObject({
			matched: 300,
			changed: 300,
		});
		expect(await audience.segments.count(id)).toBe(0);
	});

	test("goes on where it was interrupted", async () => {
		const audience = await crowd();
		const { id } = await audience.segments.create({ name: "Everyone" });
		const stop = new AbortController();
		const first = await audience.contacts.bulk.addToSegments({ everyone: true }, [{ id }], {
			signal: stop.signal,
			onProgress: () => stop.abort(),
		});
		expect(first).toMatchObject({ matched: 200, changed: 200 });
		expect(await audience.segments.count(id)).toBe(200);
		const rest = await audience.contacts.bulk.addToSegments({ everyone: true }, [{ id }], {
			after: first.cursor ?? undefined,
		});
		expect(rest).toEqual({ matched: 250, changed: 250, optOutsKept: 0, cursor: null });
		expect(await audience.segments.count(id)).toBe(COUNT);
	});

	test("subscribes, and undoes no opt-out", async () => {
		const audience = await crowd();
		const topic = await audience.topics.create({ name: "News", defaultSubscription: "opt_out" });
		const [out, plain] = [{ email: "p1@example.com" }, { email: "p2@example.com" }];
		await audience.contacts.topics.update(out, [{ id: topic.id, subscription: "opt_out" }]);
		const refs = [out, plain, await audience.contacts.get(plain), { email: "nobody@example.com" }];
		const done = await audience.contacts.bulk.subscribe({ refs }, [{ id: topic.id, subscription: "opt_in" }]);
		expect(done).toEqual({ matched: 2, changed: 1, optOutsKept: 1, cursor: null });
		const optedIn = { topic: topic.id, is: "opt_in" } as const;
		expect((await audience.contacts.list({ filter: optedIn })).data).toMatchObject([plain]);
		await audience.contacts.bulk.subscribe({ filter: optedIn }, [{ id: topic.id, subscription: "opt_out" }]);
		expect(await audience.contacts.count({ filter: optedIn })).toBe(0);
	});

	test("removes, and opt-outs stay", async () => {
		const audience = await crowd();
		await audience.contacts.update({ email: "p3@example.com" }, { unsubscribed: true });
		expect(await audience.contacts.bulk.remove({ filter: FEW })).toMatchObject({ matched: 300, changed: 300 });
		expect(await audience.contacts.count()).toBe(150);
		expect(await audience.contacts.create({ email: "p3@example.com" })).toMatchObject({ unsubscribed: true });
	});

	test.each([
		[{}, "target_missing"],
		[{ everyone: false }, "target_missing"],
		[{ everyone: true, filter: FEW }, "target_ambiguous"],
		[{ filter: { field: "shoe", op: "eq", value: 1 } }, "unknown_field"],
		[{ segmentId: "01900000-0000-7000-8000-00000000dead" }, "segment_not_found"],
		[{ refs: "all" }, "invalid_type"],
		[{ refs: [{}] }, "invalid_ref"],
		[{ refs: Array.from({ length: 10_001 }, () => ({ email: "a@example.com" })) }, "too_many_refs"],
		[{ filters: FEW }, "unknown_field"],
	])("refuses the target %j", async (target, reason) => {
		const audience = await crowd();
		await expect(audience.contacts.bulk.remove(target as never)).rejects.toMatchObject({ reason });
		expect(await audience.contacts.count()).toBe(COUNT);
	});

	test("refuses segments and topics that are none, and a cursor of something else", async () => {
		const { contacts, segments } = await crowd();
		const dynamic = await segments.create({ name: "Dynamic", filter: FEW });
		const everyone = { everyone: true } as const;
		const gone = "01900000-0000-7000-8000-00000000dead";
		for (const [act, reason] of [
			[() => contacts.bulk.addToSegments(everyone, []), "invalid_value"],
			[() => contacts.bulk.addToSegments(everyone, [{ id: gone }]), "segment_not_found"],
			[() => contacts.bulk.addToSegments(everyone, [dynamic]), "unknown_field"],
			[() => contacts.bulk.addToSegments(everyone, [{ id: dynamic.id }]), "segment_is_dynamic"],
			[() => contacts.bulk.subscribe(everyone, [{ id: gone, subscription: "opt_in" }]), "topic_not_found"],
			[() => contacts.bulk.remove(everyone, { after: "200" }), "invalid_id"],
			[() => contacts.bulk.remove({ refs: [] }, { after: "7" }), "invalid_cursor"],
		] as const) {
			await expect(act()).rejects.toMatchObject({ reason });
		}
		expect(await contacts.count()).toBe(COUNT);
	});
});

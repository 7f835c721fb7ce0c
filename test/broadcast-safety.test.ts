import { createAudience, createMemoryStorage } from "@convoke/core";
import type { Filter, Sender } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { aBroadcast, aContact, createTestAudience, createTestInbox } from "@convoke/testing";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { KEYS } from "./support/keys.ts";

describe("a broadcast whose segment or topic was removed while it was a draft", () => {
	test("is not sent without the topic that people opted out of", async () => {
		const { audience, inbox, deliver } = createTestAudience();
		const topic = await audience.topics.create({ name: "News" });
		await audience.contacts.create(aContact({ topics: [{ id: topic.id, subscription: "opt_out" }] }));
		const { id } = await audience.broadcasts.create(aBroadcast({ topicId: topic.id }));
		await audience.topics.remove(topic.id);
		expect(await audience.broadcasts.check(id)).toContainEqual(
			expect.objectContaining({ severity: "error", reason: "topic_not_found" }),
		);
		await expect(audience.broadcasts.send(id)).rejects.toMatchObject({ reason: "topic_not_found" });
		await deliver();
		expect(inbox.messages).toEqual([]);
		expect(await audience.broadcasts.get(id)).toMatchObject({ status: "draft" });
	});

	test("is not sent without the segment that a filter leaves out", async () => {
		const { audience } = createTestAudience();
		const segment = await audience.segments.create({ name: "Staff" });
		const { id } = await audience.broadcasts.create(aBroadcast({ filter: { not: { segment: segment.id } } }));
		await audience.segments.remove(segment.id);
		await expect(audience.broadcasts.send(id)).rejects.toMatchObject({ reason: "segment_not_found" });
	});

	test("keeps them once it is scheduled", async () => {
		const { audience, clock } = createTestAudience();
		const topic = await audience.topics.create({ name: "News" });
		const segment = await audience.segments.create({ name: "Staff" });
		const filter = { not: { segment: segment.id } };
		const { id } = await audience.broadcasts.create(aBroadcast({ topicId: topic.id, filter }));
		await audience.broadcasts.send(id, { scheduledAt: new Date(clock.now().getTime() + 1000) });
		await expect(audience.topics.remove(topic.id)).rejects.toMatchObject({
			code: "invalid_state",
			reason: "topic_in_use",
		});
		await expect(audience.segments.remove(segment.id)).rejects.toMatchObject({ reason: "segment_in_use" });
	});
});

describe("a target that asks for what does not exist", () => {
	const gone = "01900000-0000-7000-8000-00000000dead";
	test.each([
		[{ segmentId: gone }, "segment_not_found"],
		[{ topicId: gone }, "topic_not_found"],
		[{ filter: { segment: gone } }, "segment_not_found"],
		[{ filter: { topic: gone, is: "opt_in" as const } }, "topic_not_found"],
		[{ filter: { field: "properties.nope", op: "eq" as const, value: 1 } }, "unknown_field"],
	])("%j is refused at once", async (fields, reason) => {
		const { audience } = createTestAudience();
		await expect(audience.broadcasts.create(aBroadcast<Filter>(fields))).rejects.toMatchObject({ reason });
		expect((await audience.broadcasts.list()).data).toEqual([]);
	});

	test("a property is not removed while a broadcast asks for it, and no broadcast asks for a removed one", async () => {
		const { audience, inbox, deliver } = createTestAudience();
		await audience.properties.create({ key: "plan", type: "string" });
		await audience.contacts.create(aContact({ email: "pro@example.com", properties: { plan: "pro" } }));
		const filter = { field: "properties.plan", op: "ne" as const, value: "pro" };
		const { id } = await audience.broadcasts.create(aBroadcast({ filter }));
		const draft = await audience.broadcasts.create(aBroadcast({ filter }));
		await audience.broadcasts.send(id);
		const refusal = { code: "invalid_state", reason: "property_in_use" };
		await expect(audience.properties.remove({ key: "plan" })).rejects.toMatchObject(refusal);
		await deliver();
		await audience.properties.remove({ key: "plan" });
		await expect(audience.broadcasts.send(draft.id)).rejects.toMatchObject({ reason: "unknown_field" });
		await deliver();
		expect(inbox.messages).toEqual([]);
	});
});

test("`everyone: false` takes no other target away, and is no target", async () => {
	const { audience } = createTestAudience();
	const segment = await audience.segments.create({ name: "Staff" });
	const { id } = await audience.broadcasts.create(aBroadcast({ segmentId: segment.id }));
	expect(await audience.broadcasts.update(id, { everyone: false })).toMatchObject({
		segmentId: segment.id,
		everyone: false,
	});
	expect(await audience.broadcasts.update(id, { everyone: true })).toMatchObject({ segmentId: null, everyone: true });
	await expect(audience.broadcasts.update(id, { everyone: false })).rejects.toMatchObject({ reason: "target_missing" });
});

describe("a sender that cannot be found", () => {
	/** An audience of two tenants with a queued broadcast each; the sender of tenant `a` fails while `broken`. */
	async function scene(contacts = 1) {
		const inbox = createTestInbox();
		const state = { broken: true };
		const sender = (_broadcast: unknown, tenantId: string): Sender => {
			if (state.broken && tenantId === "a") throw new Error("no such customer");
			return { transport: inbox, from: "news@example.com" };
		};
		const audience = createAudience({
			storage: createMemoryStorage(),
			renderer: createRenderer(),
			sender,
			...KEYS,
		});
		state.broken = false;
		const ids: string[] = [];
		for (const tenantId of ["a", "b"]) {
			const tenant = audience.tenant(tenantId);
			const emails = Array.from({ length: contacts }, (_, index) => ({ email: `${tenantId}${index}@example.com` }));
			await tenant.contacts.createMany(emails);
			const { id } = await tenant.broadcasts.create({ everyone: true, subject: "Hi", text: "Hi" });
			await tenant.broadcasts.send(id);
			ids.push(id);
		}
		state.broken = true;
		return { audience, inbox, state, ids };
	}

	test("keeps no other tenant's broadcast from being sent, and is reported", async () => {
		const { audience, inbox, state } = await scene();
		await expect(audience.worker().run()).rejects.toThrow("no such customer");
		expect(inbox.messages.map(({ to }) => to.address)).toEqual(["b0@example.com"]);
		state.broken = false;
		expect(await audience.worker().run()).toEqual({ sent: 1, remaining: 0 });
	});

	test("pauses a broadcast that is being sent, until somebody resumes it", async () => {
		const { audience, inbox, state, ids } = await scene(2);
		state.broken = false;
		await audience.worker().run({ maxMessages: 1 });
		state.broken = true;
		const tenant = audience.tenant("a");
		const { status } = await tenant.broadcasts.get(ids[0] ?? "");
		expect(status).toBe("sending");
		await expect(audience.worker().run()).rejects.toThrow("no such customer");
		expect(await tenant.broadcasts.get(ids[0] ?? "")).toMatchObject({
			status: "paused",
			statusReason: "sender_failed",
		});
		state.broken = false;
		await tenant.broadcasts.resume(ids[0] ?? "");
		await audience.worker().run();
		expect(inbox.messages.map(({ to }) => to.address).toSorted()).toEqual([
			"a0@example.com",
			"a1@example.com",
			"b0@example.com",
			"b1@example.com",
		]);
	});
});

describe("an audience", () => {
	test("refuses a hash key that is a link key too", () => {
		const key = createHash("sha256").update("one for all").digest("base64url");
		const links = { baseUrl: "https://mail.example.com", keys: key };
		expect(() => createAudience({ storage: createMemoryStorage(), links, hashKey: key })).toThrow(
			expect.objectContaining({ reason: "hash_key_reused" }),
		);
	});

	test("refuses a hash key that is a link key in another encoding", () => {
		const key = createHash("sha256").update("one for all").digest();
		const links = { baseUrl: "https://mail.example.com", keys: [key.toString("base64url")] };
		for (const hashKey of [key, key.toString("hex"), key.toString("base64")]) {
			expect(() => createAudience({ storage: createMemoryStorage(), links, hashKey })).toThrow(
				expect.objectContaining({ reason: "hash_key_reused" }),
			);
		}
	});

	test("says what it lacks, with the command that makes a key", () => {
		const make = (options: unknown) => () => createAudience(options as never);
		const storage = createMemoryStorage();
		const command = expect.stringContaining("randomBytes(32)");
		expect(make(undefined)).toThrow(expect.objectContaining({ code: "invalid_input", reason: "missing_storage" }));
		expect(make({})).toThrow(expect.objectContaining({ reason: "missing_storage", field: "storage" }));
		expect(make({ storage })).toThrow(
			expect.objectContaining({ reason: "missing_links", field: "links", message: command }),
		);
		expect(make({ storage, links: { baseUrl: "https://mail.example.com" } })).toThrow(
			expect.objectContaining({ reason: "missing_hash_key", message: command }),
		);
	});

	test("refuses more declared properties than a tenant may have", () => {
		const declared = (count: number) =>
			Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, "string" as const]));
		expect(() => createTestAudience({ properties: declared(100) })).not.toThrow();
		expect(() => createTestAudience({ properties: declared(101) })).toThrow(
			expect.objectContaining({ reason: "too_many_properties", field: "properties" }),
		);
	});

	test("warns when an unsubscribe link of the author's own leaves no footer for the postal address", async () => {
		const { audience } = createTestAudience();
		const reasons = async (html: string) => {
			const { id } = await audience.broadcasts.create(aBroadcast({ html }));
			return (await audience.broadcasts.check(id)).map(
				({ severity, reason, field }) => `${severity} ${reason} ${field}`,
			);
		};
		expect(await reasons("<p>Hi</p>")).toEqual(["info footer_added html", "info footer_added text"]);
		expect(await reasons('<p>Hi <a href="{{{UNSUBSCRIBE_URL}}}">leave</a></p>')).toEqual([
			"warning postal_address_not_shown html",
			"warning postal_address_not_shown text",
		]);
	});
});

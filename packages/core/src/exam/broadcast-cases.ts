import type { KeyUse } from "../ports/storage.ts";
import assert from "node:assert/strict";
import type { BroadcastRecord, BroadcastStatus } from "../model/broadcast.ts";
import type { TenantStorage } from "../ports/storage.ts";
import { append, put } from "./contact-acts.ts";
import { handOver, present, provesCopies, provesOneWon, provesPages } from "./proofs.ts";
import type { Records } from "./records.ts";
import { minutes } from "./records.ts";
import { accepted, markAll, pendingRecipient, sendingTo, startSending, step } from "./sending-acts.ts";
import { examCase, type StorageCase } from "./storage-case.ts";

/** A broadcast with something in every field. */
function fullBroadcast(make: Records, uses: readonly string[] = [make.id(), make.id()]): BroadcastRecord {
	return make.broadcast({
		name: "Spring 🌱",
		status: "scheduled",
		statusReason: "waiting",
		segmentId: make.id(),
		filter: {
			and: [
				{ field: "properties.since", op: "gte", value: minutes(-90) },
				{ not: { or: [{ segment: make.id() }, { topic: make.id(), is: "opt_in", explicit: true }] } },
				{ field: "createdAt", op: "lt", value: { ago: { days: 3 } } },
				{ field: "properties.seats", op: "in", value: [1, 2.5, -3] },
				{ field: "properties.renewal", op: "in", value: [minutes(1), minutes(2)] },
				{ field: "firstName", op: "eq", value: "2026-03-04T05:06:07.089Z" },
				{ sample: 12.5, seed: "s" },
			],
		},
		everyone: false,
		topicId: make.id(),
		from: { name: "Zoë", address: "zoe@example.com" },
		replyTo: [
			{ name: null, address: "a@example.com" },
			{ name: "B", address: "b@example.com" },
		],
		previewText: "Preview",
		html: null,
		mjml: "<mjml></mjml>",
		text: "Text",
		headers: { "X-One": "1", "x-two": "2" },
		tags: [
			{ name: "campaign", value: "spring" },
			{ name: "part", value: "2" },
		],
		attachments: [
			{ filename: "Zoë.pdf", content: "JVBERi0=", contentType: "application/pdf", contentId: null },
			{ filename: "logo.png", content: "iVBORw0KGgo=", contentType: null, contentId: "logo" },
		],
		updatedAt: minutes(1),
		scheduledAt: minutes(60),
		queuedAt: minutes(2),
		sentAt: minutes(3),
		uses,
		plan: { upTo: make.id(), through: make.id(), at: minutes(4), complete: true },
	});
}

async function insertDraft(tenant: TenantStorage, broadcast: BroadcastRecord): Promise<BroadcastRecord> {
	assert.equal(await tenant.insertBroadcast(broadcast), true);
	return broadcast;
}

const keeping: readonly StorageCase[] = [
	examCase("keepKey: remembers the first use of a key, for its tenant and for a time", async (world) => {
		const { tenant, bystander, make, alone } = world;
		const use = (key: string, minute: number): KeyUse => ({
			key,
			fingerprint: `print of ${minute}`,
			subjectId: make.id(),
			at: minutes(minute),
		});
		const [first, second, third] = [use("a", 1), use("a", 2), use("b", 3)];
		assert.deepEqual(await alone(() => tenant.keepKey(first, minutes(0))), first);
		assert.deepEqual(await tenant.keepKey(second, minutes(0)), first);
		assert.deepEqual(await tenant.keepKey(third, minutes(1)), third);
		const other = use("a", 4);
		assert.deepEqual(await bystander.keepKey(other, minutes(0)), other);
		await provesCopies(() => tenant.keepKey(second, minutes(1)));
		// At once, the first use counts for all.
		const uses = Array.from({ length: 5 }, () => use("c", 6));
		const kept = await Promise.all(uses.map((each) => tenant.keepKey(each, minutes(0))));
		assert.equal(new Set(kept.map(({ subjectId }) => subjectId)).size, 1);
		const late = use("a", 7);
		assert.deepEqual(await tenant.keepKey(late, minutes(2)), late);
		assert.deepEqual(await tenant.keepKey(use("b", 8), minutes(3)), third);
	}),

	examCase("insertBroadcast: keeps a broadcast with everything it has", async ({ tenant, alone, inert, make }) => {
		const neighbour = make.broadcast();
		await tenant.insertBroadcast(neighbour);
		const broadcast = fullBroadcast(make);
		assert.equal(await tenant.findBroadcast(broadcast.id), undefined);
		await handOver(broadcast, async (given) => {
			assert.equal(await alone(() => tenant.insertBroadcast(given)), true);
		});
		assert.deepEqual(await tenant.findBroadcast(broadcast.id), broadcast);
		assert.deepEqual(await tenant.findBroadcast(neighbour.id), neighbour);
		assert.equal(await inert(() => tenant.insertBroadcast({ ...neighbour, id: broadcast.id })), false);
		assert.equal(await inert(() => tenant.insertBroadcast({ ...broadcast, id: neighbour.id })), false);
	}),

	examCase("insertBroadcast: lets one of two have an id", async ({ tenant, bystander, make }) => {
		const broadcast = make.broadcast();
		assert.equal(await bystander.insertBroadcast(broadcast), true);
		provesOneWon(await Promise.all([tenant.insertBroadcast(broadcast), tenant.insertBroadcast(broadcast)]));
	}),

	examCase("findBroadcast: answers by value, and only this tenant's", async ({ tenant, bystander, make }) => {
		const [own, stranger] = [fullBroadcast(make), make.broadcast()];
		await bystander.insertBroadcast(stranger);
		await tenant.insertBroadcast(own);
		assert.equal(await tenant.findBroadcast(stranger.id), undefined);
		assert.deepEqual(await tenant.findBroadcast(own.id), own);
		await provesCopies(() => tenant.findBroadcast(own.id));
	}),

	examCase("pageBroadcasts: leads through all of them", async ({ tenant, bystander, make }) => {
		const rows = [fullBroadcast(make), ...Array.from({ length: 5 }, () => make.broadcast())];
		await bystander.insertBroadcast(make.broadcast());
		for (const row of rows.toReversed()) await tenant.insertBroadcast(row);
		await provesPages(
			rows,
			({ id }) => id,
			(page) => tenant.pageBroadcasts(page),
		);
		await provesCopies(() => tenant.pageBroadcasts({ limit: 9 }));
	}),
];

const moving: readonly StorageCase[] = [
	examCase(
		"moveBroadcast: changes a broadcast in one of these states",
		async ({ tenant, both, alone, inert, make }) => {
			const [broadcast, neighbour] = [make.broadcast(), make.broadcast()];
			await both(async (each) => [await each.insertBroadcast(broadcast), await each.insertBroadcast(neighbour)]);
			const { id } = broadcast;
			const elsewhere: readonly BroadcastStatus[] = [
				"scheduled",
				"queued",
				"sending",
				"paused",
				"sent",
				"canceled",
				"failed",
			];
			const changes = { name: "Moved" };
			assert.equal(await inert(() => tenant.moveBroadcast({ id, from: elsewhere, changes })), false);
			assert.equal(await inert(() => tenant.moveBroadcast({ id, from: [], changes })), false);
			assert.equal(await inert(() => tenant.moveBroadcast({ id: make.id(), from: ["draft"], changes })), false);
			const [segment, topic] = [make.segment(), make.topic()];
			await both(async (each) => [await each.insertSegment(segment), await each.insertTopic(topic)]);
			const { id: _, ...everything } = fullBroadcast(make, [segment.id, topic.id]);
			const move = { id, from: ["paused" as const, "draft" as const], changes: everything };
			await handOver(move, async (given) => {
				assert.equal(await alone(() => tenant.moveBroadcast(given)), true);
			});
			assert.deepEqual(await tenant.findBroadcast(id), { id, ...everything });
			assert.deepEqual(await tenant.findBroadcast(neighbour.id), neighbour);
			assert.equal(
				await tenant.moveBroadcast({ id, from: ["scheduled"], changes: { filter: null, plan: null } }),
				true,
			);
			assert.deepEqual(await tenant.findBroadcast(id), { id, ...everything, filter: null, plan: null });
			assert.equal(await inert(() => tenant.moveBroadcast({ id, from: ["draft"], changes })), false);
		},
	),

	examCase("moveBroadcast: writes the content in the same unit", async ({ tenant, both, alone, inert, make }) => {
		const [broadcast, neighbour] = [make.broadcast(), make.broadcast()];
		await both(async (each) => [await each.insertBroadcast(broadcast), await each.insertBroadcast(neighbour)]);
		const { id } = broadcast;
		const content = make.content(id);
		const refused = { id, from: ["paused" as const], changes: {}, content };
		assert.equal(await inert(() => tenant.moveBroadcast(refused)), false);
		const move = { id, from: ["draft" as const], changes: { status: "queued" as const }, content };
		await handOver(move, async (given) => {
			assert.equal(await alone(() => tenant.moveBroadcast(given)), true);
		});
		assert.deepEqual(await tenant.findContent(id), content);
		assert.equal((await tenant.findBroadcast(id))?.status, "queued");
		assert.equal(await tenant.findContent(neighbour.id), undefined);
		assert.equal(await tenant.moveBroadcast({ id, from: ["queued"], changes: { name: "Kept" } }), true);
		assert.deepEqual(await tenant.findContent(id), content);
		const other = make.content(id, {
			html: null,
			previewText: "Other",
			topicId: make.id(),
			fallbacks: {},
			headers: {},
		});
		assert.equal(await tenant.moveBroadcast({ id, from: ["queued"], changes: {}, content: other }), true);
		assert.deepEqual(await tenant.findContent(id), other);
	}),

	examCase(
		"moveBroadcast: settles only when nobody is pending or sending",
		async ({ storage, tenant, make, inert }) => {
			const contacts = make.contacts(2);
			const broadcast = await sendingTo(tenant, make, contacts);
			const settle = {
				id: broadcast.id,
				from: ["sending" as const],
				changes: { status: "sent" as const },
				whenSettled: true as const,
			};
			assert.equal(await inert(() => tenant.moveBroadcast(settle)), false);
			const lease = await markAll(storage, tenant);
			assert.equal(await inert(() => tenant.moveBroadcast(settle)), false);
			const [first, second] = contacts.map((contact) => accepted(contact));
			assert.ok(first && second);
			await tenant.advanceSlice(step(lease, { outcomes: [first] }));
			assert.equal(await inert(() => tenant.moveBroadcast(settle)), false);
			await tenant.advanceSlice(step(lease, { outcomes: [second] }));
			assert.equal(await tenant.moveBroadcast(settle), true);
			assert.equal((await tenant.findBroadcast(broadcast.id))?.status, "sent");
		},
	),

	examCase(
		"moveBroadcast: leaves alone what was changed since it was read",
		async ({ tenant, bystander, alone, inert, make }) => {
			const broadcast = make.broadcast({ updatedAt: minutes(1) });
			await tenant.insertBroadcast(broadcast);
			await bystander.insertBroadcast({ ...broadcast, updatedAt: minutes(2) });
			const move = (since: Date) => {
				const changes = { name: "Moved", updatedAt: minutes(2) };
				return tenant.moveBroadcast({ id: broadcast.id, from: ["draft"], changes, unchangedSince: since });
			};
			assert.equal(await inert(() => move(minutes(0))), false);
			assert.equal(await inert(() => move(minutes(2))), false);
			assert.equal(await alone(() => move(minutes(1))), true);
			assert.equal(await inert(() => move(minutes(1))), false);
		},
	),

	examCase("moveBroadcast: lets none be under way with what does not exist", async (world) => {
		const { tenant, bystander, inert, make } = world;
		const [segment, topic, gone] = [make.segment(), make.topic(), make.segment()];
		await tenant.insertSegment(segment);
		await tenant.insertTopic(topic);
		await bystander.insertSegment(gone);
		await tenant.insertProperty(make.property({ key: "plan" }));
		await bystander.insertProperty(make.property({ key: "seats" }));
		const uses = [segment.id, topic.id, "properties.plan"];
		for (const status of ["scheduled", "queued", "sending", "paused"] as const) {
			const { id } = await insertDraft(tenant, make.broadcast({ uses: [...uses, gone.id] }));
			const move = { id, from: ["draft" as const], changes: { status } };
			assert.equal(await inert(() => tenant.moveBroadcast(move)), false, status);
			const other = { ...move, changes: { status, uses: [make.id()] } };
			assert.equal(await inert(() => tenant.moveBroadcast(other)), false, status);
			const foreign = { ...move, changes: { status, uses: ["properties.seats"] } };
			assert.equal(await inert(() => tenant.moveBroadcast(foreign)), false, status);
			assert.equal(await tenant.moveBroadcast({ ...move, changes: { status, uses } }), true, status);
			const back = { id, from: [status], changes: { status: "draft" as const, uses: [gone.id] } };
			assert.equal(await tenant.moveBroadcast(back), true);
		}
		for (const status of ["draft", "sent", "canceled", "failed"] as const) {
			const { id } = await insertDraft(tenant, make.broadcast({ uses: [gone.id] }));
			assert.equal(await tenant.moveBroadcast({ id, from: ["draft"], changes: { status } }), true, status);
		}
	}),

	examCase("moveBroadcast: is under way, or what it uses is removed, never both", async ({ tenant, make }) => {
		const [segment, topic] = [make.segment(), make.topic()];
		await tenant.insertSegment(segment);
		await tenant.insertTopic(topic);
		const { id } = await insertDraft(tenant, make.broadcast({ uses: [segment.id] }));
		const other = await insertDraft(tenant, make.broadcast({ uses: [topic.id] }));
		const queue = { from: ["draft" as const], changes: { status: "queued" as const } };
		const [moved, removal] = await Promise.all([
			tenant.moveBroadcast({ id, ...queue }),
			tenant.deleteSegment(segment.id),
		]);
		assert.equal(removal, moved ? "in_use" : "deleted");
		const [topicRemoval, otherMoved] = await Promise.all([
			tenant.deleteTopic(topic.id),
			tenant.moveBroadcast({ id: other.id, ...queue }),
		]);
		assert.equal(topicRemoval, otherMoved ? "in_use" : "deleted");
	}),

	examCase("moveBroadcast: lets one of two move a broadcast on", async ({ tenant, make }) => {
		const broadcast = make.broadcast();
		await tenant.insertBroadcast(broadcast);
		const to = (status: BroadcastStatus): Promise<boolean> =>
			tenant.moveBroadcast({ id: broadcast.id, from: ["draft"], changes: { status } });
		provesOneWon(await Promise.all([to("queued"), to("scheduled")]));
	}),

	examCase("findContent: answers by value, and only this tenant's", async ({ tenant, bystander, make }) => {
		const broadcast = make.broadcast();
		const move = { id: broadcast.id, from: ["draft" as const], changes: {} };
		await bystander.insertBroadcast(broadcast);
		await bystander.moveBroadcast({ ...move, content: make.content(broadcast.id, { subject: "Other" }) });
		await tenant.insertBroadcast(broadcast);
		assert.equal(await tenant.findContent(broadcast.id), undefined);
		const content = make.content(broadcast.id);
		await tenant.moveBroadcast({ ...move, content });
		assert.deepEqual(await tenant.findContent(broadcast.id), content);
		await provesCopies(() => tenant.findContent(broadcast.id));
	}),

	examCase("deleteBroadcast: deletes it with content and recipients", async ({ tenant, both, alone, inert, make }) => {
		const contacts = make.contacts(3);
		const [first, second] = [make.id(), make.id()];
		await both(async (each) => {
			await put(each, ...contacts);
			for (const id of [first, second]) {
				await startSending(each, make.queued(present(contacts.at(-1)).id, { id }));
				await each.moveBroadcast({ id, from: ["sending"], changes: {}, content: make.content(id) });
			}
		});
		await append(tenant, [make.event({ broadcastId: first })]);
		assert.equal(await inert(() => tenant.deleteBroadcast(first, ["draft", "sent"])), false);
		assert.equal(await inert(() => tenant.deleteBroadcast(first, [])), false);
		assert.equal(await inert(() => tenant.deleteBroadcast(make.id(), ["sending"])), false);
		assert.equal(await alone(() => tenant.deleteBroadcast(first, ["draft", "sending"])), true);
		assert.equal(await tenant.findBroadcast(first), undefined);
		assert.equal(await tenant.findContent(first), undefined);
		const [contact] = contacts;
		assert.ok(contact);
		assert.equal(await tenant.findRecipient(first, contact.id), undefined);
		assert.deepEqual(await tenant.pageRecipients(first, {}, { limit: 9 }), []);
		assert.deepEqual(await tenant.pageContactRecipients(contact.id, 9), [pendingRecipient({ id: second }, contact)]);
		assert.equal((await tenant.tallyBroadcast(first)).candidates, 0);
		assert.equal((await tenant.tallyBroadcast(second)).candidates, 3);
		assert.deepEqual(await tenant.findContent(second), make.content(second));
		// A new one by the same id starts empty.
		await tenant.insertBroadcast(make.broadcast({ id: first }));
		assert.equal(await tenant.findContent(first), undefined);
		assert.equal((await tenant.recountBroadcast(first)).candidates, 0);
		assert.equal((await tenant.listEvents(undefined, 9)).length, 1);
	}),
];

/** What a storage does with broadcasts. */
export const broadcastCases: readonly StorageCase[] = [...keeping, ...moving];

import type { BroadcastContent, BroadcastRecord, BroadcastStatus, PlanProgress, TenantStorage } from "@convoke/core";
import fc from "fast-check";
import { onTenant } from "./operation.ts";
import type { Operation } from "./operation.ts";
import { BROADCAST_IDS, instants, pages, SEGMENT_IDS, someText, TOPIC_IDS, values } from "./pools.ts";

const broadcastId = fc.constantFrom(...BROADCAST_IDS);
const mailbox = fc.record({ name: fc.option(someText), address: fc.constant("news@x.test") });
const tags = fc.array(fc.record({ name: someText, value: someText }), { maxLength: 2 });
const attachments = fc.array(
	fc.record({
		filename: someText,
		content: someText,
		contentType: fc.option(someText),
		contentId: fc.option(someText),
	}),
	{ maxLength: 2 },
);
const headers = fc.dictionary(fc.constantFrom("X-A", "X-B"), someText, { noNullPrototype: true });
const uses = fc.subarray([...SEGMENT_IDS.slice(0, 2), ...TOPIC_IDS.slice(0, 2), "properties.plan"], { maxLength: 2 });

const fields = {
	name: fc.option(someText),
	segmentId: fc.option(fc.constantFrom(...SEGMENT_IDS)),
	filter: fc.option(values.map((value) => ({ field: "properties.plan", op: "eq" as const, value }))),
	everyone: fc.boolean(),
	topicId: fc.option(fc.constantFrom(...TOPIC_IDS)),
	from: fc.option(mailbox),
	replyTo: fc.array(mailbox, { maxLength: 2 }),
	subject: someText,
	previewText: fc.option(someText),
	html: fc.option(someText),
	mjml: fc.option(someText),
	text: fc.option(someText),
	headers,
	tags,
	attachments,
	uses,
	updatedAt: instants,
	scheduledAt: fc.option(instants),
	sentAt: fc.option(instants),
};

/** New drafts. */
export const broadcasts: fc.Arbitrary<BroadcastRecord> = fc
	.record({ id: broadcastId, createdAt: instants, ...fields })
	.map((given) => ({ ...given, status: "draft", statusReason: null, queuedAt: null, plan: null }));

function contentOf(id: string): fc.Arbitrary<BroadcastContent> {
	return fc.record({
		broadcastId: fc.constant(id),
		topicId: fields.topicId,
		from: mailbox,
		replyTo: fields.replyTo,
		subject: someText,
		previewText: fields.previewText,
		html: fields.html,
		text: fields.text,
		headers,
		tags,
		attachments,
		footer: fc.record({ postalAddress: fc.option(someText), brand: fc.option(someText) }),
		baseUrl: fc.constant("https://x.test"),
		fallbacks: fc.dictionary(fc.constantFrom("plan", "seats"), values, { noNullPrototype: true }),
	});
}

/** Where a broadcast may go on to; the likely way first, and more than once. */
const NEXT: Readonly<Record<BroadcastStatus, readonly BroadcastStatus[]>> = {
	draft: ["queued", "queued", "scheduled"],
	scheduled: ["queued", "queued", "draft", "failed"],
	queued: ["sending", "sending", "sending", "canceled"],
	sending: ["sending", "sending", "paused", "sent", "canceled", "failed"],
	paused: ["sending", "sending", "canceled"],
	canceled: [],
	sent: ["sending"],
	failed: ["sending"],
};

const moves = broadcastId.chain((id) =>
	fc.record({
		id: fc.constant(id),
		changes: fc.record(fields, { requiredKeys: [] }),
		statusReason: fc.option(someText),
		way: fc.nat(59),
		at: instants,
		content: fc.option(contentOf(id), { nil: undefined }),
		unchanged: fc.constantFrom("any", "any", "any", "same", "other"),
		settled: fc.nat(3),
		isStale: fc.nat(9),
	}),
);

const moveBroadcast = onTenant("moveBroadcast", moves, async (tenant, move) => {
	const before = await tenant.findBroadcast(move.id);
	const status = before?.status ?? "draft";
	const ways = NEXT[status];
	const next = ways[move.way % Math.max(1, ways.length)];
	const since = move.unchanged === "same" ? before?.updatedAt : new Date(0);
	return tenant.moveBroadcast({
		id: move.id,
		from: move.isStale === 0 ? ["paused", "canceled"] : [status, "draft"],
		changes: {
			...move.changes,
			statusReason: move.statusReason,
			...(next === undefined || before === undefined ? {} : { status: next }),
			...(next === "queued" ? { queuedAt: move.at, plan: await planAt(tenant, move.at) } : {}),
		},
		...(move.content === undefined ? {} : { content: move.content }),
		...(move.unchanged === "any" ? {} : { unchangedSince: since }),
		...(move.settled === 0 ? { whenSettled: true } : {}),
	});
});

/** A plan for all contacts there are. */
export async function planAt(tenant: TenantStorage, at: Date): Promise<PlanProgress> {
	const upTo = (await tenant.findLastContactId()) ?? null;
	return { upTo, through: null, at, complete: upTo === null };
}

/** Broadcasts. */
export const broadcastOperations: readonly fc.Arbitrary<Operation>[] = [
	onTenant("insertBroadcast", broadcasts, (tenant, record) => tenant.insertBroadcast(record)),
	onTenant("findBroadcast", broadcastId, (tenant, id) => tenant.findBroadcast(id)),
	onTenant("pageBroadcasts", pages(BROADCAST_IDS), (tenant, page) => tenant.pageBroadcasts(page)),
	moveBroadcast,
	moveBroadcast,
	moveBroadcast,
	onTenant(
		"deleteBroadcast",
		fc.tuple(broadcastId, fc.subarray<BroadcastStatus>(["draft", "sent", "canceled", "failed"])),
		(tenant, [id, from]) => tenant.deleteBroadcast(id, from),
	),
	onTenant("findContent", broadcastId, (tenant, id) => tenant.findContent(id)),
];

import type { Audience, Filter } from "@convoke/core";
import { expect } from "vitest";
import type { Refusal, Row } from "./row.ts";
import { show } from "./row.ts";
import { hostile, LETTER } from "./world.ts";
import type { Seed, World } from "./world.ts";

/** A place where an id comes in. */
interface Door {
	readonly name: string;
	/** Of an id that is none. */
	readonly field: string;
	/** What is not found; absent where an unknown id just finds nothing. */
	readonly resource?: "contact" | "segment" | "topic" | "property" | "broadcast" | "import";
	/** Whether a unit is asked to change what is not found. */
	readonly inUnit?: true;
	/** Whether something else is looked up before the id is read. */
	readonly late?: true;
	readonly open: (audience: Audience, id: string, seed: Seed) => unknown;
}

const DOORS: readonly Door[] = [
	contactDoor("contacts.get", ({ contacts }, id) => contacts.get({ id })),
	{
		...contactDoor("contacts.update", ({ contacts }, id) => contacts.update({ id }, { firstName: "X" })),
		inUnit: true,
	},
	{ ...contactDoor("contacts.remove", ({ contacts }, id) => contacts.remove({ id })), inUnit: true },
	contactDoor("contacts.history", ({ contacts }, id) => contacts.history({ id })),
	contactDoor("contacts.segments.list", ({ contacts }, id) => contacts.segments.list({ id })),
	{
		...contactDoor("contacts.segments.add", ({ contacts }, id, { segment }) =>
			contacts.segments.add({ id }, segment.id),
		),
		inUnit: true,
		late: true,
	},
	{
		...contactDoor("contacts.segments.remove", ({ contacts }, id, { segment }) =>
			contacts.segments.remove({ id }, segment.id),
		),
		inUnit: true,
		late: true,
	},
	contactDoor("contacts.topics.list", ({ contacts }, id) => contacts.topics.list({ id })),
	{
		...contactDoor("contacts.topics.update", ({ contacts }, id, { topic }) =>
			contacts.topics.update({ id }, [{ id: topic.id, subscription: "opt_in" }]),
		),
		inUnit: true,
	},
	contactDoor("preferences.forContact", ({ preferences }, id) => preferences.forContact({ id })),
	contactDoor("preferences.url", ({ preferences }, id) => preferences.url({ id })),
	{
		...contactDoor("the contact of broadcasts.explain", ({ broadcasts }, id, { draft }) =>
			broadcasts.explain(draft.id, { id }),
		),
		late: true,
	},
	{
		name: "contacts.imports.get",
		field: "id",
		resource: "import",
		open: ({ contacts }, id) => contacts.imports.get(id),
	},

	segmentDoor("segments.get", "id", ({ segments }, id) => segments.get(id)),
	{ ...segmentDoor("segments.update", "id", ({ segments }, id) => segments.update(id, { name: "X" })), inUnit: true },
	{ ...segmentDoor("segments.remove", "id", ({ segments }, id) => segments.remove(id)), inUnit: true },
	segmentDoor("the segment of contacts.create", "segments.id", ({ contacts }, id) =>
		contacts.create({ email: "new@x.test", segments: [{ id }] }),
	),
	segmentDoor("the segment of contacts.segments.add", "segmentId", ({ contacts }, id, { ada }) =>
		contacts.segments.add({ id: ada.id }, id),
	),
	segmentDoor("the segment of contacts.segments.remove", "segmentId", ({ contacts }, id, { ada }) =>
		contacts.segments.remove({ id: ada.id }, id),
	),
	segmentDoor("the segment of broadcasts.create", "segmentId", ({ broadcasts }, segmentId) =>
		broadcasts.create({ ...LETTER, segmentId }),
	),
	{
		...segmentDoor("the segment of broadcasts.update", "segmentId", ({ broadcasts }, segmentId, { draft }) =>
			broadcasts.update(draft.id, { segmentId }),
		),
		late: true,
	},

	topicDoor("topics.get", "id", ({ topics }, id) => topics.get(id)),
	{ ...topicDoor("topics.update", "id", ({ topics }, id) => topics.update(id, { name: "X" })), inUnit: true },
	{ ...topicDoor("topics.remove", "id", ({ topics }, id) => topics.remove(id)), inUnit: true },
	topicDoor("the topic of contacts.create", "topics.id", ({ contacts }, id) =>
		contacts.create({ email: "new@x.test", topics: [{ id, subscription: "opt_in" }] }),
	),
	topicDoor("the topic of contacts.topics.update", "topics.id", ({ contacts }, id, { ada }) =>
		contacts.topics.update({ id: ada.id }, [{ id, subscription: "opt_in" }]),
	),
	topicDoor("the topic of broadcasts.create", "topicId", ({ broadcasts }, topicId) =>
		broadcasts.create({ ...LETTER, everyone: true, topicId }),
	),
	{
		...topicDoor("the topic of broadcasts.update", "topicId", ({ broadcasts }, topicId, { draft }) =>
			broadcasts.update(draft.id, { topicId }),
		),
		late: true,
	},

	propertyDoor("properties.get", ({ properties }, id) => properties.get({ id })),
	propertyDoor("properties.update", ({ properties }, id) => properties.update({ id }, { fallback: "X" })),
	propertyDoor("properties.remove", ({ properties }, id) => properties.remove({ id })),

	broadcastDoor("broadcasts.get", ({ broadcasts }, id) => broadcasts.get(id)),
	broadcastDoor("broadcasts.update", ({ broadcasts }, id) => broadcasts.update(id, { subject: "X" })),
	broadcastDoor("broadcasts.remove", ({ broadcasts }, id) => broadcasts.remove(id)),
	broadcastDoor("broadcasts.duplicate", ({ broadcasts }, id) => broadcasts.duplicate(id)),
	broadcastDoor("broadcasts.check", ({ broadcasts }, id) => broadcasts.check(id)),
	broadcastDoor("broadcasts.plan", ({ broadcasts }, id) => broadcasts.plan(id)),
	broadcastDoor("broadcasts.explain", ({ broadcasts }, id, { ada }) => broadcasts.explain(id, { id: ada.id })),
	broadcastDoor("broadcasts.recipients", ({ broadcasts }, id) => broadcasts.recipients(id)),
	broadcastDoor("broadcasts.send", ({ broadcasts }, id) => broadcasts.send(id)),
	{ ...broadcastDoor("broadcasts.pause", ({ broadcasts }, id) => broadcasts.pause(id)), inUnit: true },
	{ ...broadcastDoor("broadcasts.resume", ({ broadcasts }, id) => broadcasts.resume(id)), inUnit: true },
	broadcastDoor("broadcasts.cancel", ({ broadcasts }, id) => broadcasts.cancel(id)),
	broadcastDoor("broadcasts.progress", ({ broadcasts }, id) => broadcasts.progress(id)),
	broadcastDoor("broadcasts.verify", ({ broadcasts }, id) => broadcasts.verify(id)),

	...(["after", "before"] as const).flatMap((cursor): Door[] => [
		{ name: `${cursor} of contacts.list`, field: cursor, open: ({ contacts }, id) => contacts.list({ [cursor]: id }) },
		{ name: `${cursor} of segments.list`, field: cursor, open: ({ segments }, id) => segments.list({ [cursor]: id }) },
		{ name: `${cursor} of topics.list`, field: cursor, open: ({ topics }, id) => topics.list({ [cursor]: id }) },
		{
			name: `${cursor} of broadcasts.list`,
			field: cursor,
			open: ({ broadcasts }, id) => broadcasts.list({ [cursor]: id }),
		},
		{
			name: `${cursor} of broadcasts.recipients`,
			field: cursor,
			late: true,
			open: ({ broadcasts }, id, { draft }) => broadcasts.recipients(draft.id, { [cursor]: id }),
		},
		{
			name: `${cursor} of suppressions.list`,
			field: cursor,
			open: ({ suppressions }, id) => suppressions.list({ [cursor]: id }),
		},
		{
			name: `${cursor} of properties.list`,
			field: cursor,
			late: true,
			open: ({ properties }, id) => properties.list({ [cursor]: id }),
		},
		{
			name: `${cursor} of contacts.imports.list`,
			field: cursor,
			open: ({ contacts }, id) => contacts.imports.list({ [cursor]: id }),
		},
	]),
	{
		name: "segmentId of contacts.list",
		field: "segmentId",
		open: ({ contacts }, segmentId) => contacts.list({ segmentId }),
	},
	{
		name: "segmentId of contacts.count",
		field: "segmentId",
		open: ({ contacts }, segmentId) => contacts.count({ segmentId }),
	},
	segmentDoor("the segment of a broadcast's filter", "filter.segment", ({ broadcasts }, id) =>
		broadcasts.create({ ...LETTER, filter: { segment: id } }),
	),
	topicDoor("the topic of a broadcast's filter", "filter.topic", ({ broadcasts }, id) =>
		broadcasts.create({ ...LETTER, filter: { topic: id, is: "opt_in" } }),
	),
	{
		name: "segment of a filter",
		field: "filter.segment",
		open: ({ contacts }, id) => contacts.count({ filter: { segment: id } }),
	},
	{
		name: "topic of a filter",
		field: "filter.topic",
		open: ({ contacts }, id) => contacts.count({ filter: { topic: id, is: "opt_in" } }),
	},
	{
		name: "received of a filter",
		field: "filter.received",
		open: ({ contacts }, id) => contacts.count({ filter: { received: id } }),
	},
];

const NO_IDS: readonly unknown[] = ["../", "x".repeat(10 * 1024), "", 42, {}];

/** More of them, asked of some. */
const FURTHER_NO_IDS: readonly unknown[] = [
	"0",
	"null",
	"0198c5a0-0000-7000-8000-00000000000",
	"0198c5a0-0000-7000-8000-000000000001 ",
	"0198c5a000007000800000000000000 1",
	"0198c5a0-0000-7000-8000-00000000000g",
	"{0198c5a0-0000-7000-8000-000000000001}",
	"0198c5a0-0000-7000-8000-0000000000\u0661\u0661",
	"0198c5a0-0000-7000-8000-00000000000\u0000",
	"' or '1'='1",
	null,
	["0198c5a0-0000-7000-8000-000000000001"],
	{ toString: () => "0198c5a0-0000-7000-8000-000000000001" },
];

/** An id that nothing has. */
const UNKNOWN = "0198c5a0-0000-7000-8000-000000000001";

/** H126: ids. */
export const ids: readonly Row[] = [
	nobody("segment", ({ theirs }) => ({ segment: theirs.segment.id })),
	nobody("topic", ({ theirs }) => ({ topic: theirs.topic.id, is: "opt_in" })),
	nobody("topic, turned round,", ({ theirs }) => ({ topic: theirs.topic.id, is: "opt_out" })),
	nobody("broadcast", ({ theirs }) => ({ received: theirs.draft.id })),
	...DOORS.flatMap((door) => NO_IDS.map((id) => invalidId(door, id))),
	...DOORS.filter(({ name }) => name.endsWith(".get")).flatMap((door) =>
		FURTHER_NO_IDS.map((id) => invalidId(door, id)),
	),
	...DOORS.flatMap((door) => [
		...missing(door, "an unknown id", () => UNKNOWN),
		...missing(door, "an unknown id in capitals", () => UNKNOWN.toUpperCase()),
		...missing(door, "the neighbour's id", theirId(door)),
	]),
	...[
		"../",
		"x".repeat(10 * 1024),
		"",
		"-a",
		".",
		"..",
		"a/b",
		"a b",
		"a\u0000",
		"\u00e9",
		42,
		null,
		undefined,
		{},
	].map(
		(id): Row => ({
			h: 126,
			name: `${show(id)} as the id of a tenant`,
			act:
				({ audience }) =>
				() =>
					audience.tenant(hostile(id)),
			refused: {
				reason: "invalid_tenant",
				field: "tenant",
				secrets: typeof id === "string" && id.length > 2 ? [id] : [],
			},
		}),
	),
	...["../", "x".repeat(10 * 1024), "", "-1", "1.5", "1e3", "' or '1'='1", null].map(
		(cursor): Row => ({
			h: 126,
			name: `${show(cursor)} as the cursor of events.since`,
			act:
				({ audience }) =>
				() =>
					audience.events.since(hostile(cursor)),
			refused: {
				reason: "invalid_cursor",
				field: "cursor",
				secrets: typeof cursor === "string" && cursor.length > 3 ? [cursor] : [],
			},
		}),
	),
];

function invalidId(door: Door, id: unknown): Row {
	return {
		h: 126,
		name: `${show(id)} as the id in ${door.name}`,
		act: (world) => () => door.open(world.audience, hostile(id), world),
		refused: {
			reason: "invalid_id",
			field: door.field,
			secrets: typeof id === "string" && id.length > 4 ? [id] : [],
			reaches: door.late && "look-ups",
		},
	};
}

function missing(door: Door, name: string, id: (world: World) => string): readonly Row[] {
	const { resource } = door;
	if (resource === undefined) return [];
	const refused: Refusal = {
		code: "not_found",
		reason: `${resource}_not_found`,
		reaches: door.inUnit ? "units" : "look-ups",
		secrets: [UNKNOWN],
	};
	return [
		{
			h: 126,
			name: `${name} in ${door.name}`,
			act: (world) => () => door.open(world.audience, id(world), world),
			refused,
		},
	];
}

/** What a filter over the neighbour's things finds. */
function nobody(name: string, filter: (world: World) => Filter): Row {
	return {
		h: 126,
		name: `the neighbour's ${name} in the filter of a list, where it finds nobody,`,
		act: (world) => async () => {
			const selection = { filter: filter(world) };
			expect(await world.audience.contacts.list(selection)).toEqual({ data: [], hasMore: false });
			expect(await world.audience.contacts.count(selection)).toBe(0);
		},
	};
}

function theirId({ resource }: Door): (world: World) => string {
	return ({ theirs }) => {
		switch (resource) {
			case "contact":
				return theirs.ada.id;
			case "segment":
				return theirs.segment.id;
			case "topic":
				return theirs.topic.id;
			case "property":
				return theirs.property.id;
			default:
				return theirs.draft.id;
		}
	};
}

function contactDoor(name: string, open: Door["open"]): Door {
	return { name, field: "id", resource: "contact", open };
}

function segmentDoor(name: string, field: string, open: Door["open"]): Door {
	return { name, field, resource: "segment", open };
}

function topicDoor(name: string, field: string, open: Door["open"]): Door {
	return { name, field, resource: "topic", open };
}

function propertyDoor(name: string, open: Door["open"]): Door {
	return { name, field: "id", resource: "property", open };
}

function broadcastDoor(name: string, open: Door["open"]): Door {
	return { name, field: "id", resource: "broadcast", open };
}

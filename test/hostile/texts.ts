import type { Audience, NewBroadcast } from "@convoke/core";
import type { Refusal, Row } from "./row.ts";
import { show } from "./row.ts";
import { LETTER } from "./world.ts";
import type { World } from "./world.ts";

interface Door {
	readonly name: string;
	readonly field: string;
	readonly reason?: string;
	readonly reaches?: Refusal["reaches"];
	readonly open: (audience: Audience, text: string, world: World) => unknown;
}

const letter = (given: Partial<NewBroadcast>): NewBroadcast => ({ ...LETTER, everyone: true, ...given });

/** Everywhere a text comes in that is kept. */
const DOORS: readonly Door[] = [
	{
		name: "a contact's email",
		field: "email",
		open: ({ contacts }, text) => contacts.create({ email: `${text}@x.test` }),
	},
	{
		name: "the domain of a contact's email",
		field: "email",
		open: ({ contacts }, text) => contacts.create({ email: `a@${text}.test` }),
	},
	{
		name: "a contact's firstName",
		field: "firstName",
		open: ({ contacts }, firstName) => contacts.create({ email: "new@x.test", firstName }),
	},
	{
		name: "a contact's lastName",
		field: "lastName",
		open: ({ contacts }, lastName) => contacts.create({ email: "new@x.test", lastName }),
	},
	{
		name: "a contact's externalId",
		field: "externalId",
		open: ({ contacts }, externalId) => contacts.create({ email: "new@x.test", externalId }),
	},
	{
		name: "a contact's property",
		field: "properties.plan",
		reaches: "look-ups",
		open: ({ contacts }, plan) => contacts.create({ email: "new@x.test", properties: { plan } }),
	},
	{
		name: "a changed firstName",
		field: "firstName",
		open: ({ contacts }, firstName, { ada }) => contacts.update({ id: ada.id }, { firstName }),
	},
	{
		name: "a changed externalId",
		field: "externalId",
		open: ({ contacts }, externalId, { ada }) => contacts.update({ id: ada.id }, { externalId }),
	},
	{
		name: "a changed property",
		field: "properties.plan",
		reaches: "look-ups",
		open: ({ contacts }, plan, { ada }) => contacts.update({ id: ada.id }, { properties: { plan } }),
	},
	{
		name: "an externalId as a ref",
		field: "externalId",
		open: ({ contacts }, externalId) => contacts.get({ externalId }),
	},
	{
		name: "the actor of contacts.create",
		field: "actor",
		open: ({ contacts }, actor) => contacts.create({ email: "new@x.test" }, { actor }),
	},
	{
		name: "the actor of contacts.remove",
		field: "actor",
		open: ({ contacts }, actor, { ada }) => contacts.remove({ id: ada.id }, { actor }),
	},
	{
		name: "the actor of contacts.topics.update",
		field: "actor",
		reaches: "look-ups",
		open: ({ contacts }, actor, { ada, topic }) =>
			contacts.topics.update({ id: ada.id }, [{ id: topic.id, subscription: "opt_out" }], { actor }),
	},
	{
		name: "the actor of suppressions.add",
		field: "actor",
		open: ({ suppressions }, actor) => suppressions.add({ email: "new@x.test" }, { actor }),
	},
	{
		name: "the email of suppressions.add",
		field: "email",
		open: ({ suppressions }, text) => suppressions.add({ email: `${text}@x.test` }),
	},
	{ name: "a segment's name", field: "name", open: ({ segments }, name) => segments.create({ name }) },
	{
		name: "a segment's new name",
		field: "name",
		open: ({ segments }, name, { segment }) => segments.update(segment.id, { name }),
	},
	{ name: "a topic's name", field: "name", open: ({ topics }, name) => topics.create({ name }) },
	{
		name: "a topic's description",
		field: "description",
		open: ({ topics }, description) => topics.create({ name: "News", description }),
	},
	{
		name: "a topic's new name",
		field: "name",
		open: ({ topics }, name, { topic }) => topics.update(topic.id, { name }),
	},
	{
		name: "a property's fallback",
		field: "fallback",
		reaches: "look-ups",
		open: ({ properties }, fallback) => properties.create({ key: "fresh", type: "string", fallback }),
	},
	{
		name: "a property's new fallback",
		field: "fallback",
		reaches: "look-ups",
		open: ({ properties }, fallback) => properties.update({ key: "plan" }, { fallback }),
	},
	...(["name", "previewText", "text"] as const).map((field) => ({
		name: `a broadcast's ${field}`,
		field,
		open: ({ broadcasts }: Audience, text: string) => broadcasts.create(letter({ [field]: text })),
	})),
	...(["html", "mjml"] as const).map((field) => ({
		name: `a broadcast's ${field}`,
		field,
		open: ({ broadcasts }: Audience, text: string) => broadcasts.create(letter({ text: null, [field]: text })),
	})),
	{
		name: "a broadcast's new text",
		field: "text",
		reaches: "look-ups",
		open: ({ broadcasts }, text, { draft }) => broadcasts.update(draft.id, { text }),
	},
	{
		name: "a broadcast's subject",
		field: "subject",
		reason: "invalid_header",
		open: ({ broadcasts }, subject) => broadcasts.create(letter({ subject })),
	},
	{
		name: "a broadcast's from name",
		field: "from",
		reason: "invalid_header",
		open: ({ broadcasts }, name) => broadcasts.create(letter({ from: { name, address: "b@x.test" } })),
	},
	{
		name: "a broadcast's header",
		field: "headers.X-A",
		reason: "invalid_header",
		open: ({ broadcasts }, text) => broadcasts.create(letter({ headers: { "X-A": text } })),
	},
	{
		name: "a filter's value",
		field: "filter.value",
		open: ({ contacts }, value) => contacts.count({ filter: { field: "firstName", op: "eq", value } }),
	},
	{
		name: "one of a filter's values",
		field: "filter.value[1]",
		open: ({ contacts }, value) => contacts.count({ filter: { field: "firstName", op: "in", value: ["a", value] } }),
	},
	{
		name: "a filter's text",
		field: "filter.value",
		open: ({ contacts }, value) => contacts.count({ filter: { field: "properties.plan", op: "contains", value } }),
	},
	{
		name: "the filter of a broadcast",
		field: "filter.value",
		open: ({ broadcasts }, value) => broadcasts.create({ ...LETTER, filter: { field: "firstName", op: "eq", value } }),
	},
	{
		name: "a sample's seed",
		field: "filter.seed",
		open: ({ contacts }, seed) => contacts.count({ filter: { sample: 50, seed } }),
	},
	...(["postalAddress", "brand"] as const).flatMap((field) =>
		(["check", "send"] as const).map((verb) => ({
			name: `a sender's ${field} at broadcasts.${verb}`,
			field,
			reaches: "look-ups" as const,
			open: (_: Audience, text: string, { make, outbox, draft }: World) => {
				const sender = () => ({ transport: outbox, [field]: text });
				return make({ transport: undefined, sender }).broadcasts[verb](draft.id);
			},
		})),
	),
];

/** H88: what some databases refuse and others keep, in every text. */
export const texts: readonly Row[] = DOORS.flatMap(({ name, field, reason = "invalid_text", reaches, open }) =>
	["nul\u0000nul", "half\ud83dhalf", "\udc00\ud800"].map(
		(text): Row => ({
			h: 88,
			name: `${show(text)} in ${name}`,
			act: (world) => () => open(world.audience, text, world),
			refused: { reason, field, reaches, secrets: [text] },
		}),
	),
);

import type { Contact } from "@convoke/core";
import { atMost, EXIT, required, text, UsageError } from "../command.ts";
import type { Command, CommandRun } from "../command.ts";
import { count } from "../screen.ts";
import type { Cell } from "../screen.ts";
import { contactRef, SELECTION_ABOUT, SELECTION_OPTIONS, selectionOf } from "../selection.ts";

/** `convoke contacts`. */
export const contacts: Command = {
	name: "contacts",
	summary: "List, count or show contacts",
	usage: ["contacts [list] [options]", "contacts count [options]", "contacts show <address, id or external:id>"],
	options: { ...SELECTION_OPTIONS, limit: { type: "string" }, after: { type: "string" } },
	about: {
		...SELECTION_ABOUT,
		limit: "<number> most contacts to list, 1 to 100 (default: 20)",
		after: "<id> go on after this id",
	},
	examples: [
		"convoke contacts -d audience.db",
		'convoke contacts -d audience.db --search "ada lov"',
		`convoke contacts count -d audience.db --filter '{"field":"unsubscribed","op":"eq","value":true}'`,
		"convoke contacts show ada@example.com -d audience.db",
	],
	fields: { filter: "filter", segmentId: "segment", search: "search", limit: "limit", after: "after" },
	run: async (run) => {
		const [verb = "list"] = run.args;
		if (verb === "list") return list(run);
		if (verb === "count") return countThem(run);
		if (verb === "show") return show(run);
		throw new UsageError(`There is no \`contacts ${verb}\`, only list, count and show.`);
	},
};

async function list({ args, options, screen, audience }: CommandRun): Promise<number> {
	atMost(args, 1);
	const limit = text(options, "limit");
	const page = await audience().contacts.list({
		...selectionOf(options),
		...(limit !== undefined && { limit: Number(limit) }),
		after: text(options, "after"),
	});
	screen.result(page, () => {
		screen.table(["address", "name", "state", "created", "id"], page.data.map(row));
		const last = page.data.at(-1);
		if (page.hasMore && last !== undefined) screen.note(`There are more: --after ${last.id}`);
	});
	return EXIT.ok;
}

async function countThem({ args, options, screen, audience }: CommandRun): Promise<number> {
	atMost(args, 1);
	const found = await audience().contacts.count(selectionOf(options));
	screen.result({ count: found }, () => screen.line(count(found)));
	return EXIT.ok;
}

async function show({ args, screen, audience }: CommandRun): Promise<number> {
	atMost(args, 2);
	const { contacts: all } = audience();
	const contact = await all.get(contactRef(required(args, 1, "which contact: an address, an id, or external:<id>")));
	const segments = await all.segments.list(contact);
	const topics = await all.topics.list(contact);
	const { events, deliveries } = await all.history(contact);
	screen.result({ contact, segments, topics, events, deliveries }, () => {
		const { properties, ...fields } = contact;
		const values = Object.entries(properties).map(([key, value]) => [`properties.${key}`, value]);
		screen.table(["field", "value"], [...Object.entries(fields), ...values]);
		screen.line();
		screen.table(
			["topic", "subscription", "by"],
			topics.map(({ name, subscription, explicit }) => [name, subscription, explicit ? "own choice" : "default"]),
		);
		screen.line();
		screen.table(
			["segment", "id"],
			segments.map(({ name, id }) => [name, id]),
		);
		screen.line();
		screen.table(
			["at", "event", "source", "by"],
			events.slice(0, SHOWN).map(({ at, type, source, actor }) => [at, type, source, actor]),
		);
	});
	return EXIT.ok;
}

const SHOWN = 10;

function row({ email, firstName, lastName, unsubscribed, confirmation, createdAt, id }: Contact): readonly Cell[] {
	const state = unsubscribed ? "unsubscribed" : confirmation === "pending" ? "unconfirmed" : "subscribed";
	const name = [firstName, lastName].filter((part) => part !== null).join(" ");
	return [email, name, state, createdAt.toISOString().slice(0, 10), id];
}

import { atMost, EXIT, required, text, UsageError } from "../command.ts";
import type { Command } from "../command.ts";
import { clean, count } from "../screen.ts";
import { parseFilter, SELECTION_ABOUT } from "../selection.ts";

/** `convoke segments`. */
export const segments: Command = {
	name: "segments",
	summary: "List, create or remove segments",
	usage: ["segments [list]", "segments create <name> [--filter <json>]", "segments remove <id>"],
	options: { filter: { type: "string" } },
	about: { filter: SELECTION_ABOUT.filter.replace("a filter", "makes it dynamic: a filter") },
	examples: [
		"convoke segments -d audience.db",
		`convoke segments create "Pro, not VIP" -d audience.db --filter '{"field":"properties.plan","op":"eq","value":"pro"}'`,
	],
	run: async ({ args, options, screen, audience }) => {
		const [verb = "list"] = args;
		const { segments: all } = audience();
		if (verb === "list") {
			atMost(args, 1);
			const { data, hasMore } = await all.list({ limit: 100 });
			const counted = await Promise.all(data.map(async (each) => ({ ...each, contacts: await all.count(each.id) })));
			screen.result({ data: counted, hasMore }, () => {
				screen.table(
					["name", "kind", "contacts", "id"],
					counted.map(({ name, filter, contacts, id }) => [
						name,
						filter === null ? "static" : "dynamic",
						count(contacts),
						id,
					]),
				);
			});
			return EXIT.ok;
		}
		if (verb === "create") {
			atMost(args, 2);
			const filter = text(options, "filter");
			const name = required(args, 1, "the segment's name");
			const made = await all.create({ name, filter: filter === undefined ? null : parseFilter(filter) });
			screen.result(made, () => screen.line(`${clean(made.name)}  ${made.id}`));
			return EXIT.ok;
		}
		if (verb === "remove") {
			atMost(args, 2);
			const id = required(args, 1, "the segment's id");
			await all.remove(id);
			screen.result({ removed: id }, () => screen.line(`Removed ${clean(id)}.`));
			return EXIT.ok;
		}
		throw new UsageError(`There is no \`segments ${verb}\`, only list, create and remove.`);
	},
};

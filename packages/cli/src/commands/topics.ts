import { atMost, EXIT, required, text, UsageError } from "../command.ts";
import type { Command } from "../command.ts";
import { clean } from "../screen.ts";

/** `convoke topics`. */
export const topics: Command = {
	name: "topics",
	summary: "List, create or remove topics",
	usage: ["topics [list]", "topics create <name> [--description <text>] [--opt-in] [--private]", "topics remove <id>"],
	options: { description: { type: "string" }, "opt-in": { type: "boolean" }, private: { type: "boolean" } },
	about: {
		description: "<text> shown on the preference page",
		"opt-in": "nobody gets it until they opt in; else everyone does until they opt out",
		private: "not shown on the preference page",
	},
	examples: [
		"convoke topics -d audience.db",
		'convoke topics create "Product news" -d audience.db --description "Once a month"',
	],
	run: async ({ args, options, screen, audience }) => {
		const [verb = "list"] = args;
		const { topics: all } = audience();
		if (verb === "list") {
			atMost(args, 1);
			const page = await all.list({ limit: 100 });
			screen.result(page, () => {
				screen.table(
					["name", "default", "visibility", "id"],
					page.data.map(({ name, defaultSubscription, visibility, id }) => [name, defaultSubscription, visibility, id]),
				);
			});
			return EXIT.ok;
		}
		if (verb === "create") {
			atMost(args, 2);
			const made = await all.create({
				name: required(args, 1, "the topic's name"),
				description: text(options, "description"),
				defaultSubscription: options["opt-in"] === true ? "opt_out" : "opt_in",
				visibility: options["private"] === true ? "private" : "public",
			});
			screen.result(made, () => screen.line(`${clean(made.name)}  ${made.id}`));
			return EXIT.ok;
		}
		if (verb === "remove") {
			atMost(args, 2);
			const id = required(args, 1, "the topic's id");
			await all.remove(id);
			screen.result({ removed: id }, () => screen.line(`Removed ${clean(id)}.`));
			return EXIT.ok;
		}
		throw new UsageError(`There is no \`topics ${verb}\`, only list, create and remove.`);
	},
};

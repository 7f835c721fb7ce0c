import { generateLinkKey } from "@convoke/core";
import { EXIT, UsageError } from "../command.ts";
import type { Command } from "../command.ts";

/** `convoke keys`. */
export const keys: Command = {
	name: "keys",
	summary: "Make a key for links or address hashes",
	usage: ["keys new"],
	examples: ["convoke keys new", "export CONVOKE_HASH_KEY=$(convoke keys new)"],
	isBare: true,
	run: async ({ args, screen }) => {
		if (args.length !== 1 || args[0] !== "new") throw new UsageError("Say `keys new`.");
		const key = generateLinkKey();
		screen.result({ key }, () => screen.line(key));
		screen.note(
			"Keep it as you keep passwords. The hash key must never change; link keys may be followed by newer ones.",
		);
		return EXIT.ok;
	},
};

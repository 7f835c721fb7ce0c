import type { Command } from "../command.ts";
import { broadcasts, check, explain, plan, preview } from "./broadcasts.ts";
import { bulk } from "./bulk.ts";
import { contacts } from "./contacts.ts";
import { exportCommand } from "./export.ts";
import { importCommand } from "./import.ts";
import { keys } from "./keys.ts";
import { migrate } from "./migrate.ts";
import { segments } from "./segments.ts";
import { topics } from "./topics.ts";

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
	importCommand,
	exportCommand,
	contacts,
	bulk,
	segments,
	topics,
	broadcasts,
	plan,
	explain,
	check,
	preview,
	migrate,
	keys,
];

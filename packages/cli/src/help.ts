import type { Command } from "./command.ts";
import { wrapped } from "./screen.ts";

/** What is on the left, and what it means. */
type Entry = readonly [name: string, meaning: string];

const DATABASE_OPTIONS: readonly Entry[] = [
	[
		"-d, --database <file>",
		"the audience's SQLite file, or the URL of its Postgres database; also as --url (default: CONVOKE_DATABASE)",
	],
	["    --tenant <id>", "whose audience (default: default)"],
];

const COMMON_OPTIONS: readonly Entry[] = [
	["    --json", "write JSON for programs"],
	["-h, --help", "this text"],
];

const ENVIRONMENT: readonly Entry[] = [
	["CONVOKE_DATABASE", "as --database"],
	["CONVOKE_HASH_KEY", "the audience's hash key, for commands that write contacts"],
	["CONVOKE_LINK_KEYS", "its link keys, and CONVOKE_BASE_URL where links lead, for preview"],
];

const EXIT_CODES =
	"Exit codes: 0 done, 1 failed, 2 wrong command line or nothing found, 3 done but something needs a look.";

/** Widest lines of help that goes to no terminal. */
const PLAIN_WIDTH = 100;

/** What `convoke --help` says, in lines of a terminal's width. */
export function generalHelp(commands: readonly Command[], width: number = PLAIN_WIDTH): string {
	const list = commands.map(({ name, summary }): Entry => [name, summary]);
	return `convoke: an audience by hand.

Usage: convoke <command> [arguments] [options]

Commands:
${entries(list, width)}
Common options:
${entries([...DATABASE_OPTIONS, ...COMMON_OPTIONS], width)}
Environment:
${entries(ENVIRONMENT, width)}
${wrapped(EXIT_CODES, width)}

Examples:
  convoke migrate -d audience.db
  convoke import people.csv -d audience.db --dry-run
  convoke contacts -d audience.db --search "ada lov"
  convoke help, or convoke <command> --help
`;
}

/** What `convoke <command> --help` says, in lines of a terminal's width. */
export function commandHelp(command: Command, width: number = PLAIN_WIDTH): string {
	const { summary, usage, options = {}, about = {}, examples, isBare = false } = command;
	const own = Object.entries(options).map(([name, { short }]): Entry => {
		const [, value = "", meaning = ""] = /^(<[^>]*>)? ?(.*)/.exec(about[name] ?? "") ?? [];
		return [`${short === undefined ? "    " : `-${short}, `}--${name} ${value}`.trimEnd(), meaning];
	});
	const common = [...(isBare ? [] : DATABASE_OPTIONS), ...COMMON_OPTIONS];
	return `${wrapped(summary, width)}

Usage:
${usage.map((line) => `  ${wrapped(`convoke ${line}`, width - 6, 6)}\n`).join("")}
${own.length === 0 ? "" : `Options:\n${entries(own, width)}\n`}Common options:
${entries(common, width)}
Examples:
${examples.map((line) => `  ${line}\n`).join("")}
${wrapped(EXIT_CODES, width)}
`;
}

function entries(list: readonly Entry[], width: number): string {
	const left = Math.max(...list.map(([name]) => name.length)) + 4;
	return list.map(([name, meaning]) => `  ${name.padEnd(left - 2)}${wrapped(meaning, width - left, left)}\n`).join("");
}

import type { Command } from "./command.ts";

const COMMON = `Common options:
  -d, --database <file>  the audience's SQLite file, or the URL of its Postgres database; also as --url
                         (default: CONVOKE_DATABASE)
      --tenant <id>      whose audience (default: default)
      --json             write JSON for programs
  -h, --help             this text
`;

const EXIT_CODES = `Exit codes: 0 done, 1 failed, 2 wrong command line or nothing found, 3 done but something needs a look.
`;

/** What `convoke --help` says. */
export function generalHelp(commands: readonly Command[]): string {
	const width = Math.max(...commands.map(({ name }) => name.length));
	const list = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join("\n");
	return `convoke: an audience by hand.

Usage: convoke <command> [arguments] [options]

Commands:
${list}

${COMMON}
Environment:
  CONVOKE_DATABASE   as --database
  CONVOKE_HASH_KEY   the audience's hash key, for commands that write contacts
  CONVOKE_LINK_KEYS  its link keys, and CONVOKE_BASE_URL where links lead, for preview

${EXIT_CODES}
Examples:
  convoke migrate -d audience.db
  convoke import people.csv -d audience.db --dry-run
  convoke contacts -d audience.db --search "ada lov"
  convoke help, or convoke <command> --help
`;
}

/** What `convoke <command> --help` says. */
export function commandHelp({ summary, usage, options = {}, about = {}, examples }: Command): string {
	const names = Object.entries(options).map(([name, { type, multiple }]) => {
		const value = type === "string" ? ` <${multiple === true ? "…" : "value"}>` : "";
		return [`--${name}${value}`, about[name] ?? ""] as const;
	});
	const width = Math.max(0, ...names.map(([name]) => name.length));
	const own = names.map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}\n`).join("");
	return `${summary}

Usage:
${usage.map((line) => `  convoke ${line}\n`).join("")}
${own === "" ? "" : `Options:\n${own}\n`}${COMMON}
Examples:
${examples.map((line) => `  convoke ${line}\n`).join("")}
${EXIT_CODES}`;
}

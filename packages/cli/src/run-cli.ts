import { ConvokeError } from "@convoke/core";
import type { Audience } from "@convoke/core";
import { parseArgs } from "node:util";
import type { ParseArgsOptionsConfig } from "node:util";
import { EXIT, UsageError } from "./command.ts";
import type { Command, CommandRun, OptionValues } from "./command.ts";
import { COMMANDS } from "./commands/all.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { openAudience } from "./open-audience.ts";
import { clean, Screen, widthOf, wrapped } from "./screen.ts";
import type { CliStreams } from "./screen.ts";

/** Options that every command has. */
const COMMON = {
	database: { type: "string", short: "d" },
	url: { type: "string" },
	tenant: { type: "string" },
	json: { type: "boolean" },
	help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsOptionsConfig;

/**
 * Runs a command line and answers with its exit code: 0 done; 1 failed; 2 the command line is wrong, and nothing was done;
 * 3 done, and something needs a look.
 *
 * @param args what follows `convoke`
 * @param env CONVOKE_DATABASE, CONVOKE_HASH_KEY, CONVOKE_LINK_KEYS, CONVOKE_BASE_URL
 */
export async function runCli(
	args: readonly string[],
	streams: CliStreams,
	env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
	const [name, ...rest] = args;
	if (name === undefined || name === "help" || name === "--help" || name === "-h") {
		streams.stdout.write(generalHelp(COMMANDS, widthOf(streams.stdout)));
		return name === undefined ? EXIT.usage : EXIT.ok;
	}
	const command = COMMANDS.find((each) => each.name === name);
	if (command === undefined) {
		streams.stderr.write(`There is no command \`${clean(name)}\`. See convoke --help.\n`);
		return EXIT.usage;
	}
	return runCommand(command, rest, streams, env);
}

async function runCommand(
	command: Command,
	args: readonly string[],
	streams: CliStreams,
	env: CommandRun["env"],
): Promise<number> {
	let opened: Audience | undefined;
	let isJson = args.includes("--json");
	try {
		const { positionals, values } = parse(command, args);
		isJson = values["json"] === true;
		if (values["help"] === true) {
			streams.stdout.write(commandHelp(command, widthOf(streams.stdout)));
			return EXIT.ok;
		}
		return await command.run({
			args: positionals,
			options: values,
			screen: new Screen(streams, isJson),
			streams,
			env,
			audience: (needs) => (opened ??= openAudience(values, env, { writes: needs !== undefined })),
		});
	} catch (error) {
		return report(command, error, streams, isJson);
	} finally {
		await opened?.close().catch(() => {});
	}
}

function parse(
	command: Command,
	args: readonly string[],
): { readonly positionals: readonly string[]; readonly values: OptionValues } {
	try {
		return parseArgs({ args: [...args], allowPositionals: true, options: { ...COMMON, ...command.options } });
	} catch (error) {
		// Node goes on about arguments that begin with a hyphen.
		const [first = ""] = (error instanceof Error ? error.message : String(error)).split(". ");
		throw new UsageError(`${first.replace(/\.$/, "")}.`);
	}
}

function report(command: Command, error: unknown, { stdout, stderr }: CliStreams, isJson: boolean): number {
	const isOurs = ConvokeError.is(error);
	const isUsage = error instanceof UsageError || (isOurs && ["invalid_input", "not_found"].includes(error.code));
	const message = isOurs ? remedyOf(error) : error instanceof Error ? error.message : String(error);
	if (isJson) {
		const known = isOurs
			? { code: error.code, reason: error.reason, field: error.field }
			: { code: isUsage ? "usage" : "failed" };
		stdout.write(`${JSON.stringify({ error: { ...known, message } }, null, "\t")}\n`);
	} else {
		const option = isOurs ? optionOf(command, error.field) : undefined;
		const reason = isOurs ? ` (${error.reason}${option === undefined ? "" : `, --${option}`})` : "";
		const advice = error instanceof UsageError ? `\nSee convoke ${command.name} --help.` : "";
		stderr.write(`${wrapped(clean(message) + reason, widthOf(stderr))}${advice}\n`);
	}
	return isUsage ? EXIT.usage : EXIT.failed;
}

/** What to say of an error of the library, whose own words are for programs. */
function remedyOf({ reason, message }: ConvokeError): string {
	if (reason === "file_missing") return "There is no such SQLite file. To make it: convoke migrate.";
	if (reason === "schema_missing") return "The database has no tables of Convoke yet. To make them: convoke migrate.";
	return message;
}

/** The option behind a field of the API. */
function optionOf({ fields = {} }: Command, field = ""): string | undefined {
	return fields[/^\w*/.exec(field)?.[0] ?? ""];
}

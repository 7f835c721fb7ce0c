import { readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

/** What the demo was asked for. */
export interface CommandLine {
	/** Print one JSON object and nothing else. */
	readonly json: boolean;
	/** An empty folder for the messages, and the audience's file. */
	readonly folder: string;
	/** Keep the audience in memory. */
	readonly memory: boolean;
}

const DEFAULT_FOLDER = join(import.meta.dirname, "..", "..", ".artifacts", "demo");

const USAGE = `Imports 1,000 contacts, sends them a newsletter through a mail server on this machine, follows an
unsubscribe link, and shows who is left out of the next broadcast and why. Nothing leaves this machine.

Usage: npx --yes pnpm@12 demo [options]

  --json          print the figures as one JSON object, and nothing else
  --memory        keep the audience in memory instead of an SQLite file
  --out <folder>  keep the messages and the file in this folder, new or empty  (default: .artifacts/demo, emptied first)
  --help          print this`;

/** Reads the arguments; ends the process after --help or a mistake in them. */
export function readCommandLine(): CommandLine {
	// pnpm hands on the `--` of `pnpm demo -- --json`.
	const given = process.argv.slice(2);
	const { json, out, help, memory } = parse(given[0] === "--" ? given.slice(1) : given);
	if (help) {
		console.log(USAGE);
		process.exit(0);
	}
	if (out === undefined) {
		rmSync(DEFAULT_FOLDER, { recursive: true, force: true });
		return { json, folder: DEFAULT_FOLDER, memory };
	}
	const folder = resolve(out);
	if (!isFree(folder)) refuse(`${out} is not an empty folder.`);
	return { json, folder, memory };
}

function parse(args: string[]): { json: boolean; help: boolean; memory: boolean; out?: string | undefined } {
	try {
		return parseArgs({
			args,
			options: {
				json: { type: "boolean", default: false },
				memory: { type: "boolean", default: false },
				help: { type: "boolean", short: "h", default: false },
				out: { type: "string" },
			},
		}).values;
	} catch (error) {
		return refuse(error instanceof Error ? error.message : String(error));
	}
}

function isFree(folder: string): boolean {
	try {
		return readdirSync(folder).length === 0;
	} catch (error) {
		return error instanceof Error && "code" in error && error.code === "ENOENT";
	}
}

function refuse(message: string): never {
	console.error(`${message}\n\n${USAGE}`);
	process.exit(2);
}

import type { Audience } from "@convoke/core";
import type { ParseArgsOptionsConfig } from "node:util";
import type { CliStreams, Screen } from "./screen.ts";

/** How a command ended. */
export const EXIT = {
	/** Done. */
	ok: 0,
	/** Failed: the storage, a file, anything that is not the caller's fault. */
	failed: 1,
	/** The command line, or something in it, is wrong; nothing was done. */
	usage: 2,
	/** Done, and something needs a look: rows were refused, or a check found errors. */
	attention: 3,
} as const;

/** Values of options: texts, lists of texts, or switches. */
export type OptionValues = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

/** What a command is run with. */
export interface CommandRun {
	/** Arguments that are no options. */
	readonly args: readonly string[];
	readonly options: OptionValues;
	readonly screen: Screen;
	readonly streams: CliStreams;
	readonly env: Readonly<Record<string, string | undefined>>;
	/** The audience, opened when it is asked for first. `writes`: addresses are hashed, so the hash key must be given. */
	readonly audience: (needs?: { readonly writes: true }) => Audience;
}

/** A command. */
export interface Command {
	readonly name: string;
	/** One line. */
	readonly summary: string;
	/** What comes after `convoke`. */
	readonly usage: readonly string[];
	/** Its own options. */
	readonly options?: ParseArgsOptionsConfig;
	/** What each of its own options means, after `<what>` it takes. */
	readonly about?: Readonly<Record<string, string>>;
	readonly examples: readonly string[];
	/** It has nothing to do with an audience. */
	readonly isBare?: boolean | undefined;
	/** Options by the fields of the API that they fill, for errors that name one of those. */
	readonly fields?: Readonly<Record<string, string>> | undefined;
	/** @throws `UsageError`, `ConvokeError` */
	readonly run: (run: CommandRun) => Promise<number>;
}

/** The command line is wrong. */
export class UsageError extends Error {}

/** The only argument, or the one at a place. @throws `UsageError` */
export function required(args: readonly string[], index: number, what: string): string {
	const value = args[index];
	if (value === undefined) throw new UsageError(`Say ${what}.`);
	return value;
}

/** Checks that there are no more arguments than these. @throws `UsageError` */
export function atMost(args: readonly string[], most: number): void {
	if (args.length > most) throw new UsageError(`\`${args[most]}\` is one argument too many.`);
}

/** A text option. */
export function text(options: OptionValues, name: string): string | undefined {
	const value = options[name];
	return typeof value === "string" ? value : undefined;
}

/** An option that may be given several times. */
export function texts(options: OptionValues, name: string): readonly string[] {
	const value = options[name];
	return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
}

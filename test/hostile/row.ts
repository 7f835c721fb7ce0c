import type { ConvokeErrorCode } from "@convoke/core";
import { inspect } from "node:util";
import type { World } from "./world.ts";

/** How a refusal looks. */
export interface Refusal {
	/** @default "invalid_input" */
	readonly code?: ConvokeErrorCode | undefined;
	readonly reason: string;
	/** Asserted where it is given. */
	readonly field?: string | undefined;
	/** What the error must not repeat, besides the addresses in it. */
	readonly secrets?: readonly string[] | undefined;
	/** What the error's message has to say. */
	readonly says?: readonly string[] | undefined;
	/**
	 * How far the input may come: `nothing`, no storage verb is called; `look-ups`, only verbs that read; `units`, also
	 * verbs that write, which then write nothing.
	 *
	 * @default "nothing"
	 */
	readonly reaches?: "nothing" | "look-ups" | "units" | undefined;
}

/** Something hostile that is about to be done. */
export type Act = () => unknown;

/** One case of the table of hostile inputs. */
export interface Row {
	/** The number in the table. */
	readonly h: number;
	/** What comes in, and where. */
	readonly name: string;
	/** Prepares the world, and answers with what is hostile. */
	readonly act: (world: World) => Act | Promise<Act>;
	/** How it is refused. Without it the act must succeed, and holds its own expectations. */
	readonly refused?: Refusal | undefined;
}

/** A value as a test's name can show it. */
export function show(value: unknown): string {
	const text = typeof value === "string" ? JSON.stringify(value) : inspect(value, { breakLength: Infinity, depth: 3 });
	const ascii = text.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
	return ascii.length > 70 ? `${ascii.slice(0, 60)}… (${ascii.length})` : ascii;
}

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "../../src/index.ts";

/** The hash key of the audiences. */
export const HASH_KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0";

/** A folder, an audience, and commands that are run on it. */
export interface Shell {
	readonly folder: string;
	readonly database: string;
	readonly run: (...args: readonly string[]) => Promise<Answer>;
}

/** How a command ended, and what it wrote. */
export interface Answer {
	readonly code: number;
	readonly out: string;
	readonly err: string;
}

/** Opens one, whose audience is in a file of the folder unless the environment says otherwise; `terminal`: its width. */
export function shell(
	env: Readonly<Record<string, string>> = { CONVOKE_HASH_KEY: HASH_KEY },
	terminal?: number,
): Shell {
	const folder = mkdtempSync(join(tmpdir(), "convoke-cli-"));
	const database = join(folder, "audience.db");
	const run = async (...args: readonly string[]): Promise<Answer> => {
		let [out, err] = ["", ""];
		const streams = {
			stdin: stdin(),
			stdout: { write: (text: string) => void (out += text), isTTY: terminal !== undefined, columns: terminal },
			stderr: { write: (text: string) => void (err += text), isTTY: terminal !== undefined, columns: terminal },
		};
		return { code: await runCli(args, streams, { CONVOKE_DATABASE: database, ...env }), out, err };
	};
	return { folder, database, run };
}

async function* stdin(): AsyncGenerator<string> {
	yield "email\npiped@example.com\n";
}

/** Writes a file into the folder. */
export function file({ folder }: Shell, content: string): string {
	const path = join(folder, "people.csv");
	writeFileSync(path, content);
	return path;
}

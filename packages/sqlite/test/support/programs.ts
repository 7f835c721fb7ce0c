import { execFile, spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { onTestFinished } from "vitest";

/** A program of `test/programs` that is running. */
export interface Program {
	/** Its next line; `undefined` when it has ended. */
	nextLine(): Promise<string | undefined>;
	/** Lets it go on, where it waits for that. */
	goOn(): void;
	/** Kills it without warning, and answers all lines that it had printed and nobody read. */
	kill(): Promise<readonly string[]>;
}

/** Runs a program of `test/programs` to its end and answers what it printed as JSON. */
export function runProgram(name: string, ...args: readonly string[]): Promise<unknown> {
	return new Promise((resolve, reject) => {
		execFile(process.execPath, argsOf(name, args), (error, stdout, stderr) => {
			if (error === null) resolve(JSON.parse(stdout));
			else reject(new Error(`${stdout}${stderr}`, { cause: error }));
		});
	});
}

/** Starts a program of `test/programs`, which ends with the test. */
export function startProgram(name: string, ...args: readonly string[]): Program {
	const child: ChildProcessByStdio<Writable, Readable, null> = spawn(process.execPath, argsOf(name, args), {
		stdio: ["pipe", "pipe", "inherit"],
	});
	const ended = once(child, "close");
	onTestFinished(async () => {
		child.kill("SIGKILL");
		await ended;
	});
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const nextLine = async (): Promise<string | undefined> => {
		const line = await lines.next();
		return line.done === true ? undefined : line.value;
	};
	return {
		nextLine,
		goOn: () => child.stdin.write("go\n"),
		async kill() {
			child.kill("SIGKILL");
			const rest: string[] = [];
			for (let line = await nextLine(); line !== undefined; line = await nextLine()) rest.push(line);
			await ended;
			return rest;
		},
	};
}

function argsOf(name: string, args: readonly string[]): readonly string[] {
	return ["--conditions=@convoke/source", join(import.meta.dirname, "..", "programs", `${name}.ts`), ...args];
}

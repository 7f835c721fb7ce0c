import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A running server, and how to reach its maintenance database as a superuser. */
export interface PostgresServer {
	readonly url: string;
	/** Shuts it down at once, as if its machine had stopped, and starts it again; a server that was given has none. */
	readonly restart?: (() => Promise<void>) | undefined;
	/** Stops it and leaves nothing behind; does nothing to a server that was given. */
	stop(): Promise<void>;
}

/** Settings of a server whose data need not outlive anything. */
const IN_A_HURRY = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/** Starts a Postgres that lasts no longer than this process, or answers with the one that `POSTGRES_URL` names. */
export async function startPostgres(settings: readonly string[] = IN_A_HURRY): Promise<PostgresServer> {
	const given = process.env["POSTGRES_URL"];
	if (given !== undefined && given !== "") return { url: given, stop: async () => {} };
	const program = join(import.meta.dirname, "run-server.ts");
	const child = spawn(process.execPath, [program, ...settings], { stdio: ["pipe", "pipe", "pipe"] });
	const exited = once(child, "exit");
	const log: string[] = [];
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		log.push(text);
		// The last words are enough, and whoever nobody listens to comes to a stop.
		if (log.length > 100) log.shift();
	});
	const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
	const nextLine = async (): Promise<string> => {
		const { done, value } = await lines.next();
		if (done === true) throw new Error(`Postgres did not start:\n${log.join("")}`);
		return value;
	};
	return {
		url: await nextLine(),
		restart: async () => {
			child.stdin.write("restart\n");
			await nextLine();
		},
		stop: async () => {
			child.stdin.end();
			await exited;
		},
	};
}

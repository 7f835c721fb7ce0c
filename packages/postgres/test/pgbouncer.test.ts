import { storageExam } from "@convoke/core/exam";
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { createDatabase, freePort } from "postgres-for-tests";
import type { TestDatabase } from "postgres-for-tests";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { createPostgresStorage } from "../src/index.ts";
import { launch, openAudience } from "./support/audience.ts";

const isHere = spawnSync("pgbouncer", ["--version"]).status === 0;
if (!isHere) console.log("skipped: there is no pgbouncer on this machine");

/** PgBouncer in transaction mode, with two connections to the server for everyone. */
async function startBouncer(
	databaseUrl: string,
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
	const { hostname, port: serverPort, username, password, pathname } = new URL(databaseUrl);
	const folder = mkdtempSync(join(tmpdir(), "convoke-pgbouncer-"));
	chmodSync(folder, 0o755);
	const port = await freePort();
	writeFileSync(
		join(folder, "pgbouncer.ini"),
		`[databases]
* = host=${hostname} port=${serverPort} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
`,
	);
	const isRoot = process.getuid?.() === 0;
	// It refuses to run as root.
	const bouncer: ChildProcess = spawn("pgbouncer", [
		...(isRoot ? ["-u", "postgres"] : []),
		join(folder, "pgbouncer.ini"),
	]);
	await vi.waitFor(async () => expect(await canConnect(port)).toBe(true), { timeout: 10_000, interval: 50 });
	return {
		url: `postgres://${username}@127.0.0.1:${port}${pathname}`,
		stop: async () => {
			const exited = once(bouncer, "exit");
			bouncer.kill();
			await exited;
			rmSync(folder, { recursive: true });
		},
	};
}

describe.skipIf(!isHere)("through PgBouncer in transaction mode (R109)", () => {
	let database: TestDatabase;
	let pool: pg.Pool;
	let stop: () => Promise<void>;
	beforeAll(async () => {
		database = await createDatabase(inject("postgresUrl"));
		const bouncer = await startBouncer(database.url);
		({ stop } = bouncer);
		pool = new pg.Pool({ connectionString: bouncer.url, max: 20 });
		await createPostgresStorage({ pool }).migrate();
	});
	afterAll(async () => {
		await pool.end();
		await stop();
		await database.drop();
	});

	test.each(storageExam)("$name", async (one) => {
		await database.empty();
		await one.run(createPostgresStorage({ pool }));
	});

	test("many at once", async () => {
		await database.empty();
		const { audience, inbox } = openAudience(createPostgresStorage({ pool }));
		await Promise.all(
			Array.from({ length: 200 }, (_, index) => audience.contacts.create({ email: `c${index % 100}@example.test` })),
		);
		await launch(audience);
		const [first, second] = [audience.worker(), audience.worker()];
		await Promise.all([first.run(), second.run()]);
		expect(inbox.messages).toHaveLength(100);
	});
});

async function canConnect(port: number): Promise<boolean> {
	const socket = connect(port, "127.0.0.1");
	try {
		await once(socket, "connect");
		return true;
	} catch {
		return false;
	} finally {
		socket.destroy();
	}
}

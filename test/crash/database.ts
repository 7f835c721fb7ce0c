import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { createDatabase, startPostgres } from "postgres-for-tests";
import type { StorageName } from "./settings.ts";

/** Where the audience of an experiment is kept. */
export interface Database {
	/** A file, or the URL of a database. */
	readonly at: string;
	/** Ends the database's server at once, as a crash would, and starts it again; absent where there is none. */
	readonly restart?: (() => Promise<void>) | undefined;
	/** How many recipients are marked as being sent to: all of them, or those of a worker by its slices. */
	sending(owner?: string): Promise<number>;
	/** Leaves nothing behind. */
	drop(): Promise<void>;
}

/** Makes an empty one; `folder`: where a file is to be. */
export async function makeDatabase(storage: StorageName, folder?: string): Promise<Database> {
	return storage === "sqlite" ? makeFile(folder) : makePostgres();
}

function sum(owner: string): string {
	return `select coalesce(sum(sending), 0) as sum from convoke_broadcast_slices where ${owner} is null or owner = ${owner}`;
}

function makeFile(given: string | undefined): Database {
	const folder = given ?? mkdtempSync(join(tmpdir(), "convoke-crash-"));
	const at = join(folder, "audience.db");
	return {
		at,
		async sending(owner) {
			const reader = new SqliteDatabase(at, { readonly: true });
			const row = reader.prepare<{ owner: string | null }, { sum: number }>(sum(":owner"));
			const found = row.get({ owner: owner ?? null })?.sum ?? 0;
			reader.close();
			return found;
		},
		async drop() {
			if (given === undefined) rmSync(folder, { recursive: true, force: true });
		},
	};
}

async function makePostgres(): Promise<Database> {
	// As it is set up in earnest: what was committed outlives the server. The moments of commits are for `optout`.
	const server = await startPostgres(["track_commit_timestamp=on"]);
	const database = await createDatabase(server.url);
	// A connection that is idle when the server ends says so by an event.
	database.pool.on("error", () => undefined);
	return {
		at: database.url,
		restart: server.restart,
		async sending(owner) {
			const { rows } = await database.pool.query<{ sum: string }>(sum("$1::text"), [owner ?? null]);
			return Number(rows[0]?.sum);
		},
		async drop() {
			await database.drop();
			await server.stop();
		},
	};
}

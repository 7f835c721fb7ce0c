import type { Clock, Storage } from "@convoke/core";
import { invalidInput, systemClock } from "@convoke/core";
import { checkSchema, HostedRunner, isTransaction, KyselyConnection, SqlStorage } from "@convoke/kysely";
import type { HostedConnection, HostKysely, Runner } from "@convoke/kysely";
import pg from "pg";
import type { ClientBase } from "pg";
import { ClientConnection } from "./client-connection.ts";
import { KyselySessions } from "./kysely-sessions.ts";
import { PoolSessions } from "./pool-sessions.ts";
import type { PoolOfClients } from "./pool-sessions.ts";
import { createPostgresDialect } from "./postgres-dialect.ts";
import { isOvertaken, toStorageError } from "./postgres-errors.ts";
import { ASK_TIME, hasSchema, PostgresRunner } from "./postgres-runner.ts";
import { markingFailures } from "./sessions.ts";
import type { Sessions } from "./sessions.ts";

/** Where an audience is kept. Exactly one of `pool`, `connectionString`, `db` and `client` says where. */
export interface PostgresStorageOptions {
	/** A pool of the host, which stays the host's to end. A unit of work takes one connection, and nothing keeps one. */
	readonly pool?: PoolOfClients | undefined;
	/** Makes a pool of the storage's own: `postgres://user:password@host/database`. */
	readonly connectionString?: string | undefined;
	/**
	 * Kysely of the host, or a transaction of it. Whatever is done through a storage on a transaction is part of that; it
	 * migrates nothing, imports nothing and serves no worker.
	 */
	readonly db?: HostKysely | undefined;
	/** A client of `pg` on which the host has begun a transaction: the same as a transaction of Kysely. */
	readonly client?: ClientBase | undefined;
	/** The schema of the tables, as it is written in the database. @default the first one of the search path */
	readonly schema?: string | undefined;
	/**
	 * Seconds that a call may take, 0.1 to 600, with waiting for a connection: then it fails with `store_timeout` or
	 * `store_busy`, and whatever it has begun is given up. In the host's transaction its own settings hold.
	 *
	 * @default 30
	 */
	readonly timeoutSeconds?: number | undefined;
	/** Gives the storage's own time, which leases go by. @default the clock of the server */
	readonly clock?: Clock | undefined;
}

/**
 * Makes a storage in Postgres 14 or later. Connects to nothing: the first call does. `migrate` makes the tables, whose
 * names begin with `convoke_`.
 *
 * @throws `invalid_input` with `storage_ambiguous` or `invalid_option`.
 */
export function createPostgresStorage(options: PostgresStorageOptions): Storage {
	const { pool, connectionString, db, client, schema, timeoutSeconds = 30, clock } = options;
	if ([pool, connectionString, db, client].filter((given) => given !== undefined).length !== 1) {
		const message =
			"Give exactly one of `pool`, `connectionString`, `db` (Kysely or a transaction of it) and `client`.";
		throw invalidInput("storage_ambiguous", "pool", message);
	}
	checkMethod("pool", pool, "connect");
	checkMethod("db", db, "withoutPlugins");
	checkMethod("client", client, "query");
	if (connectionString !== undefined && typeof connectionString !== "string") {
		throw invalidInput("invalid_option", "connectionString", "`connectionString` must be a URL of Postgres.");
	}
	checkSchemaName(schema);
	if (typeof timeoutSeconds !== "number" || !(timeoutSeconds >= 0.1 && timeoutSeconds <= 600)) {
		throw invalidInput("invalid_option", "timeoutSeconds", "`timeoutSeconds` must be a number from 0.1 to 600.");
	}
	const dialect = createPostgresDialect({ schema, isTimeGiven: clock !== undefined });
	const hosted = (connection: HostedConnection): Runner =>
		new HostedRunner({
			connection,
			check: () => checkSchema(dialect, hasSchema(dialect)),
			clock: clock ?? systemClock,
			askTime: clock === undefined ? ASK_TIME : undefined,
			isPassing: isOvertaken,
			toError: toStorageError,
		});
	const own = (sessions: Sessions): Runner => new PostgresRunner({ sessions, dialect, schema, timeoutSeconds, clock });
	if (client !== undefined) return new SqlStorage(dialect, hosted(new ClientConnection(client)));
	if (db !== undefined && isTransaction(db)) return new SqlStorage(dialect, hosted(transactionOf(db)));
	if (db !== undefined) return new SqlStorage(dialect, own(new KyselySessions(db)));
	if (pool !== undefined) return new SqlStorage(dialect, own(new PoolSessions(pool, false)));
	return new SqlStorage(dialect, own(new PoolSessions(ownPool(connectionString, timeoutSeconds), true)));
}

function ownPool(connectionString: string | undefined, timeoutSeconds: number): pg.Pool {
	const pool = new pg.Pool({
		connectionString,
		// After ours, which tells more; the pool would wait for ever for a connection that nobody answers.
		connectionTimeoutMillis: timeoutSeconds * 1_200,
		keepAlive: true,
		fallback_application_name: "convoke",
	});
	// Connections that end while nobody uses them: the next call makes another one.
	pool.on("error", () => {});
	return pool;
}

/** The connection of a transaction of the host's Kysely. A client marks its failures itself. */
function transactionOf(db: HostKysely): HostedConnection {
	const connection = new KyselyConnection(db);
	return { use: (work) => connection.use((execute) => work(markingFailures(execute))) };
}

/** What is given is known by what is called on it. */
function checkMethod(field: "pool" | "db" | "client", given: unknown, method: string): void {
	if (given === undefined) return;
	const isIt = typeof given === "object" && given !== null && typeof Reflect.get(given, method) === "function";
	if (isIt) return;
	const what = { pool: "a pool of `pg`", db: "Kysely, or a transaction of it", client: "a client of `pg`" }[field];
	throw invalidInput("invalid_option", field, `\`${field}\` must be ${what}.`);
}

/** Names are as long as Postgres keeps them, which cuts longer ones off without a word. */
const MAX_NAME_BYTES = 63;

function checkSchemaName(schema: unknown): void {
	if (schema === undefined) return;
	const isName =
		typeof schema === "string" &&
		schema !== "" &&
		!schema.includes("\0") &&
		Buffer.byteLength(schema) <= MAX_NAME_BYTES;
	if (!isName) throw invalidInput("invalid_option", "schema", "`schema` must be a name of 1 to 63 bytes.");
}

import pg from "pg";

/** A database of its own on a server. */
export interface TestDatabase {
	/** Its name, which nothing else on the server has. */
	readonly name: string;
	/** How to reach it as a superuser. */
	readonly url: string;
	/** Connections to it as a superuser. */
	readonly pool: pg.Pool;
	/** Makes a role of the database's name, whose password is `clerk`, by these statements, and connects as it. */
	connectAs(statements: string): Promise<pg.Pool>;
	/** Empties all tables of ours, in whatever schema. */
	empty(): Promise<void>;
	/** Ends all pools and drops the database. */
	drop(): Promise<void>;
}

let made = 0;

/** Creates a database, of the server's locale or of an ICU one. */
export async function createDatabase(
	serverUrl: string,
	{ icu }: { readonly icu?: string | undefined } = {},
): Promise<TestDatabase> {
	const name = `convoke_test_${process.pid}_${(made += 1)}`;
	const locale = icu === undefined ? "" : `template template0 locale_provider icu icu_locale '${icu}'`;
	await onServer(serverUrl, `create database ${name} ${locale}`);
	const url = new URL(serverUrl);
	url.pathname = name;
	const pools: pg.Pool[] = [];
	const open = (connectionString: string): pg.Pool => {
		const opened = new pg.Pool({ connectionString });
		// To drop the database ends connections that are still about to end by themselves.
		opened.on("error", () => {});
		pools.push(opened);
		return opened;
	};
	const pool = open(url.href);
	return {
		name,
		url: url.href,
		pool,
		connectAs: async (statements) => {
			await pool.query(statements);
			const clerk = new URL(url);
			[clerk.username, clerk.password] = [name, "clerk"];
			return open(clerk.href);
		},
		empty: async () => {
			const { rows } = await pool.query<{ tables: string | null }>(
				`select string_agg(format('%I.%I', schemaname, tablename), ', ') as tables
				from pg_tables where tablename like 'convoke\\_%' and tablename <> 'convoke_migrations'`,
			);
			await pool.query(`truncate ${rows[0]?.tables} restart identity cascade`);
		},
		drop: async () => {
			await Promise.all(pools.map((each) => each.end()));
			await onServer(serverUrl, `drop database ${name} with (force)`, `drop role if exists ${name}`);
		},
	};
}

async function onServer(url: string, ...statements: readonly string[]): Promise<void> {
	const client = new pg.Client(url);
	await client.connect();
	try {
		for (const statement of statements) await client.query(statement);
	} finally {
		await client.end();
	}
}

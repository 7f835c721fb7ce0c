import pg from "pg";

/** A database of its own on a server. */
export interface TestDatabase {
	readonly url: string;
	readonly pool: pg.Pool;
	/** Empties all tables of ours, in whatever schema. */
	empty(): Promise<void>;
	/** Ends the pool and drops the database. */
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
	const pool = new pg.Pool({ connectionString: url.href });
	return {
		url: url.href,
		pool,
		empty: async () => {
			const { rows } = await pool.query<{ tables: string | null }>(
				`select string_agg(format('%I.%I', schemaname, tablename), ', ') as tables
				from pg_tables where tablename like 'convoke\\_%' and tablename <> 'convoke_migrations'`,
			);
			await pool.query(`truncate ${rows[0]?.tables} restart identity cascade`);
		},
		drop: async () => {
			await pool.end();
			await onServer(serverUrl, `drop database ${name} with (force)`);
		},
	};
}

async function onServer(url: string, statement: string): Promise<void> {
	const client = new pg.Client(url);
	await client.connect();
	try {
		await client.query(statement);
	} finally {
		await client.end();
	}
}

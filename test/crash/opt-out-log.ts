import SqliteDatabase from "better-sqlite3";
import pg from "pg";
import type { Place } from "./audience.ts";
import type { StorageName } from "./settings.ts";

/** Keeps, by triggers in the database itself, the order in which marks and opt-outs were committed. */
export interface OptOutLog {
	/** Contacts that were marked for sending after their opt-out had been committed. */
	violations(): Promise<readonly string[]>;
	/** How many opt-outs and marks it has seen. */
	seen(): Promise<{ readonly optOuts: number; readonly marks: number }>;
	close(): Promise<void>;
}

/** Begins to keep the order. */
export async function watchOptOuts({ storage, at }: Place): Promise<OptOutLog> {
	const logs: Readonly<Record<StorageName, () => Promise<OptOutLog>>> = {
		sqlite: async () => watchSqlite(at),
		postgres: () => watchPostgres(at),
	};
	return logs[storage]();
}

/** SQLite has one writer at a time, so that the order of its rows is the order of the commits. */
function watchSqlite(file: string): OptOutLog {
	const database = new SqliteDatabase(file, { timeout: 60_000 });
	database.exec(`
		create table crash_log (seq integer primary key autoincrement, contact_id text not null, act text not null);
		create trigger crash_mark after update on convoke_broadcast_recipients when new.state = 'sending'
			and (old.state <> 'sending' or old.attempts <> new.attempts)
			begin insert into crash_log (contact_id, act) values (new.contact_id, 'mark'); end;
		create trigger crash_opt_out after update on convoke_contacts when new.unsubscribed = 1 and old.unsubscribed = 0
			begin insert into crash_log (contact_id, act) values (new.id, 'opt-out'); end;
	`);
	const count = (act: string): number => {
		const row = database.prepare("select count(*) as count from crash_log where act = ?").get(act);
		return (row as { readonly count: number }).count;
	};
	return {
		async violations() {
			const rows = database
				.prepare(
					`select distinct m.contact_id from crash_log as m join crash_log as o on o.contact_id = m.contact_id
						and o.act = 'opt-out' and o.seq < m.seq where m.act = 'mark'`,
				)
				.all();
			return rows.map((row) => (row as { readonly contact_id: string }).contact_id);
		},
		seen: async () => ({ optOuts: count("opt-out"), marks: count("mark") }),
		async close() {
			database.close();
		},
	};
}

/**
 * Postgres commits side by side. A mark shares the lock of the contact's row until it has committed, and an opt-out needs
 * that row for itself: so an opt-out is committed either before the mark is granted its lock or after the mark's commit.
 * A mark that is written after the moment of an opt-out's commit was granted its lock after it.
 */
async function watchPostgres(url: string): Promise<OptOutLog> {
	const client = new pg.Client(url);
	await client.connect();
	await client.query(`
		create table crash_log (contact_id uuid not null, act text not null, at timestamptz not null, xid xid not null);
		create function crash_write() returns trigger language plpgsql as $$
			begin
				insert into crash_log values (
					case when tg_argv[0] = 'mark' then (to_jsonb(new) ->> 'contact_id')::uuid else (to_jsonb(new) ->> 'id')::uuid end,
					tg_argv[0], clock_timestamp(), pg_current_xact_id()::xid);
				return new;
			end $$;
		create trigger crash_mark after update on convoke_broadcast_recipients for each row
			when (new.state = 'sending' and (old.state <> 'sending' or old.attempts <> new.attempts))
			execute function crash_write('mark');
		create trigger crash_opt_out after update on convoke_contacts for each row
			when (new.unsubscribed = 1 and old.unsubscribed = 0) execute function crash_write('opt-out');
	`);
	const count = async (act: string): Promise<number> => {
		const { rows } = await client.query<{ count: string }>("select count(*) from crash_log where act = $1", [act]);
		return Number(rows[0]?.count);
	};
	return {
		async violations() {
			const { rows } = await client.query<{ contact_id: string }>(
				`select distinct m.contact_id from crash_log as m join crash_log as o on o.contact_id = m.contact_id
				and o.act = 'opt-out' and pg_xact_commit_timestamp(o.xid) < m.at where m.act = 'mark'`,
			);
			return rows.map(({ contact_id }) => contact_id);
		},
		seen: async () => ({ optOuts: await count("opt-out"), marks: await count("mark") }),
		close: () => client.end(),
	};
}

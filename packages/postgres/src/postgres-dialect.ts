import { DATE_KEY } from "@convoke/kysely";
import type { ColumnTypes, Database, PropertyKind, SqlDialect, TypedValue, ValueType } from "@convoke/kysely";
import type { RawBuilder } from "kysely";
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, sql } from "kysely";
import { quoteIdentifier, SchemaCompiler } from "./schema-compiler.ts";

const VALUE_TYPES: Readonly<Record<ValueType, RawBuilder<unknown>>> = {
	id: sql`uuid`,
	text: sql`text`,
	integer: sql`integer`,
	number: sql`double precision`,
};

/** What the words depend on. */
export interface PostgresDialectOptions {
	/** The schema of the tables, if not the first of the search path. */
	readonly schema?: string | undefined;
	/** Whether leases go by the time that statements are given, and not by the server's. */
	readonly isTimeGiven?: boolean | undefined;
}

/** The words of Postgres. */
export function createPostgresDialect({ schema, isTimeGiven = false }: PostgresDialectOptions): SqlDialect {
	const types = typesIn(schema);
	const events = sql`cast(${types.table("events")} as regclass)`;
	return {
		name: "postgres",
		// Compiles only: the runner has the connections.
		db: new Kysely<Database>({
			dialect: {
				createAdapter: () => new PostgresAdapter(),
				createDriver: () => new DummyDriver(),
				createIntrospector: (db) => new PostgresIntrospector(db),
				createQueryCompiler: () => new SchemaCompiler(schema),
			},
		}),
		types,
		// The widest table has 30 columns, and a statement takes 65,535 parameters.
		rowsPerInsert: 500,
		fence: sql`offset 0`,
		// A subquery with an offset is turned into neither a join nor a hash.
		perRow: sql`offset 0`,
		countedAtOnce: undefined,
		isConcurrent: true,
		lock: (strength, of) => sql`for ${sql.raw(strength)} ${of === undefined ? sql`` : sql`of ${sql.ref(of)}`}`,
		lockUnlocked: (of) => sql`for update of ${sql.ref(of)} skip locked`,
		// Whoever writes a row holds this lock on the table until the end of the transaction.
		areEventsComing: sql<boolean>`exists (select 1 from pg_locks as l where l.locktype = 'relation'
			and l.database = (select oid from pg_database where datname = current_database()) and l.relation = ${events}
			and l.mode = 'RowExclusiveLock' and l.pid is distinct from pg_backend_pid())`,
		isEventSettled: sql<boolean>`transaction_id < pg_snapshot_xmin(pg_current_snapshot())`,
		clock: (given) => (isTimeGiven ? sql<number>`cast(${given} as bigint)` : sql<number>`${sql.raw(NOW)}`),
		lookUp: (table, as, on) =>
			sql`cross join lateral (select * from ${table} as ${sql.ref(as)} where ${on} offset 0) as ${sql.ref(as)}`,
		// A subquery would be joined, by reading a table whole that was small when Postgres last looked.
		among: (value, list, type) => sql<boolean>`${value} = any(cast(${list} as ${VALUE_TYPES[type]}[]))`,
		encodeList: (values) => values,
		records: (records, fields: Readonly<Record<string, ValueType>>) => {
			const columns = Object.entries(fields).map(
				([name, type], index) =>
					sql`cast(given.value ->> ${sql.lit(index)} as ${VALUE_TYPES[type]}) as ${sql.ref(name)}`,
			);
			return sql`(select ${sql.join(columns)} from jsonb_array_elements(cast(${records} as jsonb)) as given) as o`;
		},
		arrayOf: (value) => sql<string>`cast(coalesce(json_agg(${value}), '[]') as text)`,
		objectOf: (key, value) => sql<string>`cast(coalesce(json_object_agg(${key}, ${value}), '{}') as text)`,
		hasKey: (object, key) => sql<boolean>`${object} ? cast(${key} as text)`,
		withoutKey: (object, key) => sql<string>`${object} - cast(${key} as text)`,
		hasElement: (array, text) => sql<boolean>`${array} ? cast(${text} as text)`,
		contains: (object, part) => sql<boolean>`${object} @> cast(${part} as jsonb)`,
		property: propertySql,
		position: (haystack, needle) => sql<number>`strpos(${haystack}, ${needle})`,
		ending: (text, length) => sql<string>`right(${text}, cast(${length} as integer))`,
	};
}

/** Milliseconds since 1970 by the server's clock, which goes on within a transaction. */
export const NOW = "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";

function typesIn(schema: string | undefined): ColumnTypes {
	const prefix = schema === undefined ? "" : `${quoteIdentifier(schema)}.`;
	return {
		text: 'text collate "C"',
		id: "uuid",
		json: "jsonb",
		// As text, so that no driver and no setting of one reads it, and nothing of it is put in another order.
		document: "text",
		integer: "integer",
		flag: "smallint",
		instant: "bigint",
		sequence: "bigint generated always as identity primary key",
		transaction: "\n\ttransaction_id xid8 not null default pg_current_xact_id(),",
		clustered: "",
		table: (name) => `${prefix}convoke_${name}`,
		// An index is always in the schema of its table.
		index: (name) => `convoke_${name}`,
	};
}

function propertySql(object: RawBuilder<unknown>, key: string, kind: PropertyKind): TypedValue {
	const value = sql`(${object} -> cast(${key} as text))`;
	const text = sql`(${object} ->> cast(${key} as text))`;
	switch (kind) {
		case "string":
			return { value: sql`(${text} collate "C")`, isOfType: sql<boolean>`jsonb_typeof${value} = 'string'` };
		case "number":
			// What is no number cannot be cast, so that the type is asked first.
			return { value: sql`case when jsonb_typeof${value} = 'number' then cast(${value} as double precision) end` };
		case "boolean":
			return { value: sql`case ${value} when 'true' then 1 when 'false' then 0 end` };
		case "date":
			return { value: sql`cast(${value} ->> ${sql.lit(DATE_KEY)} as bigint)` };
	}
}

import { DATE_KEY } from "@convoke/kysely";
import type { ColumnTypes, Database, PropertyKind, SqlDialect, ValueType } from "@convoke/kysely";
import type { RawBuilder } from "kysely";
import { DummyDriver, Kysely, sql, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";

const types: ColumnTypes = {
	text: "text",
	id: "text",
	json: "text",
	document: "text",
	integer: "integer",
	flag: "integer",
	instant: "integer",
	sequence: "integer primary key autoincrement",
	transaction: "",
	clustered: " without rowid",
	table: (name) => `convoke_${name}`,
	index: (name) => `convoke_${name}`,
};

const JSON_TYPES: Readonly<Record<Exclude<PropertyKind, "date">, RawBuilder<unknown>>> = {
	string: sql`('text')`,
	number: sql`('integer', 'real')`,
	boolean: sql`('true', 'false')`,
};

/** The words of SQLite, 3.45 or later. */
export const sqliteDialect: SqlDialect = {
	name: "sqlite",
	// Compiles only: the runner has the connection.
	db: new Kysely<Database>({
		dialect: {
			createAdapter: () => new SqliteAdapter(),
			createDriver: () => new DummyDriver(),
			createIntrospector: (db) => new SqliteIntrospector(db),
			createQueryCompiler: () => new SqliteQueryCompiler(),
		},
	}),
	types,
	// One prepared statement for any number of rows is as fast as several rows in a statement.
	rowsPerInsert: 1,
	fence: sql`limit -1`,
	// It always does.
	perRow: sql``,
	countedAtOnce: 5_000,
	// One unit writes at a time.
	isConcurrent: false,
	lock: () => sql``,
	lockUnlocked: () => sql``,
	areEventsComing: sql<boolean>`false`,
	isEventSettled: sql<boolean>`true`,
	clock: (given) => given,
	// A cross join keeps the order in which it is written.
	lookUp: (table, as, on) => sql`cross join ${table} as ${sql.ref(as)} on ${on}`,
	among: (value, list) => sql<boolean>`${value} in (select value from json_each(${list}))`,
	encodeList: (values) => JSON.stringify(values),
	records: (records, fields: Readonly<Record<string, ValueType>>) => {
		const columns = Object.keys(fields).map((name, index) => sql`value ->> ${sql.lit(index)} as ${sql.ref(name)}`);
		// With a limit it stays a subquery, by whose rows others are looked up; else the planner scans those for each record.
		return sql`(select ${sql.join(columns)} from json_each(${records}) limit -1) as o`;
	},
	arrayOf: (value) => sql<string>`json_group_array(${value})`,
	objectOf: (key, value) => sql<string>`json_group_object(${key}, ${value})`,
	hasKey: (object, key) => sql<boolean>`json_type(${object}, ${pathOf(key)}) is not null`,
	withoutKey: (object, key) => sql<string>`json_remove(${object}, ${pathOf(key)})`,
	hasElement: (array, text) => sql<boolean>`${text} in (select value from json_each(${array}))`,
	contains: undefined,
	property: (object, key, kind) => {
		if (kind === "date") return { value: sql`json_extract(${object}, ${`${pathOf(key)}."${DATE_KEY}"`})` };
		const path = pathOf(key);
		return {
			value: sql`json_extract(${object}, ${path})`,
			isOfType: sql<boolean>`json_type(${object}, ${path}) in ${JSON_TYPES[kind]}`,
		};
	},
	position: (haystack, needle) => sql<number>`instr(${haystack}, ${needle})`,
	ending: (text, length) => sql<string>`substr(${text}, ${-length})`,
};

// Keys are letters, digits and underscores, so that nothing in them ends the quotation.
function pathOf(key: string): string {
	return `$."${key}"`;
}

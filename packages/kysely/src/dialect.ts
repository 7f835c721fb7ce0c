import type { Kysely, RawBuilder } from "kysely";
import type { Database } from "./tables.ts";

/** The words of a database for the columns of the schema. */
export interface ColumnTypes {
	/** Texts, ordered by code point. */
	readonly text: string;
	/** UUIDs in lower case. */
	readonly id: string;
	/** JSON that statements look into. */
	readonly json: string;
	/** JSON that is only kept, as it was written. */
	readonly document: string;
	/** Whole numbers of 32 bits. */
	readonly integer: string;
	/** 0 or 1. */
	readonly flag: string;
	/** Milliseconds since 1970. */
	readonly instant: string;
	/** A column that numbers the rows in the order they are written, with its key. */
	readonly sequence: string;
	/** A column that tells which transaction wrote a row, with the comma after it, where transactions run side by side. */
	readonly transaction: string;
	/** Follows a table whose rows are kept in the order of the primary key, where the database has a word for that. */
	readonly clustered: string;
	/** The full name of one of our tables, quoted where that is needed. */
	readonly table: (name: string) => string;
	/** The name of one of our indexes. */
	readonly index: (name: string) => string;
}

/** The type of a value in a list or record. */
export type ValueType = "id" | "text" | "integer" | "number";

/** The types of a property's value that statements tell apart. */
export type PropertyKind = "string" | "number" | "boolean" | "date";

/** A value that may be of another type than the one that is compared with. */
export interface TypedValue {
	/** Null where there is none. */
	readonly value: RawBuilder<unknown>;
	/** Whether it is of the type, to be asked of the few whose value compares as it should; `undefined`: it is, or null. */
	readonly isOfType?: RawBuilder<boolean> | undefined;
}

/** What differs from one database to the other. Everything else is written once. */
export interface SqlDialect {
	/** The name of the database. */
	readonly name: string;
	/** Builds and compiles queries; never connected. */
	readonly db: Kysely<Database>;
	/** For the schema. */
	readonly types: ColumnTypes;
	/** How many rows one insert takes. */
	readonly rowsPerInsert: number;
	/** Ends a subquery that is to be worked out as it stands, before what is around it. */
	readonly fence: RawBuilder<unknown>;
	/**
	 * Ends a condition's subquery that is to be looked up by its index for each row. Statements ask it of few rows at a
	 * time; to work it out for all of the table first, as a planner likes, takes longer the larger the audience is.
	 */
	readonly perRow: RawBuilder<unknown>;
	/**
	 * Contacts that one statement of a count passes: so many that it stays a matter of milliseconds where the process waits
	 * for it. `undefined`: all of them, where it is for the database alone to work.
	 */
	readonly countedAtOnce: number | undefined;
	/** Whether units run side by side, so that they lock what they are going to decide by. */
	readonly isConcurrent: boolean;
	/** Ends a select whose rows nobody else may change (`share`), nor look at to change (`update`), before the unit's end. */
	lock(strength: "update" | "share", of?: string): RawBuilder<unknown>;
	/** Ends a select of rows of one table to change, which passes by those that others have locked. */
	lockUnlocked(of: string): RawBuilder<unknown>;
	/** Whether somebody else is writing events in a transaction that has not ended. */
	readonly areEventsComing: RawBuilder<boolean>;
	/** Whether every transaction that began before the one of this event has ended. */
	readonly isEventSettled: RawBuilder<boolean>;
	/** The storage's own time in milliseconds: the database's, or what the runner gave. */
	clock(given: RawBuilder<number>): RawBuilder<number>;
	/**
	 * Joins the one row of a table, under another name, that is looked up by its index for each row of what stands before:
	 * of a few thousand, where a planner likes to read the table whole.
	 */
	lookUp(table: RawBuilder<unknown>, as: string, on: RawBuilder<unknown>): RawBuilder<unknown>;
	/** Whether a value is among those of a list, found by an index even where the database knows nothing of the table yet. */
	among(value: RawBuilder<unknown>, list: RawBuilder<unknown>, type: ValueType): RawBuilder<boolean>;
	/** A list as a parameter of {@link SqlDialect.among}. */
	encodeList(values: readonly unknown[]): unknown;
	/** A table named `o` of records, given as one parameter: a JSON text of arrays with the fields in order. */
	records(records: RawBuilder<unknown>, fields: Readonly<Record<string, ValueType>>): RawBuilder<unknown>;
	/** The values of rows as a JSON text of an array. */
	arrayOf(value: RawBuilder<unknown>): RawBuilder<string>;
	/** The values of rows by key, as a JSON text of an object. */
	objectOf(key: RawBuilder<unknown>, value: RawBuilder<unknown>): RawBuilder<string>;
	/** Whether a JSON object has a key. */
	hasKey(object: RawBuilder<unknown>, key: string): RawBuilder<boolean>;
	/** A JSON object without a key. */
	withoutKey(object: RawBuilder<unknown>, key: string): RawBuilder<string>;
	/** Whether a JSON array of texts has this one. */
	hasElement(array: RawBuilder<unknown>, text: RawBuilder<unknown>): RawBuilder<boolean>;
	/**
	 * Whether a JSON object has what another, given as text, has. `undefined`: to look each value up by its key is as quick.
	 */
	readonly contains: ((object: RawBuilder<unknown>, part: string) => RawBuilder<boolean>) | undefined;
	/** The value by a key of a JSON object, as those of this type compare: booleans as 0 or 1, dates in milliseconds. */
	property(object: RawBuilder<unknown>, key: string, kind: PropertyKind): TypedValue;
	/** Where a text begins in another, from 1, or 0. */
	position(haystack: RawBuilder<unknown>, needle: string): RawBuilder<number>;
	/** The last characters of a text. */
	ending(text: RawBuilder<unknown>, length: number): RawBuilder<string>;
}

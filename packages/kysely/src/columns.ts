/** How a field of an entity is kept in a column. */
export interface Column {
	/** As the database takes it. */
	encode(value: unknown): unknown;
	/** As the entity has it. */
	decode(stored: unknown): unknown;
}

/** Texts and ids. */
export const text: Column = { encode: (value) => value, decode: (stored) => stored };

/** Whole numbers; Postgres answers with text for those of 64 bits. */
export const integer: Column = { encode: (value) => value, decode: Number };

/** Truth values as 0 and 1, which compare the same everywhere. */
export const flag: Column = { encode: (value) => (value === true ? 1 : 0), decode: (stored) => Number(stored) === 1 };

/** Instants as milliseconds since 1970, which no time zone and no date style of a server bends. */
export const instant: Column = {
	encode: (value) => (value instanceof Date ? value.getTime() : null),
	decode: (stored) => (stored === null ? null : new Date(Number(stored))),
};

/** Data as JSON. */
export const json: Column = { encode: encodeJson, decode: (stored) => (stored === null ? null : decodeJson(stored)) };

/** The key of an object that stands for a date in JSON; its value is in milliseconds since 1970. */
export const DATE_KEY = "$date";

/** Writes data as JSON, dates as objects of {@link DATE_KEY}; `null` stays a null of the database. */
export function encodeJson(value: unknown): string | null {
	if (value === null || value === undefined) return null;
	return JSON.stringify(value, replaceDate);
}

/** Reads what {@link encodeJson} wrote. */
export function decodeJson(stored: unknown): unknown {
	// Where the host's driver has parsed it already.
	const written = typeof stored === "string" ? stored : JSON.stringify(stored);
	// A reviver is asked about every value, which costs more than all the rest.
	return written.includes(DATE_KEY) ? JSON.parse(written, reviveDate) : JSON.parse(written);
}

/** Turns entities into rows and back, column by column. */
export class Columns<Entity extends object> {
	readonly #columns: readonly (readonly [field: string, name: string, column: Column])[];

	constructor(columns: { readonly [Field in keyof Required<Entity> & string]: Column }) {
		this.#columns = Object.entries<Column>(columns).map(([field, column]) => [field, snakeCase(field), column]);
	}

	/** Names of the columns, in the order of their declaration. */
	get names(): readonly string[] {
		return this.#columns.map(([, name]) => name);
	}

	/** The row of an entity; of a part of one, only what is given. */
	encode(entity: Partial<Entity>): Record<string, unknown> {
		const given = entity as Readonly<Record<string, unknown>>;
		const row: Record<string, unknown> = {};
		for (const [field, name, column] of this.#columns) {
			const value = given[field];
			if (value !== undefined) row[name] = column.encode(value);
		}
		return row;
	}

	/** The entity of a row. */
	decode(row: object): Entity {
		const stored = row as Readonly<Record<string, unknown>>;
		const entity: Record<string, unknown> = {};
		for (const [field, name, column] of this.#columns) entity[field] = column.decode(stored[name]);
		return entity as Entity;
	}
}

/** A field's name as columns have it. */
export function snakeCase(field: string): string {
	return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

// Dates turn into text before a replacer sees them, but not in the object that holds them.
function replaceDate(this: unknown, key: string, value: unknown): unknown {
	const original = (this as Readonly<Record<string, unknown>>)[key];
	return original instanceof Date ? { [DATE_KEY]: original.getTime() } : value;
}

function reviveDate(_key: string, value: unknown): unknown {
	if (typeof value !== "object" || value === null || !(DATE_KEY in value)) return value;
	return typeof value[DATE_KEY] === "number" ? new Date(value[DATE_KEY]) : value;
}

import { asciiLower } from "../ascii.ts";
import { invalidInput } from "../errors.ts";
import type { PropertyType } from "../model/property.ts";
import { readPlainObject } from "../plain-object.ts";
import { isPropertyKey } from "../property-key.ts";
import { unreadable } from "./row.ts";

/** Which column of a file holds what, by the names in its header. Columns that are not named are left out. */
export interface ColumnMapping {
	/** The address. */
	readonly email: string;
	/** The host's own id. */
	readonly externalId?: string | undefined;
	/** The first name. */
	readonly firstName?: string | undefined;
	/** The last name. */
	readonly lastName?: string | undefined;
	/** Whether the contact has opted out of everything. */
	readonly unsubscribed?: string | undefined;
	/** Columns by property key. */
	readonly properties?: Readonly<Record<string, string>> | undefined;
}

/** Fields of a contact that a column may hold. */
type MappedField = "email" | "externalId" | "firstName" | "lastName" | "unsubscribed";

/** Where a row has what. */
export interface ColumnPlan {
	/** Positions by field. */
	readonly fields: Readonly<Record<MappedField, number | undefined>> & { readonly email: number };
	/** The properties, each with its position. */
	readonly properties: readonly { readonly key: string; readonly type: PropertyType; readonly at: number }[];
}

/** Names that stand for a field, without spaces, underscores and hyphens, in lower case. */
const NAMES: ReadonlyMap<string, MappedField> = new Map<string, MappedField>([
	["email", "email"],
	["emailaddress", "email"],
	["externalid", "externalId"],
	["firstname", "firstName"],
	["lastname", "lastName"],
	["unsubscribed", "unsubscribed"],
]);

const FIELDS: readonly MappedField[] = ["email", "externalId", "firstName", "lastName", "unsubscribed"];

/**
 * Finds the columns of a file.
 *
 * Without a mapping, names tell: `email` (or `Email address`), `externalId`, `firstName`, `lastName`, `unsubscribed`,
 * whatever their case, spaces, underscores and hyphens; and the keys of declared properties, exactly, also after
 * `properties.`. All other columns are left out.
 *
 * @param header the names in the file
 * @param mapping the caller's mapping, unchecked
 * @param types the declared properties
 * @throws `csv_no_email_column`; `csv_unknown_column` for a mapped column that the file does not have;
 * `csv_duplicate_column` for two columns that stand for the same field; `unknown_property`, `unknown_field` and
 * `invalid_type` for a mapping that is not one
 */
export function planColumns(
	header: readonly string[],
	mapping: unknown,
	types: ReadonlyMap<string, PropertyType>,
): ColumnPlan {
	return mapping === undefined ? planByName(header, types) : planByMapping(header, mapping, types);
}

function planByName(header: readonly string[], types: ReadonlyMap<string, PropertyType>): ColumnPlan {
	const fields = new Map<MappedField, number>();
	const properties = new Map<string, { key: string; type: PropertyType; at: number }>();
	for (const [at, name] of header.entries()) {
		const field = NAMES.get(asciiLower(name).replace(/[\s_-]+/g, ""));
		const key = name.startsWith("properties.") ? name.slice("properties.".length) : name;
		const type = types.get(key);
		if ((field !== undefined && fields.has(field)) || (field === undefined && properties.has(key))) {
			throw unreadable(
				"csv_duplicate_column",
				"Two columns stand for the same field: say by `columns` which one is meant.",
			);
		}
		if (field !== undefined) fields.set(field, at);
		else if (type !== undefined) properties.set(key, { key, type, at });
	}
	return toPlan(fields, [...properties.values()]);
}

function toPlan(fields: ReadonlyMap<MappedField, number>, properties: ColumnPlan["properties"]): ColumnPlan {
	const email = fields.get("email");
	if (email === undefined) {
		throw unreadable("csv_no_email_column", "The file has no column for e-mail addresses: name it by `columns.email`.");
	}
	return {
		fields: {
			email,
			externalId: fields.get("externalId"),
			firstName: fields.get("firstName"),
			lastName: fields.get("lastName"),
			unsubscribed: fields.get("unsubscribed"),
		},
		properties,
	};
}

function planByMapping(
	header: readonly string[],
	mapping: unknown,
	types: ReadonlyMap<string, PropertyType>,
): ColumnPlan {
	const fields = new Map<MappedField, number>();
	const entries = readMapping(mapping, "columns");
	for (const [name, column] of entries) {
		const field = FIELDS.find((known) => known === name);
		if (field !== undefined) fields.set(field, findColumn(header, column, `columns.${field}`));
		else if (name !== "properties") {
			throw invalidInput("unknown_field", "columns", `\`columns\` knows only ${FIELDS.join(", ")} and properties.`);
		}
	}
	return toPlan(fields, planProperties(header, entries.get("properties"), types));
}

function planProperties(
	header: readonly string[],
	mapping: unknown,
	types: ReadonlyMap<string, PropertyType>,
): ColumnPlan["properties"] {
	if (mapping === undefined) return [];
	return [...readMapping(mapping, "columns.properties")].map(([key, column]) => {
		const field = isPropertyKey(key) ? `columns.properties.${key}` : "columns.properties";
		const type = types.get(key);
		if (type === undefined) {
			throw invalidInput("unknown_property", field, `\`${field}\` is not declared: create the property first.`);
		}
		return { key, type, at: findColumn(header, column, field) };
	});
}

/** The entries of a mapping that are not `undefined`. */
function readMapping(mapping: unknown, field: string): ReadonlyMap<string, unknown> {
	const entries = readPlainObject(mapping);
	if (entries === undefined) {
		throw invalidInput("invalid_type", field, `\`${field}\` must be an object of column names.`);
	}
	return new Map([...entries].filter(([, column]) => column !== undefined));
}

function findColumn(header: readonly string[], column: unknown, field: string): number {
	if (typeof column !== "string") {
		throw invalidInput("invalid_type", field, `\`${field}\` must be the name of a column.`);
	}
	const name = column.trim();
	const at = name === "" ? -1 : header.indexOf(name);
	if (at < 0)
		throw invalidInput("csv_unknown_column", field, `The file has no column of the name given in \`${field}\`.`);
	return at;
}

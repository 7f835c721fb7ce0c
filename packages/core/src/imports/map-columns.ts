import { asciiLower } from "../ascii.ts";
import { invalidInput } from "../errors.ts";
import { checkId, isId } from "../ids.ts";
import { propertyKeyOf } from "../filter/fields.ts";
import { PROPERTY_TYPES } from "../model/property.ts";
import type { PropertyType } from "../model/property.ts";
import { readPlainObject } from "../plain-object.ts";
import { checkPropertyKey, isPropertyKey } from "../property-key.ts";
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
	/** Where it stands with double opt-in: `none`, `pending` or `confirmed`. Of a contact that exists it stays as it is. */
	readonly confirmation?: string | undefined;
	/** Ids of static segments to add the contact to, between spaces, commas or semicolons. */
	readonly segments?: string | undefined;
	/** Columns by topic id, with the contact's choice: `opt_in` or `opt_out`. */
	readonly topics?: Readonly<Record<string, string>> | undefined;
	/** Columns by property key. A property that is not declared is created with the `type` that is given. */
	readonly properties?: Readonly<Record<string, string | NewPropertyColumn>> | undefined;
}

/** A column of a property that may not be declared yet. */
export interface NewPropertyColumn {
	/** The column's name. */
	readonly column: string;
	/** The property's type, which a declared one must have. */
	readonly type: PropertyType;
}

/** Fields of a contact that a column may hold. */
type MappedField = "email" | "externalId" | "firstName" | "lastName" | "unsubscribed" | "confirmation" | "segments";

/** Where a row has what. */
export interface ColumnPlan {
	/** Positions by field. */
	readonly fields: Readonly<Record<MappedField, number | undefined>> & { readonly email: number };
	/** The properties, each with its position. */
	readonly properties: readonly { readonly key: string; readonly type: PropertyType; readonly at: number }[];
	/** Topics, each with the position of the contact's choice. */
	readonly topics: readonly { readonly id: string; readonly at: number }[];
	/** Types by key of properties that are to be created. */
	readonly created: ReadonlyMap<string, PropertyType>;
}

/** Names that stand for a field, without spaces, underscores and hyphens, in lower case. */
const NAMES: ReadonlyMap<string, MappedField> = new Map<string, MappedField>([
	["email", "email"],
	["emailaddress", "email"],
	["externalid", "externalId"],
	["firstname", "firstName"],
	["lastname", "lastName"],
	["unsubscribed", "unsubscribed"],
	["confirmation", "confirmation"],
	["segments", "segments"],
]);

const FIELDS: readonly MappedField[] = [...new Set(NAMES.values())];

/**
 * Finds the columns of a file.
 *
 * Without a mapping, names tell: `email` (or `Email address`), `externalId`, `firstName`, `lastName`, `unsubscribed`,
 * `confirmation`, `segments`, whatever their case, spaces, underscores and hyphens; `topics.` and a topic's id; and the keys
 * of declared properties, exactly, also after `properties.`. All other columns are left out.
 *
 * @param header the names in the file
 * @param mapping the caller's mapping, unchecked
 * @param types the declared properties
 * @throws `csv_no_email_column`; `csv_unknown_column` for a mapped column that the file does not have;
 * `csv_duplicate_column` for two columns that stand for the same field; `unknown_property`, `property_type_mismatch`,
 * `unknown_field`, `invalid_id` and `invalid_type` for a mapping that is not one
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
	const topics = new Map<string, number>();
	for (const [at, name] of header.entries()) {
		const topicId = name.startsWith("topics.") ? name.slice("topics.".length).toLowerCase() : "";
		if (isId(topicId) && !topics.has(topicId)) {
			topics.set(topicId, at);
			continue;
		}
		const field = NAMES.get(asciiLower(name).replace(/[\s_-]+/g, ""));
		const key = propertyKeyOf(name) ?? name;
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
	return toPlan(fields, { properties: [...properties.values()], topics: listed(topics), created: new Map() });
}

function listed(topics: ReadonlyMap<string, number>): ColumnPlan["topics"] {
	return [...topics].map(([id, at]) => ({ id, at }));
}

function toPlan(fields: ReadonlyMap<MappedField, number>, others: Omit<ColumnPlan, "fields">): ColumnPlan {
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
			confirmation: fields.get("confirmation"),
			segments: fields.get("segments"),
		},
		...others,
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
		else if (name !== "properties" && name !== "topics") {
			const known = FIELDS.join(", ");
			throw invalidInput("unknown_field", "columns", `\`columns\` knows only ${known}, topics and properties.`);
		}
	}
	const created = new Map<string, PropertyType>();
	const properties = planProperties(header, entries.get("properties"), types, created);
	return toPlan(fields, { properties, topics: planTopics(header, entries.get("topics")), created });
}

function planTopics(header: readonly string[], mapping: unknown): ColumnPlan["topics"] {
	if (mapping === undefined) return [];
	return [...readMapping(mapping, "columns.topics")].map(([id, column]) => ({
		id: checkId(id, "columns.topics"),
		at: findColumn(header, column, "columns.topics"),
	}));
}

function planProperties(
	header: readonly string[],
	mapping: unknown,
	types: ReadonlyMap<string, PropertyType>,
	created: Map<string, PropertyType>,
): ColumnPlan["properties"] {
	if (mapping === undefined) return [];
	return [...readMapping(mapping, "columns.properties")].map(([key, wanted]) => {
		const field = isPropertyKey(key) ? `columns.properties.${key}` : "columns.properties";
		const { column, type: given } = readPropertyColumn(wanted, field);
		const type = types.get(key) ?? given;
		if (given !== undefined && type !== given) {
			throw invalidInput("property_type_mismatch", field, `\`${field}\` is declared as ${type}: leave its type out.`);
		}
		if (type !== undefined && !types.has(key)) created.set(checkPropertyKey(key, field), type);
		if (type === undefined) {
			throw invalidInput(
				"unknown_property",
				field,
				`\`${field}\` is not declared: create the property first, or give { column, type }.`,
			);
		}
		return { key, type, at: findColumn(header, column, field) };
	});
}

/** A column by its name, or by its name with the type of a property to create. */
function readPropertyColumn(
	wanted: unknown,
	field: string,
): { readonly column: unknown; readonly type: PropertyType | undefined } {
	const entries = typeof wanted === "string" ? undefined : readPlainObject(wanted);
	if (entries === undefined) return { column: wanted, type: undefined };
	const type = PROPERTY_TYPES.find((known) => known === entries.get("type"));
	if (type === undefined || [...entries.keys()].some((key) => key !== "column" && key !== "type")) {
		throw invalidInput(
			"invalid_value",
			field,
			`\`${field}\` must be a column, or { column, type: ${PROPERTY_TYPES.join(" | ")} }.`,
		);
	}
	return { column: entries.get("column"), type };
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

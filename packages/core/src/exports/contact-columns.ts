import { invalidInput } from "../errors.ts";
import { propertyKeyOf } from "../filter/fields.ts";
import { checkId } from "../ids.ts";
import type { ContactRecord } from "../model/contact.ts";
import type { TableColumn } from "./table-writer.ts";

type ContactColumn = TableColumn<ContactRecord>;

const FIELDS: Readonly<Record<string, Omit<ContactColumn, "name">>> = {
	id: { cell: ({ id }) => id },
	email: { cell: ({ email }) => email },
	externalId: { cell: ({ externalId }) => externalId },
	firstName: { cell: ({ firstName }) => firstName },
	lastName: { cell: ({ lastName }) => lastName },
	unsubscribed: { cell: ({ unsubscribed }) => unsubscribed },
	confirmation: { cell: ({ confirmation }) => confirmation },
	segments: { cell: ({ segmentIds }) => segmentIds.join(" "), data: ({ segmentIds }) => segmentIds },
	createdAt: { cell: ({ createdAt }) => createdAt },
	updatedAt: { cell: ({ updatedAt }) => updatedAt },
};

const TOPIC_PREFIX = "topics.";

/** The columns of an export by name: fields, `segments`, `properties.<key>` and `topics.<id>`. */
export interface KnownColumns {
	/** Keys of the declared properties. */
	readonly propertyKeys: readonly string[];
	/** Ids of the topics. */
	readonly topicIds: readonly string[];
}

/** Names of all columns, in the order of an export that names none. */
export function allColumnNames({ propertyKeys, topicIds }: KnownColumns): readonly string[] {
	return [
		...Object.keys(FIELDS),
		...propertyKeys.map((key) => `properties.${key}`),
		...topicIds.map((id) => `${TOPIC_PREFIX}${id}`),
	];
}

/**
 * Finds columns by name.
 *
 * @throws `invalid_input` with `unknown_field` for a column that there is not, also one of a property or topic that is gone;
 * `csv_duplicate_column` for one named twice; `invalid_type`, `invalid_id`.
 */
export function contactColumns(names: unknown, known: KnownColumns): readonly ContactColumn[] {
	if (!Array.isArray(names) || names.length === 0 || !names.every((name) => typeof name === "string")) {
		throw invalidInput("invalid_type", "columns", "`columns` must be a list of names, at least one.");
	}
	if (new Set(names).size < names.length) {
		throw invalidInput("csv_duplicate_column", "columns", "`columns` names the same column twice.");
	}
	return names.map((name: string) => ({ name, ...columnOf(name, known) }));
}

function columnOf(name: string, { propertyKeys, topicIds }: KnownColumns): Omit<ContactColumn, "name"> {
	const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
	if (field !== undefined) return field;
	const key = propertyKeyOf(name);
	if (key !== undefined && propertyKeys.includes(key)) {
		return { cell: ({ properties }) => (Object.hasOwn(properties, key) ? (properties[key] ?? null) : null) };
	}
	if (name.startsWith(TOPIC_PREFIX)) {
		const id = checkId(name.slice(TOPIC_PREFIX.length), "columns");
		if (topicIds.includes(id)) return { cell: ({ choices }) => choices[id] ?? null };
	}
	const fields = Object.keys(FIELDS).join(", ");
	const message = `\`columns\` names a column that there is not: use ${fields}, properties.<key> or topics.<id>.`;
	throw invalidInput("unknown_field", "columns", message);
}

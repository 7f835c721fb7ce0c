import { MAX_EXTERNAL_ID, MAX_NAME } from "../contact-limits.ts";
import { parseEmailAddress } from "../email-address.ts";
import type { EmailAddress } from "../email-address.ts";
import { ConvokeError, invalidInput } from "../errors.ts";
import type { ImportIssue } from "../model/import.ts";
import { CONFIRMATIONS } from "../filter/filter.ts";
import type { Confirmation, PropertyValue, Subscription } from "../model/contact.ts";
import type { PropertyType } from "../model/property.ts";
import { checkPropertiesSize, checkPropertyValue } from "../property-values.ts";
import { checkText } from "../text.ts";
import type { ColumnPlan } from "./map-columns.ts";
import { parseBoolean, parseCell } from "./parse-cell.ts";
import type { RefusedRow, TableRow } from "./row.ts";

/** What one row says of a contact. What has an empty cell, or no column, is absent. */
export interface ContactRow {
	/** 1-based line where the row begins. */
	readonly line: number;
	/** The address. */
	readonly email: EmailAddress;
	/** The host's own id. */
	readonly externalId?: string | undefined;
	/** The first name. */
	readonly firstName?: string | undefined;
	/** The last name. */
	readonly lastName?: string | undefined;
	/** Whether the contact has opted out of everything. */
	readonly unsubscribed?: boolean | undefined;
	/** Where the contact stands with double opt-in, if it is new. */
	readonly confirmation?: Confirmation | undefined;
	/** Static segments to add the contact to. */
	readonly addSegments?: readonly string[] | undefined;
	/** Choices by topic id. */
	readonly choices?: Readonly<Record<string, Subscription>> | undefined;
	/** Values of declared properties, in an object without prototype. */
	readonly properties: Readonly<Record<string, PropertyValue>>;
}

/**
 * Reads a row as a contact. A row with anything wrong in it is refused, with an issue for each fault: `invalid_email`,
 * `email_too_long`, `text_too_long`, `invalid_text`, `invalid_type` for `unsubscribed`, `invalid_property_value`,
 * `property_too_large`; `invalid_value` for a choice or `confirmation` that is none, `segment_not_found` for one that is not
 * among the static segments. No issue holds what stands in the row.
 */
export function mapRow(
	{ line, cells }: TableRow,
	{ fields, properties, topics }: ColumnPlan,
	staticSegments?: ReadonlySet<string>,
): ContactRow | RefusedRow {
	const issues: ImportIssue[] = [];

	function attempt<T>(read: () => T): T | undefined {
		try {
			return read();
		} catch (error) {
			if (!ConvokeError.is(error)) throw error;
			issues.push({
				line,
				severity: "error",
				reason: error.reason,
				field: error.field ?? null,
				message: error.message,
			});
			return undefined;
		}
	}

	/** Reads a cell that is not empty. */
	function readCell<T>(at: number | undefined, read: (cell: string) => T): T | undefined {
		const cell = at === undefined ? "" : (cells[at] ?? "");
		return cell === "" ? undefined : attempt(() => read(cell));
	}

	const email = attempt(() => parseEmailAddress(cells[fields.email] ?? ""));
	const externalId = readCell(fields.externalId, (cell) => checkText(cell, "externalId", { max: MAX_EXTERNAL_ID }));
	const firstName = readCell(fields.firstName, (cell) => checkText(cell, "firstName", { max: MAX_NAME }));
	const lastName = readCell(fields.lastName, (cell) => checkText(cell, "lastName", { max: MAX_NAME }));
	const unsubscribed = readCell(fields.unsubscribed, readUnsubscribed);
	const confirmation = readCell(fields.confirmation, (cell) => readWord(cell, CONFIRMATIONS, "confirmation"));
	const addSegments = readCell(fields.segments, (cell) => readSegments(cell, staticSegments));
	const choices: Record<string, Subscription> = {};
	for (const { id, at } of topics) {
		const choice = readCell(at, (cell) => readWord(cell, SUBSCRIPTIONS, `topics.${id}`));
		if (choice !== undefined) choices[id] = choice;
	}
	const values: Record<string, PropertyValue> = Object.create(null);
	for (const { key, type, at } of properties) {
		const value = readCell(at, (cell) => readProperty(cell, type, `properties.${key}`));
		if (value !== undefined) values[key] = value;
	}
	attempt(() => checkPropertiesSize(values));
	if (email === undefined || issues.length > 0) return { line, issues };
	const consent = {
		unsubscribed,
		confirmation,
		addSegments,
		choices: Object.keys(choices).length === 0 ? undefined : choices,
	};
	return { line, email, externalId, firstName, lastName, ...consent, properties: values };
}

const SUBSCRIPTIONS: readonly Subscription[] = ["opt_in", "opt_out"];

function readWord<Word extends string>(cell: string, words: readonly Word[], field: string): Word {
	const known = words.find((word) => word === cell.toLowerCase());
	if (known !== undefined) return known;
	throw invalidInput("invalid_value", field, `\`${field}\` must be one of: ${words.join(", ")}.`);
}

function readSegments(cell: string, known: ReadonlySet<string> | undefined): readonly string[] {
	const ids = cell
		.toLowerCase()
		.split(/[\s,;]+/)
		.filter((id) => id !== "");
	if (ids.every((id) => known?.has(id) === true)) return ids;
	throw invalidInput("segment_not_found", "segments", "`segments` names a segment that is not there, or is dynamic.");
}

function readUnsubscribed(cell: string): boolean {
	const value = parseBoolean(cell);
	if (value === undefined) {
		throw invalidInput("invalid_type", "unsubscribed", "`unsubscribed` must be true, false, yes, no, 1 or 0.");
	}
	return value;
}

const EXPECTED: Readonly<Record<PropertyType, string>> = {
	string: "text",
	number: "a number such as 1234.5",
	boolean: "true, false, yes, no, 1 or 0",
	date: "a day such as 2026-01-31, or an instant with its zone such as 2026-01-31T09:30:00Z",
};

function readProperty(cell: string, type: PropertyType, field: string): PropertyValue {
	const value = parseCell(cell, type);
	if (value === undefined) {
		throw invalidInput("invalid_property_value", field, `\`${field}\` must be ${EXPECTED[type]}.`);
	}
	return checkPropertyValue(value, type, field);
}

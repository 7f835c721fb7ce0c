import type { PropertyValue } from "../model/contact.ts";
import type { PropertyType } from "../model/property.ts";

// No exponents and no thousands separators: `1e5` is more often a product code, and `1,234` means two things.
const NUMBER = /^[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)$/;
const MAX_NUMBER = 400;

// ISO 8601: a day, or an instant with its zone.
const DATE =
	/^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)(Z|[+-][0-9]{2}:?[0-9]{2}))?$/i;

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
	["true", true],
	["yes", true],
	["1", true],
	["false", false],
	["no", false],
	["0", false],
]);

/** Reads `true`, `false`, `yes`, `no`, `1` or `0`, in any case. */
export function parseBoolean(cell: string): boolean | undefined {
	return BOOLEANS.get(cell.toLowerCase());
}

/**
 * Reads a cell as a value of a property: a number in plain decimal, a boolean as {@link parseBoolean} does, a date as
 * ISO 8601 with a zone or as a day, which stands for its midnight in UTC. `undefined` when it is none.
 */
export function parseCell(cell: string, type: PropertyType): PropertyValue | undefined {
	return PARSERS[type](cell);
}

const PARSERS: Readonly<Record<PropertyType, (cell: string) => PropertyValue | undefined>> = {
	string: (cell) => cell,
	number: (cell) => (cell.length <= MAX_NUMBER && NUMBER.test(cell) ? Number(cell) : undefined),
	boolean: parseBoolean,
	date: parseDate,
};

function parseDate(cell: string): Date | undefined {
	const [, day = "", time = "00:00", zone = "Z"] = DATE.exec(cell) ?? [];
	const midnight = Date.parse(`${day}T00:00:00Z`);
	// The 30th of February would become the 2nd of March.
	if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return undefined;
	const sign = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
	const instant = Date.parse(`${day}T${time}${sign}`);
	return Number.isNaN(instant) ? undefined : new Date(instant);
}

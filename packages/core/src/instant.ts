import { invalidInput } from "./errors.ts";

// Postgres has no year 0, and ISO 8601 text sorts up to the year 9999 only.
const FIRST = Date.parse("0001-01-01T00:00:00.000Z");
const LAST = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * The date as a new `Date`; `undefined` for anything that is not a valid `Date` of the years 1 to 9999, which are what
 * every storage keeps and sorts alike.
 */
export function readInstant(value: unknown): Date | undefined {
	if (typeof value !== "object" || value === null) return undefined;
	let time: number;
	try {
		// Reads the date itself: no method of a subclass is called, and dates of another realm count too.
		time = Date.prototype.getTime.call(value);
	} catch {
		return undefined;
	}
	return time >= FIRST && time <= LAST ? new Date(time) : undefined;
}

/** The instant that many milliseconds after 1970, or the nearest one of the years 1 to 9999. */
export function clampInstant(time: number): Date {
	return new Date(Math.min(Math.max(time, FIRST), LAST));
}

// ISO 8601 with seconds or without, and always with a zone: a time without one means another instant on each server.
const ISO_WITH_ZONE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

/** The instant that ISO 8601 text with a zone says; `undefined` for anything else. */
export function readIsoInstant(value: unknown): Date | undefined {
	if (typeof value !== "string" || !ISO_WITH_ZONE.test(value)) return undefined;
	const instant = readInstant(new Date(value));
	const day = value.slice(0, "2027-01-31".length);
	// JavaScript takes the 30th of February for the 2nd of March.
	return instant !== undefined && new Date(day).toISOString().startsWith(day) ? instant : undefined;
}

/**
 * Reads an instant given as a `Date` or as ISO 8601 text with a zone, such as `2027-01-31T09:00:00+01:00`.
 *
 * @throws `invalid_input` with `invalid_date`.
 */
export function checkInstant(value: unknown, field: string): Date {
	const instant = readInstant(value) ?? readIsoInstant(value);
	if (instant !== undefined) return instant;
	throw invalidInput(
		"invalid_date",
		field,
		`\`${field}\` must be a Date, or ISO 8601 with a zone: 2027-01-31T09:00:00Z.`,
	);
}

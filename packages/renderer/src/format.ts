import { invalidInput } from "@convoke/core";
import type { PropertyValue } from "@convoke/core";

/** How a property's value reads. */
export type Format = (value: PropertyValue, key: string) => string;

/** The format for a language and a time zone. @throws `invalid_input` with `invalid_option`. */
export function formatFor(locale: string | undefined, timeZone: string | undefined): Format {
	checkOptions(locale, timeZone);
	const day = dayFormat(locale, timeZone);
	const number = new Intl.NumberFormat(locale);
	return (value) => {
		if (value instanceof Date) return day === undefined ? value.toISOString().slice(0, 10) : day.format(value);
		return typeof value === "number" && locale !== undefined ? number.format(value) : String(value);
	};
}

/** `undefined`: ISO 8601 in UTC does. */
function dayFormat(locale: string | undefined, timeZone: string | undefined): Intl.DateTimeFormat | undefined {
	if (locale !== undefined) return new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: timeZone ?? "UTC" });
	// Swedes write dates as ISO 8601 does.
	return timeZone === undefined ? undefined : new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeZone });
}

function checkOptions(locale: string | undefined, timeZone: string | undefined): void {
	if (locale !== undefined && !isKnown(() => new Intl.NumberFormat(locale))) {
		throw invalidInput("invalid_option", "locale", "`locale` must be a language tag such as `de-DE`.");
	}
	if (timeZone !== undefined && !isKnown(() => new Intl.DateTimeFormat("en", { timeZone }))) {
		throw invalidInput("invalid_option", "timeZone", "`timeZone` must be a time zone such as `Europe/Berlin`.");
	}
}

function isKnown(make: () => unknown): boolean {
	try {
		make();
		return true;
	} catch {
		return false;
	}
}

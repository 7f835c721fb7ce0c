import { invalidInput } from "./errors.ts";
import { readInstant } from "./instant.ts";
import type { PropertyValue, PropertyValues } from "./model/contact.ts";
import type { PropertyType } from "./model/property.ts";
import { readPlainObject } from "./plain-object.ts";
import { checkPropertyKey, isPropertyKey } from "./property-key.ts";
import { isStorableText } from "./text.ts";

const MAX_KEYS = 100;
const MAX_STRING_BYTES = 4096;
const MAX_TOTAL_BYTES = 32 * 1024;

/**
 * Returns the property values of untrusted input in an object without prototype. `null` clears a value and stays;
 * an `undefined` one is as if the key were absent.
 *
 * @param types the declared properties
 * @throws `invalid_type` when the input is no plain object; `too_many_properties` over 100 keys;
 * `invalid_property_key`, `reserved_property_key` or `unknown_property` for a key; else as `checkPropertyValue` and
 * `checkPropertiesSize`. The error's field names the property, unless its key has no key's form.
 */
export function checkPropertyValues(
	input: unknown,
	types: ReadonlyMap<string, PropertyType>,
	field = "properties",
): Record<string, PropertyValue | null> {
	const entries = readPlainObject(input);
	if (entries === undefined) {
		throw invalidInput("invalid_type", field, `\`${field}\` must be a plain object of values by property key.`);
	}
	if (entries.size > MAX_KEYS) {
		throw invalidInput("too_many_properties", field, `\`${field}\` has more than ${MAX_KEYS} keys.`);
	}
	const values: Record<string, PropertyValue | null> = Object.create(null);
	for (const [key, value] of entries) {
		const path = isPropertyKey(key) ? `${field}.${key}` : field;
		const type = types.get(checkPropertyKey(key, path));
		if (type === undefined) {
			throw invalidInput("unknown_property", path, `\`${path}\` is not declared: create the property first.`);
		}
		if (value !== undefined) values[key] = value === null ? null : checkPropertyValue(value, type, path);
	}
	checkPropertiesSize(values, field);
	return values;
}

/**
 * Returns a value of a property, of its declared type: dates as new objects, `-0` as `0`.
 *
 * @throws `invalid_property_value` for a value of another type, a number that is not finite or beyond 2^53 - 1 on either
 * side, an invalid date or one outside of the years 1 to 9999; `invalid_text` for NUL or lone surrogates;
 * `property_too_large` for a string over 4,096 bytes of UTF-8
 */
export function checkPropertyValue(value: unknown, type: PropertyType, field: string): PropertyValue {
	const checked = READERS[type](value, field);
	if (checked === undefined) {
		throw invalidInput("invalid_property_value", field, `\`${field}\` must be ${EXPECTED[type]}.`);
	}
	return checked;
}

/**
 * Checks what all values of one contact take together.
 *
 * @throws `property_too_large` over 32 KiB as JSON
 */
export function checkPropertiesSize(
	values: PropertyValues | Readonly<Record<string, PropertyValue | null>>,
	field = "properties",
): void {
	if (Buffer.byteLength(JSON.stringify(values)) > MAX_TOTAL_BYTES) {
		throw invalidInput("property_too_large", field, `\`${field}\` takes more than 32 KiB as JSON.`);
	}
}

/** The type of a value that a property may have. */
export function propertyTypeOf(value: PropertyValue): PropertyType {
	if (typeof value === "string") return "string";
	if (typeof value === "number") return "number";
	return typeof value === "boolean" ? "boolean" : "date";
}

const EXPECTED: Readonly<Record<PropertyType, string>> = {
	string: "a string",
	number: "a finite number that is exact in 53 bits",
	boolean: "true or false",
	date: "a valid Date of the years 1 to 9999",
};

const READERS: Readonly<Record<PropertyType, (value: unknown, field: string) => PropertyValue | undefined>> = {
	string: (value, field) => (typeof value === "string" ? checkString(value, field) : undefined),
	number: (value) => (typeof value === "number" && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value + 0 : undefined),
	boolean: (value) => (typeof value === "boolean" ? value : undefined),
	date: readInstant,
};

function checkString(value: string, field: string): string {
	// The length first, so that a huge string is not looked through.
	if (value.length > MAX_STRING_BYTES || Buffer.byteLength(value) > MAX_STRING_BYTES) {
		throw invalidInput("property_too_large", field, `\`${field}\` is longer than 4,096 bytes.`);
	}
	if (!isStorableText(value)) {
		throw invalidInput("invalid_text", field, `\`${field}\` holds a NUL or half a character.`);
	}
	return value;
}

import { asciiLower } from "./ascii.ts";
import { invalidInput } from "./errors.ts";

const KEY = /^[A-Za-z0-9_]{1,50}$/;

// What JavaScript gives objects, what templates and contacts already call something, and the variables that Resend's
// templates know; in lower case.
const RESERVED: ReadonlySet<string> = new Set([
	"__proto__",
	"prototype",
	"constructor",
	"tostring",
	"tolocalestring",
	"valueof",
	"hasownproperty",
	"isprototypeof",
	"propertyisenumerable",
	"__definegetter__",
	"__definesetter__",
	"__lookupgetter__",
	"__lookupsetter__",
	"id",
	"email",
	"externalid",
	"external_id",
	"firstname",
	"first_name",
	"lastname",
	"last_name",
	"unsubscribed",
	"confirmation",
	"contact",
	"this",
	"properties",
	"segments",
	"topics",
	"createdat",
	"created_at",
	"updatedat",
	"updated_at",
	"unsubscribe_url",
	"resend_unsubscribe_url",
	"view_url",
]);

/** Whether the text has the form of a property key; it may be a reserved one. */
export function isPropertyKey(text: string): boolean {
	return KEY.test(text);
}

/**
 * Returns the key of a property: 1 to 50 ASCII letters, digits or underscores.
 *
 * @throws `invalid_type` when it is no string, `invalid_property_key` for another form, `reserved_property_key` for a name
 * that JavaScript, contacts or templates already use, in any case
 */
export function checkPropertyKey(value: unknown, field: string): string {
	if (typeof value !== "string") throw invalidInput("invalid_type", field, `\`${field}\` must be a string.`);
	if (!KEY.test(value)) {
		const message = `\`${field}\` must name a property by 1 to 50 ASCII letters, digits or underscores.`;
		throw invalidInput("invalid_property_key", field, message);
	}
	if (RESERVED.has(asciiLower(value))) {
		throw invalidInput("reserved_property_key", field, `\`${field}\` is a reserved name: choose another key.`);
	}
	return value;
}

import { z } from "zod";
import { invalidInput } from "./errors.ts";

/**
 * Runs untrusted input through a schema.
 *
 * @throws `invalid_input` for the first fault: `unknown_field` for a key that does not exist, `invalid_type`,
 * `invalid_value` for a word that is not one of those allowed, or what a {@link checked} field throws.
 */
export function checkInput<T>(schema: z.ZodType<T>, input: unknown, name: string): T {
	const result = schema.safeParse(input);
	if (result.success) return result.data;
	const [issue] = result.error.issues;
	throw issue === undefined ? invalidInput("invalid_value", name, `\`${name}\` is not valid.`) : fault(issue, name);
}

/**
 * Checks that options are an object without unknown fields, where those who know the fields read their values.
 *
 * @throws `invalid_input` with `invalid_type` or `unknown_field`.
 */
export function checkFields<T extends object>(input: T, name: string, fields: readonly (keyof T & string)[]): void {
	const given: unknown = input;
	if (typeof given !== "object" || given === null || Array.isArray(given)) {
		throw invalidInput("invalid_type", name, `\`${name}\` must be of type object.`);
	}
	const known: readonly string[] = fields;
	const unknown = Object.keys(given).find((key) => !known.includes(key));
	if (unknown !== undefined) throw unknownField(unknown);
}

/** Checks a signal, if one is given. @throws `invalid_input` with `invalid_option`. */
export function checkSignal(signal: unknown): void {
	if (signal === undefined || signal instanceof AbortSignal) return;
	throw invalidInput("invalid_option", "signal", "`signal` must be an AbortSignal.");
}

/** Checks a function of the caller's, if one is given. @throws `invalid_input` with `invalid_option`. */
export function checkFunction(given: unknown, name: string): void {
	if (given === undefined || typeof given === "function") return;
	throw invalidInput("invalid_option", name, `\`${name}\` must be a function.`);
}

/** A field whose value one of core's own checks reads. */
export function checked<T>(check: (value: unknown) => T): z.ZodType<T> {
	return z.unknown().transform(check);
}

function unknownField(key: string) {
	return invalidInput("unknown_field", key, `There is no field \`${key}\` here; remove it or mend its spelling.`);
}

function fault(issue: z.core.$ZodIssue, name: string) {
	const path = issue.path.map(String);
	const field = path.length === 0 ? name : path.join(".");
	switch (issue.code) {
		case "unrecognized_keys":
			return unknownField([...path, issue.keys[0]].join("."));
		case "invalid_type":
			return invalidInput("invalid_type", field, `\`${field}\` must be of type ${issue.expected}.`);
		case "invalid_value": {
			const words = issue.values.map(String).join(", ");
			return invalidInput("invalid_value", field, `\`${field}\` must be one of: ${words}.`);
		}
		default:
			return invalidInput("invalid_value", field, `\`${field}\` is not valid.`);
	}
}

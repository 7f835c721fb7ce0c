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

/** A field whose value one of core's own checks reads. */
export function checked<T>(check: (value: unknown) => T): z.ZodType<T> {
	return z.unknown().transform(check);
}

function fault(issue: z.core.$ZodIssue, name: string) {
	const path = issue.path.map(String);
	const field = path.length === 0 ? name : path.join(".");
	switch (issue.code) {
		case "unrecognized_keys": {
			const key = [...path, issue.keys[0]].join(".");
			return invalidInput("unknown_field", key, `There is no field \`${key}\` here; remove it or mend its spelling.`);
		}
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

/** What a placeholder asks for. */
export type Variable =
	| { readonly kind: "field"; readonly field: "firstName" | "lastName" | "email" }
	| { readonly kind: "property"; readonly key: string }
	| { readonly kind: "unsubscribeUrl" }
	| { readonly kind: "viewUrl" }
	/** The value of the section around it: `{{.}}`. */
	| { readonly kind: "self" }
	| { readonly kind: "unknown"; readonly name: string };

// Ours, and Resend's of today and of before 2026.
const FIELDS: ReadonlyMap<string, "firstName" | "lastName" | "email"> = new Map([
	["firstName", "firstName"],
	["first_name", "firstName"],
	["FIRST_NAME", "firstName"],
	["lastName", "lastName"],
	["last_name", "lastName"],
	["LAST_NAME", "lastName"],
	["email", "email"],
	["EMAIL", "email"],
]);

const UNSUBSCRIBE_URL = /^(?:resend_)?unsubscribe_url$/i;
const VIEW_URL = /^view_url$/i;
const CONTACT = /^contact\.(?:properties\.)?/;
// As property keys are declared.
const KEY = /^[A-Za-z0-9_]{1,50}$/;

/** Reads the name in a placeholder, without its fallback. */
export function readVariable(name: string): Variable {
	if (name === ".") return { kind: "self" };
	if (UNSUBSCRIBE_URL.test(name)) return { kind: "unsubscribeUrl" };
	if (VIEW_URL.test(name)) return { kind: "viewUrl" };
	const key = name.replace(CONTACT, "");
	const field = FIELDS.get(key);
	if (field !== undefined) return { kind: "field", field };
	return KEY.test(key) ? { kind: "property", key } : { kind: "unknown", name };
}

/** The variable's name as the port lists it. */
export function variableName(variable: Variable): string {
	switch (variable.kind) {
		case "field":
			return variable.field;
		case "property":
			return `properties.${variable.key}`;
		case "unsubscribeUrl":
		case "viewUrl":
			return variable.kind;
		case "self":
			return ".";
		case "unknown":
			return variable.name;
	}
}

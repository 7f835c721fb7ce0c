import { invalidInput } from "./errors.ts";

/** The tenant of a host that has only one. */
export const DEFAULT_TENANT = "default";

const TENANT_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

/** Returns a tenant's id. @throws `invalid_input` with `invalid_tenant`. */
export function checkTenantId(value: unknown, field: string): string {
	if (typeof value === "string" && TENANT_ID.test(value)) return value;
	const message = "A tenant's id has 1 to 100 ASCII letters, digits, `_`, `.` or `-`.";
	throw invalidInput("invalid_tenant", field, message);
}

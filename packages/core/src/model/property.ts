import type { PropertyValue } from "./contact.ts";

/** The types of properties. */
export const PROPERTY_TYPES = ["string", "number", "boolean", "date"] as const;

/** The type of a property's values. `date` is a UTC instant. */
export type PropertyType = (typeof PROPERTY_TYPES)[number];

/** A declared, typed attribute of contacts. */
export interface Property {
	/** UUIDv7. */
	readonly id: string;
	/** 1 to 50 ASCII letters, digits or underscores, case-sensitive; never changes. */
	readonly key: string;
	/** The type of its values; never changes. */
	readonly type: PropertyType;
	/** Rendered where a contact has no value and the template no fallback of its own. */
	readonly fallback: PropertyValue | null;
	/** When it was declared. */
	readonly createdAt: Date;
}

import { z } from "zod";
import { checked, checkInput } from "../check-input.ts";
import type { TenantContext } from "../context.ts";
import { ConvokeError, invalidInput, notFound } from "../errors.ts";
import { checkId } from "../ids.ts";
import type { PropertyValue } from "../model/contact.ts";
import { PROPERTY_TYPES } from "../model/property.ts";
import type { Property, PropertyType } from "../model/property.ts";
import { readPage } from "../page.ts";
import type { ListOptions, Page } from "../page.ts";
import { checkPropertyKey } from "../property-key.ts";
import { checkPropertyValue } from "../property-values.ts";
import { inUse } from "./in-use.ts";

/** A property to declare. */
export interface NewProperty {
	/** 1 to 50 ASCII letters, digits or underscores; case-sensitive, never changes. */
	readonly key: string;
	/** The type of its values; never changes. */
	readonly type: PropertyType;
	/** Rendered where a contact has no value and the template no fallback of its own; of the property's type. */
	readonly fallback?: PropertyValue | null | undefined;
}

/** How to name a property. */
export type PropertyRef = { readonly id: string } | { readonly key: string };

/** Most properties of a tenant. */
export const MAX_PROPERTIES = 100;

const newProperty = z.strictObject({
	key: checked((value) => checkPropertyKey(value, "key")),
	type: z.enum(PROPERTY_TYPES),
	fallback: z.unknown().optional(),
});

const propertyChanges = z.strictObject({ fallback: z.unknown().optional() });

/** `audience.properties`: the declared, typed attributes of contacts. */
export class Properties {
	readonly #context: TenantContext;

	constructor(context: TenantContext) {
		this.#context = context;
	}

	/**
	 * Declares a property.
	 *
	 * @throws `invalid_input` with `invalid_property_key`, `reserved_property_key`, `invalid_property_value`,
	 * `too_many_properties`; `already_exists` with `property_key_taken`.
	 */
	async create(property: NewProperty): Promise<Property> {
		const { key, type, fallback } = checkInput(newProperty, property, "property");
		const checkedFallback = checkFallback(fallback ?? null, type);
		const known = await this.writeDeclared();
		if (known.length >= MAX_PROPERTIES) {
			throw invalidInput("too_many_properties", "key", `A tenant has at most ${MAX_PROPERTIES} properties.`);
		}
		const created = await this.#insert(key, type, checkedFallback);
		if (created === undefined) {
			throw new ConvokeError("already_exists", {
				reason: "property_key_taken",
				field: "key",
				resource: "property",
				message: `There is a property \`${key}\` already.`,
			});
		}
		return created;
	}

	/** @throws `not_found`. */
	async get(ref: PropertyRef): Promise<Property> {
		const matches = checkPropertyRef(ref);
		const property = (await this.writeDeclared()).find(matches);
		if (property === undefined) throw notFound("property");
		return property;
	}

	/** Lists properties, newest first. */
	async list(options: ListOptions = {}): Promise<Page<Property>> {
		const all = (await this.writeDeclared()).toSorted((a, b) => (a.id < b.id ? 1 : -1));
		return readPage(
			options,
			async ({ limit, after, before }) => {
				if (after !== undefined) return all.filter(({ id }) => id < after).slice(0, limit);
				if (before !== undefined) return all.filter(({ id }) => id > before).slice(-limit);
				return all.slice(0, limit);
			},
			(property) => property,
		);
	}

	/** Changes the fallback; key and type never change. @throws `not_found`, `invalid_input`. */
	async update(ref: PropertyRef, changes: { readonly fallback?: PropertyValue | null | undefined }): Promise<Property> {
		const { fallback } = checkInput(propertyChanges, changes, "changes");
		const property = await this.get(ref);
		if (fallback === undefined) return property;
		const checkedFallback = checkFallback(fallback, property.type);
		if (!(await this.#context.tenant.updateProperty(property.id, { fallback: checkedFallback }))) {
			throw notFound("property");
		}
		return { ...property, fallback: checkedFallback };
	}

	/**
	 * Removes a property and its values on every contact, for good.
	 *
	 * @throws `not_found`; `invalid_state` with `property_in_use` when the filter of a broadcast under way asks for it, or
	 * `property_declared_in_code`.
	 */
	async remove(ref: PropertyRef): Promise<void> {
		const { id, key } = await this.get(ref);
		if (Object.hasOwn(this.#context.declared, key)) {
			throw new ConvokeError("invalid_state", {
				reason: "property_declared_in_code",
				resource: "property",
				message: `\`${key}\` is declared in createAudience({ properties }); take it out there first.`,
			});
		}
		const outcome = await this.#context.tenant.deleteProperty(id);
		if (outcome === "missing") throw notFound("property");
		if (outcome === "in_use") throw inUse("property");
	}

	/** All properties that are written down. */
	async stored(): Promise<readonly Property[]> {
		return this.#context.tenant.listProperties();
	}

	/** Types by key, of properties written down and of those declared in code. Writes nothing. */
	async types(): Promise<ReadonlyMap<string, PropertyType>> {
		return this.#withDeclared(await this.stored());
	}

	/** Writes down the properties declared in code that this tenant does not have yet, and answers with all. */
	async writeDeclared(): Promise<readonly Property[]> {
		const stored = await this.stored();
		const types = this.#withDeclared(stored);
		if (types.size === stored.length) return stored;
		for (const { key } of stored) types.delete(key);
		for (const [key, type] of types) await this.#insert(key, type, null);
		return this.stored();
	}

	/** @throws `invalid_state` with `property_type_mismatch`. */
	#withDeclared(stored: readonly Property[]): Map<string, PropertyType> {
		const types = new Map(stored.map(({ key, type }) => [key, type]));
		for (const [key, type] of Object.entries(this.#context.declared)) {
			const known = types.get(key) ?? type;
			if (known !== type) throw typeMismatch(key, type, known);
			types.set(key, type);
		}
		return types;
	}

	async #insert(key: string, type: PropertyType, fallback: PropertyValue | null): Promise<Property | undefined> {
		const { newId, clock, tenant } = this.#context;
		const property: Property = { id: newId(), key, type, fallback, createdAt: clock.now() };
		return (await tenant.insertProperty(property)) ? property : undefined;
	}
}

function checkFallback(fallback: unknown, type: PropertyType): PropertyValue | null {
	return fallback === null ? null : checkPropertyValue(fallback, type, "fallback");
}

function checkPropertyRef(ref: unknown): (property: Property) => boolean {
	if (typeof ref === "object" && ref !== null) {
		if ("id" in ref && ref.id !== undefined) {
			const id = checkId(ref.id, "id");
			return (property) => property.id === id;
		}
		if ("key" in ref && ref.key !== undefined) {
			const { key } = ref;
			return (property) => property.key === key;
		}
	}
	throw invalidInput("invalid_ref", undefined, "Name a property by { id } or { key }.");
}

function typeMismatch(key: string, declared: PropertyType, stored: PropertyType): ConvokeError {
	return new ConvokeError("invalid_state", {
		reason: "property_type_mismatch",
		resource: "property",
		message: `createAudience declares \`${key}\` as ${declared}, but this tenant has it as ${stored}.`,
	});
}

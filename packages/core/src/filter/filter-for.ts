import type { PropertyTypes } from "../context.ts";
import type { Confirmation, Subscription } from "../model/contact.ts";
import type { Filter, RelativeDate } from "./filter.ts";

/** A filter of an audience: typed by the properties that are declared in code, or any {@link Filter} where none are. */
export type FilterFor<P extends PropertyTypes> = string extends keyof P ? Filter : TypedFilter<P>;

/** A {@link Filter} whose conditions name built-in fields and these properties, with operators and values of their types. */
export type TypedFilter<P extends PropertyTypes> =
	| { readonly and: readonly TypedFilter<P>[] }
	| { readonly or: readonly TypedFilter<P>[] }
	| { readonly not: TypedFilter<P> }
	| TextCondition<"email" | "externalId" | "firstName" | "lastName">
	| EqualityCondition<"confirmation", Confirmation>
	| DateCondition<"createdAt" | "updatedAt">
	| FlagCondition<"unsubscribed" | "suppressed">
	| { [K in keyof P & string]: PropertyConditions<`properties.${K}`>[P[K]] }[keyof P & string]
	| { readonly segment: string }
	| { readonly topic: string; readonly is: Subscription; readonly explicit?: true | undefined }
	| { readonly received: string }
	| { readonly sample: number; readonly seed: string }
	| { readonly search: string };

/** Conditions on a property, by its type. */
interface PropertyConditions<Field extends string> {
	string: TextCondition<Field>;
	number: OrderCondition<Field, number> | EqualityCondition<Field, number> | SetCondition<Field>;
	boolean: EqualityCondition<Field, boolean> | SetCondition<Field>;
	date: DateCondition<Field>;
}

type TextCondition<Field extends string> =
	| EqualityCondition<Field, string>
	| OrderCondition<Field, string>
	| SetCondition<Field>
	| { readonly field: Field; readonly op: "contains" | "startsWith" | "endsWith"; readonly value: string };

type DateCondition<Field extends string> =
	| { readonly field: Field; readonly op: "in"; readonly value: readonly (Date | string)[] }
	| OrderCondition<Field, Date | string | RelativeDate>
	| { readonly field: Field; readonly op: "eq" | "ne"; readonly value: Date | string | RelativeDate }
	| SetCondition<Field>;

interface FlagCondition<Field extends string> {
	readonly field: Field;
	readonly op: "eq" | "ne" | "isSet";
	readonly value: boolean;
}

type EqualityCondition<Field extends string, Value> =
	| { readonly field: Field; readonly op: "eq" | "ne"; readonly value: Value }
	| { readonly field: Field; readonly op: "in"; readonly value: readonly Value[] };

interface OrderCondition<Field extends string, Value> {
	readonly field: Field;
	readonly op: "lt" | "lte" | "gt" | "gte";
	readonly value: Value;
}

interface SetCondition<Field extends string> {
	readonly field: Field;
	readonly op: "isSet";
	readonly value: boolean;
}

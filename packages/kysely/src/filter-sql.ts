import type { BoundFilter, BoundRule, BoundSubject, Comparison, PropertyValue } from "@convoke/core";
import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import { encodeJson, snakeCase } from "./columns.ts";
import type { PropertyKind, SqlDialect } from "./dialect.ts";

/*
 * Filters as SQL on a contact `c`. Everything of a filter is a parameter, the path of a property too: nothing that came
 * from outside gets into the text. A missing value makes a condition null, which counts as false: `is not true` keeps it
 * so beneath a `not`.
 */

const TRUE = sql<boolean>`true`;
const FALSE = sql<boolean>`false`;

const OPERATORS: Readonly<Record<Comparison, RawBuilder<unknown>>> = {
	eq: sql`=`,
	lt: sql`<`,
	lte: sql`<=`,
	gt: sql`>`,
	gte: sql`>=`,
};

/** Whether contact `c` matches. */
export function filterSql(filter: BoundFilter, dialect: SqlDialect): RawBuilder<boolean> {
	switch (filter.kind) {
		case "all":
			return joined(filter.of, sql` and `, TRUE, dialect);
		case "any":
			return joined(filter.of, sql` or `, FALSE, dialect);
		case "not":
			return sql`(${filterSql(filter.of, dialect)} is not true)`;
		case "flag":
			return flagSql(filter.column, dialect);
		case "set":
			return "property" in filter.subject
				? dialect.hasKey(PROPERTIES, filter.subject.property)
				: sql`${columnOf(filter.subject.column)} is not null`;
		case "compare":
			return compareSql(filter, dialect);
		case "match":
			return matchSql(filter, dialect);
		case "oneOf":
			return oneOfSql(filter.subject, filter.values, dialect);
		case "member":
			return sql`exists (select 1 from ${sql.table("convoke_segment_members")} as m
				where m.tenant_id = c.tenant_id and m.contact_id = c.id and m.segment_id = ${filter.segmentId}
				${dialect.perRow})`;
		case "choice":
			return sql`exists (select 1 from ${sql.table("convoke_topic_subscriptions")} as t
				where t.tenant_id = c.tenant_id and t.contact_id = c.id and t.topic_id = ${filter.topicId}
				and t.choice = ${filter.is} ${dialect.perRow})`;
		case "received":
			return sql`exists (select 1 from ${sql.table("convoke_broadcast_recipients")} as received
				where received.tenant_id = c.tenant_id and received.broadcast_id = ${filter.broadcastId}
				and received.contact_id = c.id and received.state = 'sent' ${dialect.perRow})`;
		case "search": {
			const begun = filter.prefixes.map((prefix) => sql`${dialect.position(sql`c.words`, ` ${prefix}`)} > 0`);
			return sql`(${sql.join(begun, sql` and `)})`;
		}
		case "sample": {
			// Cast, for a driver may hand whole numbers over as floating ones, and the product takes up to 62 bits.
			const factor = sql`cast(${filter.multiplier} as bigint)`;
			const shift = sql`cast(${filter.offset} as bigint)`;
			return sql`(c.sample_key * ${factor} + ${shift}) % 2147483647 < ${filter.below}`;
		}
	}
}

/** The reason of the first rule that holds for contact `c`, or null. */
export function reasonSql(rules: readonly BoundRule[], dialect: SqlDialect): RawBuilder<string | null> {
	if (rules.length === 0) return sql<string | null>`cast(null as text)`;
	const cases = rules.map(({ reason, when }) => sql`when ${filterSql(when, dialect)} then ${reason}`);
	return sql<string | null>`case ${sql.join(cases, sql` `)} end`;
}

const PROPERTIES = sql`c.properties`;

function joined(
	parts: readonly BoundFilter[],
	operator: RawBuilder<unknown>,
	ofNone: RawBuilder<boolean>,
	dialect: SqlDialect,
): RawBuilder<boolean> {
	if (parts.length === 0) return ofNone;
	return sql`(${sql.join(
		parts.map((part) => filterSql(part, dialect)),
		operator,
	)})`;
}

function flagSql(column: Extract<BoundFilter, { kind: "flag" }>["column"], dialect: SqlDialect): RawBuilder<boolean> {
	switch (column) {
		case "unsubscribed":
			return sql`c.unsubscribed = 1`;
		case "needsSmtputf8":
			return sql`c.needs_smtputf8 = 1`;
		case "suppressed":
			return sql`exists (select 1 from ${sql.table("convoke_suppressions")} as s
				where s.tenant_id = c.tenant_id and s.address_hash = c.address_hash ${dialect.perRow})`;
	}
}

function columnOf(column: Extract<BoundSubject, { column: unknown }>["column"]): RawBuilder<unknown> {
	return sql.ref(`c.${snakeCase(column)}`);
}

function compareSql(
	{ subject, op, value }: Extract<BoundFilter, { kind: "compare" }>,
	dialect: SqlDialect,
): RawBuilder<boolean> {
	if (op === "eq" && "property" in subject && subject.type === kindOf(value) && dialect.contains !== undefined) {
		return dialect.contains(PROPERTIES, encodeJson({ [subject.property]: value }) ?? "");
	}
	return whereTyped(subject, kindOf(value), dialect, (found) => sql`${found} ${OPERATORS[op]} ${operandOf(value)}`);
}

/** A condition on a subject's value, where it is of the type of the values that it is compared with. */
function whereTyped(
	subject: BoundSubject,
	kind: PropertyKind,
	dialect: SqlDialect,
	condition: (value: RawBuilder<unknown>) => RawBuilder<boolean>,
): RawBuilder<boolean> {
	if ("property" in subject) {
		if (subject.type !== kind) return FALSE;
		const { value, isOfType } = dialect.property(PROPERTIES, subject.property, kind);
		return isOfType === undefined ? condition(value) : sql`(${condition(value)} and ${isOfType})`;
	}
	const isInstant = subject.column === "createdAt" || subject.column === "updatedAt";
	return kind === (isInstant ? "date" : "string") ? condition(columnOf(subject.column)) : FALSE;
}

function kindOf(value: PropertyValue): PropertyKind {
	if (value instanceof Date) return "date";
	if (typeof value === "string") return "string";
	return typeof value === "number" ? "number" : "boolean";
}

function operandOf(value: PropertyValue): string | number {
	return typeof value === "string" ? value : Number(value);
}

function matchSql(
	{ subject, op, value }: Extract<BoundFilter, { kind: "match" }>,
	dialect: SqlDialect,
): RawBuilder<boolean> {
	return whereTyped(subject, "string", dialect, (found) => {
		if (value === "") return sql`${found} is not null`;
		// ASCII letters only, which is what `lower` does in SQLite, and in Postgres under the collation "C".
		const folded = sql`lower(${found})`;
		switch (op) {
			case "contains":
				return sql`${dialect.position(folded, value)} > 0`;
			case "startsWith":
				return sql`${dialect.position(folded, value)} = 1`;
			case "endsWith":
				return sql`${dialect.ending(folded, Array.from(value).length)} = ${value}`;
		}
	});
}

function oneOfSql(subject: BoundSubject, values: readonly PropertyValue[], dialect: SqlDialect): RawBuilder<boolean> {
	const [sample] = values;
	if (sample === undefined) return FALSE;
	const list = sql`${dialect.encodeList(values.map(operandOf))}`;
	const type = typeof sample === "string" ? "text" : "number";
	return whereTyped(subject, kindOf(sample), dialect, (found) => dialect.among(found, list, type));
}

import type { ContactRecord, Subscription } from "@convoke/core";
import { sampleKey } from "@convoke/core";
import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import { Columns, decodeJson, flag, instant, json, text } from "./columns.ts";
import type { SqlDialect } from "./dialect.ts";
import type { NewRow } from "./insert.ts";

/** What a contact's own row holds; the rest of a record stands in other tables. */
type ContactRow = Omit<ContactRecord, "segmentIds" | "choices">;

const contacts = new Columns<ContactRow>({
	id: text,
	email: text,
	addressKey: text,
	addressHash: text,
	externalId: text,
	firstName: text,
	lastName: text,
	properties: json,
	unsubscribed: flag,
	confirmation: text,
	confirmationRequest: json,
	needsSmtputf8: flag,
	createdAt: instant,
	updatedAt: instant,
});

/** The columns of a contact's own row. */
export const CONTACT_COLUMNS: readonly string[] = ["tenant_id", ...contacts.names, "sample_key", "words"];

/** What to select of contact `c` for {@link decodeContact}. */
export function contactSelection(dialect: SqlDialect): RawBuilder<unknown> {
	const own = sql.join(contacts.names.map((name) => sql.ref(`c.${name}`)));
	const segmentIds = sql`(select ${dialect.arrayOf(sql`m.segment_id`)} from ${sql.table("convoke_segment_members")} as m
		where m.tenant_id = c.tenant_id and m.contact_id = c.id)`;
	const choices = sql`(select ${dialect.objectOf(sql`t.topic_id`, sql`t.choice`)}
		from ${sql.table("convoke_topic_subscriptions")} as t where t.tenant_id = c.tenant_id and t.contact_id = c.id)`;
	return sql`${own}, ${segmentIds} as segment_ids, ${choices} as choices`;
}

/** The contact of a selected row. */
export function decodeContact(row: object): ContactRecord {
	const { segment_ids: segmentIds, choices } = row as { readonly segment_ids: string; readonly choices: string };
	return {
		...contacts.decode(row),
		segmentIds: (decodeJson(segmentIds) as readonly string[]).toSorted(),
		choices: decodeJson(choices) as Readonly<Record<string, Subscription>>,
	};
}

/** A contact's own row, with the words it is found by. */
export function encodeContact(tenantId: string, contact: ContactRecord, words: readonly string[]): NewRow {
	const row = contacts.encode(contact);
	row["tenant_id"] = tenantId;
	row["sample_key"] = sampleKey(contact.id);
	row["words"] = words.map((word) => ` ${word}`).join("");
	return row;
}

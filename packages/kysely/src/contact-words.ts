import type { ContactRecord } from "@convoke/core";
import { searchKeys, searchWords } from "@convoke/core";
import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { Insert } from "./insert.ts";
import type { NewRow } from "./insert.ts";
import { compilable, query } from "./query.ts";
import type { Query } from "./query.ts";
import { changesOf } from "./statement.ts";
import type { Unit } from "./statement.ts";

/** Keeps the words by which searches find contacts. */
export class ContactWords {
	readonly #insert: Insert;
	readonly #delete: Query<{ tenant: string; records: string }, unknown>;

	constructor(dialect: SqlDialect) {
		this.#insert = new Insert(dialect, "convoke_contact_words", ["tenant_id", "word", "contact_id"]);
		this.#delete = query<{ tenant: string; records: string }>()((param) => {
			const records = dialect.records(param("records"), { word: "text", contact_id: "id" });
			const statement = sql`delete from ${sql.table("convoke_contact_words")} where tenant_id = ${param("tenant")}
				and (word, contact_id) in (select o.word, o.contact_id from ${records})`;
			return compilable(statement, dialect.db);
		});
	}

	/** Writes the words of contacts, whatever they were before. */
	*write(
		tenant: string,
		wordsOf: ReadonlyMap<ContactRecord, readonly string[]>,
		before: ReadonlyMap<string, ContactRecord>,
	): Unit<void> {
		const added: NewRow[] = [];
		const gone: Entry[] = [];
		for (const [contact, words] of wordsOf) {
			const earlier = before.get(contact.id);
			if (earlier !== undefined && hasSameWords(earlier, contact)) continue;
			const [old, now] = [keysOf(earlier), searchKeys(words)];
			for (const word of now) {
				if (!old.includes(word)) added.push({ tenant_id: tenant, word, contact_id: contact.id });
			}
			for (const key of old) if (!now.includes(key)) gone.push([key, contact.id]);
		}
		yield* this.#remove(tenant, gone);
		yield* this.#insert.rows(added);
	}

	/** Deletes the words of contacts. */
	*delete(tenant: string, contacts: readonly ContactRecord[]): Unit<void> {
		yield* this.#remove(
			tenant,
			contacts.flatMap((contact) => keysOf(contact).map((key): Entry => [key, contact.id])),
		);
	}

	*#remove(tenant: string, entries: readonly Entry[]): Unit<void> {
		if (entries.length > 0) yield* changesOf(this.#delete.bind({ tenant, records: JSON.stringify(entries) }));
	}
}

type Entry = readonly [word: string, contactId: string];

function hasSameWords(before: ContactRecord, after: ContactRecord): boolean {
	return before.email === after.email && before.firstName === after.firstName && before.lastName === after.lastName;
}

function keysOf(contact: ContactRecord | undefined): readonly string[] {
	return contact === undefined ? [] : searchKeys(searchWords(contact));
}

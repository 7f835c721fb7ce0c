import type { BoundFilter } from "@convoke/core";
import { searchKey } from "@convoke/core";
import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { all, first } from "./statement.ts";
import type { Unit } from "./statement.ts";

/** A condition on an id. */
export type IdRange = (id: RawBuilder<unknown>) => RawBuilder<unknown>;

/** Where contacts come from, in the order of their ids: all who match are among them. */
export interface ContactSource {
	/** Whether it is all contacts of the tenant. */
	readonly isEveryone: boolean;
	/** Selects their ids as `id`; one may come several times. */
	readonly ids: (tenant: string, range: IdRange) => RawBuilder<unknown>;
	/** Whether all who come from it match. */
	readonly isExact?: true | undefined;
	/** Chooses what to go on with when this one was chosen in the hope that the first contacts of a page are found soon. */
	readonly otherwise?: (() => Unit<ContactSource>) | undefined;
}

/** So many ids are sorted in less than a millisecond. */
const FEW = 1_000;

/** To sort so many takes as long as to pass {@link SMALL} contacts. */
const SORTABLE = 10_000;

/** A segment of so many members is walked by itself. */
const SMALL = 5_000;

/** So many lists of ids, each in order, are merged as quickly. */
const MAX_MERGED = 32;

const EVERYONE: ContactSource = {
	isEveryone: true,
	ids: (tenant, range) =>
		sql`select s.id from ${sql.table("convoke_contacts")} as s where s.tenant_id = ${tenant} and ${range(sql`s.id`)}`,
};

const WORDS = sql.table("convoke_contact_words");

/** Chooses where those whom a filter matches are looked for. */
export class ContactSources {
	readonly #dialect: SqlDialect;

	constructor(dialect: SqlDialect) {
		this.#dialect = dialect;
	}

	/** By a search or a segment, if the filter demands one; else all contacts. */
	*choose(tenant: string, filter: BoundFilter): Unit<ContactSource> {
		const demanded = conjuncts(filter);
		const prefixes = demanded.flatMap((part) => (part.kind === "search" ? part.prefixes : []));
		const found = prefixes.length === 0 ? undefined : yield* this.#bySearch(tenant, prefixes, filter.kind === "search");
		const [segmentId] = demanded.flatMap((part) => (part.kind === "member" ? part.segmentId : []));
		if (segmentId === undefined || found?.isEveryone === false) return found ?? EVERYONE;
		const members = membersOf(segmentId);
		if (filter.kind === "member") return { ...members, isExact: true };
		// To look up the members of a large segment one by one takes longer than to pass all contacts.
		return (yield* this.#isSmall(tenant, members)) ? members : (found ?? EVERYONE);
	}

	*#bySearch(tenant: string, prefixes: readonly string[], isAll: boolean): Unit<ContactSource> {
		let [rarest = ""] = prefixes;
		let least = FEW;
		for (const prefix of prefixes) {
			const count = yield* this.#countUpTo(FEW, tenant, prefix);
			if (count >= least) continue;
			[rarest, least] = [prefix, count];
		}
		if (least < FEW) return withPrefix(rarest);
		for (const prefix of prefixes.toSorted((a, b) => b.length - a.length)) {
			const words = yield* this.#wordsWith(tenant, prefix);
			if (words.length <= MAX_MERGED) return withWords(words);
		}
		const [only, ...others] = prefixes;
		if (!isAll || only === undefined || others.length > 0) return EVERYONE;
		return { ...EVERYONE, otherwise: () => this.#sorted(tenant, only) };
	}

	/** Many contacts by many words, of whom none were found soon: all that there are, unless to sort them takes long. */
	*#sorted(tenant: string, prefix: string): Unit<ContactSource> {
		return (yield* this.#countUpTo(SORTABLE, tenant, prefix)) < SORTABLE ? withPrefix(prefix) : EVERYONE;
	}

	*#isSmall(tenant: string, source: ContactSource): Unit<boolean> {
		const end = sql<object>`select 1 from (${source.ids(tenant, () => sql`true`)}) as i limit 1 offset ${SMALL}`;
		return (yield* first(end.compile(this.#dialect.db))) === undefined;
	}

	/** How many entries there are for words that begin so, or `limit` if there are more. */
	*#countUpTo(limit: number, tenant: string, prefix: string): Unit<number> {
		const counted = sql<{ count: number }>`select cast(count(*) as integer) as count
			from (select 1 from ${WORDS} as w where ${begunBy(tenant, prefix)} order by w.word limit ${limit}) as few`;
		return (yield* first<{ count: number }>(counted.compile(this.#dialect.db)))?.count ?? 0;
	}

	/** The words that begin so, at most one more than {@link MAX_MERGED}: each is looked up beyond the one before it. */
	*#wordsWith(tenant: string, prefix: string): Unit<readonly string[]> {
		const key = searchKey(prefix);
		// All words have an entry of their first two characters.
		if (Array.from(key).length === 2) return [key];
		const found = sql<{ word: string }>`with recursive begun (word, number) as (
				select f.word, 1 from (select w.word from ${WORDS} as w where ${begunBy(tenant, prefix)} order by w.word limit 1) as f
				union all
				select (select w.word from ${WORDS} as w where w.tenant_id = ${tenant} and w.word > begun.word
					and w.word < ${endOf(key)} order by w.word limit 1), begun.number + 1
				from begun where begun.word is not null and begun.number <= ${MAX_MERGED}
			) select word from begun where word is not null`;
		return (yield* all<{ word: string }>(found.compile(this.#dialect.db))).map(({ word }) => word);
	}
}

/** The parts of a filter that all hold for whoever matches. */
function conjuncts(filter: BoundFilter): readonly BoundFilter[] {
	return filter.kind === "all" ? filter.of.flatMap(conjuncts) : [filter];
}

function membersOf(segmentId: string): ContactSource {
	return {
		isEveryone: false,
		ids: (tenant, range) => sql`select m.contact_id as id from ${sql.table("convoke_segment_members")} as m
			where m.tenant_id = ${tenant} and m.segment_id = ${segmentId} and ${range(sql`m.contact_id`)}`,
	};
}

function withPrefix(prefix: string): ContactSource {
	return {
		isEveryone: false,
		ids: (tenant, range) => sql`select distinct w.contact_id as id from ${WORDS} as w
			where ${begunBy(tenant, prefix)} and ${range(sql`w.contact_id`)}`,
	};
}

function withWords(words: readonly string[]): ContactSource {
	return {
		isEveryone: false,
		ids: (tenant, range) =>
			sql.join(
				words.map(
					(word) => sql`select w.contact_id as id from ${WORDS} as w
						where w.tenant_id = ${tenant} and w.word = ${word} and ${range(sql`w.contact_id`)}`,
				),
				sql` union all `,
			),
	};
}

function begunBy(tenant: string, prefix: string): RawBuilder<unknown> {
	const key = searchKey(prefix);
	return sql`w.tenant_id = ${tenant} and w.word >= ${key} and w.word < ${endOf(key)}`;
}

/** Beyond every word that begins so: by the last character there is. */
function endOf(key: string): string {
	return `${key}\u{10ffff}`;
}

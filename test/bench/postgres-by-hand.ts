import type { PlanCounts, PropertyValues, ReasonCount } from "@convoke/core";
import { createHmac, randomUUID } from "node:crypto";
import pg from "pg";
import type { ByHand, PersonByHand, TakeMessage } from "./by-hand.ts";
import { nextId } from "./ids-by-hand.ts";
import { createNewsletter } from "./newsletter-by-hand.ts";
import { countsOf } from "./plan-counts.ts";
import { keysByHand, wordsByHand } from "./words-by-hand.ts";

const BATCH = 32;
const ROWS = 200;

const REASON = `case
		when exists (select 1 from convoke_suppressions s
			where s.tenant_id = c.tenant_id and s.address_hash = c.address_hash) then 'suppressed'
		when c.unsubscribed = 1 then 'unsubscribed'
		when c.confirmation = 'pending' then 'unconfirmed'
		when exists (select 1 from convoke_topic_subscriptions t where t.tenant_id = c.tenant_id
			and t.contact_id = c.id and t.topic_id = $1 and t.choice = 'opt_out') then 'topic_opted_out'
		when c.needs_smtputf8 = 1 then 'address_needs_smtputf8'
	end`;

/** Whoever is in the segment, and why they do not get it: the rules of design section 4, written by hand. */
const JUDGED = `select c.id, ${REASON} as reason
	from convoke_contacts c where c.tenant_id = 'default' and exists (select 1 from convoke_segment_members m
		where m.tenant_id = c.tenant_id and m.contact_id = c.id and m.segment_id = $2)`;

const COUNT = "cast(count(*) as integer) as count";

interface Due {
	readonly id: string;
	readonly email: string;
	readonly firstName: string | null;
	readonly lastName: string | null;
	readonly properties: PropertyValues;
	readonly reason: string | null;
}

/** Plain statements on a connection to the same database, where one side waits for the other as ours does. */
export class PostgresByHand implements ByHand {
	readonly #client: pg.Client;
	readonly #segmentId: string;
	readonly #topicId: string;

	private constructor(client: pg.Client, segmentId: string, topicId: string) {
		this.#client = client;
		this.#segmentId = segmentId;
		this.#topicId = topicId;
	}

	static async connect(url: string, segmentId: string, topicId: string): Promise<PostgresByHand> {
		const client = new pg.Client(url);
		await client.connect();
		return new PostgresByHand(client, segmentId, topicId);
	}

	async countPlan(): Promise<PlanCounts> {
		const select = `select reason, ${COUNT} from (${JUDGED}) as judged group by reason`;
		return countsOf(await this.#rows<ReasonCount>(select, [this.#topicId, this.#segmentId]));
	}

	async writePlan(): Promise<{ readonly counted: () => Promise<PlanCounts> }> {
		const broadcast = await this.#writePlan();
		return {
			counted: async () => {
				const select = `select reason, ${COUNT} from convoke_broadcast_recipients
					where tenant_id = 'default' and broadcast_id = $1 group by reason`;
				const counts = countsOf(await this.#rows<ReasonCount>(select, [broadcast]));
				await this.#forget(broadcast);
				return counts;
			},
		};
	}

	/**
	 * Marks, sends and records in batches of 32, by the statements that this needs and no more: whoever shares the work,
	 * may pause it and opts out meanwhile needs the status, a lease and the locks.
	 */
	async send(take: TakeMessage): Promise<{ readonly forget: () => Promise<void> }> {
		const broadcast = await this.#writePlan();
		await this.#rows(
			"create table if not exists by_hand (id uuid primary key, status text, sent integer, lease_end bigint)",
			[],
		);
		await this.#rows("insert into by_hand values ($1, 'sending', 0, 0)", [broadcast]);
		const send = createNewsletter(this.#topicId, take);
		let batch: readonly Due[] = [];
		do {
			batch = await this.#step(broadcast, batch);
			for (const reader of batch) send(reader);
		} while (batch.length > 0);
		return { forget: () => this.#forget(broadcast) };
	}

	/** Upserts people, with what they leave in the other tables. */
	async insert(people: readonly PersonByHand[], hashKey: Uint8Array): Promise<void> {
		await this.#transact(() => this.#insert(people, hashKey));
	}

	async relax(): Promise<void> {
		await this.#rows("set synchronous_commit = off", []);
	}

	/** Changes a property of people who are there. */
	async upsert(emails: readonly string[], seats: number): Promise<void> {
		for (let start = 0; start < emails.length; start += ROWS) {
			await this.#transact(() => this.#upsert(emails.slice(start, start + ROWS), seats));
		}
	}

	async page(after: string): Promise<number> {
		const select = "select * from convoke_contacts where tenant_id = 'default' and id < $1 order by id desc limit 100";
		return (await this.#rows(select, [after])).length;
	}

	async count(): Promise<number> {
		const select = `select ${COUNT} from convoke_contacts c where c.tenant_id = 'default'
			and c.properties ->> 'plan' = 'pro' and (c.properties ->> 'seats')::numeric >= 25
			and exists (select 1 from convoke_segment_members m
				where m.tenant_id = c.tenant_id and m.contact_id = c.id and m.segment_id = $1)`;
		const [row] = await this.#rows<{ readonly count: number }>(select, [this.#segmentId]);
		return row?.count ?? 0;
	}

	close(): Promise<void> {
		return this.#client.end();
	}

	async #step(broadcast: string, sent: readonly Due[]): Promise<readonly Due[]> {
		return this.#transact(async () => {
			const [work] = await this.#rows<{ readonly status: string }>(
				"select status from by_hand where id = $1 for update",
				[broadcast],
			);
			if (work?.status !== "sending") return [];
			if (sent.length > 0) {
				await this.#rows(
					`update convoke_broadcast_recipients set state = 'sent', updated_at = $1 where tenant_id = 'default'
						and broadcast_id = $2 and contact_id = any($3::uuid[]) and state = 'sending' and attempts = 1`,
					[Date.now(), broadcast, sent.map(({ id }) => id)],
				);
			}
			const ids = (
				await this.#rows<{ readonly id: string }>(
					`select c.id from (select contact_id from convoke_broadcast_recipients where tenant_id = 'default'
							and broadcast_id = $1 and contact_id > $2 and state = 'pending' order by contact_id limit ${BATCH}) r
						join convoke_contacts c on c.tenant_id = 'default' and c.id = r.contact_id order by c.id for share of c`,
					[broadcast, sent.at(-1)?.id ?? "00000000-0000-0000-0000-000000000000"],
				)
			).map(({ id }) => id);
			const due = await this.#rows<Due>(
				`select c.id, c.email, c.first_name as "firstName", c.last_name as "lastName", c.properties, ${REASON} as reason
					from convoke_contacts c where c.tenant_id = 'default' and c.id = any($2::uuid[]) order by c.id`,
				[this.#topicId, ids],
			);
			const next = due.filter(({ reason }) => reason === null);
			await this.#rows(
				`update convoke_broadcast_recipients set state = 'sending', attempts = attempts + 1, updated_at = $1
					where tenant_id = 'default' and broadcast_id = $2 and contact_id = any($3::uuid[])`,
				[Date.now(), broadcast, next.map(({ id }) => id)],
			);
			await this.#rows("update by_hand set sent = sent + $2, lease_end = $3 where id = $1", [
				broadcast,
				sent.length,
				Date.now() + 30_000,
			]);
			return next;
		});
	}

	async #insert(given: readonly PersonByHand[], hashKey: Uint8Array): Promise<void> {
		const at = Date.now();
		const people = given.map((person) => {
			const words = wordsByHand(person);
			const hash = createHmac("sha256", hashKey).update(person.email).digest("base64url");
			return { ...person, id: nextId(), words, hash };
		});
		await this.#many(
			`insert into convoke_contacts (tenant_id, id, email, address_key, address_hash, first_name, last_name, properties,
				unsubscribed, confirmation, needs_smtputf8, sample_key, words, created_at, updated_at) values`,
			people.map(({ id, email, firstName, lastName, hash, words, properties: values }) => {
				const properties = JSON.stringify(values);
				const sampleKey = Number.parseInt(id.slice(-7), 16);
				const text = ` ${words.join(" ")}`;
				const fields = [email, email, hash, firstName, lastName, properties];
				return ["default", id, ...fields, 0, "none", 0, sampleKey, text, at, at];
			}),
			"on conflict (tenant_id, address_key) do update set first_name = excluded.first_name, last_name = excluded.last_name",
		);
		const keys = people.flatMap(({ id, words }) => keysByHand(words).map((key) => ["default", key, id]));
		await this.#many("insert into convoke_contact_words values", keys, "on conflict do nothing");
		const members = people.map(({ id }) => ["default", id, this.#segmentId]);
		await this.#many("insert into convoke_segment_members values", members, "on conflict do nothing");
		await this.#many(
			"insert into convoke_events (tenant_id, type, contact_id, segment_id, source, at) values",
			people.flatMap(({ id }) => [
				["default", "contact.created", id, null, "api", at],
				["default", "segment.added", id, this.#segmentId, "api", at],
			]),
		);
	}

	async #upsert(emails: readonly string[], seats: number): Promise<void> {
		const at = Date.now();
		const ids = await this.#many(
			`insert into convoke_contacts (tenant_id, id, email, address_key, address_hash, first_name, last_name, properties,
				unsubscribed, confirmation, needs_smtputf8, sample_key, words, created_at, updated_at) values`,
			emails.map((email) => {
				const properties = JSON.stringify({ plan: "pro", seats });
				return ["default", nextId(), email, email, "", "First", "Last", properties, 0, "none", 0, 0, "", at, at];
			}),
			`on conflict (tenant_id, address_key) do update set properties = convoke_contacts.properties || excluded.properties,
				updated_at = excluded.updated_at returning id`,
		);
		await this.#many(
			"insert into convoke_events (tenant_id, type, contact_id, source, at) values",
			(ids as readonly { readonly id: string }[]).map(({ id }) => ["default", "contact.updated", id, "api", at]),
		);
	}

	async #many(insert: string, rows: readonly (readonly unknown[])[], after = ""): Promise<readonly unknown[]> {
		let number = 0;
		const tuples = rows.map((row) => `(${row.map(() => `$${(number += 1)}`).join(", ")})`);
		return await this.#rows(`${insert} ${tuples.join(", ")} ${after}`, rows.flat());
	}

	async #transact<Answer>(work: () => Promise<Answer>): Promise<Answer> {
		await this.#client.query("begin");
		const answer = await work();
		await this.#client.query("commit");
		return answer;
	}

	async #rows<Row>(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
		return (await this.#client.query(text, [...values])).rows as Row[];
	}

	async #writePlan(): Promise<string> {
		const broadcast = randomUUID();
		await this.#rows(
			`insert into convoke_broadcast_recipients
				(tenant_id, broadcast_id, contact_id, state, reason, attempts, tries, claim, updated_at)
			select 'default', $3::uuid, id, case when reason is null then 'pending' else 'excluded' end, reason, 0, 0, 0, $4::bigint
			from (${JUDGED}) as judged order by id`,
			[this.#topicId, this.#segmentId, broadcast, Date.now()],
		);
		return broadcast;
	}

	async #forget(broadcast: string): Promise<void> {
		await this.#rows("delete from convoke_broadcast_recipients where tenant_id = 'default' and broadcast_id = $1", [
			broadcast,
		]);
	}
}

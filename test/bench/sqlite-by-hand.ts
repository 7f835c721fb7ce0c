import type { PlanCounts, PropertyValues, ReasonCount } from "@convoke/core";
import SqliteDatabase from "better-sqlite3";
import type { Database, Statement } from "better-sqlite3";
import { createHmac, randomUUID } from "node:crypto";
import type { ByHand, PersonByHand, TakeMessage } from "./by-hand.ts";
import { nextId } from "./ids-by-hand.ts";
import { createNewsletter } from "./newsletter-by-hand.ts";
import { countsOf } from "./plan-counts.ts";
import { keysByHand, wordsByHand } from "./words-by-hand.ts";

const BATCH = 32;

/** Whoever is in the segment, and why they do not get it: the rules of design section 4, written by hand. */
const JUDGED = `select c.id, case
		when exists (select 1 from convoke_suppressions s
			where s.tenant_id = c.tenant_id and s.address_hash = c.address_hash) then 'suppressed'
		when c.unsubscribed = 1 then 'unsubscribed'
		when c.confirmation = 'pending' then 'unconfirmed'
		when exists (select 1 from convoke_topic_subscriptions t where t.tenant_id = c.tenant_id
			and t.contact_id = c.id and t.topic_id = @topic and t.choice = 'opt_out') then 'topic_opted_out'
		when c.needs_smtputf8 = 1 then 'address_needs_smtputf8'
	end as reason
	from convoke_contacts c where c.tenant_id = 'default' and exists (select 1 from convoke_segment_members m
		where m.tenant_id = c.tenant_id and m.contact_id = c.id and m.segment_id = @segment)`;

const WRITE_PLAN = `insert into convoke_broadcast_recipients
		(tenant_id, broadcast_id, contact_id, state, reason, attempts, tries, claim, updated_at)
	select 'default', @broadcast, id, case when reason is null then 'pending' else 'excluded' end, reason, 0, 0, 0, @at
	from (${JUDGED}) order by id`;

interface Due {
	readonly id: string;
	readonly email: string;
	readonly firstName: string | null;
	readonly lastName: string | null;
	readonly properties: string;
	readonly reason: string | null;
}

/** Plain statements on a connection of their own to the same file, set up as ours is. */
export class SqliteByHand implements ByHand {
	readonly #database: Database;
	readonly #segmentId: string;
	readonly #topicId: string;
	#inserts: Readonly<Record<"contact" | "word" | "member" | "event", Statement>> | undefined;

	constructor(filename: string, segmentId: string, topicId: string) {
		this.#database = new SqliteDatabase(filename);
		for (const setting of ["journal_mode = wal", "synchronous = full", "secure_delete = on", "cache_size = -16000"]) {
			this.#database.pragma(setting);
		}
		this.#segmentId = segmentId;
		this.#topicId = topicId;
	}

	countPlan(): PlanCounts {
		const select = `select reason, count(*) as count from (${JUDGED}) group by reason`;
		const parameters = { topic: this.#topicId, segment: this.#segmentId };
		return countsOf(this.#database.prepare<[object], ReasonCount>(select).all(parameters));
	}

	writePlan(): { readonly counted: () => PlanCounts } {
		const broadcast = this.#writePlan();
		return {
			counted: () => {
				const select = `select reason, count(*) as count from convoke_broadcast_recipients
					where tenant_id = 'default' and broadcast_id = ? group by reason`;
				const counts = countsOf(this.#database.prepare<[string], ReasonCount>(select).all(broadcast));
				this.#forget(broadcast);
				return counts;
			},
		};
	}

	/** Marks, sends and records in batches of 32, by the statements that this needs and no more. */
	send(take: TakeMessage): { readonly forget: () => void } {
		const database = this.#database;
		const broadcast = this.#writePlan();
		const send = createNewsletter(this.#topicId, take);
		const record = database.prepare(`update convoke_broadcast_recipients set state = 'sent', updated_at = ?
			where tenant_id = 'default' and broadcast_id = ? and contact_id = ? and state = 'sending' and attempts = 1`);
		const due = database.prepare<[string, string, string], Due>(`select r.contact_id as id, c.email,
				c.first_name as firstName, c.last_name as lastName, c.properties, case
				when exists (select 1 from convoke_suppressions s
					where s.tenant_id = c.tenant_id and s.address_hash = c.address_hash) then 'suppressed'
				when c.unsubscribed = 1 then 'unsubscribed'
				when c.confirmation = 'pending' then 'unconfirmed'
				when exists (select 1 from convoke_topic_subscriptions t where t.tenant_id = c.tenant_id
					and t.contact_id = c.id and t.topic_id = ? and t.choice = 'opt_out') then 'topic_opted_out'
				when c.needs_smtputf8 = 1 then 'address_needs_smtputf8' end as reason
			from convoke_broadcast_recipients r join convoke_contacts c on c.tenant_id = r.tenant_id and c.id = r.contact_id
			where r.tenant_id = 'default' and r.broadcast_id = ? and r.contact_id > ? and r.state = 'pending'
			order by r.contact_id limit ${BATCH}`);
		const mark = database.prepare(`update convoke_broadcast_recipients set state = 'sending', attempts = attempts + 1,
			updated_at = ? where tenant_id = 'default' and broadcast_id = ? and contact_id = ?`);
		const step = database.transaction((sent: readonly Due[], after: string) => {
			for (const { id } of sent) record.run(Date.now(), broadcast, id);
			const next = due.all(this.#topicId, broadcast, after).filter(({ reason }) => reason === null);
			for (const { id } of next) mark.run(Date.now(), broadcast, id);
			return next;
		});
		let batch: readonly Due[] = [];
		do {
			batch = step.immediate(batch, batch.at(-1)?.id ?? "");
			for (const { properties, ...reader } of batch) {
				send({ ...reader, properties: JSON.parse(properties) as PropertyValues });
			}
		} while (batch.length > 0);
		return { forget: () => this.#forget(broadcast) };
	}

	/** Inserts people, with what they leave in the other tables. */
	insert(people: readonly PersonByHand[], hashKey: Uint8Array): void {
		const database = this.#database;
		const { contact, word, member, event } = (this.#inserts ??= {
			contact: database.prepare(`insert into convoke_contacts (tenant_id, id, email, address_key, address_hash,
					first_name, last_name, properties, unsubscribed, confirmation, needs_smtputf8, sample_key, words, created_at,
					updated_at)
				values ('default', ?, ?, ?, ?, ?, ?, ?, 0, 'none', 0, ?, ?, ?, ?)`),
			word: database.prepare("insert into convoke_contact_words values ('default', ?, ?)"),
			member: database.prepare("insert into convoke_segment_members values ('default', ?, ?)"),
			event: database.prepare(`insert into convoke_events (tenant_id, type, contact_id, segment_id, source, at)
				values ('default', ?, ?, ?, 'api', ?)`),
		});
		const unit = database.transaction(() => {
			for (const person of people) {
				const { email, firstName, lastName, properties } = person;
				const [id, at] = [nextId(), Date.now()];
				const hash = createHmac("sha256", hashKey).update(email).digest("base64url");
				const words = wordsByHand(person);
				const sampleKey = Number.parseInt(id.slice(-7), 16);
				const values = JSON.stringify(properties);
				contact.run(id, email, email, hash, firstName, lastName, values, sampleKey, ` ${words.join(" ")}`, at, at);
				for (const key of keysByHand(words)) word.run(key, id);
				member.run(id, this.#segmentId);
				event.run("contact.created", id, null, at);
				event.run("segment.added", id, this.#segmentId, at);
			}
		});
		unit.immediate();
	}

	relax(): void {
		this.#database.pragma("synchronous = normal");
	}

	/** Sets a property of people, in transactions of 200. */
	upsert(emails: readonly string[], seats: number): void {
		const database = this.#database;
		const contact = database.prepare<[number, number, string], { id: string }>(`update convoke_contacts
			set properties = json_set(properties, '$.seats', ?), updated_at = ?
			where tenant_id = 'default' and address_key = ? returning id`);
		const event = database.prepare(`insert into convoke_events (tenant_id, type, contact_id, source, at)
			values ('default', 'contact.updated', ?, 'api', ?)`);
		const unit = database.transaction((part: readonly string[]) => {
			for (const email of part) event.run(contact.get(seats, Date.now(), email)?.id, Date.now());
		});
		for (let start = 0; start < emails.length; start += 200) unit.immediate(emails.slice(start, start + 200));
	}

	/** A page of contacts, newest first. */
	page(after: string): number {
		return this.#database
			.prepare("select * from convoke_contacts where tenant_id = 'default' and id < ? order by id desc limit 100")
			.all(after).length;
	}

	/** How many are on a plan, have seats, and are in the segment. */
	count(): number {
		const select = `select count(*) as count from convoke_contacts c where c.tenant_id = 'default'
			and json_extract(c.properties, '$.plan') = 'pro' and json_extract(c.properties, '$.seats') >= 25
			and c.id in (select contact_id from convoke_segment_members where tenant_id = 'default' and segment_id = ?)`;
		return (this.#database.prepare(select).get(this.#segmentId) as { count: number }).count;
	}

	close(): void {
		this.#database.close();
	}

	#writePlan(): string {
		const broadcast = randomUUID();
		const parameters = { broadcast, at: Date.now(), topic: this.#topicId, segment: this.#segmentId };
		this.#database.prepare(WRITE_PLAN).run(parameters);
		return broadcast;
	}

	#forget(broadcast: string): void {
		this.#database
			.prepare("delete from convoke_broadcast_recipients where tenant_id = 'default' and broadcast_id = ?")
			.run(broadcast);
	}
}

import type { Audience } from "@convoke/core";
import type { Pool } from "pg";
import { createDatabase } from "postgres-for-tests";
import type { TestDatabase } from "postgres-for-tests";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createPostgresStorage } from "../src/index.ts";
import { audienceOn, launch } from "./support/audience.ts";
import { watchPool } from "./support/watched-pool.ts";

// What Postgres intends to do with every statement, at a size at which it matters: 60,000 contacts, 30,000 of them in a
// segment, 30,000 in another tenant.

const CONTACTS = 60_000;

interface PlanNode {
	readonly "Node Type": string;
	readonly "Relation Name"?: string;
	readonly Plans?: readonly PlanNode[];
}

interface Sent {
	readonly text: string;
	readonly values: readonly unknown[];
}

let database: TestDatabase;
let audience: Audience;
let segmentId: string;
let sent: Sent[] = [];

const idOf = (number: string): string => `('01970000-0000-7000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`;

async function fill(pool: Pool): Promise<void> {
	await pool.query(`insert into convoke_contacts (tenant_id, id, email, address_key, address_hash, external_id, first_name,
			properties, unsubscribed, confirmation, needs_smtputf8, sample_key, words, created_at, updated_at)
		select case when n % 3 = 0 then 'other' else 'default' end, ${idOf("n")}, 'c' || n || '@example.test',
			'c' || n || '@example.test', 'hash' || n, 'user' || n, 'Person', '{"plan": "pro"}', 0, 'none', 0,
			n * 7919 % 1000000, 'person c' || n, 0, 0
		from generate_series(1, ${CONTACTS * 1.5}) as n`);
	await pool.query(`insert into convoke_contact_words
		select tenant_id, word, id from convoke_contacts, unnest(array['person', 'pe', 'c' || right(email, 16), 'c1']) as word`);
	await pool.query(`insert into convoke_segment_members
		select 'default', id, '${segmentId}' from convoke_contacts where tenant_id = 'default' and sample_key % 2 = 0`);
	await pool.query(`insert into convoke_suppressions
		select tenant_id, id, email, address_hash, 'manual', 0 from convoke_contacts where sample_key % 5 = 0`);
	await pool.query(`insert into convoke_events (tenant_id, type, contact_id, source, at)
		select tenant_id, 'contact.created', id, 'api', 0 from convoke_contacts`);
	await launch(audience);
	await audience.worker().run({ maxMessages: 1 });
	await pool.query("vacuum analyze");
}

beforeAll(async () => {
	database = await createDatabase(inject("postgresUrl"));
	const { pool } = database;
	audience = audienceOn(
		createPostgresStorage({
			pool: watchPool(pool, (text, values) => {
				if (/^(with|select|insert|update|delete)\b/.test(text)) sent.push({ text, values });
			}),
		}),
	);
	await audience.migrate();
	segmentId = (await audience.segments.create({ name: "Readers" })).id;
	await fill(pool);
}, 120_000);

afterAll(() => database.drop());

/** Statements of an act that read a table from end to end. */
async function scannedBy(act: () => Promise<unknown>): Promise<readonly string[]> {
	sent = [];
	await act();
	const scanned = new Set<string>();
	const known = new Map(sent.map((one) => [one.text, one]));
	for (const { text, values } of known.values()) {
		const { rows } = await database.pool.query<{ "QUERY PLAN": readonly { readonly Plan: PlanNode }[] }>(
			`explain (format json) ${text}`,
			[...values],
		);
		for (const table of scans(rows[0]?.["QUERY PLAN"][0]?.Plan)) {
			if (SMALL.has(table) || !table.startsWith("convoke_")) continue;
			scanned.add(`${table}: ${text}`);
		}
	}
	expect(known.size).toBeGreaterThan(0);
	return [...scanned];
}

/** Tables of which a tenant has few rows, so that to read them whole is the best there is. */
const SMALL: ReadonlySet<string> = new Set([
	"convoke_broadcasts",
	"convoke_broadcast_contents",
	"convoke_broadcast_plans",
	"convoke_broadcast_slices",
	"convoke_migrations",
	"convoke_properties",
	"convoke_segments",
	"convoke_topics",
	"convoke_topic_subscriptions",
	"convoke_retained_opt_outs",
]);

function scans(node: PlanNode | undefined): readonly string[] {
	if (node === undefined) return [];
	const own = node["Node Type"] === "Seq Scan" ? (node["Relation Name"] ?? []) : [];
	return [own, ...(node.Plans ?? []).map(scans)].flat();
}

describe("no table is read from end to end", { timeout: 60_000 }, () => {
	const acts: Readonly<Record<string, () => Promise<unknown>>> = {
		"by a page of contacts": () => audience.contacts.list({ limit: 100 }),
		"by a page of a segment": () => audience.contacts.list({ filter: { segment: segmentId }, limit: 100 }),
		"by a search for one": () => audience.contacts.list({ search: "c17", limit: 100 }),
		"by a search for many": () => audience.contacts.list({ search: "person", limit: 100 }),
		"by looking a contact up": async () => {
			const { id } = await audience.contacts.get({ email: "c1000@example.test" });
			await audience.contacts.get({ externalId: "user1000" });
			await audience.contacts.history({ id });
		},
		"by creating and changing contacts": async () => {
			await audience.contacts.createMany(
				Array.from({ length: 200 }, (_, index) => ({ email: `c${index}@example.test`, lastName: "L" })),
			);
			await audience.contacts.update({ email: "c1000@example.test" }, { unsubscribed: true });
			await audience.suppressions.add({ email: "c1001@example.test" });
		},
		"by removing a contact": () => audience.contacts.remove({ email: "c1003@example.test" }),
		"by events after a cursor": () => audience.events.since("50000", { limit: 100 }),
		"by planning, marking and recording a broadcast": async () => {
			const id = await launch(audience);
			await audience.worker().run({ maxMessages: 500 });
			await audience.broadcasts.recipients(id, { state: "sent", limit: 100 });
			await audience.broadcasts.progress(id);
		},
	};

	test.each(Object.entries(acts))("%s", async (_, act) => {
		expect(await scannedBy(act)).toEqual([]);
	});
});

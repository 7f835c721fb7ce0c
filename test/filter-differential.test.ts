import { ConvokeError, createAudience } from "@convoke/core";
import type {
	BoundFilter,
	ContactRecord,
	Filter,
	PropertyType,
	PropertyValue,
	PropertyValues,
	Storage,
} from "@convoke/core";
import { createSqliteStorage } from "@convoke/sqlite";
import SqliteDatabase from "better-sqlite3";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { boundFilters } from "./differential/bound-filters.ts";
import { CONTENDERS, REFERENCE } from "./differential/contenders.ts";
import { dump } from "./support/dump.ts";
import { VirtualClock } from "./support/virtual-clock.ts";
import { readFuzz } from "./support/fuzz.ts";

// Filters over one random audience: every storage finds whom the one in memory finds, and no value gets into SQL text.
// FILTER_DIFFERENTIAL_RUNS: how many filters; 5,000 are the full form. FILTER_DIFFERENTIAL_SEED: to repeat a run.

const { runs: RUNS, seed: SEED } = readFuzz("FILTER_DIFFERENTIAL", 400);
const FULL_RUNS = 5_000;
const CONTACTS = 300;
const ALL = { limit: CONTACTS };
const TENANT = "north";
const START = Date.parse("2026-03-01T09:00:00Z");

/** What might end a literal, a comment or a path, and no part of which may be found in SQL text. */
const HOSTILE = [
	"' or 1=1 --",
	'"; drop table convoke_contacts; --',
	"x' as y; drop table contacts; --",
	'plan" or "',
	"evil\\' union select",
	"/* evil */",
	"$.evil[0]",
	"?1 evil",
	":evil @evil",
];
const TEXTS = [
	...HOSTILE,
	"",
	" ",
	"Ada",
	"ada",
	"ADA",
	"Zoë",
	"Zoe\u0308",
	"\u212a",
	"İstanbul",
	"straße",
	"%",
	"_",
	"100%_\\%",
	"\\",
	"🦊",
	"🦊🦊 fox",
	"fox 🦊",
	"\uffee",
	"\ue000",
	"a\nb\tc",
	"1",
	"1.0",
	"true",
	"null",
	'{"$date":0}',
	"none",
	"pending",
	"confirmed",
];
const NUMBERS = [
	0,
	1,
	-1,
	0.1,
	0.1 + 0.2,
	0.3,
	-1.5,
	1e-7,
	5e-324,
	1e21,
	2 ** 53 - 1,
	-(2 ** 53),
	1e20,
	1.7976931348623157e308,
];
const INSTANTS = [-62_135_596_800_000, -1, 0, START, START + 1, START + 60_000, 253_402_300_799_999].map(
	(ms) => new Date(ms),
);
const PROPERTIES: Readonly<Record<string, PropertyType>> = {
	plan: "string",
	seats: "number",
	trial: "boolean",
	since: "date",
	Plan: "string",
	_1: "number",
};
const idsOf = (kind: string, count: number): readonly string[] =>
	Array.from({ length: count }, (_, index) => `0197${kind}0-0000-7000-8000-${index.toString(16).padStart(12, "0")}`);
const SEGMENT_IDS = idsOf("5e0", 3);
const TOPIC_IDS = idsOf("700", 3);
const BROADCAST_IDS = idsOf("b10", 2);

const filters = boundFilters({
	texts: TEXTS,
	numbers: NUMBERS,
	instants: INSTANTS,
	segmentIds: [...SEGMENT_IDS, "0197ffff-0000-7000-8000-000000000000"],
	topicIds: TOPIC_IDS,
	broadcastIds: BROADCAST_IDS,
	prefixes: [
		"a",
		"ada",
		"z",
		"zo",
		"zoe",
		"person",
		"person1",
		"person27",
		"x",
		"test",
		"用户",
		"用",
		"str",
		"1",
		"nobody",
	],
	properties: PROPERTIES,
});

const values: Readonly<Record<PropertyType, fc.Arbitrary<PropertyValue>>> = {
	string: fc.constantFrom(...TEXTS),
	number: fc.oneof(
		fc.constantFrom(...NUMBERS),
		fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
	),
	boolean: fc.boolean(),
	date: fc.constantFrom(...INSTANTS),
};
const anyValue = fc.oneof(...Object.values(values));
const text = fc.option(fc.constantFrom(...TEXTS), { freq: 3 });

/** A contact, one in twelve of whose values are not of the declared type. */
function contactOf(index: number): fc.Arbitrary<ContactRecord> {
	const properties = Object.fromEntries(
		Object.entries(PROPERTIES).map(([key, type]) => [
			key,
			fc.oneof({ weight: 11, arbitrary: values[type] }, { weight: 1, arbitrary: anyValue }),
		]),
	);
	const name = index % 5 === 0 ? `用户${index}` : `Person${index}`;
	return fc.record({
		id: fc.nat(2 ** 32 - 1).map((tail) => {
			const place = index.toString(16).padStart(4, "0");
			return `0197c100-0000-7000-8000-${place}${tail.toString(16).padStart(8, "0")}`;
		}),
		email: fc.constant(`${name}@x.test`),
		addressKey: fc.constant(`${name.toLowerCase()}@x.test`),
		addressHash: fc.constant(`hash-${index}`),
		externalId: fc.option(fc.constant(`${TEXTS[index % TEXTS.length] ?? ""}${index}`), { freq: 3 }),
		firstName: text,
		lastName: text,
		properties: fc
			.record(properties, { requiredKeys: [], noNullPrototype: true })
			.map((given): PropertyValues => given as PropertyValues),
		unsubscribed: fc.boolean(),
		confirmation: fc.constantFrom("none", "pending", "confirmed"),
		confirmationRequest: fc.constant(null),
		needsSmtputf8: fc.boolean(),
		segmentIds: fc.subarray([...SEGMENT_IDS]),
		choices: fc.dictionary(fc.constantFrom(...TOPIC_IDS), fc.constantFrom("opt_in", "opt_out"), {
			noNullPrototype: true,
		}),
		createdAt: fc.constantFrom(...INSTANTS),
		updatedAt: fc.constantFrom(...INSTANTS),
	});
}

const [contacts = []] = fc.sample(
	fc.noBias(fc.tuple(...Array.from({ length: CONTACTS }, (_, index) => contactOf(index)))),
	{ seed: SEED, numRuns: 1 },
);

/** Enters the audience, of which the first broadcast reached every third contact. */
async function fill(storage: Storage): Promise<void> {
	const tenant = storage.forTenant(TENANT);
	const createdAt = new Date(START);
	for (const id of SEGMENT_IDS) await tenant.insertSegment({ id, name: "S", filter: null, uses: [], createdAt });
	for (const id of TOPIC_IDS) {
		const topic = { name: "T", description: null, defaultSubscription: "opt_in", visibility: "public" } as const;
		await tenant.insertTopic({ id, ...topic, createdAt });
	}
	for (const [index, contact] of contacts.entries()) {
		await tenant.changeContacts([{ key: { id: contact.id } }], () => ({
			contacts: [{ write: contact, retain: [], events: [] }],
		}));
		if (index % 4 !== 0) continue;
		const id = contact.id.replace("c100", "5000");
		const { email, addressHash } = contact;
		await tenant.insertSuppression({ id, email, addressHash, origin: "manual", createdAt }, []);
	}
	await send(storage);
}

async function send(storage: Storage): Promise<void> {
	const tenant = storage.forTenant(TENANT);
	const [id = ""] = BROADCAST_IDS;
	const at = new Date(START);
	const upTo =
		contacts
			.map((contact) => contact.id)
			.toSorted()
			.at(-1) ?? "";
	await tenant.insertBroadcast({ ...DRAFT, id, createdAt: at, updatedAt: at });
	const plan = { upTo, through: null, at, complete: false };
	await tenant.moveBroadcast({ id, from: ["draft"], changes: { status: "queued", plan } });
	const target = { kind: "all", of: [] } as const;
	await tenant.freezeChunk(id, { target, rules: [], upTo, limit: 1_000 }, { id: SLICE_ID, at });
	for (const { id: contactId } of contacts.filter((_, index) => index % 3 === 0)) {
		await tenant.moveRecipients({
			broadcastId: id,
			contactId,
			from: "pending",
			to: "sent",
			reason: null,
			at,
			limit: 1,
		});
	}
}

const SLICE_ID = "0197510c-0000-7000-8000-000000000000";
const DRAFT = {
	name: null,
	status: "draft",
	statusReason: null,
	segmentId: null,
	filter: null,
	everyone: true,
	topicId: null,
	from: null,
	replyTo: [],
	subject: "S",
	previewText: null,
	html: null,
	mjml: null,
	text: "T",
	headers: {},
	tags: [],
	attachments: [],
	scheduledAt: null,
	queuedAt: null,
	sentAt: null,
	uses: [],
	plan: null,
} as const;

async function select(storage: Storage, filter: BoundFilter): Promise<readonly string[]> {
	const tenant = storage.forTenant(TENANT);
	const found = (await tenant.pageContacts(filter, ALL)).map(({ id }) => id);
	expect(await tenant.countContacts(filter)).toBe(found.length);
	return found;
}

/** How many filters select which share of the contacts, by the upper end of the share in percent. */
const shares = new Map<number, number>([0, 1, 10, 25, 50, 75, 90, 99, 99.99, 100].map((end) => [end, 0]));
const kinds = new Map<string, number>();

function note(filter: BoundFilter, found: number): void {
	const share = (100 * found) / CONTACTS;
	const end = [...shares.keys()].find((each) => share <= each) ?? 100;
	shares.set(end, (shares.get(end) ?? 0) + 1);
	noteKind(filter);
}

function noteKind(filter: BoundFilter): void {
	const subject = "subject" in filter ? (Object.values(filter.subject)[0] ?? "") : "";
	const name = `${filter.kind} ${"column" in filter ? filter.column : subject}`.trim();
	kinds.set(name, (kinds.get(name) ?? 0) + 1);
	if (filter.kind === "not") noteKind(filter.of);
	if (filter.kind === "all" || filter.kind === "any") for (const part of filter.of) noteKind(part);
}

describe("filters", () => {
	test("select the same contacts in every storage", { timeout: 3_600_000 }, async () => {
		const clock = new VirtualClock();
		const reference = await REFERENCE.open(clock);
		const others = await Promise.all(CONTENDERS.map(async ({ name, open }) => ({ name, storage: await open(clock) })));
		await fill(reference);
		for (const { storage } of others) await fill(storage);
		await fc.assert(
			fc.asyncProperty(fc.noBias(filters), async (filter) => {
				const expected = await select(reference, filter);
				note(filter, expected.length);
				for (const { name, storage } of others) expect(await select(storage, filter), name).toEqual(expected);
			}),
			{ numRuns: RUNS, seed: SEED },
		);
		for (const { name, storage } of others) {
			expect(await dump(storage, [TENANT]), name).toEqual(await dump(reference, [TENANT]));
		}
	});

	test("select some and not all, often enough to tell storages apart", () => {
		const between = [...shares].filter(([end]) => end > 1 && end <= 99).reduce((sum, [, count]) => sum + count, 0);
		const all = [...shares.values()].reduce((sum, count) => sum + count, 0);
		expect(between / all).toBeGreaterThanOrEqual(0.4);
	});

	test.skipIf(RUNS < FULL_RUNS)("of every kind and field come up", () => {
		const subjects = [...TEXT_COLUMNS, "createdAt", "updatedAt", ...Object.keys(PROPERTIES)];
		const valued = ["set", "compare", "match", "oneOf"].flatMap((kind) => subjects.map((name) => `${kind} ${name}`));
		const flags = ["unsubscribed", "suppressed", "needsSmtputf8"].map((name) => `flag ${name}`);
		const plain = ["all", "any", "not", "member", "choice", "received", "sample", "search"];
		expect([...kinds.keys()].toSorted()).toEqual([...valued, ...flags, ...plain].toSorted());
	});

	afterAll(() => {
		const rows = [...shares].map(([end, count]) => `${String(count).padStart(8)}  up to ${end} % of the contacts`);
		console.log(rows.join("\n"));
	});
});

const TEXT_COLUMNS = ["email", "addressKey", "externalId", "firstName", "lastName", "confirmation"];

/** What the text of a statement is made of: names of ours, words, placeholders, numbers, operators and short literals. */
const PLAIN_SQL = /^[\w\s"'().,;?*=<>|+%$[\]&-]+$/;
const LITERAL = /'[^']*'/g;

/** A storage on a connection that keeps the texts of all statements. */
async function watched(): Promise<{ readonly storage: Storage; readonly texts: Set<string> }> {
	const texts = new Set<string>();
	const database = new SqliteDatabase(":memory:");
	database.pragma("foreign_keys = on");
	const prepare = database.prepare.bind(database);
	database.prepare = (source: string) => {
		texts.add(source);
		return prepare(source);
	};
	const storage = createSqliteStorage({ database, clock: new VirtualClock() });
	await storage.migrate();
	return { storage, texts };
}

function expectPlain(texts: ReadonlySet<string>): void {
	const literals = new Set<string>();
	for (const sql of texts) {
		expect(sql).toMatch(PLAIN_SQL);
		for (const [literal] of sql.matchAll(LITERAL)) literals.add(literal);
		for (const value of [...HOSTILE, "evil", "🦊", "Ada", "drop table"]) expect(sql).not.toContain(value);
	}
	expect([...literals].filter((literal) => !/^'[a-z_]*'$/.test(literal))).toEqual([]);
}

describe("hostile filters", () => {
	test("never reach the text of a statement as bound values", { timeout: 600_000 }, async () => {
		const { storage, texts } = await watched();
		await fill(storage);
		const before = await dump(storage, [TENANT]);
		await fc.assert(
			fc.asyncProperty(fc.noBias(filters), async (filter) => void (await select(storage, filter))),
			{ numRuns: Math.min(RUNS, 1_000), seed: SEED },
		);
		expect(texts.size).toBeGreaterThan(100);
		expectPlain(texts);
		expect(await dump(storage, [TENANT])).toEqual(before);
	});

	test("never reach it through the public API (H91–H97)", async () => {
		const { storage, texts } = await watched();
		const audience = createAudience({
			storage,
			links: { baseUrl: "https://x.test", keys: "5tSUmgtNDBVq1GvuZTQ1ZSwQbPyB3pdAZe0rdxYw3vQ" },
			hashKey: "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0",
		});
		await audience.properties.create({ key: "plan", type: "string" });
		for (const [index, value] of TEXTS.entries()) {
			await audience.contacts.create({ email: `c${index}@x.test`, properties: { plan: value } });
		}
		const before = await dump(storage, ["default"]);
		for (const { h, filter, reason } of refusedFilters()) {
			const answer = audience.contacts.list({ filter: filter as Filter }).catch((error: unknown) => error);
			expect(ConvokeError.is(await answer) ? await answer : undefined, `H${h}`).toMatchObject({ reason });
		}
		for (const value of TEXTS) {
			const { data } = await audience.contacts.list({
				filter: { field: "properties.plan", op: "eq", value },
				limit: 100,
			});
			expect(data.map(({ properties }) => properties["plan"])).toEqual([value]);
		}
		for (const value of ["%", "_", "\\"]) {
			const { data } = await audience.contacts.list({
				filter: { field: "properties.plan", op: "contains", value },
				limit: 100,
			});
			expect(data.length).toBe(TEXTS.filter((each) => each.includes(value)).length);
		}
		expect(await audience.contacts.count({ filter: { field: "properties.plan", op: "gt", value: 0 } })).toBe(0);
		expectPlain(texts);
		expect(await dump(storage, ["default"])).toEqual(before);
	});
});

/** The rows of the table that are refused, with the reason. */
function refusedFilters(): readonly { readonly h: number; readonly filter: unknown; readonly reason: string }[] {
	const condition = (part: object): object => ({ field: "firstName", op: "eq", value: "evil", ...part });
	const deep = Array.from({ length: 1_001 }).reduce<unknown>((not) => ({ not }), condition({}));
	const cyclic: { and: unknown[] } = { and: [] };
	cyclic.and.push(cyclic);
	return [
		{ h: 91, filter: condition({ field: "name') or 1=1 --" }), reason: "unknown_field" },
		...HOSTILE.map((key) => ({
			h: 92,
			filter: condition({ field: `properties.${key}` }),
			reason: "invalid_property_key",
		})),
		...['"; delete', "__proto__", "toString"].map((op) => ({
			h: 93,
			filter: condition({ op }),
			reason: "unknown_operator",
		})),
		{ h: 94, filter: condition({ value: { $gt: "" } }), reason: "invalid_filter_value" },
		{ h: 94, filter: condition({ value: ["evil"] }), reason: "invalid_filter_value" },
		{
			h: 94,
			filter: condition({ op: "in", value: Array.from({ length: 100_000 }, () => "evil") }),
			reason: "filter_too_large",
		},
		{ h: 95, filter: deep, reason: "filter_too_deep" },
		{ h: 95, filter: cyclic, reason: "invalid_filter" },
		{ h: 96, filter: condition({ op: "contains", value: "%".repeat(10_000) }), reason: "filter_too_large" },
	];
}

import { createAudience, createMemoryStorage } from "@convoke/core";
import type { Audience, BroadcastRecipient, Filter, Message, NewBroadcast, Page, Renderer } from "@convoke/core";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { createOutbox } from "./support/outbox.ts";
import type { Outbox } from "./support/outbox.ts";
import { VirtualClock } from "./support/virtual-clock.ts";
import { readFuzz } from "./support/fuzz.ts";

// Who receives a broadcast, as core plans, explains, lists and sends it, against ten lines that say it again.
// PLAN_ORACLE_RUNS: how many audiences. PLAN_ORACLE_SEED: the seed to repeat a run with.

const { runs: RUNS, seed: SEED } = readFuzz("PLAN_ORACLE", 10_000);

type Choice = "opt_in" | "opt_out";
type Road = "create" | "update" | "page" | "return";

interface Person {
	readonly email: string;
	readonly firstName: string | null;
	readonly seats: number | null;
	readonly unsubscribed: boolean;
	/** Choice by topic, `null` for none. */
	readonly choices: readonly (Choice | null)[];
	/** Membership by segment. */
	readonly segments: readonly boolean[];
	readonly suppressed: boolean;
	/** How the person came to opt out: at once, later by the host, on the page, or before it was removed and came back. */
	readonly road: Road;
}

/** A filter as people, not ids, have it. */
type Wish =
	| { readonly kind: "all" | "any"; readonly of: readonly Wish[] }
	| { readonly kind: "not"; readonly of: Wish }
	| { readonly kind: "segment"; readonly segment: number }
	| { readonly kind: "topic"; readonly topic: number; readonly is: Choice; readonly explicit: boolean }
	| { readonly kind: "unsubscribed" | "suppressed"; readonly value: boolean; readonly negated: boolean }
	| { readonly kind: "named"; readonly name: string; readonly negated: boolean }
	| { readonly kind: "seats"; readonly op: "lt" | "gte" | "eq"; readonly value: number }
	| { readonly kind: "email"; readonly person: number };

type Target = { readonly segment: number } | { readonly wish: Wish } | "everyone";

interface Plot {
	readonly people: readonly Person[];
	readonly segments: number;
	/** Default subscription by topic. */
	readonly topics: readonly Choice[];
	readonly target: Target;
	readonly topic: number | null;
	readonly smtputf8: boolean;
	/** Suppressed addresses that no contact has. */
	readonly strangers: number;
	readonly pageSize: number;
	readonly concurrency: number;
}

type Fate = "not_in_target" | "receives" | Reason;
const REASONS = [
	"suppressed",
	"unsubscribed",
	"topic_opted_out",
	"topic_not_opted_in",
	"address_needs_smtputf8",
] as const;
type Reason = (typeof REASONS)[number];

/** Design section 4, "Who receives", in its own order. */
function fateOf(person: Person, { target, topic, topics, smtputf8 }: Plot): Fate {
	if (!isTarget(person, target, topics)) return "not_in_target";
	if (person.suppressed) return "suppressed";
	if (person.unsubscribed) return "unsubscribed";
	const choice = topic === null ? "opt_in" : person.choices[topic];
	if (choice === "opt_out") return "topic_opted_out";
	if (topic !== null && choice === null && topics[topic] === "opt_out") return "topic_not_opted_in";
	if (!smtputf8 && /[^ -~]/.test(person.email)) return "address_needs_smtputf8";
	return "receives";
}

function isTarget(person: Person, target: Target, topics: readonly Choice[]): boolean {
	if (target === "everyone") return true;
	return "segment" in target ? person.segments[target.segment] === true : wants(target.wish, person, topics);
}

function wants(wish: Wish, person: Person, topics: readonly Choice[]): boolean {
	switch (wish.kind) {
		case "all":
			return wish.of.every((each) => wants(each, person, topics));
		case "any":
			return wish.of.some((each) => wants(each, person, topics));
		case "not":
			return !wants(wish.of, person, topics);
		case "segment":
			return person.segments[wish.segment] === true;
		case "topic":
			return (person.choices[wish.topic] ?? (wish.explicit ? null : topics[wish.topic])) === wish.is;
		case "unsubscribed":
		case "suppressed":
			return (person[wish.kind] === wish.value) !== wish.negated;
		case "named":
			return (person.firstName === wish.name) !== wish.negated;
		case "seats":
			if (person.seats === null) return false;
			if (wish.op === "eq") return person.seats === wish.value;
			return wish.op === "lt" ? person.seats < wish.value : person.seats >= wish.value;
		case "email":
			return person.email === emailOf(wish.person);
	}
}

/** Every fourth person has an address that only SMTPUTF8 reaches. */
function emailOf(index: number): string {
	return index % 4 === 3 ? `\u7528\u6237${index}@x.test` : `person${index}@x.test`;
}

const choice: fc.Arbitrary<Choice> = fc.constantFrom("opt_in", "opt_out");

function wishes(segments: number, topics: number): fc.Arbitrary<Wish> {
	const { wish } = fc.letrec<{ wish: Wish; leaf: Wish }>((tie) => ({
		wish: fc.oneof(
			{ maxDepth: 3, withCrossShrink: true },
			{ weight: 3, arbitrary: tie("leaf") },
			{
				weight: 2,
				arbitrary: fc.record({
					kind: fc.constantFrom("all" as const, "any" as const),
					of: fc.array(tie("wish"), { maxLength: 3 }),
				}),
			},
			{ weight: 1, arbitrary: fc.record({ kind: fc.constant("not" as const), of: tie("wish") }) },
		),
		leaf: fc.oneof(
			...(segments === 0 ? [] : [fc.record({ kind: fc.constant("segment" as const), segment: fc.nat(segments - 1) })]),
			...(topics === 0
				? []
				: [
						fc.record({
							kind: fc.constant("topic" as const),
							topic: fc.nat(topics - 1),
							is: choice,
							explicit: fc.boolean(),
						}),
					]),
			fc.record({
				kind: fc.constantFrom("unsubscribed" as const, "suppressed" as const),
				value: fc.boolean(),
				negated: fc.boolean(),
			}),
			fc.record({
				kind: fc.constant("named" as const),
				name: fc.constantFrom("Ada", "Bob", "ada"),
				negated: fc.boolean(),
			}),
			fc.record({
				kind: fc.constant("seats" as const),
				op: fc.constantFrom("lt" as const, "gte" as const, "eq" as const),
				value: fc.integer({ min: -1, max: 3 }),
			}),
			fc.record({ kind: fc.constant("email" as const), person: fc.nat(12) }),
		),
	}));
	return wish;
}

const plots: fc.Arbitrary<Plot> = fc
	.record({ segments: fc.nat(3), topics: fc.array(choice, { maxLength: 2 }) })
	.chain(({ segments, topics }) =>
		fc.record({
			people: fc
				.array(
					fc.record({
						firstName: fc.constantFrom("Ada", "Bob", null),
						seats: fc.constantFrom(null, 0, 1, 2),
						unsubscribed: fc.nat(4).map((n) => n === 0),
						choices: fc.tuple(...topics.map(() => fc.constantFrom("opt_in" as const, "opt_out" as const, null, null))),
						segments: fc.tuple(...Array.from({ length: segments }, () => fc.boolean())),
						suppressed: fc.nat(4).map((n) => n === 0),
						road: fc.constantFrom<Road>("create", "create", "update", "page", "return"),
					}),
					{ maxLength: 12 },
				)
				.map((people) => people.map((person, index) => ({ ...person, email: emailOf(index) }))),
			segments: fc.constant(segments),
			topics: fc.constant(topics),
			target: fc.oneof(
				fc.constant("everyone" as const),
				fc.record({ wish: wishes(segments, topics.length) }),
				...(segments === 0 ? [] : [fc.record({ segment: fc.nat(segments - 1) })]),
			),
			topic: topics.length === 0 ? fc.constant(null) : fc.option(fc.nat(topics.length - 1), { freq: 3 }),
			smtputf8: fc.boolean(),
			strangers: fc.nat(2),
			pageSize: fc.constantFrom(1, 2, 3, 100),
			concurrency: fc.constantFrom(1, 3, 32),
		}),
	);

/** An audience as the plot says, made through the public API. */
interface Stage {
	readonly audience: Audience;
	readonly outbox: Outbox;
	readonly broadcastId: string;
	/** Contact id by person. */
	readonly ids: readonly string[];
}

const KEY = "5tSUmgtNDBVq1GvuZTQ1ZSwQbPyB3pdAZe0rdxYw3vQ";
const HASH_KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0";

/** As little of a renderer as sending needs. */
const renderer: Renderer = {
	previewPage: () => "",
	browserPage: () => "",
	renderReact: async () => "",
	compile: async ({ html, text }) => ({ html, text, variables: [], unguarded: [], findings: [] }),
	prepare:
		({ broadcastId, from, subject, text }) =>
		(contact): Message => ({
			messageId: `<${contact.id}.${broadcastId}@x.test>`,
			idempotencyKey: `${broadcastId}_${contact.id}`,
			from,
			to: { name: null, address: contact.email },
			replyTo: [],
			subject,
			html: null,
			text,
			headers: {},
			tags: [],
			attachments: [],
		}),
};

async function stage(plot: Plot): Promise<Stage> {
	const clock = new VirtualClock();
	const outbox = createOutbox({ smtputf8: plot.smtputf8 });
	const audience: Audience = createAudience({
		storage: createMemoryStorage({ clock }),
		clock,
		renderer,
		transport: outbox,
		links: { baseUrl: "https://x.test", keys: KEY },
		hashKey: HASH_KEY,
		properties: { seats: "number" },
	});
	const segmentIds: string[] = [];
	for (let index = 0; index < plot.segments; index += 1) {
		segmentIds.push((await audience.segments.create({ name: `Segment ${index}` })).id);
	}
	const topicIds: string[] = [];
	for (const defaultSubscription of plot.topics) {
		topicIds.push((await audience.topics.create({ name: "Topic", defaultSubscription, visibility: "public" })).id);
	}
	const ids: string[] = [];
	for (const person of plot.people) ids.push(await enter(audience, person, segmentIds, topicIds));
	for (const { email, suppressed } of plot.people) {
		// The case of ASCII letters tells no addresses apart.
		if (suppressed) await audience.suppressions.add({ email: email.replace("person", "Person") });
	}
	for (let index = 0; index < plot.strangers; index += 1) {
		await audience.suppressions.add({ email: `stranger${index}@x.test` });
	}
	const { id: broadcastId } = await audience.broadcasts.create({
		...targetOf(plot.target, segmentIds, topicIds),
		topicId: plot.topic === null ? null : topicIds[plot.topic],
		from: "news@x.test",
		subject: "News",
		text: "Hello",
	});
	return { audience, outbox, broadcastId, ids };
}

async function enter(
	{ contacts, preferences }: Audience,
	{ email, firstName, seats, unsubscribed, choices, segments, road }: Person,
	segmentIds: readonly string[],
	topicIds: readonly string[],
): Promise<string> {
	const base = {
		email,
		firstName,
		properties: { seats },
		segments: segmentIds.filter((_, i) => segments[i]).map((id) => ({ id })),
	};
	const made = choices.flatMap((subscription, i) =>
		subscription === null ? [] : [{ id: topicIds[i] ?? "", subscription }],
	);
	const optOuts = made.filter(({ subscription }) => subscription === "opt_out");
	if (road === "create") return (await contacts.create({ ...base, unsubscribed, topics: made })).id;
	if (road === "return") {
		// Removed with its opt-outs, and back without a word of them.
		await contacts.create({ email: email.toUpperCase(), unsubscribed, topics: optOuts });
		await contacts.remove({ email });
		const optIns = made.filter(({ subscription }) => subscription === "opt_in");
		return (await contacts.create({ ...base, unsubscribed: false, topics: optIns })).id;
	}
	const { id } = await contacts.create(base);
	if (road === "update") {
		if (unsubscribed) await contacts.update({ id }, { unsubscribed });
		if (made.length > 0) await contacts.topics.update({ id }, made);
		return id;
	}
	// Opting in on the page needs the form's token, and clears the global flag.
	const { formToken } = await preferences.forContact({ id });
	if (made.length > 0) await preferences.update(formToken, { topics: made });
	if (unsubscribed) await preferences.update(formToken, { unsubscribed });
	return id;
}

function targetOf(target: Target, segmentIds: readonly string[], topicIds: readonly string[]): Partial<NewBroadcast> {
	if (target === "everyone") return { everyone: true };
	return "segment" in target
		? { segmentId: segmentIds[target.segment] }
		: { filter: toFilter(target.wish, segmentIds, topicIds) };
}

function toFilter(wish: Wish, segmentIds: readonly string[], topicIds: readonly string[]): Filter {
	const convert = (each: Wish): Filter => toFilter(each, segmentIds, topicIds);
	switch (wish.kind) {
		case "all":
			return { and: wish.of.map(convert) };
		case "any":
			return { or: wish.of.map(convert) };
		case "not":
			return { not: convert(wish.of) };
		case "segment":
			return { segment: segmentIds[wish.segment] ?? "" };
		case "topic":
			return { topic: topicIds[wish.topic] ?? "", is: wish.is, ...(wish.explicit ? { explicit: true } : {}) };
		case "unsubscribed":
		case "suppressed":
			return { field: wish.kind, op: wish.negated ? "ne" : "eq", value: wish.value };
		case "named":
			return { field: "firstName", op: wish.negated ? "ne" : "eq", value: wish.name };
		case "seats":
			return { field: "properties.seats", op: wish.op, value: wish.value };
		case "email":
			return { field: "email", op: "eq", value: emailOf(wish.person).replace("person", "PERSON") };
	}
}

/** What the oracle says of everybody. */
interface Fates {
	readonly of: readonly Fate[];
	/** Ids of people with a fate, the newest contact first. */
	idsWith(...fates: readonly Fate[]): readonly string[];
	readonly plan: {
		readonly candidates: number;
		readonly planned: number;
		readonly excluded: Partial<Record<Reason, number>>;
	};
}

function foretell(plot: Plot, ids: readonly string[]): Fates {
	const of = plot.people.map((person) => fateOf(person, plot));
	const idsWith = (...fates: readonly Fate[]): readonly string[] =>
		ids
			.filter((_, index) => fates.includes(of[index] ?? "not_in_target"))
			.toSorted()
			.toReversed();
	const counts = REASONS.map((reason) => [reason, idsWith(reason).length] as const).filter(([, count]) => count > 0);
	const planned = idsWith("receives").length;
	const excluded: Partial<Record<Reason, number>> = Object.fromEntries(counts);
	return { of, idsWith, plan: { candidates: planned + idsWith(...REASONS).length, planned, excluded } };
}

/** Plan, explanations and lists agree with the oracle. */
async function expectForetold(plot: Plot, scene: Stage, fates: Fates, frozen: boolean): Promise<void> {
	const { audience, broadcastId, ids } = scene;
	const plan = await audience.broadcasts.plan(broadcastId);
	expect(plan).toEqual({ ...fates.plan, frozen, complete: true });
	const left = Object.values(plan.excluded).reduce((sum, count) => sum + count, 0);
	expect(plan.planned + left).toBe(plan.candidates);

	const delivered = frozen ? "sent" : "pending";
	for (const [index, id] of ids.entries()) {
		const fate = fates.of[index];
		const { outcome, reason, recipient, contactId } = await audience.broadcasts.explain(broadcastId, { id });
		const expected = isReason(fate) ? ["excluded", fate] : [fate === "receives" ? delivered : fate, null];
		expect([contactId, outcome, reason]).toEqual([id, ...expected]);
		expect(recipient !== null).toBe(frozen && fate !== "not_in_target");
	}

	const { pageSize: limit } = plot;
	const groups = [
		[{}, fates.idsWith("receives", ...REASONS)],
		[{ state: delivered }, fates.idsWith("receives")],
		[{ state: "excluded" }, fates.idsWith(...REASONS)],
		...REASONS.map((reason) => [{ reason }, fates.idsWith(reason)] as const),
		[{ state: delivered, reason: "suppressed" }, []],
		[{ reason: "no_such_reason" }, []],
	] as const;
	for (const [selection, expected] of groups) {
		const list = (page: object): Promise<Page<BroadcastRecipient>> =>
			audience.broadcasts.recipients(broadcastId, { ...selection, limit, ...page });
		expect(await walk(list, "after")).toEqual(expected);
		if (limit === 3) expect(await walk(list, "before")).toEqual(expected);
	}
}

/** The contact ids of all pages, the newest first, and rows that agree with themselves. */
async function walk(
	list: (page: object) => Promise<Page<BroadcastRecipient>>,
	direction: "after" | "before",
): Promise<readonly string[]> {
	const ids: string[] = [];
	let cursor = direction === "after" ? undefined : "00000000-0000-0000-0000-000000000000";
	for (;;) {
		const { data, hasMore } = await list(cursor === undefined ? {} : { [direction]: cursor });
		for (const { contactId, contact, state, reason } of data) {
			expect(contact?.id).toBe(contactId);
			expect(state === "excluded").toBe(reason !== null);
		}
		const page = data.map(({ contactId }) => contactId);
		if (direction === "after") ids.push(...page);
		else ids.unshift(...page);
		cursor = direction === "after" ? page.at(-1) : page[0];
		if (!hasMore) return ids;
	}
}

function isReason(fate: Fate | undefined): fate is Reason {
	return REASONS.some((reason) => reason === fate);
}

const seen = new Map<string, number>();

function note({ of }: Fates, { target, smtputf8, people }: Plot): void {
	const kind = target === "everyone" ? "everyone" : Object.keys(target)[0];
	const facts = [...of, `target: ${kind}`, `smtputf8: ${smtputf8}`, ...people.map(({ road }) => `road: ${road}`)];
	for (const fact of facts) seen.set(fact, (seen.get(fact) ?? 0) + 1);
}

describe("who receives a broadcast", () => {
	test("plan, explain, recipients and the mail sent are what the rules say, for any audience", {
		timeout: 600_000,
	}, async () => {
		await fc.assert(
			fc.asyncProperty(plots, async (plot) => {
				const scene = await stage(plot);
				const { audience, outbox, broadcastId, ids } = scene;
				const fates = foretell(plot, ids);
				note(fates, plot);
				await expectForetold(plot, scene, fates, false);

				await audience.broadcasts.send(broadcastId);
				const { sent, remaining } = await audience.worker({ concurrency: plot.concurrency }).run();
				expect([sent, remaining]).toEqual([fates.plan.planned, 0]);
				const mailed = plot.people.filter((_, index) => fates.of[index] === "receives").map(({ email }) => email);
				expect(outbox.messages.map(({ to }) => to.address).toSorted()).toEqual(mailed.toSorted());
				expect(await audience.broadcasts.get(broadcastId)).toMatchObject({ status: "sent" });
				await expectForetold(plot, scene, fates, true);
				expect(await audience.broadcasts.verify(broadcastId)).toMatchObject({ ok: true, problems: [] });

				const received = await audience.contacts.list({ filter: { received: broadcastId }, limit: 100 });
				expect(received.data.map(({ id }) => id)).toEqual(fates.idsWith("receives"));
			}),
			{ numRuns: RUNS, seed: SEED },
		);
	});

	test.skipIf(RUNS < 500)("every reason, target and road has come up", () => {
		const expected = ["receives", "not_in_target", ...REASONS];
		for (const kind of ["everyone", "segment", "wish"]) expected.push(`target: ${kind}`);
		for (const road of ["create", "update", "page", "return"]) expected.push(`road: ${road}`);
		expect([...seen.keys()].toSorted()).toEqual([...expected, "smtputf8: false", "smtputf8: true"].toSorted());
	});

	afterAll(() => {
		const rows = [...seen].toSorted(([a], [b]) => (a < b ? -1 : 1));
		console.log(rows.map(([fact, count]) => `${String(count).padStart(8)}  ${fact}`).join("\n"));
	});
});

import assert from "node:assert/strict";
import type { BoundFilter } from "../filter/filter.ts";
import { remove } from "./contact-acts.ts";
import { askAll, settle } from "./filter-questions.ts";
import { present } from "./proofs.ts";
import { named } from "./records.ts";
import { accepted, markAll, startSending, step } from "./sending-acts.ts";
import { examCase, type StorageCase } from "./storage-case.ts";

/** What a filter says about what contacts are related to. */
export const filterRelationCases: readonly StorageCase[] = [
	examCase("filter: `member` asks for the members of a segment", async (world) => {
		const { tenant, both, make } = world;
		const [segment, other, empty] = [make.segment(), make.segment(), make.segment()];
		await both(async (each) => {
			for (const one of [segment, other, empty]) await each.insertSegment(one);
		});
		const contacts = await settle(world, {
			a: { segmentIds: [segment.id] },
			b: { segmentIds: [segment.id, other.id], firstName: "Bob" },
			c: { segmentIds: [other.id] },
			d: {},
		});
		const member = (segmentId: string): BoundFilter => ({ kind: "member", segmentId });
		await askAll(tenant, contacts, [
			[member(segment.id), "ab"],
			[member(other.id), "bc"],
			[member(empty.id), ""],
			[member(make.id()), ""],
			[{ kind: "not", of: member(segment.id) }, "cd"],
			[{ kind: "all", of: [member(segment.id), { kind: "not", of: named("Bob") }] }, "a"],
		]);
		await tenant.deleteSegment(segment.id);
		await askAll(tenant, contacts, [
			[member(segment.id), ""],
			[member(other.id), "bc"],
		]);
	}),

	examCase("filter: `choice` asks for the explicit choice alone", async (world) => {
		const { tenant, both, make } = world;
		const [topic, other] = [make.topic(), make.topic({ defaultSubscription: "opt_out" })];
		await both(async (each) => [await each.insertTopic(topic), await each.insertTopic(other)]);
		const contacts = await settle(world, {
			a: { choices: { [topic.id]: "opt_in" } },
			b: { choices: { [topic.id]: "opt_out", [other.id]: "opt_in" } },
			c: { choices: { [other.id]: "opt_out" } },
			d: {},
		});
		const choice = (topicId: string, is: "opt_in" | "opt_out"): BoundFilter => ({ kind: "choice", topicId, is });
		await askAll(tenant, contacts, [
			[choice(topic.id, "opt_in"), "a"],
			[choice(topic.id, "opt_out"), "b"],
			[choice(other.id, "opt_in"), "b"],
			[choice(other.id, "opt_out"), "c"],
			[choice(make.id(), "opt_out"), ""],
			[{ kind: "not", of: choice(topic.id, "opt_out") }, "acd"],
		]);
		await tenant.deleteTopic(topic.id);
		await askAll(tenant, contacts, [
			[choice(topic.id, "opt_in"), ""],
			[choice(other.id, "opt_in"), "b"],
		]);
	}),

	examCase("filter: `suppressed` goes by the address", async (world) => {
		const { tenant, bystander, make } = world;
		const contacts = await settle(world, { a: {}, b: {}, c: {} });
		const [a, b] = [present(contacts.get("a")), present(contacts.get("b"))];
		await tenant.insertSuppression(make.suppression({ addressHash: a.addressHash }), []);
		await tenant.insertSuppression(make.suppression(), []);
		await bystander.insertSuppression(make.suppression({ addressHash: b.addressHash }), []);
		const suppressed: BoundFilter = { kind: "flag", column: "suppressed" };
		await askAll(tenant, contacts, [
			[suppressed, "a"],
			[{ kind: "not", of: suppressed }, "bc"],
		]);
		await tenant.deleteSuppression(a.addressHash, []);
		await askAll(tenant, contacts, [[suppressed, ""]]);
	}),

	examCase("filter: `received` asks for recipients that are sent", async (world) => {
		const { storage, tenant, bystander, make } = world;
		const contacts = await settle(world, { a: {}, b: {}, c: {}, d: {}, e: { unsubscribed: true }, f: {}, g: {} });
		const [a, b, c, d, f, g] = ["a", "b", "c", "d", "f", "g"].map((letter) => present(contacts.get(letter)));
		assert.ok(a && b && c && d && f && g);
		const [broadcast, other] = [make.queued(f.id), make.queued(f.id)];
		await startSending(tenant, broadcast);
		const lease = await markAll(storage, tenant);
		const outcomes = [
			accepted(a),
			accepted(b, { state: "failed", reason: "no_such_user" }),
			accepted(c, { state: "uncertain", reason: "timeout" }),
			accepted(d, { state: "pending", reason: "busy" }),
		];
		await tenant.advanceSlice(step(lease, { outcomes }));
		await startSending(bystander, other);
		const theirs = await markAll(storage, bystander);
		await bystander.advanceSlice(step(theirs, { outcomes: [accepted(g), accepted(b)] }));
		const received = (broadcastId: string): BoundFilter => ({ kind: "received", broadcastId });
		await askAll(tenant, contacts, [
			[received(broadcast.id), "a"],
			[received(other.id), ""],
			[received(make.id()), ""],
			[{ kind: "not", of: received(broadcast.id) }, "bcdefg"],
		]);
		await remove(tenant, a);
		await askAll(tenant, contacts, [[received(broadcast.id), ""]]);
	}),

	examCase("filter: `sample` draws by the last 31 bits of the id", async (world) => {
		const { tenant, make } = world;
		const tails = ["00000000", "00000001", "7fffffff", "80000000", "80000001", "ffffffff", "12345678", "9abcdef0"];
		const people = Object.fromEntries(
			tails.map((tail, index) => ["abcdefgh".charAt(index), { id: `${make.id().slice(0, -8)}${tail}` }]),
		);
		const ids = new Set(Object.values(people).map(({ id }) => id));
		assert.equal(ids.size, tails.length);
		const contacts = await settle(world, people);
		const sorted = new Map([...contacts].toSorted(([, one], [, other]) => (one.id < other.id ? -1 : 1)));
		for (const [multiplier, offset, below] of DRAWS) {
			const drawn = [...sorted].filter(([, { id }]) => isDrawn(id, multiplier, offset, below));
			const letters = drawn.map(([letter]) => letter).join("");
			await askAll(tenant, sorted, [[{ kind: "sample", multiplier, offset, below }, letters]]);
		}
	}),
];

const MODULUS = 2_147_483_647;

const DRAWS = [
	[1, 0, 0],
	[1, 0, 1],
	[1, 0, 2],
	[1, 0, MODULUS],
	[1, 0, 305_419_897],
	[MODULUS - 1, MODULUS - 1, MODULUS >> 1],
	[MODULUS - 1, 1, 1_000_000_000],
	[1_234_567_891, 987_654_321, 1_073_741_823],
	[2_000_000_011, 17, 536_870_911],
] as const;

function isDrawn(id: string, multiplier: number, offset: number, below: number): boolean {
	const key = BigInt(`0x${id.slice(-8)}`) & 0x7f_ff_ff_ffn;
	return (key * BigInt(multiplier) + BigInt(offset)) % BigInt(MODULUS) < BigInt(below);
}

import assert from "node:assert/strict";
import type { ContactRecord } from "../model/contact.ts";
import { put, rename } from "./contact-acts.ts";
import { handOver, idsOf, present, provesCopies } from "./proofs.ts";
import { minutes, named } from "./records.ts";
import { pendingRecipient, provesTally, sliceIdOf, startSending, step, survey, walkTo } from "./sending-acts.ts";
import { examCase, type StorageCase, type World } from "./storage-case.ts";

/** Contacts of whom every second is named Ada, and every rule leaves out some. */
async function audience({ both, make }: World): Promise<readonly ContactRecord[]> {
	const contacts = make.contacts(12).map((contact, index) => ({
		...contact,
		firstName: index % 2 === 0 ? "Ada" : "Bob",
		unsubscribed: index < 5,
		confirmation: index === 4 || index === 8 ? ("pending" as const) : ("confirmed" as const),
	}));
	const [suppressed] = contacts;
	await both(async (each) => {
		await put(each, ...contacts);
		await each.insertSuppression(make.suppression({ addressHash: suppressed?.addressHash ?? "" }), []);
	});
	return contacts;
}

const EVERYONE_JUDGED = { candidates: 12, included: 6, excluded: { suppressed: 1, unsubscribed: 4, unconfirmed: 1 } };
const ADAS_JUDGED = { candidates: 6, included: 2, excluded: { suppressed: 1, unsubscribed: 2, unconfirmed: 1 } };

const surveying: readonly StorageCase[] = [
	examCase("surveyChunk: counts candidates and the first rule that holds, writing nothing", async (world) => {
		const { tenant, inert } = world;
		const last = present((await audience(world)).at(-1)).id;
		assert.deepEqual(await inert(() => survey(tenant)), EVERYONE_JUDGED);
		assert.deepEqual(await inert(() => survey(tenant, { target: named("Ada") })), ADAS_JUDGED);
		const noRules = { candidates: 12, included: 12, excluded: {} };
		assert.deepEqual(await survey(tenant, { rules: [], upTo: last }), noRules);
		await provesCopies(() => tenant.surveyChunk(walkTo(last)));
	}),

	examCase("surveyChunk: stays beyond `after` and ends with `upTo`", async (world) => {
		const { tenant } = world;
		const ids = idsOf(await audience(world));
		const count = async (after: string | undefined, upTo: string | undefined): Promise<number> =>
			(await survey(tenant, { after, upTo: upTo ?? "" })).candidates;
		assert.equal(await count(undefined, ids[11]), 12);
		assert.equal(await count(ids[0], ids[11]), 11);
		assert.equal(await count(ids[3], ids[7]), 4);
		assert.equal(await count(undefined, ids[0]), 1);
		assert.equal(await count(ids[7], ids[7]), 0);
		assert.equal(await count(ids[11], world.make.id()), 0);
	}),

	examCase("surveyChunk: says how far it came", async (world) => {
		const { tenant } = world;
		const last = present((await audience(world)).at(-1)).id;
		for (const limit of [1, 5, 12, 1_000]) {
			assert.deepEqual(await survey(tenant, { limit }), EVERYONE_JUDGED);
			assert.deepEqual(await survey(tenant, { limit, target: named("Ada") }), ADAS_JUDGED);
		}
		const first = await tenant.surveyChunk(walkTo(last, { limit: 3 }));
		assert.equal(first.complete, false);
		assert.ok(first.candidates < 12);
		const whole = await tenant.surveyChunk(walkTo(last, { after: first.through }));
		assert.equal(whole.complete, true);
		assert.equal(whole.through, last);
		assert.equal(first.candidates + whole.candidates, 12);
	}),

	examCase("surveyChunk: ends where there is nobody", async (world) => {
		const { tenant, bystander, make } = world;
		const upTo = make.id();
		await put(bystander, make.contact({ id: upTo }));
		const nobody = { through: upTo, complete: true, candidates: 0, included: 0, excluded: {} };
		assert.deepEqual(await tenant.surveyChunk(walkTo(upTo)), nobody);
		await put(tenant, make.contact({ id: upTo }));
		assert.deepEqual(await tenant.surveyChunk(walkTo(upTo, { target: named("Ada") })), nobody);
	}),

	examCase("surveyChunk: sees all of a unit or nothing of it", async ({ tenant, make }) => {
		const contacts = make.contacts(16);
		const upTo = present(contacts.at(-1)).id;
		const [chunk] = await Promise.all([tenant.surveyChunk(walkTo(upTo)), put(tenant, ...contacts)]);
		const whole = chunk.candidates === 0 || chunk.candidates === contacts.length;
		assert.ok(whole, `it met ${chunk.candidates} of ${contacts.length}`);
		assert.equal(chunk.included, chunk.candidates);
	}),
];

const freezing: readonly StorageCase[] = [
	examCase("freezeChunk: writes a row for every candidate, and advances the plan", async (world) => {
		const { tenant, alone, make } = world;
		const contacts = await audience(world);
		const last = present(contacts.at(-1)).id;
		const [broadcast, neighbour] = [make.queued(last), make.queued(last)];
		await world.both(async (each) => [await each.insertBroadcast(broadcast), await each.insertBroadcast(neighbour)]);
		const chunk = await handOver({ id: sliceIdOf(broadcast, 1), at: minutes(5) }, async (slice) => {
			const answer = await alone(() => tenant.freezeChunk(broadcast.id, walkTo(last, { target: named("Ada") }), slice));
			assert.deepEqual(answer, { through: last, complete: true, ...ADAS_JUDGED });
		});
		assert.deepEqual(chunk.at, minutes(5));
		const reasons = new Map([
			[0, "suppressed"],
			[2, "unsubscribed"],
			[4, "unsubscribed"],
			[8, "unconfirmed"],
		]);
		const rows = contacts.flatMap((contact, index) => {
			if (index % 2 !== 0) return [];
			const reason = reasons.get(index);
			const pending = pendingRecipient(broadcast, contact);
			return [reason === undefined ? pending : { ...pending, state: "excluded", reason }];
		});
		assert.deepEqual(await tenant.pageRecipients(broadcast.id, {}, { limit: 99 }), rows.toReversed());
		const plan = { ...present(broadcast.plan ?? undefined), through: last, complete: true };
		assert.deepEqual(await tenant.findBroadcast(broadcast.id), { ...broadcast, plan });
		assert.deepEqual(await tenant.findBroadcast(neighbour.id), neighbour);
		assert.deepEqual(await tenant.pageRecipients(neighbour.id, {}, { limit: 99 }), []);
		const { candidates, excluded, included: pending } = ADAS_JUDGED;
		const none = { sending: 0, sent: 0, failed: 0, skipped: 0, uncertain: 0 };
		assert.deepEqual(await provesTally(tenant, broadcast), { candidates, excluded, pending, ...none });
	}),

	examCase("freezeChunk: writes in chunks what the survey counts", async (world) => {
		const { tenant, make } = world;
		const last = present((await audience(world)).at(-1)).id;
		for (const limit of [1, 4, 5, 100]) {
			const broadcast = make.queued(last);
			await startSending(tenant, broadcast, { limit });
			const { candidates, excluded, pending } = await provesTally(tenant, broadcast);
			assert.deepEqual({ candidates, excluded, included: pending }, await survey(tenant));
			assert.equal((await tenant.pageRecipients(broadcast.id, {}, { limit: 99 })).length, 12);
			const plan = present((await tenant.findBroadcast(broadcast.id))?.plan ?? undefined);
			assert.deepEqual(plan, { upTo: last, through: last, at: minutes(4), complete: true });
		}
	}),

	examCase("freezeChunk: writes nothing unless the plan stands there", async (world) => {
		const { tenant, inert, make } = world;
		const contacts = await audience(world);
		const last = present(contacts.at(-1)).id;
		const broadcast = make.queued(last);
		await tenant.insertBroadcast(broadcast);
		const freeze = (after: string | undefined, number: number): Promise<{ readonly through: string } | undefined> =>
			tenant.freezeChunk(broadcast.id, walkTo(last, { after, limit: 5 }), {
				id: sliceIdOf(broadcast, number),
				at: minutes(5),
			});
		assert.equal(await inert(() => freeze(contacts[2]?.id, 1)), undefined);
		const { through } = present(await freeze(undefined, 1));
		assert.equal(await inert(() => freeze(undefined, 2)), undefined);
		assert.equal(await inert(() => freeze(last, 2)), undefined);
		const next = present(await freeze(through, 2));
		assert.ok(next.through > through);
		assert.equal(await inert(() => freeze(through, 3)), undefined);
	}),

	examCase("freezeChunk: writes nothing unless the broadcast is queued", async (world) => {
		const { tenant, inert, make } = world;
		const last = present((await audience(world)).at(-1)).id;
		for (const status of ["draft", "scheduled", "sending", "paused", "sent", "canceled", "failed"] as const) {
			const broadcast = make.queued(last, { status });
			await tenant.insertBroadcast(broadcast);
			const slice = { id: sliceIdOf(broadcast, 1), at: minutes(5) };
			assert.equal(await inert(() => tenant.freezeChunk(broadcast.id, walkTo(last), slice)), undefined, status);
		}
		const slice = { id: make.id(), at: minutes(5) };
		assert.equal(await inert(() => tenant.freezeChunk(make.id(), walkTo(last), slice)), undefined);
	}),

	examCase("freezeChunk: lets one of two write a chunk", async (world) => {
		const { tenant, make } = world;
		const last = present((await audience(world)).at(-1)).id;
		const broadcast = make.queued(last);
		await tenant.insertBroadcast(broadcast);
		const freeze = (number: number): Promise<unknown> =>
			tenant.freezeChunk(broadcast.id, walkTo(last), { id: sliceIdOf(broadcast, number), at: minutes(5) });
		const chunks = await Promise.all([freeze(1), freeze(2)]);
		assert.equal(chunks.filter((chunk) => chunk !== undefined).length, 1);
		assert.equal((await provesTally(tenant, broadcast)).candidates, 12);
	}),

	examCase("freezeChunk: writes no slice where nobody is a candidate", async (world) => {
		const { storage, tenant, make } = world;
		const last = present((await audience(world)).at(-1)).id;
		const broadcast = make.queued(last);
		await startSending(tenant, broadcast, { target: named("Zoë") });
		assert.equal((await provesTally(tenant, broadcast)).candidates, 0);
		const plan = (await tenant.findBroadcast(broadcast.id))?.plan;
		assert.deepEqual(plan, { upTo: last, through: last, at: minutes(4), complete: true });
		assert.equal(await storage.claimSlice({ owner: "worker", leaseMs: 60_000, at: minutes(6) }), undefined);
		const lease = {
			tenantId: "exam",
			broadcastId: broadcast.id,
			sliceId: sliceIdOf(broadcast, 1),
			owner: "worker",
			claim: 1,
		};
		assert.equal((await tenant.advanceSlice(step(lease))).held, false);
	}),

	examCase("freezeChunk: judges each contact when the walk passes it", async (world) => {
		const { tenant, make } = world;
		const contacts = make.contacts(4).map((contact) => rename(contact, "Ada"));
		const [first, second, third, fourth] = contacts;
		assert.ok(first && second && third && fourth);
		await put(tenant, ...contacts);
		const broadcast = make.queued(third.id);
		await tenant.insertBroadcast(broadcast);
		const freeze = (after: string | undefined, number: number): Promise<{ readonly through: string } | undefined> =>
			tenant.freezeChunk(broadcast.id, walkTo(third.id, { target: named("Ada"), after, limit: 1 }), {
				id: sliceIdOf(broadcast, number),
				at: minutes(5),
			});
		const { through } = present(await freeze(undefined, 1));
		await put(tenant, rename(first, "Bob"), { ...second, unsubscribed: true }, rename(third, "Bob"));
		let after = through;
		for (let number = 2; number < 6 && after < third.id; number += 1)
			after = present(await freeze(after, number)).through;
		const states = (await tenant.pageRecipients(broadcast.id, {}, { limit: 9 })).map(({ contactId, state }) => [
			contactId,
			state,
		]);
		const expected = through >= second.id ? "pending" : "excluded";
		const others = states.filter(([contactId]) => contactId !== third.id);
		assert.deepEqual(others, [
			[second.id, expected],
			[first.id, "pending"],
		]);
		assert.equal(await tenant.findRecipient(broadcast.id, fourth.id), undefined);
	}),
];

/** What a storage does with walks and plans. */
export const planCases: readonly StorageCase[] = [...surveying, ...freezing];

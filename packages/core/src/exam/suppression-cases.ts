import assert from "node:assert/strict";
import type { TenantStorage } from "../ports/storage.ts";
import { contactOf, put } from "./contact-acts.ts";
import { handOver, provesCopies, provesOneWon, provesPages } from "./proofs.ts";
import { examCase, type StorageCase } from "./storage-case.ts";

async function actorsOf(tenant: TenantStorage): Promise<readonly (string | null)[]> {
	return (await tenant.listEvents(undefined, 100)).map(({ actor }) => actor);
}

/** What a storage does with suppressions. */
export const suppressionCases: readonly StorageCase[] = [
	examCase("insertSuppression: keeps it with its events", async ({ tenant, both, alone, inert, make }) => {
		const [neighbour, contact] = [make.suppression(), make.contact()];
		await both((each) => each.insertSuppression(neighbour, []));
		await both((each) => put(each, contact));
		const suppression = make.suppression({ addressHash: contact.addressHash, origin: "complaint" });
		assert.equal(await tenant.findSuppression(suppression.addressHash), undefined);
		const events = [
			make.event({ type: "suppression.added", contactId: contact.id, actor: "first" }),
			make.event({ actor: "second" }),
		];
		await handOver({ suppression, events }, async (given) => {
			assert.equal(await alone(() => tenant.insertSuppression(given.suppression, given.events)), true);
		});
		assert.deepEqual(await tenant.findSuppression(suppression.addressHash), suppression);
		assert.deepEqual(await tenant.findSuppression(neighbour.addressHash), neighbour);
		assert.deepEqual(await actorsOf(tenant), ["first", "second"]);
		assert.deepEqual(await contactOf(tenant, contact), contact);
		const again = make.suppression({ addressHash: suppression.addressHash });
		assert.equal(await inert(() => tenant.insertSuppression(again, events)), false);
	}),

	examCase("insertSuppression: lets one of two suppress an address", async ({ tenant, bystander, make }) => {
		const { addressHash } = make.contact();
		await bystander.insertSuppression(make.suppression({ addressHash }), []);
		const answers = await Promise.all(
			["a", "b"].map((actor) => tenant.insertSuppression(make.suppression({ addressHash }), [make.event({ actor })])),
		);
		provesOneWon(answers);
		assert.equal((await tenant.pageSuppressions({ limit: 9 })).length, 1);
		assert.equal((await actorsOf(tenant)).length, 1);
	}),

	examCase("findSuppression: answers by value, and only this tenant's", async ({ tenant, bystander, make }) => {
		const [own, stranger] = [make.suppression(), make.suppression()];
		await bystander.insertSuppression(stranger, []);
		await tenant.insertSuppression(own, []);
		assert.equal(await tenant.findSuppression(stranger.addressHash), undefined);
		assert.deepEqual(await tenant.findSuppression(own.addressHash), own);
		await provesCopies(() => tenant.findSuppression(own.addressHash));
	}),

	examCase("pageSuppressions: leads through all of them", async ({ tenant, bystander, make }) => {
		const rows = Array.from({ length: 6 }, () => make.suppression());
		await bystander.insertSuppression(make.suppression(), []);
		for (const row of rows.toReversed()) await tenant.insertSuppression(row, []);
		await provesPages(
			rows,
			({ id }) => id,
			(page) => tenant.pageSuppressions(page),
		);
		await provesCopies(() => tenant.pageSuppressions({ limit: 3 }));
	}),

	examCase("deleteSuppression: removes it with its events", async ({ tenant, both, alone, inert, make }) => {
		const [suppression, neighbour] = [make.suppression(), make.suppression()];
		await both((each) => each.insertSuppression(suppression, []));
		await both((each) => each.insertSuppression(neighbour, []));
		const events = [make.event({ type: "suppression.removed", actor: "first" }), make.event({ actor: "second" })];
		assert.equal(await inert(() => tenant.deleteSuppression("unknown", events)), false);
		assert.deepEqual(await tenant.findSuppression(suppression.addressHash), suppression);
		assert.equal(await alone(() => tenant.deleteSuppression(suppression.addressHash, events)), true);
		assert.equal(await tenant.findSuppression(suppression.addressHash), undefined);
		assert.deepEqual(await tenant.pageSuppressions({ limit: 9 }), [neighbour]);
		assert.deepEqual(await actorsOf(tenant), ["first", "second"]);
		assert.equal(await inert(() => tenant.deleteSuppression(suppression.addressHash, events)), false);
		const anew = make.suppression({ addressHash: suppression.addressHash });
		assert.equal(await tenant.insertSuppression(anew, []), true);
		assert.deepEqual(await tenant.findSuppression(suppression.addressHash), anew);
	}),

	examCase("deleteSuppression: lets one of two lift a suppression", async ({ tenant, make }) => {
		const suppression = make.suppression();
		await tenant.insertSuppression(suppression, []);
		const lift = (actor: string): Promise<boolean> =>
			tenant.deleteSuppression(suppression.addressHash, [make.event({ actor })]);
		provesOneWon(await Promise.all([lift("a"), lift("b")]));
		assert.equal((await actorsOf(tenant)).length, 1);
	}),
];

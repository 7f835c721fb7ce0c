import assert from "node:assert/strict";
import { ConvokeError } from "../errors.ts";
import { EVERYONE } from "../filter/filter.ts";
import type { Storage } from "../ports/storage.ts";
import { contactOf, decideOne, put, remove, retain } from "./contact-acts.ts";
import { present, provesCopies } from "./proofs.ts";
import { minutes } from "./records.ts";
import { accepted, claim, markAll, passLease, sendingTo, startSending, step } from "./sending-acts.ts";
import { BYSTANDER, closingCase, examCase, type StorageCase, TENANT } from "./storage-case.ts";

const HOUR = 3_600_000;

function isClosed(error: unknown): boolean {
	return ConvokeError.is(error) && error.code === "storage_unavailable";
}

const life: readonly StorageCase[] = [
	examCase(
		"migrate: is harmless when the schema is up to date",
		async ({ storage, tenant, bystander, make, inert }) => {
			const contact = make.contact();
			await put(bystander, contact);
			await put(tenant, contact);
			await inert(() => storage.migrate());
			await inert(() => Promise.all([storage.migrate(), storage.migrate()]));
			assert.equal(await storage.migrate(), undefined);
			assert.deepEqual(await contactOf(tenant, contact), contact);
		},
	),

	closingCase("close: ends all work, whatever was open", async ({ storage, tenant, bystander, make }) => {
		const contact = make.contact();
		await put(tenant, contact);
		await Promise.all([storage.close(), storage.close()]);
		assert.equal(await storage.close(), undefined);
		for (const each of [tenant, bystander, storage.forTenant("third")]) {
			await assert.rejects(each.countContacts(EVERYONE), isClosed);
			await assert.rejects(put(each, make.contact()), isClosed);
		}
		await assert.rejects(storage.findDue(minutes(0), 1), isClosed);
	}),

	examCase("now: goes on and on", async ({ storage }) => {
		const first = await storage.now();
		assert.ok(first instanceof Date && !Number.isNaN(first.getTime()), "no date");
		let last = first;
		for (let look = 0; look < 200_000 && last.getTime() === first.getTime(); look += 1) {
			const next = await storage.now();
			assert.ok(next >= last, "time went back");
			last = next;
		}
		assert.ok(last > first, "time stands still");
		const kept = last.getTime();
		last.setTime(0);
		assert.ok((await storage.now()).getTime() >= kept, "its time can be changed from outside");
	}),

	examCase("now: is the time that leases go by, for every tenant", async ({ storage, tenant, bystander, make }) => {
		for (const each of [bystander, tenant]) {
			await sendingTo(each, make, make.contacts(1));
			const before = (await storage.now()).getTime();
			const lease = await claim(storage, "worker", HOUR);
			const { oldestLease } = await storage.measureBacklog();
			const after = (await storage.now()).getTime();
			const end = present(oldestLease).getTime() - HOUR;
			assert.ok(before <= end && end <= after, `the lease began ${end - before} ms after now()`);
			await each.advanceSlice(step(lease, { leaseMs: 0 }));
			await each.moveBroadcast({ id: lease.broadcastId, from: ["sending"], changes: { status: "paused" } });
		}
	}),

	examCase("forTenant: keeps tenants apart by their exact name", async ({ storage, make }) => {
		const names = ["default", "Default", "default ", "dèfault", "constructor", "__proto__", "%"];
		const contacts = names.map(() => make.contact());
		for (const [index, name] of names.entries()) await put(storage.forTenant(name), present(contacts[index]));
		for (const [index, name] of names.entries()) {
			assert.deepEqual(await storage.forTenant(name).pageContacts(EVERYONE, { limit: 9 }), [contacts[index]]);
		}
	}),

	examCase("forTenant: gives the same tenant to everyone who asks", async ({ storage, make }) => {
		const [one, other] = [storage.forTenant(TENANT), storage.forTenant(TENANT)];
		const contact = make.contact();
		assert.equal(await other.countContacts(EVERYONE), 0);
		await put(one, contact);
		assert.equal(await other.countContacts(EVERYONE), 1);
		assert.deepEqual(await contactOf(other, contact), contact);
		await remove(other, contact);
		assert.equal(await contactOf(one, contact), undefined);
	}),
];

const finding: readonly StorageCase[] = [
	examCase("findTenant: knows whose a broadcast and a contact is", async ({ storage, tenant, bystander, make }) => {
		const [ours, theirs] = [make.contact(), make.contact()];
		const [own, strange] = [make.broadcast(), make.broadcast()];
		assert.equal(await storage.findTenant({ contactId: ours.id }), undefined);
		assert.equal(await storage.findTenant({ broadcastId: own.id }), undefined);
		await put(tenant, ours);
		await put(bystander, theirs);
		await tenant.insertBroadcast(own);
		await bystander.insertBroadcast(strange);
		assert.equal(await storage.findTenant({ contactId: ours.id }), TENANT);
		assert.equal(await storage.findTenant({ contactId: theirs.id }), BYSTANDER);
		assert.equal(await storage.findTenant({ broadcastId: own.id }), TENANT);
		assert.equal(await storage.findTenant({ broadcastId: strange.id }), BYSTANDER);
		assert.equal(await storage.findTenant({ broadcastId: ours.id }), undefined);
		assert.equal(await storage.findTenant({ contactId: own.id }), undefined);
		await tenant.deleteBroadcast(own.id, ["draft"]);
		assert.equal(await storage.findTenant({ broadcastId: own.id }), undefined);
	}),

	examCase("findTenant: knows whose a contact was, by what was retained of it", async ({ storage, tenant, make }) => {
		const contact = make.contact();
		await put(tenant, contact);
		const { id: contactId, addressHash } = contact;
		await retain(tenant, make.retained({ contactId, addressHash }));
		await remove(tenant, contact);
		assert.equal(await storage.findTenant({ contactId }), TENANT);
	}),

	examCase("findTenant: sees all of a unit or nothing of it", async ({ storage, tenant, make }) => {
		const contact = make.contact();
		await put(tenant, contact);
		const { id: contactId, addressHash } = contact;
		const row = make.retained({ contactId, addressHash });
		const [found] = await Promise.all([
			storage.findTenant({ contactId }),
			decideOne(tenant, { key: { id: contactId } }, { remove: contactId, retain: [row] }),
		]);
		assert.equal(found, TENANT);
	}),
];

async function needs(storage: Storage, at: Date = minutes(10), limit = 99): Promise<readonly unknown[]> {
	return (await storage.findDue(at, limit)).map(({ tenantId, broadcastId, need }) => [tenantId, broadcastId, need]);
}

const due: readonly StorageCase[] = [
	examCase(
		"findDue: finds what is scheduled and due, and what is queued",
		async ({ storage, tenant, bystander, make }) => {
			const scheduled = { status: "scheduled" as const };
			const early = make.broadcast({ ...scheduled, scheduledAt: minutes(9) });
			const queued = make.queued(make.id());
			const exact = make.broadcast({ ...scheduled, scheduledAt: minutes(10) });
			const late = make.broadcast({ ...scheduled, scheduledAt: new Date(minutes(10).getTime() + 1) });
			for (const broadcast of [late, exact, early]) await tenant.insertBroadcast(broadcast);
			await bystander.insertBroadcast(queued);
			for (const status of ["draft", "sending", "paused", "sent", "canceled", "failed"] as const) {
				await tenant.insertBroadcast(make.broadcast({ status, scheduledAt: minutes(1) }));
			}
			const all = [
				[TENANT, early.id, "start"],
				[BYSTANDER, queued.id, "plan"],
				[TENANT, exact.id, "start"],
			];
			assert.deepEqual(await needs(storage), all);
			assert.deepEqual(await needs(storage, minutes(10), 2), all.slice(0, 2));
			assert.deepEqual(await needs(storage, minutes(8)), [all[1]]);
			await provesCopies(() => storage.findDue(minutes(10), 9));
		},
	),

	examCase("findDue: finds what has nothing left to send", async ({ storage, tenant, bystander, make }) => {
		const contacts = make.contacts(2);
		const broadcast = await sendingTo(tenant, make, contacts);
		const empty = make.queued(present(contacts[1]).id);
		await startSending(bystander, empty);
		const settled = [BYSTANDER, empty.id, "settle"];
		assert.deepEqual(await needs(storage), [settled]);
		const lease = await markAll(storage, tenant);
		assert.deepEqual(await needs(storage), [settled]);
		const [first, second] = contacts.map((contact) => accepted(contact, { state: "uncertain" }));
		assert.ok(first && second);
		await tenant.advanceSlice(step(lease, { outcomes: [first] }));
		assert.deepEqual(await needs(storage), [settled]);
		await tenant.advanceSlice(step(lease, { outcomes: [second] }));
		assert.deepEqual(await needs(storage), [[TENANT, broadcast.id, "settle"], settled]);
		await tenant.moveBroadcast({ id: broadcast.id, from: ["sending"], changes: { status: "sent" } });
		assert.deepEqual(await needs(storage), [settled]);
	}),

	examCase("findDue: finds what is canceled with recipients that nobody brings to an end", async (world) => {
		const { storage, tenant, bystander, make } = world;
		await sendingTo(bystander, make, make.contacts(1));
		await claim(storage, "other", HOUR);
		const broadcast = await sendingTo(tenant, make, make.contacts(2));
		const lease = await claim(storage);
		await tenant.advanceSlice(step(lease, { mark: 1, leaseMs: HOUR }));
		await tenant.moveBroadcast({ id: broadcast.id, from: ["sending"], changes: { status: "canceled" } });
		const canceled = [[TENANT, broadcast.id, "cancel"]];
		assert.deepEqual(await needs(storage), canceled);
		const move = { broadcastId: broadcast.id, at: minutes(9), limit: 9 };
		await tenant.moveRecipients({ ...move, from: "pending", to: "skipped", reason: "canceled" });
		assert.deepEqual(await needs(storage), []);
		await tenant.advanceSlice(step(lease, { leaseMs: 1 }));
		await passLease(storage);
		assert.deepEqual(await needs(storage), canceled);
		await tenant.moveRecipients({ ...move, from: "sending", to: "uncertain", reason: "interrupted" });
		assert.deepEqual(await needs(storage), []);
	}),

	examCase("measureBacklog: adds up all tenants", async ({ storage, tenant, bystander, make }) => {
		assert.deepEqual(await storage.measureBacklog(), { broadcasts: 0, recipients: 0, oldestLease: undefined });
		await tenant.insertBroadcast(make.queued(make.id()));
		for (const status of ["draft", "scheduled", "paused", "sent", "canceled", "failed"] as const) {
			await tenant.insertBroadcast(make.broadcast({ status }));
		}
		const contacts = make.contacts(5);
		await sendingTo(bystander, make, contacts.slice(0, 3));
		const broadcast = await sendingTo(tenant, make, contacts);
		assert.deepEqual(await storage.measureBacklog(), { broadcasts: 3, recipients: 8, oldestLease: undefined });
		const long = await claim(storage, "long", 2 * HOUR);
		const short = await claim(storage, "short", HOUR);
		const { marked } = await storage.forTenant(short.tenantId).advanceSlice(step(short, { mark: 2, leaseMs: HOUR }));
		const outcomes = marked.slice(1).map(({ contact }) => accepted(contact));
		await tenant.advanceSlice(step(short, { outcomes, leaseMs: HOUR }));
		const { broadcasts, recipients, oldestLease } = await storage.measureBacklog();
		assert.deepEqual([broadcasts, recipients], [3, 7]);
		const left = present(oldestLease).getTime() - (await storage.now()).getTime();
		assert.ok(left > 0 && left <= HOUR, "not the lease that ends first");
		await tenant.advanceSlice(step(short, { leaseMs: 0 }));
		const remaining = present((await storage.measureBacklog()).oldestLease).getTime() - (await storage.now()).getTime();
		assert.ok(remaining > HOUR && remaining <= 2 * HOUR, "a lease given back still counts");
		await provesCopies(() => storage.measureBacklog());
		await bystander.advanceSlice(step(long, { leaseMs: 0 }));
		await tenant.moveBroadcast({ id: broadcast.id, from: ["sending"], changes: { status: "paused" } });
		assert.deepEqual(await storage.measureBacklog(), { broadcasts: 2, recipients: 3, oldestLease: undefined });
	}),
];

/** What a storage does over all tenants. */
export const rootCases: readonly StorageCase[] = [...life, ...finding, ...due];

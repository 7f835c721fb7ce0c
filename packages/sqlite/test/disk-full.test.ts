import type { Audience, Storage } from "@convoke/core";
import { createTestAudience } from "@convoke/testing";
import type { FakeClock, TestInbox } from "@convoke/testing";
import SqliteDatabase from "better-sqlite3";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createSqliteStorage } from "../src/index.ts";
import { clearDisk, fillDisk, newDisk } from "./support/disks.ts";
import { newFile } from "./support/places.ts";

const FULL = { code: "storage_unavailable", reason: "store_full" };

interface Sending {
	readonly audience: Audience;
	readonly inbox: TestInbox;
	/** Of the audience and of the leases. */
	readonly clock: FakeClock;
	readonly broadcastId: string;
	/** That every recipient's row and all counts agree. */
	readonly sound: () => Promise<boolean>;
}

/** An audience of `count` contacts with a queued broadcast for all of them. */
async function queued(
	storageAt: (clock: FakeClock) => Storage,
	count: number,
	onMessage: (sent: number) => void = () => {},
): Promise<Sending> {
	let begun = 0;
	const onSend = (): undefined => onMessage((begun += 1)) ?? undefined;
	const made = createTestAudience({ onSend });
	const storage = storageAt(made.clock);
	onTestFinished(() => storage.close());
	const audience = made.audience.using(storage);
	await audience.migrate();
	const contacts = Array.from({ length: count }, (_, index) => ({ email: `c${index}@example.test` }));
	for (let from = 0; from < count; from += 500) await audience.contacts.createMany(contacts.slice(from, from + 500));
	const { id } = await audience.broadcasts.create({ everyone: true, subject: "Hi", html: "<p>Hi</p>" });
	await audience.broadcasts.send(id);
	const sound = async () => (await audience.broadcasts.verify(id)).ok;
	return { audience, inbox: made.inbox, clock: made.clock, broadcastId: id, sound };
}

const recipients = ({ inbox }: Sending) => inbox.messages.map(({ to }) => to.address).toSorted();

const everyone = (count: number) => Array.from({ length: count }, (_, index) => `c${index}@example.test`).toSorted();

/** Waits, turn by turn of the event loop, until something holds. */
async function until(holds: () => Promise<boolean>): Promise<void> {
	for (let turn = 0; turn < 100_000; turn += 1) {
		if (await holds()) return;
		await new Promise((resolve) => setImmediate(resolve));
	}
	throw new Error("The condition never held.");
}

describe("a file that may not grow", () => {
	test("takes nothing of a unit, and the plan goes on when it may", async () => {
		const database = new SqliteDatabase(newFile());
		onTestFinished(() => void database.close());
		const sending = await queued(() => createSqliteStorage({ database }), 5000);
		const { audience, broadcastId } = sending;
		const limit = (pages: number): unknown => database.pragma(`max_page_count = ${pages}`);
		limit(Number(database.pragma("page_count", { simple: true })) + 40);

		await expect(audience.worker().run()).rejects.toMatchObject(FULL);
		const { candidates, complete } = await audience.broadcasts.plan(broadcastId);
		expect(complete).toBe(false);
		expect(candidates % 1000, "whole chunks only").toBe(0);
		expect(candidates).toBeLessThan(5000);
		expect(database.prepare("select count(*) from convoke_broadcast_recipients").pluck().get()).toBe(candidates);
		await expect(audience.contacts.createMany(manyContacts())).rejects.toMatchObject(FULL);
		expect([5000, 5200, 5400], "whole units only").toContain(await audience.contacts.count());
		expect(sending.inbox.messages).toEqual([]);

		limit(1_000_000);
		expect(await audience.worker().run()).toEqual({ sent: 5000, remaining: 0 });
		expect(recipients(sending)).toEqual(everyone(5000));
		expect(await sending.sound()).toBe(true);
		expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
	}, 60_000);
});

const manyContacts = () =>
	Array.from({ length: 500 }, (_, index) => ({ email: `d${index}@example.test`, firstName: "x".repeat(200) }));

describe("a disk that is full in the middle of a broadcast", () => {
	const COUNT = 300;

	test("a started worker tells its health, goes on when there is space, and mails nobody twice", async ({ skip }) => {
		const disk = newDisk() ?? skip("needs the right to mount a disk");
		const filename = join(disk, "audience.db");
		const sending = await queued(
			(clock) => createSqliteStorage({ filename, clock }),
			COUNT,
			(sent) => {
				if (sent === 50) fillDisk(disk);
			},
		);
		const { audience, clock, broadcastId, inbox } = sending;
		const worker = audience.worker({ concurrency: 8, pollSeconds: 1 });
		worker.start();
		await until(async () => (await worker.health()).lastError !== undefined);
		expect((await worker.health()).lastError).toEqual({ reason: "store_full", at: clock.now() });
		expect(inbox.messages.length).toBeLessThan(COUNT);
		const counts = async () => (await audience.broadcasts.progress(broadcastId)).counts;
		const { sent, sending: marked } = await counts();
		expect(sent + marked, "nothing is out that was not marked").toBe(inbox.messages.length);
		expect(marked).toBeLessThanOrEqual(8);
		expect(await sending.sound()).toBe(true);

		// Still full: another attempt changes nothing.
		const before = clock.now();
		clock.advance({ seconds: 1 });
		await until(async () => ((await worker.health()).lastError?.at ?? before) > before);
		expect(await counts()).toMatchObject({ sent, sending: marked });

		clearDisk(disk);
		clock.advance({ seconds: 1 });
		await until(async () => (await audience.broadcasts.get(broadcastId)).status === "sent");
		await worker.stop();
		expect(recipients(sending)).toEqual(everyone(COUNT));
		expect(await sending.sound()).toBe(true);
	}, 60_000);

	test("another worker takes over after the lease, and hands over at most `concurrency` again", async ({ skip }) => {
		const disk = newDisk() ?? skip("needs the right to mount a disk");
		const filename = join(disk, "audience.db");
		const sending = await queued(
			(clock) => createSqliteStorage({ filename, clock }),
			COUNT,
			(sent) => {
				if (sent === 50) fillDisk(disk);
			},
		);
		const { audience, clock } = sending;
		await expect(audience.worker({ concurrency: 8 }).run()).rejects.toMatchObject(FULL);
		clearDisk(disk);
		clock.advance({ minutes: 10 });
		await audience.worker({ concurrency: 8 }).run();
		expect([...new Set(recipients(sending))]).toEqual(everyone(COUNT));
		expect(sending.inbox.messages.length).toBeLessThanOrEqual(COUNT + 8);
		expect(await sending.sound()).toBe(true);
	}, 60_000);

	test("contacts that do not fit are refused whole, and a full disk can be read", async ({ skip }) => {
		const disk = newDisk() ?? skip("needs the right to mount a disk");
		const { audience } = await queued(() => createSqliteStorage({ filename: join(disk, "audience.db") }), 10);
		fillDisk(disk);
		await expect(audience.contacts.createMany(manyContacts())).rejects.toMatchObject(FULL);
		expect(await audience.contacts.count()).toBe(10);
		clearDisk(disk);
		await audience.contacts.createMany(manyContacts());
		expect(await audience.contacts.count()).toBe(510);
	});

	test("a file cannot be made on it, nor opened, and the error says what to do", async ({ skip }) => {
		const disk = newDisk() ?? skip("needs the right to mount a disk");
		const filename = join(disk, "audience.db");
		const open = () => createTestAudience().audience.using(createSqliteStorage({ filename }));
		fillDisk(disk);
		await expect(open().migrate()).rejects.toMatchObject(FULL);
		clearDisk(disk);
		await open().migrate();
		await open().contacts.create({ email: "ada@example.test" });
	});
});

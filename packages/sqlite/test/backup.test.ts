import type { Audience, RunReport } from "@convoke/core";
import { createTestAudience } from "@convoke/testing";
import type { TestInbox } from "@convoke/testing";
import SqliteDatabase from "better-sqlite3";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Kysely, SqliteDialect } from "kysely";
import { describe, expect, onTestFinished, test } from "vitest";
import { createSqliteStorage } from "../src/index.ts";
import type { SqliteStorage, SqliteStorageOptions } from "../src/index.ts";
import { newDisk } from "./support/disks.ts";
import { newFile, newFolder } from "./support/places.ts";

const COUNT = 3000;
const EVERYONE = { everyone: true, subject: "Hi", html: "<p>Hi</p>" };
const later = { scheduledAt: "2040-01-01T00:00:00Z" };

interface Opened {
	readonly audience: Audience;
	readonly storage: SqliteStorage;
	readonly inbox: TestInbox;
	readonly deliver: () => Promise<RunReport>;
}

function open(options: SqliteStorageOptions, onMessage: (count: number) => void = () => {}): Opened {
	let begun = 0;
	const made = createTestAudience({ onSend: () => onMessage((begun += 1)) ?? undefined });
	const storage = createSqliteStorage({ ...options, clock: made.clock });
	onTestFinished(() => storage.close());
	const audience = made.audience.using(storage);
	return { audience, storage, inbox: made.inbox, deliver: () => audience.worker().run() };
}

async function addContacts(audience: Audience, count = COUNT): Promise<void> {
	const contacts = Array.from({ length: count }, (_, index) => ({ email: `c${index}@example.test` }));
	for (let from = 0; from < count; from += 500) await audience.contacts.createMany(contacts.slice(from, from + 500));
}

async function send(audience: Audience, options?: { readonly scheduledAt: string }): Promise<string> {
	const { id } = await audience.broadcasts.create(EVERYONE);
	await audience.broadcasts.send(id, options);
	return id;
}

function checkIntegrity(filename: string): void {
	const database = new SqliteDatabase(filename, { readonly: true });
	expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
	expect(database.pragma("foreign_key_check")).toEqual([]);
	database.close();
}

const addressesOf = ({ inbox }: Opened) => inbox.messages.map(({ to }) => to.address);

describe("a backup while a broadcast is being sent", () => {
	test("disturbs nothing, and its copy sends nothing until a person resumes it", async () => {
		const copyName = join(newFolder(), "copy.db");
		let backup: Promise<number> | undefined;
		const live = open({ filename: newFile() }, (count) => {
			if (count === 500) backup = live.storage.backup(copyName).then(() => live.inbox.messages.length);
		});
		await live.audience.migrate();
		await addContacts(live.audience);
		const sending = await send(live.audience);
		await live.audience.worker().run({ maxMessages: 1 });
		const queued = await send(live.audience);
		const scheduled = await send(live.audience, later);
		await planOneChunk(live.storage, queued);

		await live.audience.worker().run();
		if (backup === undefined) throw new Error("The backup was never begun.");
		expect(await backup, "messages went out while the copy was made").toBeGreaterThan(600);
		expect(live.inbox.messages).toHaveLength(2 * COUNT);
		expect(new Set(addressesOf(live))).toHaveProperty("size", COUNT);

		expect(readdirSync(dirname(copyName))).toEqual(["copy.db"]);
		checkIntegrity(copyName);
		const copy = open({ filename: copyName });
		expect(await copy.deliver()).toEqual({ sent: 0, remaining: 0 });
		const { broadcasts } = copy.audience;
		expect(await broadcasts.get(sending)).toMatchObject({ status: "paused", statusReason: "restored" });
		for (const id of [queued, scheduled]) {
			expect(await broadcasts.get(id)).toMatchObject({ status: "draft", scheduledAt: null, queuedAt: null });
			expect(await broadcasts.plan(id)).toMatchObject({ frozen: false, planned: COUNT });
			expect((await broadcasts.progress(id)).counts.candidates).toBe(0);
		}
		expect((await copy.storage.measureBacklog()).oldestLease).toBeUndefined();
		const { ok, counts } = await broadcasts.verify(sending);
		expect(ok).toBe(true);
		expect(counts.sent).toBeGreaterThan(400);
		expect(counts.sending).toBeLessThanOrEqual(32);

		await broadcasts.resume(sending);
		expect(await copy.deliver()).toEqual({ sent: COUNT - counts.sent, remaining: 0 });
		expect(await broadcasts.get(sending)).toMatchObject({ status: "sent" });
		await broadcasts.send(queued);
		expect(await copy.deliver()).toEqual({ sent: COUNT, remaining: 0 });
		expect(await broadcasts.verify(queued)).toMatchObject({ ok: true });
	}, 60_000);

	test("is done also while others never stop writing, and has one state of theirs", async () => {
		const filename = newFile();
		const copyName = join(newFolder(), "copy.db");
		const live = open({ filename });
		await live.audience.migrate();
		await addContacts(live.audience);
		const other = open({ filename });
		const { id: segment } = await other.audience.segments.create({ name: "Late" });
		const state = { done: false };
		const backup = live.storage.backup(copyName).finally(() => (state.done = true));
		let written = 0;
		for (; !state.done; written += 1) {
			await other.audience.contacts.create({ email: `late${written}@example.test`, segments: [{ id: segment }] });
			await nextTurn();
		}
		await backup;
		expect(written, "turns of the event loop that the copy left to others").toBeGreaterThan(5);
		checkIntegrity(copyName);
		const copied = await open({ filename: copyName }).audience.contacts.count();
		expect(copied).toBeGreaterThanOrEqual(COUNT);
		expect(copied).toBeLessThan(COUNT + written);
	}, 60_000);
});

test("a queued broadcast with more recipients than one unit drops is a draft in the copy", async () => {
	const live = open({ filename: ":memory:" });
	await live.audience.migrate();
	await addContacts(live.audience, 4500);
	const id = await send(live.audience);
	for (let chunk = 0; chunk < 4; chunk += 1) await planOneChunk(live.storage, id);
	const copyName = newFile();
	await live.storage.backup(copyName);
	const database = new SqliteDatabase(copyName, { readonly: true });
	for (const table of ["recipients", "slices", "contents"]) {
		expect(database.prepare(`select count(*) from convoke_broadcast_${table}`).pluck().get(), table).toBe(0);
	}
	database.close();
	expect((await live.audience.broadcasts.progress(id)).counts.candidates).toBe(4000);
});

test("a connection of the host is copied too, with or without a write-ahead log", async () => {
	for (const mode of ["delete", "wal"]) {
		const database = new SqliteDatabase(newFile());
		onTestFinished(() => void database.close());
		database.pragma(`journal_mode = ${mode}`);
		database.exec("create table notes (text text); insert into notes values ('kept')");
		const live = open({ database });
		await live.audience.migrate();
		await addContacts(live.audience, 10);
		const copyName = newFile();
		await live.storage.backup(copyName);
		const copy = new SqliteDatabase(copyName, { readonly: true });
		expect(copy.prepare("select text from notes").pluck().all()).toEqual(["kept"]);
		copy.close();
		expect(await open({ filename: copyName }).audience.contacts.count()).toBe(10);
	}
});

describe("a backup is refused, and leaves nothing,", () => {
	async function small(): Promise<Opened> {
		const live = open({ filename: newFile() });
		await live.audience.migrate();
		await addContacts(live.audience, 10);
		return live;
	}

	test("where there is something already", async () => {
		const { storage } = await small();
		const taken = newFile();
		writeFileSync(taken, "precious");
		await expect(storage.backup(taken)).rejects.toMatchObject({ code: "already_exists", reason: "file_exists" });
		expect(readFileSync(taken, "utf8")).toBe("precious");
		mkdirSync(join(dirname(taken), "folder"));
		await expect(storage.backup(join(dirname(taken), "folder"))).rejects.toMatchObject({ reason: "path_is_directory" });
		await expect(storage.backup(join(taken, "copy.db"))).rejects.toMatchObject({ reason: "folder_missing" });
		await expect(storage.backup(join(dirname(taken), "no", "copy.db"))).rejects.toMatchObject({
			code: "storage_unavailable",
			reason: "folder_missing",
		});
	});

	test.each(["", " copy.db", ":memory:", undefined])("for the name %j", async (name) => {
		const { storage } = await small();
		await expect(storage.backup(name as string)).rejects.toMatchObject({
			code: "invalid_input",
			reason: "invalid_option",
			field: "filename",
		});
	});

	test("without a schema, and after the storage was closed", async () => {
		const { storage } = open({ filename: newFile() });
		await expect(storage.backup(newFile())).rejects.toMatchObject({ reason: "file_missing" });
		await storage.close();
		await expect(storage.backup(newFile())).rejects.toMatchObject({ reason: "storage_closed" });
	});

	test("on a disk that is too small", async ({ skip }) => {
		const disk = newDisk() ?? skip("needs the right to mount a disk");
		const live = open({ filename: newFile() });
		await live.audience.migrate();
		await addContacts(live.audience, 8000);
		await expect(live.storage.backup(join(disk, "copy.db"))).rejects.toMatchObject({ reason: "store_full" });
		expect(readdirSync(disk)).toEqual([]);
		expect(await live.audience.contacts.count()).toBe(8000);
	});

	test("inside a transaction of the host", async () => {
		const db = new Kysely<object>({ dialect: new SqliteDialect({ database: new SqliteDatabase(":memory:") }) });
		onTestFinished(() => db.destroy());
		await db.transaction().execute(async (trx) => {
			await expect(createSqliteStorage({ db: trx }).backup(newFile())).rejects.toMatchObject({
				code: "invalid_state",
				reason: "in_host_transaction",
			});
		});
	});
});

/** Leaves a queued broadcast with a plan that is written in part. */
async function planOneChunk(storage: SqliteStorage, id: string): Promise<void> {
	const tenant = storage.forTenant("default");
	const plan = (await tenant.findBroadcast(id))?.plan;
	const walk = {
		target: { kind: "all" as const, of: [] },
		rules: [],
		after: plan?.through ?? undefined,
		upTo: plan?.upTo ?? "",
		limit: 1000,
	};
	await tenant.freezeChunk(id, walk, { id: crypto.randomUUID(), at: new Date(0) });
}

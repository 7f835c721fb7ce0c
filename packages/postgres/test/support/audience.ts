import { ConvokeError } from "@convoke/core";
import type { Audience, Storage } from "@convoke/core";
import { createTestAudience } from "@convoke/testing";
import type { TestInbox } from "@convoke/testing";
import type { Pool } from "pg";
import { createDatabase } from "postgres-for-tests";
import type { TestDatabase } from "postgres-for-tests";
import { expect, inject, onTestFinished } from "vitest";

/** An audience on a storage, with keys of its own. */
export function audienceOn(storage: Storage): Audience {
	return openAudience(storage).audience;
}

/** An audience on a storage, and where its messages arrive. */
export function openAudience(storage: Storage): { readonly audience: Audience; readonly inbox: TestInbox } {
	const { audience, inbox } = createTestAudience();
	return { audience: audience.using(storage), inbox };
}

/** Sends a broadcast to everyone, up to where only a worker is wanting. */
export async function launch(audience: Audience): Promise<string> {
	const { id } = await audience.broadcasts.create({
		everyone: true,
		from: "Test <news@example.test>",
		subject: "News",
		text: "News",
	});
	await audience.broadcasts.send(id);
	return id;
}

/** Waits until someone waits for a lock in the database. */
export async function someoneWaits(pool: Pool): Promise<void> {
	await expect
		.poll(
			async () => {
				const { rows } = await pool.query(
					"select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
				);
				return rows.length;
			},
			{ timeout: 10_000, interval: 10 },
		)
		.toBeGreaterThan(0);
}

/** A database for one test. */
export async function openDatabase(): Promise<TestDatabase> {
	const database = await createDatabase(inject("postgresUrl"));
	onTestFinished(() => database.drop());
	return database;
}

/** The error that work is refused with. */
export async function refusal(work: Promise<unknown>): Promise<ConvokeError> {
	const error: unknown = await work.then(
		() => undefined,
		(thrown: unknown) => thrown,
	);
	if (!ConvokeError.is(error)) throw new Error("It was not refused.", { cause: error });
	return error;
}

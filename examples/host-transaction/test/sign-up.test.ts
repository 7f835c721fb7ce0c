import type { Audience } from "@convoke/core";
import { createPostgresStorage } from "@convoke/postgres";
import { createTestAudience } from "@convoke/testing";
import { Kysely, PostgresDialect } from "kysely";
import { createDatabase } from "postgres-for-tests";
import { beforeEach, expect, inject, onTestFinished, test } from "vitest";
import { signUp } from "../src/sign-up.ts";
import type { Tables } from "../src/sign-up.ts";

const ADA = { id: "7", email: "ada@example.com", name: "Ada", newsletter: true };

let db: Kysely<Tables>;
let audience: Audience;
let newsletterId: string;
let users: () => Promise<readonly string[]>;

beforeEach(async () => {
	const database = await createDatabase(inject("postgresUrl"));
	onTestFinished(() => database.drop());
	const { pool } = database;
	await pool.query("create table users (id text primary key, email text not null, name text not null)");
	db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
	audience = createTestAudience().audience.using(createPostgresStorage({ pool }));
	await audience.migrate();
	newsletterId = (await audience.topics.create({ name: "Newsletter" })).id;
	users = async () => (await db.selectFrom("users").select("email").execute()).map(({ email }) => email);
});

test("a sign-up creates the user and the contact", async () => {
	const contact = await signUp(db, audience, newsletterId, ADA);
	expect(await users()).toEqual(["ada@example.com"]);
	expect(await audience.contacts.get({ externalId: "7" })).toEqual(contact);
	const topics = await audience.contacts.topics.list({ externalId: "7" });
	expect(topics).toMatchObject([{ id: newsletterId, subscription: "opt_in" }]);
});

test("a sign-up with an address that is none creates neither", async () => {
	await expect(signUp(db, audience, newsletterId, { ...ADA, email: "ada at home" })).rejects.toMatchObject({
		code: "invalid_input",
		field: "email",
	});
	expect([await users(), await audience.contacts.count()]).toEqual([[], 0]);
});

test("a user that is there already leaves the contact as it was", async () => {
	await signUp(db, audience, newsletterId, ADA);
	const again = signUp(db, audience, newsletterId, { ...ADA, email: "other@example.com", name: "Eve" });
	await expect(again).rejects.toThrow("users_pkey");
	expect(await users()).toEqual(["ada@example.com"]);
	expect(await audience.contacts.get({ externalId: "7" })).toMatchObject({ email: ADA.email, firstName: "Ada" });
	expect(await audience.contacts.count()).toBe(1);
});

test("two sign-ups of one person at once leave one user and one contact", async () => {
	const outcomes = await Promise.allSettled([
		signUp(db, audience, newsletterId, ADA),
		signUp(db, audience, newsletterId, ADA),
	]);
	expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
	expect([await users(), await audience.contacts.count()]).toEqual([["ada@example.com"], 1]);
});

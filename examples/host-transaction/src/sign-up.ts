import type { Audience, Contact } from "@convoke/core";
import { createPostgresStorage } from "@convoke/postgres";
import type { Kysely } from "kysely";

/** The host's own tables. */
export interface Tables {
	readonly users: { readonly id: string; readonly email: string; readonly name: string };
}

/** What somebody fills in. */
export interface SignUp {
	readonly id: string;
	readonly email: string;
	readonly name: string;
	/** Whether they want the newsletter. */
	readonly newsletter: boolean;
}

/**
 * Creates the user and the contact as one: both are there afterwards, or neither.
 *
 * @throws what the database or the audience refuses, such as an address that is none
 */
export async function signUp(
	db: Kysely<Tables>,
	audience: Audience,
	newsletterId: string,
	{ id, email, name, newsletter }: SignUp,
): Promise<Contact> {
	return await db.transaction().execute(async (trx) => {
		await trx.insertInto("users").values({ id, email, name }).execute();
		// The same audience, but what is done through it is part of the transaction.
		const inTransaction = audience.using(createPostgresStorage({ db: trx }));
		return await inTransaction.contacts.create({
			email,
			externalId: id,
			firstName: name,
			topics: [{ id: newsletterId, subscription: newsletter ? "opt_in" : "opt_out" }],
		});
	});
}

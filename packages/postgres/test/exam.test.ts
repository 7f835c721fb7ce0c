import type { Storage } from "@convoke/core";
import { storageExam } from "@convoke/core/exam";
import { CamelCasePlugin, Kysely, PostgresDialect } from "kysely";
import { createDatabase } from "postgres-for-tests";
import type { TestDatabase } from "postgres-for-tests";
import { afterAll, beforeAll, describe, inject, test } from "vitest";
import { createPostgresStorage } from "../src/index.ts";

/** A way to keep an audience in a Postgres. */
interface Leg {
	readonly name: string;
	readonly icu?: string | undefined;
	/** Prepares the database, and answers with how to make storages in it. */
	readonly prepare: (database: TestDatabase) => Promise<() => Storage>;
}

const LEGS: readonly Leg[] = [
	{ name: "on a pool", prepare: migrated(({ pool }) => createPostgresStorage({ pool })) },
	{
		name: "in a database of an ICU locale",
		icu: "en-US",
		prepare: migrated(({ pool }) => createPostgresStorage({ pool })),
	},
	{
		name: 'in a schema named We"ird-Schema',
		prepare: migrated(({ pool }) => createPostgresStorage({ pool, schema: 'We"ird-Schema' })),
	},
	{
		name: "as a user who may only read and write rows, in another time zone and date style",
		prepare: async (database) => {
			await createPostgresStorage({ pool: database.pool }).migrate();
			const pool = await database.connectAs(clerk(database.name));
			return () => createPostgresStorage({ pool });
		},
	},
	{
		name: "through the host's Kysely with CamelCasePlugin",
		prepare: migrated(({ pool }) => {
			const db = new Kysely({ dialect: new PostgresDialect({ pool }), plugins: [new CamelCasePlugin()] });
			return createPostgresStorage({ db });
		}),
	},
];

describe.each(LEGS)("the storage exam, $name", ({ icu, prepare }) => {
	let database: TestDatabase;
	let open: () => Storage;
	beforeAll(async () => {
		database = await createDatabase(inject("postgresUrl"), { icu });
		open = await prepare(database);
	});
	afterAll(() => database.drop());

	test.each(storageExam)("$name", async (one) => {
		await database.empty();
		await one.run(open());
	});
});

function migrated(make: (database: TestDatabase) => Storage): Leg["prepare"] {
	return async (database) => {
		await make(database).migrate();
		return () => make(database);
	};
}

/** A role that creates nothing, and sees the world from the other side. */
function clerk(role: string): string {
	return `create role ${role} login password 'clerk';
		alter role ${role} set timezone = 'Pacific/Apia';
		alter role ${role} set datestyle = 'SQL, DMY';
		alter role ${role} set intervalstyle = 'sql_standard';
		grant usage on schema public to ${role};
		grant select, insert, update, delete on all tables in schema public to ${role};`;
}

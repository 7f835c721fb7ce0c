import { sql } from "kysely";
import type { SqlDialect } from "./dialect.ts";
import { migrationsFor, migrationTable } from "./migrations.ts";
import { schemaMissing, schemaOutdated, schemaTooNew } from "./sql-errors.ts";
import { changesOf, first } from "./statement.ts";
import type { Statement, Unit } from "./statement.ts";

/**
 * Applies the migrations that are missing; one unit, so that a schema is never half made. `now` in milliseconds. Where
 * nothing is missing it creates nothing, which takes rights that the user need not have.
 */
export function* migrateSchema(dialect: SqlDialect, hasTable: Statement<object>, now: number): Unit<void> {
	if ((yield* first(hasTable)) === undefined) yield plain(migrationTable(dialect.types));
	const applied = yield* appliedVersion(dialect);
	const migrations = migrationsFor(dialect.types);
	checkNotNewer(applied, migrations.length);
	for (const { version, name, statements } of migrations.slice(applied)) {
		for (const statement of statements) yield plain(statement);
		const insert = dialect.db.insertInto("convoke_migrations").values({ version, name, applied_at: now });
		yield* changesOf(insert.compile());
	}
}

/** Checks that the database has the schema of this library. @throws `storage_unavailable` with `schema_…`. */
export function* checkSchema(dialect: SqlDialect, hasTable: Statement<object>): Unit<void> {
	if ((yield* first(hasTable)) === undefined) throw schemaMissing();
	const applied = yield* appliedVersion(dialect);
	const latest = migrationsFor(dialect.types).length;
	checkNotNewer(applied, latest);
	if (applied < latest) throw applied === 0 ? schemaMissing() : schemaOutdated(applied, latest);
}

/** The statements of all migrations, to read or to run by hand. */
export function schemaSql(dialect: SqlDialect): string {
	const statements = migrationsFor(dialect.types).flatMap(({ version, name, statements: own }) => [
		...own,
		`insert into ${dialect.types.table("migrations")} (version, name, applied_at) values (${version}, '${name}', 0)`,
	]);
	return [migrationTable(dialect.types), ...statements].map((statement) => `${statement};\n`).join("\n");
}

function* appliedVersion(dialect: SqlDialect): Unit<number> {
	const latest = dialect.db.selectFrom("convoke_migrations").select(sql<number | null>`max(version)`.as("version"));
	return (yield* first<{ version: number | null }>(latest.compile()))?.version ?? 0;
}

function checkNotNewer(applied: number, latest: number): void {
	if (applied > latest) throw schemaTooNew(applied, latest);
}

function plain(text: string): Statement {
	return { sql: text, parameters: [] };
}

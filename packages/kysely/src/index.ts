/**
 * Every SQL statement of Convoke, for the packages that connect to a database: tables, migrations, stores and the filter
 * compiler, written once for SQLite and Postgres. Hosts use `@convoke/sqlite` or
 * `@convoke/postgres`.
 *
 * @module
 */
export type { ColumnTypes, PropertyKind, SqlDialect, TypedValue, ValueType } from "./dialect.ts";
export { DATE_KEY } from "./columns.ts";
export { drive, driveAtOnce } from "./drive.ts";
export { HostedRunner } from "./hosted-runner.ts";
export type { Execute, HostedConnection, HostedRunnerOptions } from "./hosted-runner.ts";
export { isTransaction, KyselyConnection, kyselyTransaction } from "./kysely-connection.ts";
export type { HostConnection, HostExecutor, HostKysely } from "./kysely-connection.ts";
export { checkSchema, migrateSchema, schemaSql } from "./migrate.ts";
export { dropQueuedRecipients, quietCopy } from "./restored-copy.ts";
export { refusedWhenHosted } from "./sql-errors.ts";
export { SqlStorage } from "./sql-storage.ts";
export { first, UnitOvertaken } from "./statement.ts";
export type { Runner, Statement, StatementResult, Unit } from "./statement.ts";
export type { Database } from "./tables.ts";

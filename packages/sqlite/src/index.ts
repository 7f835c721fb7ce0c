/**
 * Keeps an audience in one SQLite file, next to your own data or in it.
 *
 * @example
 * ```ts
 * const storage = createSqliteStorage({ filename: "audience.db" });
 * const audience = createAudience({ storage, links: { baseUrl, keys }, hashKey });
 * await audience.migrate();
 * ```
 *
 * @module
 */
export { schemaSql } from "./schema-sql.ts";
export { createSqliteStorage } from "./sqlite-storage.ts";
export type { SqliteStorage, SqliteStorageOptions } from "./sqlite-storage.ts";

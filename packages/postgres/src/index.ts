/**
 * Keeps an audience in the host's own Postgres, and commits with the host's own transactions.
 *
 * @example
 * ```ts
 * const storage = createPostgresStorage({ pool });
 * const audience = createAudience({ storage, links: { baseUrl, keys }, hashKey });
 * await audience.migrate();
 * ```
 *
 * @module
 */
export { createPostgresStorage } from "./postgres-storage.ts";
export type { PostgresStorageOptions } from "./postgres-storage.ts";
export { schemaSql } from "./schema-sql.ts";

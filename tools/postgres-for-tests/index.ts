export { createDatabase } from "./database.ts";
export type { TestDatabase } from "./database.ts";
export { freePort } from "./free-port.ts";
export { startPostgres } from "./server.ts";
export type { PostgresServer } from "./server.ts";

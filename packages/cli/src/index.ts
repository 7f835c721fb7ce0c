/**
 * `convoke`, the command for what people do by hand with an audience: bring contacts in and out, look, plan and check. What
 * a program does, it does through `@convoke/core`.
 *
 * @module
 */
export { runCli } from "./run-cli.ts";
export type { CliStreams } from "./screen.ts";

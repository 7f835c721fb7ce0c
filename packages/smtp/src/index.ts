/**
 * Hands messages over to an SMTP server, through a pool of connections.
 *
 * It speaks SMTP and nothing else: it makes no messages (that is `@convoke/renderer`), keeps no queue and tries nothing
 * twice. What became of a hand-over is its answer; the worker decides what follows.
 *
 * ```ts
 * const transport = createSmtpTransport("smtp://localhost:1025");
 * ```
 *
 * @module
 */
export { createSmtpTransport } from "./smtp-transport.ts";
export type { SmtpAuth, SmtpDkim, SmtpOptions } from "./smtp-options.ts";

/**
 * Hands messages over to Resend's HTTP API.
 *
 * It carries each message's idempotency key, so that a message handed over again after a crash is sent once. It makes no
 * messages, keeps no queue and reads no webhooks.
 *
 * ```ts
 * const transport = createResendTransport({ apiKey: process.env.RESEND_API_KEY });
 * ```
 *
 * @module
 */
export { createResendTransport } from "./resend-transport.ts";
export type { ResendOptions } from "./resend-options.ts";

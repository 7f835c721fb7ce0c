/**
 * A test kit for programs that use Convoke: an audience in one line, in memory, with everything real but time and mail.
 * Messages land in an inbox that a test reads; time passes when the test says so. It brings no test runner and needs none
 * in particular.
 *
 * @example
 * ```ts
 * const { audience, inbox, deliver } = createTestAudience();
 * await audience.contacts.create(aContact({ email: "ada@example.test" }));
 * const { id } = await audience.broadcasts.create(aBroadcast({ subject: "Hello" }));
 * await audience.broadcasts.send(id);
 * await deliver();
 * assert.equal(inbox.latest("ada@example.test").subject, "Hello");
 * ```
 *
 * @module
 */
export { aBroadcast, aContact } from "./builders.ts";
export { createFakeClock } from "./fake-clock.ts";
export type { Duration, FakeClock } from "./fake-clock.ts";
export { oneClickUnsubscribe } from "./one-click.ts";
export { createTestAudience } from "./test-audience.ts";
export type { TestAudience, TestAudienceOptions } from "./test-audience.ts";
export { createTestInbox } from "./test-inbox.ts";
export type { TestInbox, TestInboxOptions, TestMessage } from "./test-inbox.ts";

import { createAudience, createMemoryStorage } from "@convoke/core";
import type { Audience, PropertyTypes, RunReport } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { hash } from "node:crypto";
import { POSTAL_ADDRESS } from "./builders.ts";
import { createFakeClock } from "./fake-clock.ts";
import type { FakeClock } from "./fake-clock.ts";
import { createTestInbox } from "./test-inbox.ts";
import type { TestInbox, TestInboxOptions } from "./test-inbox.ts";

/** What a test may want otherwise. */
export interface TestAudienceOptions<P extends PropertyTypes = PropertyTypes> extends TestInboxOptions {
	/** Properties, as the host declares them; their types are inferred into contacts. */
	readonly properties?: P | undefined;
	/** What time it is: a `Date`, a day in UTC (`2030-01-31`) or ISO 8601 with a zone. @default 2030-01-01T09:00:00Z */
	readonly start?: Date | string | undefined;
}

/** An audience under test, with what a test needs to move and to read. */
export interface TestAudience<P extends PropertyTypes = PropertyTypes> {
	/** The audience: all of it real, kept in memory, its mail going to `inbox`, its time coming from `clock`. */
	readonly audience: Audience<P>;
	/** Where its messages arrive. */
	readonly inbox: TestInbox;
	/** Its time, which stands still until the test moves it. */
	readonly clock: FakeClock;
	/**
	 * Does what a worker would have done by now, for all tenants: plans and sends what is due. A scheduled broadcast, or a
	 * message to be tried again, is due once `clock` has reached its time.
	 */
	readonly deliver: () => Promise<RunReport>;
}

/**
 * Makes an audience for one test: in memory, empty, ready to use, the same on every run. Broadcasts come from
 * `Test <news@example.test>` and links lead to `https://mail.example.test`.
 *
 * @example
 * ```ts
 * const { audience, inbox, clock, deliver } = createTestAudience({ properties: { plan: "string" } });
 * ```
 *
 * @throws `invalid_input` for a property that cannot be; with `invalid_date` for `start`.
 */
export function createTestAudience<const P extends PropertyTypes = PropertyTypes>(
	options: TestAudienceOptions<P> = {},
): TestAudience<P> {
	const { properties, start, ...inboxOptions } = options;
	const clock = createFakeClock(start);
	const inbox = createTestInbox(inboxOptions);
	const audience = createAudience({
		// Retries come exactly when the schedule says.
		random: () => 0.5,
		storage: createMemoryStorage({ clock }),
		renderer: createRenderer(),
		sender: () => ({
			transport: inbox,
			from: "Test <news@example.test>",
			postalAddress: POSTAL_ADDRESS,
		}),
		links: { baseUrl: "https://mail.example.test", keys: [publicKey("links")] },
		hashKey: publicKey("hashes"),
		properties,
		clock,
	});
	return { audience, inbox, clock, deliver: () => audience.worker().run() };
}

/** A key that is no secret, so that a link is the same on every run as far as the ids in it are. */
function publicKey(purpose: string): Uint8Array {
	return hash("sha256", `@convoke/testing ${purpose}`, "buffer");
}

import { createAudience } from "@convoke/core";
import type { Storage, Transport, TransportOutcome } from "@convoke/core";
import { createRenderer } from "@convoke/renderer";
import { createFakeClock } from "@convoke/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CONTENDERS, REFERENCE } from "./differential/contenders.ts";
import { commands } from "./moves/commands.ts";
import type { Real } from "./moves/commands.ts";
import { Model, PEOPLE } from "./moves/model.ts";
import { readFuzz } from "./support/fuzz.ts";
import { KEYS } from "./support/keys.ts";

const { runs, seed } = readFuzz("MOVES", 60);

const ANSWERS: Readonly<Record<(typeof PEOPLE)[number], TransportOutcome>> = {
	accepted: { kind: "accepted" },
	rejected: { kind: "rejected", reason: "unknown_recipient" },
	uncertain: { kind: "uncertain", reason: "connection_lost" },
};

/** An audience of a few people, each of whom a message comes to another end. */
async function open(storage: Storage, clock: Real["clock"]): Promise<Real> {
	const mood = { isKind: false };
	const transport: Transport = {
		name: "moody",
		smtputf8: false,
		idempotent: false,
		async send({ to }) {
			return mood.isKind ? ANSWERS.accepted : ANSWERS[PEOPLE[Number(to.address[1])] ?? "accepted"];
		},
		async close() {},
	};
	const audience = createAudience({
		storage,
		renderer: createRenderer(),
		transport,
		...KEYS,
		clock,
	});
	await audience.contacts.createMany(PEOPLE.map((_, index) => ({ email: `c${index}@example.com` })));
	return { audience, clock, ids: [], mood };
}

test.each([REFERENCE, ...CONTENDERS])(
	"broadcasts and recipients move as the tables say, and not otherwise: $name",
	async (contender) => {
		const clock = createFakeClock();
		await fc.assert(
			fc.asyncProperty(commands(60), async (sequence) => {
				const storage = await contender.open(clock);
				const real = await open(storage, clock);
				await fc.asyncModelRun(() => ({ model: new Model(), real }), sequence);
				await real.audience.close();
			}),
			{ numRuns: runs, seed },
		);
		expect(runs).toBeGreaterThan(0);
	},
	600_000,
);

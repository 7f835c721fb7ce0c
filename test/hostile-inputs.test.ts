import { ConvokeError } from "@convoke/core";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { acceptedAddresses } from "./hostile/accepted-addresses.ts";
import { addresses } from "./hostile/addresses.ts";
import { configuration } from "./hostile/configuration.ts";
import { filters } from "./hostile/filters.ts";
import { headers } from "./hostile/headers.ts";
import { ids } from "./hostile/ids.ts";
import { moves } from "./hostile/moves.ts";
import { properties } from "./hostile/properties.ts";
import { rawMessages } from "./hostile/raw-messages.ts";
import { show } from "./hostile/row.ts";
import type { Refusal, Row } from "./hostile/row.ts";
import { sending } from "./hostile/sending.ts";
import { templates } from "./hostile/templates.ts";
import { texts } from "./hostile/texts.ts";
import { tokens } from "./hostile/tokens.ts";
import { createWorld, NEIGHBOUR } from "./hostile/world.ts";
import type { World } from "./hostile/world.ts";

const ROWS: readonly Row[] = [
	...configuration,
	...headers,
	...rawMessages,
	...addresses,
	...acceptedAddresses,
	...properties,
	...texts,
	...templates,
	...tokens,
	...filters,
	...ids,
	...moves,
	...sending,
];

/** H1–H33, H63–H95, H121, H122, H124, H126–H128. */
const REQUIRED: readonly number[] = [...span(1, 33), ...span(63, 95), 121, 122, 124, ...span(126, 128)];

const PROTOTYPE = Reflect.ownKeys(Object.prototype);

describe("hostile inputs", () => {
	for (const row of ROWS) {
		const outcome = row.refused === undefined ? "is taken and does no harm" : `is refused as ${row.refused.reason}`;
		test(`H${row.h} ${row.name} ${outcome}`, async () => {
			const world = await createWorld();
			const act = await row.act(world);
			await (row.refused === undefined ? expectNoHarm(world, act) : expectRefusal(world, act, row.refused));
			expect(Reflect.ownKeys(Object.prototype)).toEqual(PROTOTYPE);
			expect({}).not.toHaveProperty("polluted");
		});
	}

	test("the table has a case for every number required, and no other", () => {
		expect(new Set(ROWS.map(({ h }) => h))).toEqual(new Set(REQUIRED));
	});

	test("no case is in the table twice", () => {
		const names = ROWS.map(({ h, name }) => `H${h} ${name}`);
		expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
	});
});

async function expectRefusal(world: World, act: () => unknown, refused: Refusal): Promise<void> {
	const before = await world.dump();
	const sent = world.outbox.messages.length;
	const { reads, writes } = world.calls;
	reads.length = 0;
	writes.length = 0;

	const error = await caught(act);

	const { reaches = "nothing" } = refused;
	if (reaches !== "units") expect(writes, "verbs that write").toEqual([]);
	if (reaches === "nothing") expect(reads, "verbs that read").toEqual([]);
	expect(await world.dump(), "what is stored").toEqual(before);
	expect(world.outbox.messages, "messages").toHaveLength(sent);
	if (!ConvokeError.is(error)) throw new Error(`Not a ConvokeError: ${inspect(error)}`);
	const { code, reason, field, message } = error;
	expect({ code, reason }).toEqual({ code: refused.code ?? "invalid_input", reason: refused.reason });
	if (refused.field !== undefined) expect(field).toBe(refused.field);
	for (const words of refused.says ?? []) expect(message).toContain(words);
	const shown = [message, reason, field, error.resource, inspect(error.cause)].join("\n");
	for (const secret of refused.secrets ?? [])
		expect(shown.includes(secret), `${show(secret)} in the error`).toBe(false);
	expect(shown.replaceAll("name@example.com", ""), "an address").not.toMatch(/\S@\S/);
}

async function expectNoHarm(world: World, act: () => unknown): Promise<void> {
	const before = await world.dump([NEIGHBOUR]);
	await act();
	expect(await world.dump([NEIGHBOUR]), "what the neighbour has").toEqual(before);
}

async function caught(act: () => unknown): Promise<unknown> {
	let answer: unknown;
	try {
		answer = await act();
	} catch (error) {
		return error;
	}
	throw new Error(`Nothing was refused; the answer was ${inspect(answer, { maxStringLength: 100 })}`);
}

function span(first: number, last: number): readonly number[] {
	return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

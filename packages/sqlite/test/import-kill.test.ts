import type { Audience } from "@convoke/core";
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createSqliteStorage } from "../src/index.ts";
import { audienceOn, newFile } from "./support/places.ts";
import { startProgram } from "./support/programs.ts";

// The short form is for every run. All of it: CONVOKE_FULL=1 npx --yes pnpm@12 test packages/sqlite/test/import-kill
const KILLS = process.env["CONVOKE_FULL"] === undefined ? 3 : 20;
const UNITS_BETWEEN = 5;
const ROWS = 200 * UNITS_BETWEEN * (KILLS + 2);

/** Rows of which some are bad, and some about the same people. */
function csv(): string {
	const rows = Array.from({ length: ROWS }, (_, index) => {
		if (index % 97 === 5) return "nobody,,\n";
		return `p${index % Math.floor(ROWS * 0.9)}@example.com,Name ${index},${index % 31 === 0 ? "yes" : "no"}\n`;
	});
	return `email,firstName,unsubscribed\n${rows.join("")}`;
}

async function stateOf(audience: Audience): Promise<unknown> {
	// By address: the clock of the tests stands still, so that ids of several processes are in no order.
	const contacts = new Map<string, unknown>();
	for await (const { email, firstName, unsubscribed } of audience.contacts.each()) {
		contacts.set(email, [firstName, unsubscribed]);
	}
	expect(contacts.size).toBe(await audience.contacts.count());
	const events = new Map<string, number>();
	for (let cursor: string | undefined; ; ) {
		const { data } = await audience.events.since(cursor, { limit: 1_000 });
		for (const { type } of data) events.set(type, (events.get(type) ?? 0) + 1);
		cursor = data.at(-1)?.cursor ?? cursor;
		if (data.length === 0) return { contacts, events };
	}
}

test("an import that is killed again and again ends as one that was not", { timeout: 600_000 }, async () => {
	const [filename, untouched, file] = [newFile(), newFile(), newFile()];
	writeFileSync(file, csv());
	for (const each of [filename, untouched]) {
		const audience = audienceOn(createSqliteStorage({ filename: each }));
		await audience.migrate();
		// Whoever is out already stays out, however often a row is read.
		await audience.contacts.create({ email: "p1@example.com", unsubscribed: true });
	}
	let before = 0;
	for (let kill = 0; kill < KILLS; kill += 1) {
		const program = startProgram("import-file", filename, file);
		let total = before;
		for (let unit = 0; unit < UNITS_BETWEEN; unit += 1) total = Number(await program.nextLine());
		expect(total).toBeGreaterThan(before);
		const rest = await program.kill();
		before = Number(rest.at(-1) ?? total);
	}
	const program = startProgram("import-file", filename, file);
	let last: string | undefined;
	for (let line = await program.nextLine(); line !== undefined; line = await program.nextLine()) last = line;

	const whole = audienceOn(createSqliteStorage({ filename: untouched }));
	const expected = await whole.contacts.imports.create({ file: csv() });
	expect(JSON.parse(last ?? "")).toEqual(expected.counts);
	const audience = audienceOn(createSqliteStorage({ filename }));
	expect(await stateOf(audience)).toEqual(await stateOf(whole));
	const [done] = (await audience.contacts.imports.list()).data;
	const issues = { limit: 1_000 };
	expect(await audience.contacts.imports.issues(done?.id ?? "", issues)).toEqual(
		await whole.contacts.imports.issues(expected.id, issues),
	);
	console.log(`${KILLS} kills within ${ROWS} rows: ${JSON.stringify(expected.counts)}, as without`);
});

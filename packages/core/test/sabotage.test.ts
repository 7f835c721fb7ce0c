import { afterAll, describe, expect, test } from "vitest";
import { storageExam } from "../src/exam/index.ts";
import { createMemoryStorage } from "../src/memory/memory-storage.ts";
import { filterSaboteurs } from "./sabotage/filters.ts";
import { pageSaboteurs } from "./sabotage/pages.ts";
import { rootSaboteurs, soundBehindWrapping } from "./sabotage/root.ts";
import type { Break, Saboteurs, Verb } from "./sabotage/saboteur.ts";
import { sentenceSaboteurs } from "./sabotage/sentences.ts";
import { tenantSaboteurs } from "./sabotage/tenant.ts";

// A new verb of the port does not type-check before it has its saboteurs.
const SABOTEURS: Readonly<Record<Verb, Saboteurs>> = { ...rootSaboteurs, ...tenantSaboteurs };

const caught: boolean[] = [];

/** The first case that fails, by name; those about the verb are asked first. */
async function firstFailing(broken: Break, verb?: string): Promise<string | undefined> {
	const own = storageExam.filter(({ name }) => name.startsWith(`${verb}:`));
	for (const one of [...own, ...storageExam.filter((each) => !own.includes(each))]) {
		const storage = broken(createMemoryStorage());
		try {
			await storage.migrate();
			await one.run(storage);
		} catch {
			return one.name;
		}
	}
	return undefined;
}

async function catchingCase(broken: Break, verb?: string): Promise<string | undefined> {
	const name = await firstFailing(broken, verb);
	caught.push(name !== undefined);
	return name;
}

test("the exam passes a sound storage behind the wrapping that saboteurs use", async () => {
	expect(await firstFailing(soundBehindWrapping)).toBeUndefined();
});

describe.each(Object.entries(SABOTEURS))("a storage whose %s", (verb, saboteurs) => {
	test.each(Object.entries(saboteurs))("%s fails a case about it", async (_way, broken: Break) => {
		expect(await catchingCase(broken, verb)).toMatch(new RegExp(`^${verb}: `));
	});
});

describe("a storage in which", () => {
	const sentences = Object.entries({ ...sentenceSaboteurs, ...pageSaboteurs });
	test.each(sentences)("%s fails a case about it", async (sentence, broken) => {
		const [verb = ""] = sentence.split(" ");
		expect(await catchingCase(broken, verb)).toMatch(new RegExp(`^${verb}: `));
	});

	test.each(Object.entries(filterSaboteurs))("%s fails a case about filters", async (_sentence, broken) => {
		expect(await catchingCase(broken, "filter")).toMatch(/^filter: /);
	});
});

afterAll(() => {
	console.log(`${caught.length} saboteurs, ${caught.filter(Boolean).length} caught`);
});

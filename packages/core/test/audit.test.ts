import { test } from "vitest";
import { AssertionError } from "node:assert/strict";
import { storageExam } from "../src/exam/index.ts";
import { createMemoryStorage } from "../src/memory/memory-storage.ts";
import { filterSaboteurs } from "./sabotage/filters.ts";
import { pageSaboteurs } from "./sabotage/pages.ts";
import { rootSaboteurs } from "./sabotage/root.ts";
import { sentenceSaboteurs } from "./sabotage/sentences.ts";
import { tenantSaboteurs } from "./sabotage/tenant.ts";
test("audit", async () => {
	const all = Object.entries({ ...rootSaboteurs, ...tenantSaboteurs }).flatMap(([v, s]) => Object.entries(s).map(([w, b]) => [v, `${v} ${w}`, b] as const));
	const more = Object.entries({ ...sentenceSaboteurs, ...pageSaboteurs }).map(([k, b]) => [k.split(" ")[0], k, b] as const);
	const f = Object.entries(filterSaboteurs).map(([k, b]) => ["filter", k, b] as const);
	const used = new Map<string, number>();
	for (const [verb, name, broken] of [...all, ...more, ...f]) {
		let first = "";
		let n = 0;
		for (const one of [...storageExam].sort((a, b) => Number(b.name.startsWith(`${verb}:`)) - Number(a.name.startsWith(`${verb}:`)))) {
			const storage = broken(createMemoryStorage());
			try { await storage.migrate(); await one.run(storage); } catch (e) {
				n++;
				used.set(one.name, (used.get(one.name) ?? 0) + 1);
				const err = e as Error;
				if (first === "") first = `${e instanceof AssertionError ? "A" : "CRASH"} | ${one.name.slice(0, 60)} | ${String(err.message).split("\n").slice(0, 1).join(" ").slice(0, 110)}`;
			}
		}
		console.log(`${name} [${n}] -> ${first}`);
	}
	for (const one of storageExam) console.log("CASE", used.get(one.name) ?? 0, one.name);
}, 600000);

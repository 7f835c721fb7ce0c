import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { createSqliteStorage } from "../src/index.ts";

test("calls that are awaited one after the other let timers run in between", async () => {
	const storage = createSqliteStorage({ filename: ":memory:" });
	await storage.migrate();
	const tenant = storage.forTenant("default");
	let ticks = 0;
	const timer = setInterval(() => (ticks += 1), 1);
	await wait(5);
	const start = performance.now();
	let calls = 0;
	// Nothing here waits for the network or a timer: without a pause of ours no timer would run before the end.
	while (performance.now() - start < 300) {
		await tenant.listProperties();
		calls += 1;
	}
	const seen = ticks;
	clearInterval(timer);
	await storage.close();
	expect(calls).toBeGreaterThan(100);
	expect(seen).toBeGreaterThan(5);
});

import { expect, test } from "vitest";
import { createPace } from "../src/pace.ts";

test("a pace counts from the first report, and tells what is left where the whole is known", () => {
	let at = 0;
	const pace = createPace(() => at);
	expect(pace(500_000, 0.5)).toBe("");
	at = 999;
	expect(pace(500_400, 0.51)).toBe("");
	at = 2000;
	expect(pace(510_000, 0.51)).toBe("  5,000/s  2 min left");
	expect(pace(510_000)).toBe("  5,000/s");
	at = 90_000;
	expect(pace(950_000, 0.96)).toBe("  5,000/s  8 s left");
	at = 3_600_000;
	expect(pace(950_000, 0.6)).toBe("  125/s  4.0 h left");
});

test("a pace says nothing where nothing was done", () => {
	let at = 0;
	const pace = createPace(() => at);
	expect(pace(0)).toBe("");
	at = 10_000;
	expect(pace(0)).toBe("");
});

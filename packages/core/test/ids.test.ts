import fc from "fast-check";
import { expect, test } from "vitest";
import { checkId, createIdSource, isId } from "../src/ids.ts";

const START = Date.UTC(2026, 0, 1);

/** How many of that many ids are not greater than the one before. */
function countDisorder(nextId: () => string, count: number): number {
	let disorder = 0;
	let last = "";
	for (let i = 0; i < count; i += 1) {
		const id = nextId();
		if (id <= last) disorder += 1;
		last = id;
	}
	return disorder;
}

test("1,000,000 ids are in strict order under a clock that jumps back and forth", () => {
	let step = 0;
	let time = START;
	const jumps = [0, 0, 0, 0, 1, 0, -1, 0, 3_600_000, 0, -3_600_000, 0, 0, 2, -60_000];
	const nextId = createIdSource(() => {
		step += 1;
		// A jump every few ids, so that both the same millisecond and an earlier one last a while.
		if (step % 7 === 0) time += jumps[(step / 7) % jumps.length] ?? 0;
		return new Date(time);
	});
	expect(countDisorder(nextId, 1_000_000)).toBe(0);
}, 30_000);

test("ids are in strict order under any clock", () => {
	fc.assert(
		fc.property(fc.array(fc.date({ noInvalidDate: false }), { minLength: 2, maxLength: 50 }), (times) => {
			let i = 0;
			const nextId = createIdSource(() => times[i++ % times.length] ?? new Date(0));
			expect(countDisorder(nextId, times.length * 2)).toBe(0);
		}),
	);
});

test("ids of one millisecond count on from a random start", () => {
	const ones = (size: number): Uint8Array => new Uint8Array(size).fill(0xff);
	const nextId = createIdSource(() => new Date(START), ones);
	expect(nextId()).toBe("019b76da-a800-77ff-bfff-ffffffffffff");
	expect(nextId()).toBe("019b76da-a800-7800-8000-03ffffffffff");
});

test("at the end of the counter the next millisecond begins", () => {
	const zeros = (size: number): Uint8Array => new Uint8Array(size);
	// A source begins at the end of the counter in the first millisecond of 1970.
	const nextId = createIdSource(() => new Date(-1), zeros);
	expect(nextId()).toBe("00000000-0001-7000-8000-000000000000");
	expect(nextId()).toBe("00000000-0001-7000-8000-040000000000");
});

test("an id is a UUIDv7 that holds the time of the clock", () => {
	const id = createIdSource(() => new Date(START))();
	expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
	expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(START);
	expect(isId(id)).toBe(true);
});

test("ids of two sources at one time differ", () => {
	const now = (): Date => new Date(START);
	const [one, other] = [createIdSource(now), createIdSource(now)];
	const ids = new Set(Array.from({ length: 10_000 }, () => [one(), other()]).flat());
	expect(ids.size).toBe(20_000);
});

test("the random part of an id does not follow from the one before", () => {
	const nextId = createIdSource(() => new Date(START));
	const tails = new Set(Array.from({ length: 10_000 }, () => nextId().slice(-8)));
	expect(tails.size).toBeGreaterThan(9_990);
});

test.each([
	"019b76da-a800-77ff-bfff-ffffffffffff",
	"6ba7b810-9dad-11d1-80b4-00c04fd430c8",
	"f47ac10b-58cc-4372-a567-0e02b2c3d479",
	"00000000-0000-0000-0000-000000000000",
	"ffffffff-ffff-ffff-ffff-ffffffffffff",
])("a UUID of any version is an id: %s", (id) => {
	expect(isId(id)).toBe(true);
	expect(checkId(id, "id")).toBe(id);
	expect(checkId(id.toUpperCase(), "id")).toBe(id);
});

test("a UUID with capitals is an id only once it is in lower case", () => {
	expect(isId("F47AC10B-58CC-4372-A567-0E02B2C3D479")).toBe(false);
});

test.each([
	"",
	"f47ac10b58cc4372a5670e02b2c3d479",
	"f47ac10b-58cc-4372-a567-0e02b2c3d47",
	"f47ac10b-58cc-4372-a567-0e02b2c3d4790",
	"f47ac10b-58cc-4372-a567-0e02b2c3d47g",
	"f47ac10b-58cc-4372-a5670-e02b2c3d479",
	"{f47ac10b-58cc-4372-a567-0e02b2c3d479}",
	"urn:uuid:f47ac10b-58cc-4372-a567-0e02b2c3d479",
	" f47ac10b-58cc-4372-a567-0e02b2c3d479",
	"f47ac10b-58cc-4372-a567-0e02b2c3d479\n",
	"f47ac10b-58cc-4372-a567-0e02b2c3d47\u0660",
	undefined,
	null,
	7,
	{},
])("what is no UUID is no id: %j", (value) => {
	expect(isId(value)).toBe(false);
	expect(() => checkId(value, "segmentId")).toThrow(
		expect.objectContaining({ code: "invalid_input", reason: "invalid_id", field: "segmentId" }),
	);
});

test("a list of one id is no id", () => {
	expect(isId(["f47ac10b-58cc-4372-a567-0e02b2c3d479"])).toBe(false);
});

import { createHmac, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createAddressHasher } from "../src/address-hash.ts";
import { parseEmailAddress } from "../src/email-address.ts";

const KEY = "kxdcbs4Lyu1LQ_dTrdeS8mKBC7gB0DE3DfvkqhtYfGM";

const refusal = (reason: string): unknown =>
	expect.objectContaining({
		code: "invalid_input",
		reason,
		field: "hashKey",
		message: expect.stringContaining(
			`node -e "console.log(require('node:crypto').randomBytes(32).toString('base64url'))"`,
		),
	});

test("the hash is HMAC-SHA256 of the address key in base64url", () => {
	const expected = createHmac("sha256", Buffer.from(KEY, "base64url"))
		.update("用户@x.test", "utf8")
		.digest("base64url");
	const hash = createAddressHasher(KEY);
	expect(hash("用户@x.test")).toBe(expected);
	expect(expected).toHaveLength(43);
});

test("a hash made years ago is made again", () => {
	expect(createAddressHasher(KEY)("ada@example.com")).toBe("24CVysmTL8YlRVwZG4iVB8a0yPFIIwzqy7oHo-sfTEw");
});

test("spellings of one address share a hash, other addresses and other keys do not", () => {
	const hash = createAddressHasher(KEY);
	const key = parseEmailAddress("ada@example.com").key;
	expect(hash(parseEmailAddress(" ADA@Example.COM").key)).toBe(hash(key));
	expect(hash(parseEmailAddress("ada@example.org").key)).not.toBe(hash(key));
	expect(createAddressHasher(randomBytes(32))(key)).not.toBe(hash(key));
});

test.each([undefined, ""])("a missing key is refused with the command that makes one: %j", (key) => {
	expect(() => createAddressHasher(key)).toThrow(refusal("missing_hash_key"));
});

test.each(["secret", "a".repeat(64), KEY.slice(1), randomBytes(31)])("a weak key is refused: %j", (key) => {
	expect(() => createAddressHasher(key)).toThrow(refusal("weak_hash_key"));
});

import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { generateLinkKey, KEY_COMMAND, parseSecretKey } from "../src/secret-key.ts";

const BYTES = Buffer.from("9bab30b8a4e2dcf7fb1d4a4ce3bf0f0d6a0cc4d7b1fe52c8ee93b1f0a7245d6e", "hex");

const parse = (key: string | Uint8Array): Buffer => parseSecretKey(key, "keys", "weak_key").export();

test.each([
	["bytes", BYTES],
	["a plain Uint8Array", new Uint8Array(BYTES)],
	["hex", BYTES.toString("hex")],
	["hex in capitals", BYTES.toString("hex").toUpperCase()],
	["base64url", BYTES.toString("base64url")],
	["base64, as openssl prints it", BYTES.toString("base64")],
	["a key with a line end, as files have", `${BYTES.toString("base64url")}\n`],
])("a key may be %s", (_, key) => {
	expect(parse(key)).toEqual(BYTES);
});

test("every key that the command makes is good, in each encoding", () => {
	for (let i = 0; i < 2000; i += 1) {
		const bytes = randomBytes(32 + (i % 33));
		for (const encoding of ["hex", "base64url", "base64"] as const)
			expect(parse(bytes.toString(encoding))).toEqual(bytes);
	}
});

test.each([
	["a word", "secret"],
	["nothing", ""],
	["8 bytes", randomBytes(8)],
	["31 bytes", randomBytes(31)],
	["31 bytes in hex", randomBytes(31).toString("hex")],
	["31 bytes in base64url", randomBytes(31).toString("base64url")],
	["48 hex digits, which are 36 bytes of base64", randomBytes(24).toString("hex")],
	["65 hex digits", `${BYTES.toString("hex")}a`],
	["one byte over and over", new Uint8Array(32).fill(7)],
	["one letter over and over", "a".repeat(64)],
	["ten digits over and over", "0123456789".repeat(7)],
	["zeros", "A".repeat(44)],
	["words with hyphens", "correct-horse-battery-staple-correct-horse-ba"],
	["words in capitals", "CORRECT-HORSE-BATTERY-STAPLE-CORRECT-HORSE-BA"],
	["a sentence", "Please do not tell this sentence to anybody else"],
	["the bytes of a sentence", Buffer.from("Please do not tell this sentence to anybody else")],
	["a sentence in base64", Buffer.from("Please do not tell this sentence to anybody else").toString("base64")],
	["the characters of a key as bytes", Buffer.from(BYTES.toString("base64url"))],
	["a spelling that is not canonical", `${BYTES.toString("base64url").slice(0, -1)}5`],
	["a key with a blank inside", BYTES.toString("base64url").replace(/^.{9}/, "$& ")],
])("a key is not %s", (_, key) => {
	expect(() => parse(key)).toThrow(
		expect.objectContaining({ reason: "weak_key", field: "keys", message: expect.stringContaining(KEY_COMMAND) }),
	);
});

test("what is neither string nor bytes is refused like a weak key", () => {
	const key: unknown = 42;
	expect(() => Reflect.apply(parseSecretKey, undefined, [key, "keys", "weak_key"])).toThrow(
		expect.objectContaining({ reason: "weak_key" }),
	);
});

test("text in letters of one case is never a key", () => {
	fc.assert(
		fc.property(fc.stringMatching(/^[a-z0-9_-]{32,90}$/), (text) => {
			fc.pre(!/^[0-9a-f]+$/.test(text));
			expect(() => parse(text)).toThrow(expect.objectContaining({ reason: "weak_key" }));
		}),
	);
});

test("neither the error of a weak key nor a printed good one shows it", () => {
	expect(() => parse("hunter2-hunter2")).toThrow(/32 or more random bytes/);
	expect(() => parse("hunter2-hunter2")).not.toThrow(/hunter2/);
	const printed = inspect(parseSecretKey(BYTES, "keys", "weak_key"), { depth: 9, showHidden: true });
	expect(printed).not.toContain(BYTES.toString("hex").slice(0, 8));
	expect(printed).not.toContain("9b ab");
});

test("bytes that the caller changes afterwards do not change the key", () => {
	const bytes = Buffer.from(BYTES);
	const key = parseSecretKey(bytes, "keys", "weak_key");
	bytes.fill(0);
	expect(key.export()).toEqual(BYTES);
});

test("a generated key is one that is taken, and never the same", () => {
	const keys = Array.from({ length: 1000 }, generateLinkKey);
	expect(new Set(keys).size).toBe(1000);
	for (const key of keys) {
		expect(key).toMatch(/^[\w-]{43}$/);
		expect(parseSecretKey(key, "links.keys", "weak_token_key").symmetricKeySize).toBe(32);
	}
});

import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createLinkTokens, LINK_TOKEN_LENGTH } from "../src/link-token.ts";
import type { LinkPurpose, LinkSubject } from "../src/link-token.ts";
import golden from "./golden/link-tokens.json" with { type: "json" };

const PURPOSES: readonly LinkPurpose[] = ["unsubscribe", "preferences", "confirm", "view", "subscribe"];
// A million in full: TOKEN_MUTATIONS=1000000. The seed of a run is in what fast-check says when it fails.
const MUTATIONS = Number(process.env["TOKEN_MUTATIONS"] ?? 100_000);
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const [KEY = "", OTHER_KEY = "", THIRD_KEY = ""] = golden.keys;

const SUBJECT: LinkSubject = {
	contactId: "019b76da-a800-77ff-bfff-fffffffffff1",
	broadcastId: "019b76da-a800-77ff-bfff-fffffffffff2",
	topicId: "019b76da-a800-77ff-bfff-fffffffffff3",
};

const refusal = (reason: string): unknown =>
	expect.objectContaining({ code: "invalid_input", reason, field: "links.keys" });

const keyIdOf = (token: string): number | undefined => Buffer.from(token, "base64url")[1];

test.each(golden.tokens)(
	"a token made years ago is still made and read: $purpose $token",
	({ key, purpose, subject, token }) => {
		const known = PURPOSES.find((candidate) => candidate === purpose);
		if (known === undefined) throw new Error("The golden file names an unknown purpose.");
		expect(createLinkTokens(golden.keys[key]).mint(known, subject)).toBe(token);
		expect(createLinkTokens(golden.keys).open(known, token)).toEqual(subject);
	},
);

test("the golden file holds ten tokens under three keys", () => {
	expect(golden.keys).toHaveLength(3);
	expect(golden.tokens).toHaveLength(10);
	expect(new Set(golden.tokens.map(({ key }) => key)).size).toBe(3);
	expect(new Set(golden.tokens.map(({ purpose }) => purpose)).size).toBe(5);
});

test("any subject survives the way through a token of fixed length", () => {
	const tokens = createLinkTokens(KEY);
	const id = fc.uuid();
	const subject = fc.record({
		contactId: id,
		broadcastId: fc.option(id, { nil: undefined }),
		topicId: fc.option(id, { nil: undefined }),
	});
	fc.assert(
		fc.property(fc.constantFrom(...PURPOSES), subject, (purpose, made) => {
			const token = tokens.mint(purpose, made);
			expect(token).toMatch(/^[A-Za-z0-9_-]{88}$/);
			expect(tokens.open(purpose, token)).toEqual(made);
		}),
	);
});

test("a token of one purpose is worth nothing for another", () => {
	const tokens = createLinkTokens(KEY);
	for (const made of PURPOSES) {
		const token = tokens.mint(made, SUBJECT);
		for (const used of PURPOSES)
			expect(tokens.open(used, token) !== undefined, `${made} as ${used}`).toBe(made === used);
	}
});

test("the ids of a subject are checked, and capitals in them make no other token", () => {
	const tokens = createLinkTokens(KEY);
	const capitals = { ...SUBJECT, contactId: SUBJECT.contactId.toUpperCase() };
	expect(tokens.mint("view", capitals)).toBe(tokens.mint("view", SUBJECT));
	for (const field of ["contactId", "broadcastId", "topicId"]) {
		expect(() => tokens.mint("view", { ...SUBJECT, [field]: "ada@example.com" })).toThrow(
			expect.objectContaining({ reason: "invalid_id", field }),
		);
	}
	expect(tokens.open("view", tokens.mint("view", SUBJECT))).toEqual(SUBJECT);
});

test("an absent broadcast or topic reads as absent, not as the one of an earlier token", () => {
	const tokens = createLinkTokens(KEY);
	tokens.mint("preferences", SUBJECT);
	const { contactId } = SUBJECT;
	expect(tokens.open("preferences", tokens.mint("preferences", { contactId }))).toStrictEqual({
		contactId,
		broadcastId: undefined,
		topicId: undefined,
	});
});

test("links made before, during and after two rotations all verify until their key is dropped", () => {
	const before = createLinkTokens([KEY]);
	const during = createLinkTokens([OTHER_KEY, KEY]);
	const after = createLinkTokens([THIRD_KEY, OTHER_KEY, KEY]);
	const links = [before, during, after].map((tokens) => tokens.mint("unsubscribe", SUBJECT));
	expect(new Set(links).size).toBe(3);
	expect(links.map((token) => after.open("unsubscribe", token))).toEqual([SUBJECT, SUBJECT, SUBJECT]);
	const dropped = createLinkTokens([THIRD_KEY, OTHER_KEY]);
	expect(links.map((token) => dropped.open("unsubscribe", token))).toEqual([undefined, SUBJECT, SUBJECT]);
});

test.each([
	{ keys: `${KEY},${OTHER_KEY}` },
	{ keys: ` ${KEY} ${OTHER_KEY} ` },
	{ keys: `${KEY}\n${OTHER_KEY}\n` },
	{ keys: `${KEY}, ${OTHER_KEY},` },
	{ keys: [KEY, OTHER_KEY] },
	{ keys: [Buffer.from(KEY, "base64url"), new Uint8Array(Buffer.from(OTHER_KEY, "hex"))] },
])("several keys may be given at once: $keys", ({ keys }) => {
	const tokens = createLinkTokens(keys);
	expect(tokens.mint("confirm", SUBJECT)).toBe(createLinkTokens(KEY).mint("confirm", SUBJECT));
	expect(tokens.open("confirm", createLinkTokens(OTHER_KEY).mint("confirm", SUBJECT))).toEqual(SUBJECT);
});

test("two keys that share a key id both verify", () => {
	const wanted = keyIdOf(createLinkTokens(KEY).mint("view", SUBJECT));
	const candidates = Array.from({ length: 10_000 }, (_, i) => createHash("sha256").update(`candidate ${i}`).digest());
	const twin = candidates.find((key) => keyIdOf(createLinkTokens([key]).mint("view", SUBJECT)) === wanted);
	if (twin === undefined) throw new Error("No candidate shares the key id.");
	const both = createLinkTokens([KEY, twin]);
	expect(both.open("view", createLinkTokens([twin]).mint("view", SUBJECT))).toEqual(SUBJECT);
	expect(both.open("view", createLinkTokens(KEY).mint("view", SUBJECT))).toEqual(SUBJECT);
	expect(createLinkTokens([twin]).open("view", createLinkTokens(KEY).mint("view", SUBJECT))).toBeUndefined();
});

test("a key id does not show a byte of its key", () => {
	const ids = golden.keys.map((key) => keyIdOf(createLinkTokens(key).mint("view", SUBJECT)));
	const bytes = [Buffer.from(KEY, "base64url"), Buffer.from(OTHER_KEY, "hex"), Buffer.from(THIRD_KEY, "base64")];
	expect(ids).not.toEqual(bytes.map((key) => key[0]));
	expect(ids).not.toEqual(bytes.map((key) => key.at(-1)));
	expect(ids).not.toEqual(bytes.map((key) => createHash("sha256").update(key).digest()[0]));
});

test.each([
	[undefined, "missing_token_key"],
	["", "weak_token_key"],
	[" , \n", "weak_token_key"],
	[[], "weak_token_key"],
])("keys are not optional: %j", (keys, reason) => {
	expect(() => createLinkTokens(keys)).toThrow(refusal(reason));
	expect(() => createLinkTokens(keys)).toThrow(/randomBytes\(32\)/);
});

test.each([
	{ keys: "secret" },
	{ keys: `${KEY},secret` },
	{ keys: ["a".repeat(64)] },
	{ keys: [Buffer.from("8 bytes!")] },
	{ keys: [KEY, ""] },
	{ keys: [`${KEY},${OTHER_KEY}`] },
])("a weak key is refused: $keys", ({ keys }) => {
	expect(() => createLinkTokens(keys)).toThrow(refusal("weak_token_key"));
	expect(() => createLinkTokens(keys)).toThrow(/randomBytes\(32\)/);
});

test.each([{ keys: [KEY, KEY] }, { keys: [OTHER_KEY, KEY, Buffer.from(KEY, "base64url")] }, { keys: `${KEY},${KEY}` }])(
	"the same key twice is refused, however it is written: $keys",
	({ keys }) => {
		expect(() => createLinkTokens(keys)).toThrow(refusal("duplicate_key_id"));
	},
);

test("no flipped bit goes unnoticed", () => {
	const tokens = createLinkTokens(golden.keys);
	const bytes = Buffer.from(tokens.mint("unsubscribe", SUBJECT), "base64url");
	for (let bit = 0; bit < bytes.length * 8; bit += 1) {
		const flipped = Buffer.from(bytes);
		flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
		expect(tokens.open("unsubscribe", flipped.toString("base64url")), `bit ${bit}`).toBeUndefined();
	}
});

test("only the canonical spelling of a token is read", () => {
	const tokens = createLinkTokens(KEY);
	// A token with both characters that the two alphabets of base64 differ in.
	const subject = { contactId: "fbefbefb-efbe-fbef-bfff-fffffffffffe" };
	const token = tokens.mint("unsubscribe", subject);
	expect(token).toMatch(/-.*_|_.*-/);
	expect(tokens.open("unsubscribe", token)).toEqual(subject);
	const spellings = [
		token.replaceAll("-", "+"),
		token.replaceAll("_", "/"),
		`${token}=`,
		`${token}==`,
		`${token}\n`,
		` ${token}`,
		`${token.slice(0, 40)} ${token.slice(40)}`,
		`${token.slice(0, 40)}=${token.slice(40)}`,
		`${token.slice(0, 40)}\n${token.slice(41)}`,
		`${token.slice(0, -1)}=`,
		`${token.slice(0, -2)}==`,
		`${token.slice(0, -1)} `,
		`${token.slice(0, -1)}\u0141`,
		token.toLowerCase(),
	];
	expect(spellings.filter((spelling) => tokens.open("unsubscribe", spelling) !== undefined)).toEqual([]);
});

test("a link mangled on its way is not ours", () => {
	const tokens = createLinkTokens(KEY);
	const token = tokens.mint("view", SUBJECT);
	const mangled = [
		`${token})`,
		`${token}.`,
		`${token}>`,
		`${token},`,
		`${token}"`,
		`${token}=3D`,
		`${token}&amp;x=1`,
		`${token}?utm_source=x`,
		`${token}%20`,
		`${token}/`,
		`<${token}`,
		`3D${token}`,
		token.slice(0, -1),
		token.slice(1),
		`${token.slice(0, 70)}=\r\n${token.slice(70)}`,
		encodeURIComponent(`https://example.com/u/${token}`),
		token + token,
		token.toUpperCase(),
		token.split("").toReversed().join(""),
		"",
	];
	expect(mangled.filter((text) => tokens.open("view", text) !== undefined)).toEqual([]);
});

test("whatever comes as a token is answered without an exception", () => {
	const tokens = createLinkTokens(KEY);
	const strange: readonly unknown[] = [
		undefined,
		null,
		88,
		{},
		[],
		{ length: 88 },
		new Uint8Array(88),
		{ toString: () => "A".repeat(88) },
		"\ud800".repeat(88),
		"💌".repeat(44),
	];
	expect(strange.filter((token) => tokens.open("view", token) !== undefined)).toEqual([]);
});

test("anything at all is answered without an exception", () => {
	const tokens = createLinkTokens(KEY);
	const text = fc.string({ unit: "binary", minLength: LINK_TOKEN_LENGTH, maxLength: LINK_TOKEN_LENGTH });
	fc.assert(fc.property(fc.oneof(fc.anything(), text), (token) => tokens.open("view", token) === undefined));
});

test("a token of another version is not read as one of this, even if our key signed it", () => {
	const tokens = createLinkTokens(KEY);
	const signed = Buffer.from(tokens.mint("view", SUBJECT), "base64url").subarray(0, 50);
	const signedAs = (version: number): string => {
		signed[0] = version;
		const mac = createHmac("sha256", Buffer.from(KEY, "base64url")).update("convoke/view/v1\0").update(signed).digest();
		return Buffer.concat([signed, mac.subarray(0, 16)]).toString("base64url");
	};
	expect(tokens.open("view", signedAs(1))).toEqual(SUBJECT);
	expect(tokens.open("view", signedAs(2))).toBeUndefined();
	expect(tokens.open("view", signedAs(0))).toBeUndefined();
});

test("of many random mutations none is accepted and none throws", () => {
	const tokens = createLinkTokens(golden.keys);
	const valid = golden.keys.flatMap((key) => PURPOSES.map((purpose) => createLinkTokens(key).mint(purpose, SUBJECT)));
	const token = fc.constantFrom(...valid);
	const at = fc.nat({ max: LINK_TOKEN_LENGTH });
	const character = fc.constantFrom(...ALPHABET.split(""));
	const mutation = fc.oneof(
		fc.tuple(token, at, character).map(([text, i, c]) => text.slice(0, i) + c + text.slice(i + 1)),
		fc.tuple(token, at, at, character).map(([text, i, j, c]) => text.slice(0, i) + c.repeat(j) + text.slice(i + j)),
		fc.tuple(token, token, at).map(([text, other, i]) => text.slice(0, i) + other.slice(i)),
		fc.tuple(token, at, at).map(([text, i, j]) => text.slice(i) + text.slice(0, j)),
		fc.tuple(token, at, fc.string()).map(([text, i, inserted]) => text.slice(0, i) + inserted + text.slice(i)),
		fc.tuple(token, at).map(([text, i]) => text.slice(0, i)),
	);
	const isRefused = (mutated: string): boolean =>
		valid.includes(mutated) || PURPOSES.every((purpose) => tokens.open(purpose, mutated) === undefined);
	fc.assert(fc.property(mutation, isRefused), { numRuns: MUTATIONS });
}, 60_000);

test("an unknown key takes as long as a wrong MAC", () => {
	const tokens = createLinkTokens(KEY);
	const token = tokens.mint("view", SUBJECT);
	const wrongMac = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
	const bytes = Buffer.from(token, "base64url");
	bytes[1] = (bytes[1] ?? 0) ^ 1;
	const unknownKey = bytes.toString("base64url");
	const timed = (candidate: string): number => {
		const start = performance.now();
		for (let i = 0; i < 50; i += 1) tokens.open("view", candidate);
		return performance.now() - start;
	};
	// The quickest of many batches, taken in turn, leaves out what else the machine does. Without a MAC to compute it is
	// five times as quick.
	let [unknown, wrong] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
	for (let batch = 0; batch < 300; batch += 1) {
		unknown = Math.min(unknown, timed(unknownKey));
		wrong = Math.min(wrong, timed(wrongMac));
	}
	const ratio = unknown / wrong;
	expect(ratio).toBeGreaterThan(0.6);
	expect(ratio).toBeLessThan(1.6);
});

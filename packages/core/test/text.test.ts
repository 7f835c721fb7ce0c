import { expect, test } from "vitest";
import { checkHeaderText, checkText, isStorableText } from "../src/text.ts";

const refusal = (reason: string, field = "name"): unknown =>
	expect.objectContaining({ code: "invalid_input", reason, field });

const C0_AND_DEL = [...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)), "\u007f"];
const LAYOUT = ["\t", "\n", "\r"];

test.each(["", " ", "Ada", "Zoë 💌", "\u0085", "\u2028", "\u202e", "\u00a0", "\ud83d\udc8c", "x".repeat(50)])(
	"text is returned unchanged: %j",
	(text) => {
		expect(checkText(text, "name", { max: 50 })).toBe(text);
		expect(checkHeaderText(text, "name", 50)).toBe(text);
	},
);

test.each([
	{ value: undefined },
	{ value: null },
	{ value: 42 },
	{ value: true },
	{ value: {} },
	{ value: ["a"] },
	{ value: { toString: () => "a" } },
])("what is no string is refused: $value", ({ value }) => {
	expect(() => checkText(value, "name", { max: 50 })).toThrow(refusal("invalid_type"));
	expect(() => checkHeaderText(value, "name", 50)).toThrow(refusal("invalid_type"));
});

test.each(C0_AND_DEL)("a control character is refused in one line of text and in a header: %j", (control) => {
	expect(() => checkText(`a${control}b`, "name", { max: 50 })).toThrow(refusal("invalid_text"));
	expect(() => checkHeaderText(`a${control}b`, "name", 50)).toThrow(refusal("invalid_header"));
});

test.each(C0_AND_DEL.filter((control) => !LAYOUT.includes(control)))(
	"a control character is refused in multiline text: %j",
	(control) => {
		expect(() => checkText(`a${control}b`, "name", { max: 50, multiline: true })).toThrow(refusal("invalid_text"));
	},
);

test("tabs and line ends belong to multiline text", () => {
	const text = "one\ttwo\r\nthree\n";
	expect(checkText(text, "body", { max: 50, multiline: true })).toBe(text);
});

test.each(["\ud800", "a\udc00", "\udc00\ud800", "\ud83d"])("a lone surrogate is refused: %j", (text) => {
	expect(() => checkText(text, "name", { max: 50 })).toThrow(refusal("invalid_text"));
	expect(() => checkText(text, "name", { max: 50, multiline: true })).toThrow(refusal("invalid_text"));
	expect(() => checkHeaderText(text, "name", 50)).toThrow(refusal("invalid_header"));
	expect(isStorableText(text)).toBe(false);
});

test("every storage keeps text without NUL and lone surrogates", () => {
	expect(isStorableText("a\u0001\u007f\n💌")).toBe(true);
	expect(isStorableText("a\0")).toBe(false);
});

test("a length is counted in UTF-16 code units, and the limit itself is fine", () => {
	expect(checkText("💌", "name", { max: 2 })).toBe("💌");
	expect(() => checkText("💌", "name", { max: 1 })).toThrow(refusal("text_too_long"));
	expect(checkHeaderText("ab", "subject", 2)).toBe("ab");
	expect(() => checkHeaderText("abc", "subject", 2)).toThrow(refusal("header_too_long", "subject"));
});

test("a caller names its own reasons for a text too long or empty", () => {
	const reasons = { tooLong: "subject_too_long", empty: "subject_empty" };
	expect(() => checkHeaderText("x".repeat(5000), "subject", 998, reasons)).toThrow(
		refusal("subject_too_long", "subject"),
	);
	expect(() => checkHeaderText("  ", "subject", 998, reasons)).toThrow(refusal("subject_empty", "subject"));
	expect(() => checkText("", "subject", { max: 9, ...reasons })).toThrow(refusal("subject_empty", "subject"));
	expect(() => checkText("x".repeat(10), "subject", { max: 9, ...reasons })).toThrow(
		refusal("subject_too_long", "subject"),
	);
});

test.each(["Hi\r\nBcc: evil@x.test", "Hi\u0000", "Hi\u007f", "Hi\u0008"])(
	"a header cannot be broken out of: %j",
	(subject) => {
		expect(() => checkHeaderText(subject, "subject", 998)).toThrow(refusal("invalid_header", "subject"));
	},
);

test("an error does not repeat the text", () => {
	const act = (): unknown => checkText("my secret\0", "name", { max: 50 });
	expect(act).toThrow(refusal("invalid_text"));
	expect(act).not.toThrow(/secret/);
});

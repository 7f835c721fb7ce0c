import type { CompiledMessage, MessageSource } from "@convoke/core";
import { expect, test } from "vitest";
import { CompileCache } from "../src/compile-cache.ts";
import { aSource } from "./rendering.ts";

function cacheOf(compiled: (source: MessageSource) => string) {
	const asked: (string | null)[] = [];
	const cache = new CompileCache(async (source): Promise<CompiledMessage> => {
		asked.push(source.html);
		return { html: compiled(source), text: null, variables: [], unguarded: [], findings: [] };
	});
	return { cache, asked };
}

test("a source is compiled once, and again when anything in it changes", async () => {
	const { cache, asked } = cacheOf(({ html }) => html ?? "");
	const first = await cache.compile(aSource({ html: "a" }));
	expect(await cache.compile(aSource({ html: "a" }))).toBe(first);
	await cache.compile(aSource({ html: "a", subject: "Another" }));
	await cache.compile(aSource({ html: "a", text: "b" }));
	await cache.compile(aSource({ html: "b" }));
	expect(asked).toEqual(["a", "a", "a", "b"]);
});

test("the ones used last are kept as far as there is room", async () => {
	const { cache, asked } = cacheOf(({ html }) => `${html}`.repeat(100_000));
	for (const html of ["1", "2", "3", "4", "1", "5", "1", "2"]) await cache.compile(aSource({ html }));
	expect(asked).toEqual(["1", "2", "3", "4", "5", "2"]);
});

test("what is larger than the cache, and what fails, is not kept", async () => {
	const { cache, asked } = cacheOf(({ html }) => {
		if (html === "bad") throw new Error("bad");
		return "x".repeat(500_001);
	});
	for (let n = 0; n < 2; n += 1) {
		await cache.compile(aSource({ html: "large" }));
		await expect(cache.compile(aSource({ html: "bad" }))).rejects.toThrow("bad");
	}
	expect(asked).toEqual(["large", "bad", "large", "bad"]);
});

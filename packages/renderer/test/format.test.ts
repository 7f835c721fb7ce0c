import { expect, test } from "vitest";
import { createRenderer } from "../src/index.ts";
import type { RendererOptions } from "../src/index.ts";
import { renderText, withProperties } from "./rendering.ts";

const DATA = withProperties({ seats: 1234.5, since: new Date("2030-01-31T23:30:00Z"), vip: true, plan: "pro" });

test.each<readonly [RendererOptions, string]>([
	[{}, "1234.5 2030-01-31 true pro"],
	[{ locale: "en-GB" }, "1,234.5 31 January 2030 true pro"],
	[{ locale: "de-DE", timeZone: "Europe/Berlin" }, "1.234,5 1. Februar 2030 true pro"],
	[{ timeZone: "Europe/Berlin" }, "1234.5 2030-02-01 true pro"],
	[{ locale: "de-DE", format: (value) => typeof value }, "number object boolean string"],
])("with %j values read %j", async (options, expected) => {
	expect(await renderText("{{seats}} {{since}} {{vip}} {{plan}}", { ...DATA, options })).toBe(expected);
});

test.each<readonly [RendererOptions, string]>([
	[{ locale: "no language" }, "locale"],
	[{ timeZone: "Mars/Olympus" }, "timeZone"],
])("%j is refused at once", (options, field) => {
	expect(() => createRenderer(options)).toThrow(expect.objectContaining({ reason: "invalid_option", field }));
});

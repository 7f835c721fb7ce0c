import { spawnSync } from "node:child_process";
import { createElement } from "react";
import { expect, test } from "vitest";
import { createRenderer } from "../src/index.ts";
import { renderMessage } from "./rendering.ts";

const renderer = createRenderer();

function newsletter() {
	return createElement(
		"html",
		{ lang: "en" },
		createElement(
			"body",
			null,
			createElement("h1", null, "Hello {{{contact.first_name|there & you}}}"),
			createElement("p", null, "Tides ", "& <times>"),
			createElement("a", { href: "https://x.test/?a=1&b={{plan}}" }, "Read on"),
			createElement("a", { href: "{{{UNSUBSCRIBE_URL}}}" }, "Unsubscribe"),
		),
	);
}

test("a React element becomes a template, its placeholders as they were", async () => {
	const html = await renderer.renderReact(newsletter());
	expect(html).toContain("<!DOCTYPE html");
	const message = await renderMessage({
		source: { html },
		contact: { firstName: null, properties: { plan: "<pro>" } },
	});
	expect(message.html).toContain("<h1>Hello there &amp; you</h1>");
	expect(message.html).toContain('href="https://x.test/?a=1&amp;b=&lt;pro&gt;"');
	expect(message.text).toContain("Hello there & you\n\nTides & <times>");
	expect(message.text).toContain("Unsubscribe [https://tidal.test/mail/u/");
});

test.each([undefined, "Hello", 7, {}, [newsletter()], () => newsletter()])(
	"%o is no React element",
	async (element) => {
		await expect(renderer.renderReact(element)).rejects.toMatchObject({
			code: "invalid_input",
			reason: "invalid_type",
		});
	},
);

test("a component that fails is the author's to mend", async () => {
	const Broken = (): never => {
		throw new Error("no data");
	};
	await expect(renderer.renderReact(createElement(Broken))).rejects.toMatchObject({
		code: "invalid_input",
		reason: "react_failed",
		field: "react",
	});
});

test("who has not installed React Email is told how", () => {
	const program = `
		import { registerHooks } from "node:module";
		registerHooks({
			resolve(specifier, context, next) {
				if (specifier.startsWith("@react-email/")) throw new Error("Cannot find package");
				return next(specifier, context);
			},
		});
		const { createRenderer } = await import("@convoke/renderer");
		await createRenderer().renderReact({ type: "p", props: {} }).catch((error) => console.log(error.reason, error.message));
	`;
	const args = ["--conditions=@convoke/source", "--input-type=module", "--eval", program];
	const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", cwd: import.meta.dirname });
	expect(stdout, stderr).toBe(
		"react_email_missing `react` needs packages that are optional: npm install @react-email/render react react-dom\n",
	);
});

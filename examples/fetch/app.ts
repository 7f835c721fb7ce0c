import { ConvokeError } from "@convoke/core";
import type { Audience } from "@convoke/core";
import { createPreferencesHandler } from "@convoke/web";
import { Hono } from "hono";
import { signUp } from "./newsletter.ts";

/** The program's routes. The pages take a `Request` and give a `Response`, so that any such framework can have them. */
export function createApp(audience: Audience): Hono {
	const app = new Hono();
	const pages = createPreferencesHandler(audience, { brand: { name: "Tidal" } });
	// Before anything that begins sessions or checks CSRF tokens: mail programs send neither.
	app.all("/mail/*", (context) => pages(context.req.raw));

	app.get("/", (context) =>
		context.html(
			'<form method="post" action="/sign-up"><input type="email" name="email" required><button>Sign up</button></form>',
		),
	);

	app.post("/sign-up", async (context) => {
		try {
			const { email } = await context.req.parseBody();
			await signUp(audience, typeof email === "string" ? email : "");
		} catch (error) {
			if (ConvokeError.is(error) && error.code === "invalid_input") {
				return context.text("That is no e-mail address.", 400);
			}
			// Nobody learns here whose address is suppressed.
			if (!ConvokeError.is(error) || error.reason !== "suppressed") throw error;
		}
		return context.text("Look into your inbox, and confirm.");
	});
	return app;
}

import { ConvokeError } from "@convoke/core";
import type { Audience } from "@convoke/core";
import { preferencePages } from "@convoke/web/koa";
import { bodyParser } from "@koa/bodyparser";
import Koa from "koa";
import type { Context } from "koa";
import { signUp } from "./newsletter.ts";

/** The program's routes. */
export function createApp(audience: Audience): Koa {
	const app = new Koa();
	// Before anything that begins sessions or checks CSRF tokens: mail programs send neither.
	app.use(preferencePages(audience, { brand: { name: "Tidal" } }));
	app.use(bodyParser());
	app.use(async (context) => {
		switch (`${context.method} ${context.path}`) {
			case "GET /":
				context.body =
					'<form method="post" action="/sign-up"><input type="email" name="email" required><button>Sign up</button></form>';
				break;
			case "POST /sign-up":
				await takeSignUp(audience, context);
		}
	});
	return app;
}

async function takeSignUp(audience: Audience, context: Context): Promise<void> {
	const fields = context.request.body as { readonly email?: string } | undefined;
	try {
		await signUp(audience, String(fields?.email));
	} catch (error) {
		if (ConvokeError.is(error) && error.code === "invalid_input") context.throw(400, "That is no e-mail address.");
		// Nobody learns here whose address is suppressed.
		if (!ConvokeError.is(error) || error.reason !== "suppressed") throw error;
	}
	context.body = "Look into your inbox, and confirm.";
}

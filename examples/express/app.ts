import { ConvokeError } from "@convoke/core";
import type { Audience } from "@convoke/core";
import { preferencePages } from "@convoke/web/express";
import express from "express";
import type { Express, Request, Response } from "express";
import { signUp } from "./newsletter.ts";

/** The program's routes. */
export function createApp(audience: Audience): Express {
	const app = express();
	// Before anything that begins sessions or checks CSRF tokens: mail programs send neither.
	app.use("/mail", preferencePages(audience, { brand: { name: "Tidal" } }));
	app.use(express.urlencoded());

	app.get("/", (_, response) => {
		response.send(
			'<form method="post" action="/sign-up"><input type="email" name="email" required><button>Sign up</button></form>',
		);
	});

	app.post("/sign-up", (request, response, fail) => {
		takeSignUp(audience, request, response).catch(fail);
	});
	return app;
}

async function takeSignUp(audience: Audience, request: Request, response: Response): Promise<void> {
	try {
		await signUp(audience, String(request.body?.email));
	} catch (error) {
		if (ConvokeError.is(error) && error.code === "invalid_input") {
			response.status(400).send("That is no e-mail address.");
			return;
		}
		// Nobody learns here whose address is suppressed.
		if (!ConvokeError.is(error) || error.reason !== "suppressed") throw error;
	}
	response.send("Look into your inbox, and confirm.");
}

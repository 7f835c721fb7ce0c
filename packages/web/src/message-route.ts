import { ConvokeError } from "@convoke/core";
import type { PageAnswer } from "./page-request.ts";
import type { LinkAudience } from "./page-options.ts";
import { notice } from "./pages/page.ts";
import type { Route, Visit } from "./route.ts";
import { messageHeaders } from "./security-headers.ts";

/** What is behind the link to see a message in a browser. */
export class MessageRoute implements Route {
	readonly #broadcasts: LinkAudience["broadcasts"];

	constructor(broadcasts: LinkAudience["broadcasts"]) {
		this.#broadcasts = broadcasts;
	}

	async show(visit: Visit): Promise<PageAnswer> {
		try {
			return { status: 200, headers: messageHeaders, body: await this.#broadcasts.view(visit.token) };
		} catch (error) {
			if (!ConvokeError.is(error) || error.code !== "not_found") throw error;
			const look = await visit.look();
			return { status: 410, ...(await notice(look, look.language.texts.messageGone)) };
		}
	}
}

import { invalidInput, linkUrl } from "@convoke/core";
import type { ConvokeError, Message, PreferenceLinks, UnsubscribeOutcome } from "@convoke/core";

/**
 * Does what a mail program does when its user presses "Unsubscribe" (RFC 8058): reads the link in the message's headers
 * and posts to it. Serves for the messages of any audience, on any storage.
 *
 * @example
 * ```ts
 * await oneClickUnsubscribe(audience, inbox.latest("ada@example.test"));
 * ```
 *
 * @throws `invalid_input` with `one_click_missing` when the message's headers do not offer it; `invalid_token` when the
 * link is not one of this audience's.
 */
export async function oneClickUnsubscribe(
	audience: { readonly preferences: Pick<PreferenceLinks, "unsubscribe"> },
	message: Pick<Message, "headers">,
): Promise<UnsubscribeOutcome> {
	const url = unsubscribeUrlOf(message);
	if (message.headers["List-Unsubscribe-Post"] !== "List-Unsubscribe=One-Click") {
		throw missing(
			"The message has no `List-Unsubscribe-Post: List-Unsubscribe=One-Click` header (RFC 8058 section 3.1).",
		);
	}
	// Of any other link the whole is left, which is no token.
	return audience.preferences.unsubscribe(url.split(linkUrl("", "unsubscribe", "")).at(-1) ?? "");
}

/** The link in the `List-Unsubscribe` header. @throws `invalid_input` with `one_click_missing`. */
export function unsubscribeUrlOf({ headers }: Pick<Message, "headers">): string {
	const url = /<(https?:\/\/[^<>\s]+)>/i.exec(headers["List-Unsubscribe"] ?? "")?.[1];
	if (url === undefined) {
		throw missing("The message has no `List-Unsubscribe` header with a web link; the renderer must write it.");
	}
	return url;
}

function missing(message: string): ConvokeError {
	return invalidInput("one_click_missing", "headers", message);
}

import { notice } from "./page.ts";
import type { Look, Page } from "./page.ts";

/** The page for a request that was refused. */
export function errorPage(look: Look, status: number): Promise<Page> {
	const { texts } = look.language;
	switch (status) {
		case 404:
			return notice(look, texts.incomplete, texts.incompleteText);
		case 410:
			return notice(look, texts.outdated, texts.outdatedText);
		case 429:
			return notice(look, texts.busy, texts.failedText);
		case 503:
			return notice(look, texts.failed, texts.failedText);
		default:
			return notice(look, texts.refused, texts.refusedText);
	}
}

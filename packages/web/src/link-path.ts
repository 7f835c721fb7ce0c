import { linkUrl } from "@convoke/core";
import type { LinkPage } from "@convoke/core";

const PAGES: readonly LinkPage[] = ["unsubscribe", "preferences", "confirm", "view"];

/** A page and the token that it is asked for with. */
export interface PageLink {
	readonly page: LinkPage;
	/** As it was sent: nothing is decoded, for a token has one spelling. */
	readonly token: string;
}

/** Where the pages are under the host's paths. */
export class LinkPath {
	readonly #prefix: string;

	/** @param prefix `/mail`, or empty for pages at the root. */
	constructor(prefix: string) {
		this.#prefix = prefix;
	}

	/** Whether a path is for the pages to answer: all under the prefix; without one, only what looks like a link. */
	covers(target: string): boolean {
		const path = pathOf(target);
		if (this.#prefix !== "") return path === this.#prefix || path.startsWith(`${this.#prefix}/`);
		return readLink(path) !== undefined;
	}

	/** Reads the link in a path, with the prefix or, where a router has taken that off, without. */
	read(target: string): PageLink | undefined {
		const path = pathOf(target);
		const inner = path.startsWith(`${this.#prefix}/`) ? readLink(path.slice(this.#prefix.length)) : undefined;
		return inner ?? readLink(path);
	}
}

function pathOf(target: string): string {
	return target.split(/[?#]/, 1)[0] ?? "";
}

function readLink(path: string): PageLink | undefined {
	const page = PAGES.find((each) => path.startsWith(linkUrl("", each, "")));
	return page && { page, token: path.slice(linkUrl("", page, "").length) };
}

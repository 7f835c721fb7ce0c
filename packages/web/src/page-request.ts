import type { FormSource } from "./form.ts";

/** A request as the pages see it, whatever server it came through. */
export interface PageRequest {
	/** Upper case. */
	readonly method: string;
	/** Path and query as they were sent, undecoded. */
	readonly target: string;
	/** A header's value; several are joined with commas. */
	readonly header: (name: string) => string | undefined;
	/** The address at the other end of the connection, where the server tells. */
	readonly remoteAddress: string | undefined;
	/** What a POST brings. */
	readonly form: FormSource;
}

/** What is to be sent back. */
export interface PageAnswer {
	/** HTTP status. */
	readonly status: number;
	/** Headers by their lower-case names. */
	readonly headers: Readonly<Record<string, string>>;
	/** The whole body; empty for HEAD. */
	readonly body: string;
}

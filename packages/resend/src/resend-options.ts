import { invalidInput } from "@convoke/core";

/** How to reach Resend. */
export interface ResendOptions {
	/** Key of the account, which may send. */
	readonly apiKey: string | undefined;
	/** Where the API is: https, or http on this machine. @default "https://api.resend.com" */
	readonly baseUrl?: string | undefined;
	/**
	 * Messages in one request, 1 to 100. With more than one a request carries a key for all of its messages together, and
	 * after a crash nobody knows which those were: up to a window of messages may then be sent twice, as with SMTP.
	 *
	 * @default 1
	 */
	readonly batchSize?: number | undefined;
}

/** Checked options. */
export interface ResendSettings {
	readonly apiKey: string;
	/** Without trailing slash. */
	readonly baseUrl: string;
	readonly batchSize: number;
}

/** Reads options. @throws `invalid_input` with `missing_api_key` or `invalid_option`. */
export function readOptions({
	apiKey,
	baseUrl = "https://api.resend.com",
	batchSize = 1,
}: ResendOptions): ResendSettings {
	if (typeof apiKey !== "string" || !/^[!-~]+$/.test(apiKey)) {
		const message = "`apiKey` must be a key of Resend: make one at https://resend.com/api-keys.";
		throw invalidInput("missing_api_key", "apiKey", message);
	}
	if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > 100) {
		throw invalidInput("invalid_option", "batchSize", "`batchSize` must be a whole number from 1 to 100.");
	}
	return { apiKey, baseUrl: readUrl(baseUrl), batchSize };
}

/** The key goes with each request, so that it must not cross a network in the clear. */
function readUrl(text: string): string {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	const isLocal = url?.hostname === "localhost" || url?.hostname === "127.0.0.1" || url?.hostname === "[::1]";
	const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLocal);
	if (url === undefined || !isSafe || url.username !== "" || url.search !== "" || url.hash !== "") {
		const message = "`baseUrl` must be an https URL, or http on this machine, without credentials and query.";
		throw invalidInput("invalid_option", "baseUrl", message);
	}
	return url.href.replace(/\/+$/, "");
}

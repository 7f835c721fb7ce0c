/** What a server answered, and what it did. */
export interface Heard {
	readonly status: number;
	readonly headers: Headers;
	readonly body: string;
	/** Whether the contact is out of everything now. */
	readonly unsubscribed: boolean;
}

/** What is wrong with the answer to opening a link; given as text if there was no answer. */
export function checkPage(heard: Heard | string): readonly string[] {
	if (typeof heard === "string") return [heard];
	const { status, unsubscribed } = heard;
	if (status !== 200) return [...refusal(heard), ...cookies(heard)];
	return [
		...(unsubscribed ? ["Opening the link unsubscribed the contact: link scanners open every link of a message."] : []),
		...(heard.body.includes('value="unsubscribe') ? [] : [FOREIGN]),
		...changedHeaders(heard),
		...cookies(heard),
	];
}

/** What is wrong with the answer to a POST that has to opt out. */
export function checkAnswer(heard: Heard | string): readonly string[] {
	if (typeof heard === "string") return [heard];
	const { status, unsubscribed } = heard;
	if (status !== 200) return [...refusal(heard), ...cookies(heard)];
	return [...(unsubscribed ? [] : [FOREIGN]), ...changedHeaders(heard), ...cookies(heard)];
}

const FOREIGN =
	"It answered 200, but not by the pages of Convoke: another route, such as one that catches all, comes first. Mount the pages before it.";

/** Why it was not 200. */
function refusal({ status, headers }: Heard): readonly string[] {
	const reason = headers.get("convoke-reason");
	if (reason !== null) return [byConvoke(reason)];
	if (status >= 300 && status < 400) {
		return [
			`It redirects (${status}). Mail programs do not follow (RFC 8058 section 3.1): mount the pages before what redirects, such as a login, or give the URL that it leads to.`,
		];
	}
	switch (status) {
		case 401:
		case 403:
		case 419:
			return [
				`Something of the host's refuses it (${status}), such as a check of CSRF tokens or of logins. Mount the pages before it: their token is in the URL.`,
			];
		case 404:
		case 405:
			return [`No page of Convoke is there (${status}). Mount them under this path, for every method.`];
		case 400:
		case 413:
		case 415:
			return [
				`Something of the host's refuses the body (${status}), such as a body parser. Mount the pages before it.`,
			];
		case 429:
			return [
				"A rate limit of the host's refuses it (429). Mail providers post from few addresses: exempt these paths.",
			];
		default:
			return [`The host's server fails before the pages are asked (${status}). Its log says why.`];
	}
}

function byConvoke(reason: string): string {
	switch (reason) {
		case "body_consumed":
			return "Something has read the body and left nothing of it. Mount the pages before it, or let it leave the fields in `request.body`.";
		case "missing_action":
		case "unsupported_media_type":
		case "malformed_body":
			return `The body arrives changed (${reason}). Mount the pages before what changes it, such as a body parser.`;
		case "invalid_token":
			return "The pages are there, but this is no link of theirs: do they have the `links.keys` and the storage of this audience? Does a proxy rewrite the path?";
		case "too_many_requests":
			return "The `rateLimit` that the pages were given refuses it.";
		default:
			return `The pages answer with ${reason}. The host's \`onError\` was told why.`;
	}
}

/** What anybody would set who changes the headers of all answers. */
const HEADERS: readonly (readonly [name: string, pattern: RegExp, purpose: string])[] = [
	["cache-control", /^no-store$/, "keeps pages out of shared caches"],
	["referrer-policy", /^no-referrer$/, "keeps the link's token from other sites"],
	["content-security-policy", /^default-src 'none';/, "keeps scripts out"],
	["x-frame-options", /^DENY$/, "keeps the page out of frames"],
	["x-robots-tag", /noindex/, "keeps links out of search engines"],
];

function changedHeaders({ headers }: Heard): readonly string[] {
	return HEADERS.filter(([name, pattern]) => !pattern.test(headers.get(name) ?? "")).map(
		([name, , purpose]) =>
			`The header \`${name}\`, which ${purpose}, was changed or removed. Exempt these paths from what sets headers.`,
	);
}

function cookies({ headers }: Heard): readonly string[] {
	return headers.getSetCookie().length === 0
		? []
		: ["It sets a cookie. Mount the pages before what does, such as a session: nothing here needs one."];
}

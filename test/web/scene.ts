import { createAudience, createLinkTokens, createMemoryStorage, generateLinkKey, linkUrl } from "@convoke/core";
import type { Audience, Contact, LinkPage, LinkSubject, Storage, Topic } from "@convoke/core";
import { recordStorage } from "../support/recorded-storage.ts";
import type { StorageCalls } from "../support/recorded-storage.ts";

/** An audience with one contact and three topics, and links of every sort. */
export interface Scene {
	readonly audience: Audience;
	readonly storage: Storage;
	/** What the storage was asked for since the scene was set. */
	readonly calls: StorageCalls;
	readonly news: Topic;
	readonly offers: Topic;
	/** Private: Ada made no choice for it. */
	readonly secret: Topic;
	readonly ada: Contact;
	/** The audience's link keys. */
	readonly keys: string;
	/** The path of a link for Ada: `/mail/u/…`. */
	readonly path: (page: LinkPage, subject?: Partial<LinkSubject>) => string;
	/** The token in a page's form. */
	readonly formToken: (subject?: Partial<LinkSubject>) => string;
}

const BROADCAST_ID = "01900000-0000-7000-8000-000000000001";

/** Sets the scene. */
export async function setScene(given: Storage = createMemoryStorage()): Promise<Scene> {
	const { storage, calls } = recordStorage(given);
	const keys = generateLinkKey();
	const audience = createAudience({
		storage,
		links: { baseUrl: "https://tidal.test/mail", keys },
		hashKey: generateLinkKey(),
		properties: { language: "string" },
	});
	await audience.migrate();
	const secret = await audience.topics.create({ name: "Secret", visibility: "private" });
	const offers = await audience.topics.create({
		name: "Offers",
		description: "Once a month",
		defaultSubscription: "opt_out",
	});
	const news = await audience.topics.create({ name: "News", description: "Every Monday" });
	const ada = await audience.contacts.create({ email: "ada@example.com", firstName: "Ada" });
	const tokens = createLinkTokens(keys);
	calls.reads.length = 0;
	calls.writes.length = 0;
	return {
		audience,
		storage,
		calls,
		news,
		offers,
		secret,
		ada,
		keys,
		path: (page, subject) =>
			`/mail${linkUrl("", page, tokens.mint(page, { contactId: ada.id, broadcastId: BROADCAST_ID, ...subject }))}`,
		formToken: (subject) => tokens.mint("subscribe", { contactId: ada.id, broadcastId: BROADCAST_ID, ...subject }),
	};
}

/** What the contact receives: the names of topics, in order. */
export async function receives({ audience, ada }: Pick<Scene, "audience" | "ada">): Promise<readonly string[]> {
	const { unsubscribed } = await audience.contacts.get({ id: ada.id });
	const topics = await audience.contacts.topics.list({ id: ada.id });
	return topics.filter(({ subscription }) => !unsubscribed && subscription === "opt_in").map(({ name }) => name);
}

/** A request of the form: its fields urlencoded. */
export function form(fields: Readonly<Record<string, string | readonly string[]>>): RequestInit {
	const body = new URLSearchParams();
	for (const [name, value] of Object.entries(fields)) {
		for (const each of typeof value === "string" ? [value] : value) body.append(name, each);
	}
	return { method: "POST", body };
}

/** What mail programs post. */
export const ONE_CLICK: RequestInit = form({ "List-Unsubscribe": "One-Click" });

/** RFC 8058 section 8.3: as it is printed, and with the boundary that errata 5117 and 8927 give. */
export const MULTIPART: readonly (readonly [what: string, request: MultipartRequest])[] = [
	["as printed in RFC 8058", multipart("---FormBoundaryjWmhtjORrn")],
	["as corrected by its errata", multipart("-FormBoundaryjWmhtjORrn")],
];

interface MultipartRequest {
	readonly method: "POST";
	readonly headers: { readonly "content-type": string };
	readonly body: string;
}

function multipart(boundary: string): MultipartRequest {
	const lines = [
		"---FormBoundaryjWmhtjORrn",
		'Content-Disposition: form-data; name="List-Unsubscribe"',
		"",
		"One-Click",
		"---FormBoundaryjWmhtjORrn--",
		"",
	];
	return {
		method: "POST",
		headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
		body: lines.join("\r\n"),
	};
}

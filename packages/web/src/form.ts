import { Refused } from "./refused.ts";

/** Where a form's fields come from. */
export type FormSource =
	/** Nobody has read the body yet. Ending the iteration early leaves the connection open for the answer. */
	| { readonly kind: "unread"; readonly chunks: () => AsyncIterable<Uint8Array> }
	/** The host's parser has read it, and left this. */
	| { readonly kind: "parsed"; readonly body: unknown }
	/** Somebody has read it, and left nothing. */
	| { readonly kind: "consumed" };

/** 16 KiB: a page with 100 topics posts about 9. */
const MAX_BODY = 16_384;
/** Two for each of {@link MAX_TOPICS}, and the few that say what to do. */
const MAX_FIELDS = 210;

/** Most topics in one form. */
export const MAX_TOPICS = 100;

const URL_ENCODED = "application/x-www-form-urlencoded";
const MULTIPART = "multipart/form-data";

/**
 * Reads the fields of a form, urlencoded or multipart (RFC 8058 section 3.2 has both). A body without bytes has none.
 *
 * @throws Refused 400 with `too_many_fields`, `malformed_body` or `body_consumed`, 413, 415.
 */
export async function readForm(source: FormSource, contentType: string): Promise<URLSearchParams> {
	if (source.kind === "consumed") throw new Refused(400, "body_consumed");
	const body = source.kind === "unread" ? await readBytes(source.chunks(), contentType) : source.body;
	const fields = await parse(body, contentType);
	if (fields.size > MAX_FIELDS) throw tooManyFields();
	// Of a body that the host's parser has read.
	if (source.kind === "parsed" && fields.toString().length > MAX_BODY) throw new Refused(413, "body_too_large");
	return fields;
}

async function readBytes(chunks: AsyncIterable<Uint8Array>, contentType: string): Promise<Uint8Array> {
	const parts: Uint8Array[] = [];
	let size = 0;
	try {
		for await (const chunk of chunks) {
			parts.push(chunk);
			size += chunk.length;
			if (size > MAX_BODY) break;
		}
	} catch (cause) {
		throw new Refused(400, "body_interrupted", cause);
	}
	const bytes = Buffer.concat(parts);
	if (size <= MAX_BODY) return bytes;
	throw countFields(bytes.toString("latin1"), contentType) > MAX_FIELDS
		? tooManyFields()
		: new Refused(413, "body_too_large");
}

/** About how many fields there are in the beginning of a body. */
function countFields(text: string, contentType: string): number {
	return text.split(mediaType(contentType) === MULTIPART ? /\r?\n\r?\n/ : "&").length;
}

async function parse(body: unknown, contentType: string): Promise<URLSearchParams> {
	if (typeof body === "string") return parseBytes(Buffer.from(body), contentType);
	if (body instanceof Uint8Array) return parseBytes(body, contentType);
	const fields = new URLSearchParams();
	// Of what parsers nest, `topics[a][b]=1`, nothing is ours.
	for (const [name, value] of Object.entries(body ?? {})) {
		for (const each of valuesOf(value)) if (typeof each === "string") fields.append(name, each);
	}
	if (fields.size > 0) requireForm(contentType);
	return fields;
}

/** All values of a field that was sent several times. */
function valuesOf(value: unknown): readonly unknown[] {
	if (Array.isArray(value)) return value;
	// What `qs` makes of an array that is longer than it likes.
	const isIndexed = typeof value === "object" && value !== null && Object.keys(value).every((key) => /^\d+$/.test(key));
	return isIndexed ? Object.values(value) : [value];
}

async function parseBytes(bytes: Uint8Array, contentType: string): Promise<URLSearchParams> {
	if (bytes.length === 0) return new URLSearchParams();
	requireForm(contentType);
	if (mediaType(contentType) === MULTIPART) return parseMultipart(bytes, contentType);
	return new URLSearchParams(Buffer.from(bytes).toString());
}

function requireForm(contentType: string): void {
	if (![URL_ENCODED, MULTIPART].includes(mediaType(contentType))) throw new Refused(415, "unsupported_media_type");
}

function mediaType(contentType: string): string {
	return (contentType.split(";")[0] ?? "").trim().toLowerCase();
}

async function parseMultipart(bytes: Uint8Array, contentType: string): Promise<URLSearchParams> {
	const boundary = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
	const declared = boundary?.[1] ?? boundary?.[2] ?? "";
	const type = `${MULTIPART}; boundary="${usedBoundary(bytes, declared)}"`;
	const fields = new URLSearchParams();
	try {
		const form = await new Response(new Uint8Array(bytes), { headers: { "content-type": type } }).formData();
		for (const [name, value] of form) if (typeof value === "string") fields.append(name, value);
	} catch (cause) {
		throw new Refused(400, "malformed_body", cause);
	}
	return fields;
}

/**
 * RFC 8058 section 8.3 prints its delimiters without the two hyphens that go before the boundary (RFC 2046 section 5.1.1;
 * errata 5117 and 8927), and senders have copied that.
 */
function usedBoundary(bytes: Uint8Array, declared: string): string {
	const start = Buffer.from(bytes.subarray(0, declared.length)).toString("latin1");
	return declared.startsWith("--") && start === declared ? declared.slice(2) : declared;
}

function tooManyFields(): Refused {
	return new Refused(400, "too_many_fields");
}

// The token in the links of a message: says whose link it is, and that we made it.
//
//   offset  bytes
//        0      1  version, 1
//        1      1  key id: the first byte of HMAC-SHA256(key, "convoke/key-id/v1\0")
//        2     16  broadcast, or the request to be confirmed; zero when the link belongs to none
//       18     16  contact
//       34     16  topic, zero when the link is about none
//       50     16  the first half of HMAC-SHA256(key, "convoke/<purpose>/v1\0" || bytes 0 to 49)
//
// 66 bytes are 88 characters of base64url, without padding and without unused bits. This layout is for ever: a link in
// mail of ten years ago has to work, so tokens do not expire, and another layout would be another version besides this.
//
// Against whom:
// - Guessing or altering a token: the MAC, 2^-128 a try; compared in constant time.
// - Using a token for what it was not made for: the purpose is under the MAC, so that a link to read a message does
//   not open preferences, and a forwarded unsubscribe link cannot opt anybody in.
// - Dodging logs and rate limits by other spellings of one token: only the canonical spelling is read.
// - Learning about keys or contacts: an unknown key costs the work of a wrong MAC, nothing is looked up before the MAC
//   is right, and the ids within are random.
// - A leaked key: put a new one first, and drop the old one when its links may die. A token has no secret but the key.
// Not against a person to whom the whole link was forwarded: they hold it.
import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { invalidInput } from "./errors.ts";
import { checkId } from "./ids.ts";
import { KEY_COMMAND, parseSecretKey } from "./secret-key.ts";

/** What a token is for; it is worth nothing for anything else. `subscribe` is for forms, the rest for links. */
export type LinkPurpose = "unsubscribe" | "preferences" | "confirm" | "view" | "subscribe";

/** Whose link it is: UUIDs, lower case. */
export interface LinkSubject {
	/** The contact. */
	readonly contactId: string;
	/** The broadcast whose message holds the link; for `confirm`, the request that it answers. The nil UUID counts as none. */
	readonly broadcastId?: string | undefined;
	/** The topic that the link is about. The nil UUID counts as none. */
	readonly topicId?: string | undefined;
}

/** Makes and reads link tokens. */
export interface LinkTokens {
	/**
	 * Makes the token, 88 characters, always the same for the same key, purpose and subject.
	 *
	 * @throws `invalid_id` when the subject holds what is no UUID
	 */
	mint(purpose: LinkPurpose, subject: LinkSubject): string;
	/** Whose token it is; undefined unless one of our keys made it for this purpose. Never throws. */
	open(purpose: LinkPurpose, token: unknown): LinkSubject | undefined;
}

interface LinkKey {
	readonly id: number;
	readonly secret: KeyObject;
}

/** Room for one token behind the prefix of its purpose, so that the signed bytes are in one piece. */
interface Frame {
	readonly token: Buffer;
	readonly signed: Buffer;
	readonly mac: Buffer;
}

const FIELD = "links.keys";
const VERSION = 1;
const ID_BYTES = 16;
const BROADCAST = 2;
const CONTACT = 18;
const TOPIC = 34;
const MAC = 50;
const MAC_BYTES = 16;
const TOKEN_BYTES = 66;
const NIL = "00000000-0000-0000-0000-000000000000";

/** The length of a token in characters. */
export const LINK_TOKEN_LENGTH = 88;

/**
 * Makes the codec. The first key signs, all of them verify; a string may hold several, parted by commas or white space.
 * See `parseSecretKey` for what a key is.
 *
 * To rotate, put the new key first and keep the old ones: links under a key that was dropped are dead.
 *
 * @throws `missing_token_key` for none given, `weak_token_key` for an empty list and for a key that is short or guessable,
 * `duplicate_key_id` when the same key is given twice
 */
export function createLinkTokens(keys: string | readonly (string | Uint8Array)[] | undefined): LinkTokens {
	const { signer, all } = readKeys(keys);
	const decoy: LinkKey = { id: -1, secret: createSecretKey(randomBytes(32)) };
	// Reused by every call, which is sound because none of them awaits.
	const frames: Record<LinkPurpose, Frame> = {
		unsubscribe: createFrame("unsubscribe"),
		preferences: createFrame("preferences"),
		confirm: createFrame("confirm"),
		view: createFrame("view"),
		subscribe: createFrame("subscribe"),
	};
	return {
		mint(purpose, subject) {
			const frame = frames[purpose];
			writeSubject(frame.token, signer.id, subject);
			sign(frame, signer).copy(frame.mac);
			return frame.token.toString("base64url");
		},
		open(purpose, token) {
			const frame = frames[purpose];
			if (!readCanonical(frame.token, token) || frame.token[0] !== VERSION) return undefined;
			// Two keys may share an id: it is one byte.
			const matching = all.filter((key) => key.id === frame.token[1]);
			const signers = (matching.length > 0 ? matching : [decoy]).filter((key) => isSignedBy(frame, key));
			return signers.some((key) => key !== decoy) ? readSubject(frame.token) : undefined;
		},
	};
}

/** The keys as {@link createLinkTokens} takes them. @throws `weak_token_key` for one that is short or guessable */
export function parseLinkKeys(keys: string | readonly (string | Uint8Array)[] | undefined): KeyObject[] {
	const given = typeof keys === "string" ? keys.split(/[\s,]+/).filter((key) => key !== "") : (keys ?? []);
	return given.map((key) => parseSecretKey(key, FIELD, "weak_token_key"));
}

function readKeys(keys: string | readonly (string | Uint8Array)[] | undefined): { signer: LinkKey; all: LinkKey[] } {
	const all = parseLinkKeys(keys).map(toLinkKey);
	const [signer] = all;
	if (signer === undefined) {
		const reason = keys === undefined ? "missing_token_key" : "weak_token_key";
		throw invalidInput(reason, FIELD, `\`${FIELD}\` has no key. Make one with: ${KEY_COMMAND}`);
	}
	if (all.some((key, i) => all.slice(0, i).some((earlier) => earlier.secret.equals(key.secret)))) {
		throw invalidInput("duplicate_key_id", FIELD, `\`${FIELD}\` has the same key twice; remove one of them.`);
	}
	return { signer, all };
}

function toLinkKey(secret: KeyObject): LinkKey {
	return { id: createHmac("sha256", secret).update("convoke/key-id/v1\0").digest().readUInt8(0), secret };
}

function createFrame(purpose: LinkPurpose): Frame {
	const prefix = Buffer.from(`convoke/${purpose}/v1\0`);
	const bytes = Buffer.concat([prefix, Buffer.alloc(TOKEN_BYTES)]);
	const token = bytes.subarray(prefix.length);
	return { token, signed: bytes.subarray(0, prefix.length + MAC), mac: token.subarray(MAC) };
}

function sign(frame: Frame, key: LinkKey): Buffer {
	return createHmac("sha256", key.secret).update(frame.signed).digest().subarray(0, MAC_BYTES);
}

function isSignedBy(frame: Frame, key: LinkKey): boolean {
	return timingSafeEqual(sign(frame, key), frame.mac);
}

function writeSubject(token: Buffer, keyId: number, subject: LinkSubject): void {
	token.writeUInt8(VERSION, 0);
	token.writeUInt8(keyId, 1);
	writeId(token, BROADCAST, subject.broadcastId ?? NIL, "broadcastId");
	writeId(token, CONTACT, subject.contactId, "contactId");
	writeId(token, TOPIC, subject.topicId ?? NIL, "topicId");
}

function writeId(token: Buffer, offset: number, id: string, field: string): void {
	token.write(checkId(id, field).replaceAll("-", ""), offset, "hex");
}

/** Decodes the token, if it is one in the only spelling that the bytes have. */
function readCanonical(into: Buffer, token: unknown): boolean {
	if (typeof token !== "string" || token.length !== LINK_TOKEN_LENGTH) return false;
	into.write(token, "base64url");
	// Node also reads the other alphabet, padding, white space and characters that are none of these.
	return into.toString("base64url") === token;
}

function readSubject(token: Buffer): LinkSubject {
	return {
		contactId: readId(token, CONTACT),
		broadcastId: idOrNone(readId(token, BROADCAST)),
		topicId: idOrNone(readId(token, TOPIC)),
	};
}

function readId(token: Buffer, offset: number): string {
	const hex = token.toString("hex", offset, offset + ID_BYTES);
	return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function idOrNone(id: string): string | undefined {
	return id === NIL ? undefined : id;
}

import { createHmac } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { invalidInput } from "./errors.ts";
import { KEY_COMMAND, parseSecretKey } from "./secret-key.ts";

const FIELD = "hashKey";

/**
 * Makes the function that turns an address key (`EmailAddress.key`) into its hash: HMAC-SHA256 under the host's key, 43
 * characters of base64url.
 *
 * The hash remembers opt-outs of people who are gone from the database, so this key never changes: under another one no
 * retained opt-out would be found again. Whoever holds the key can test guesses of addresses against the hashes.
 *
 * @throws as {@link parseHashKey}
 */
export function createAddressHasher(hashKey: string | Uint8Array | undefined): (addressKey: string) => string {
	const secret = parseHashKey(hashKey);
	return (addressKey) => createHmac("sha256", secret).update(addressKey).digest("base64url");
}

/**
 * Reads the host's key.
 *
 * @throws `missing_hash_key` without a key, `weak_hash_key` for one that `parseSecretKey` refuses
 */
export function parseHashKey(hashKey: string | Uint8Array | undefined): KeyObject {
	if (hashKey === undefined || hashKey === "") {
		const message = `\`${FIELD}\` is missing. Make one, and keep it for as long as the audience: ${KEY_COMMAND}`;
		throw invalidInput("missing_hash_key", FIELD, message);
	}
	return parseSecretKey(hashKey, FIELD, "weak_hash_key");
}

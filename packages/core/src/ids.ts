import { randomBytes as cryptoRandomBytes } from "node:crypto";
import { v7 } from "uuid";
import { invalidInput } from "./errors.ts";

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const MAX_SEQUENCE = 0xff_ff_ff_ff;
// A UUIDv7 has 48 bits for the time, up to the year 10889.
const MAX_TIME = 2 ** 48 - 1;

/**
 * Makes the function that makes ids: UUIDv7 in lower case, each greater than the one before, as text and as bytes.
 *
 * A clock alone does not give that: many ids share a millisecond, and clocks step back. So a counter of 32 bits goes on
 * within a millisecond, and the time in the ids never goes back (RFC 9562 section 6.2, method 1); the other 42 bits are
 * random. The order is that of one source; those of several sources mingle by their clocks.
 *
 * @param now the clock; a time before 1970 counts as 1970
 * @param randomBytes gives that many random bytes. @default node:crypto's
 */
export function createIdSource(
	now: () => Date,
	randomBytes: (size: number) => Uint8Array = cryptoRandomBytes,
): () => string {
	let msecs = 0;
	let seq = MAX_SEQUENCE;
	return () => {
		const random = randomBytes(16);
		const time = Math.min(now().getTime(), MAX_TIME);
		if (time > msecs) {
			msecs = time;
			seq = firstSequence(random);
		} else if (seq < MAX_SEQUENCE) {
			seq += 1;
		} else {
			msecs += 1;
			seq = firstSequence(random);
		}
		return v7({ random, msecs, seq });
	};
}

// The upper half is left free for what follows in the same millisecond. `uuid` does not use these bytes otherwise.
function firstSequence(random: Uint8Array): number {
	return Buffer.from(random.buffer, random.byteOffset, random.byteLength).readUInt32BE(6) >>> 1;
}

/** Whether the value is a UUID of any version as ids are stored: 36 characters, lower case. */
export function isId(value: unknown): value is string {
	return typeof value === "string" && ID.test(value);
}

/**
 * Returns the id, in lower case.
 *
 * @throws `invalid_id` when it is no UUID of 36 characters, in either case
 */
export function checkId(value: unknown, field: string): string {
	const id = typeof value === "string" && value.length === 36 ? value.toLowerCase() : value;
	if (!isId(id)) throw invalidInput("invalid_id", field, `\`${field}\` must be an id (a UUID).`);
	return id;
}

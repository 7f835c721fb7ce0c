/** How fast messages may go. */
export interface RateLimit {
	/** Messages a second on average, and at most a tenth more, rounded up, in any one of them. */
	readonly perSecond: number | undefined;
	/** Messages a day, in UTC. */
	readonly perDay: number | undefined;
}

/** What is kept about a limit. Times in microseconds since 1970. */
export interface Bucket {
	/** The bucket was empty at this time. */
	readonly emptyAt: number;
	/** The day that `used` is about, counted from 1970 in UTC. */
	readonly day: number;
	/** Messages of that day. */
	readonly used: number;
}

/** What was taken from a bucket. */
export interface Taken {
	readonly bucket: Bucket;
	/** How many messages may go now. */
	readonly granted: number;
	/** Milliseconds until the next one may, where fewer were granted than were wanted. */
	readonly waitMs: number;
}

/** Permits that were taken, and that nobody needs after all. */
export interface UnusedPermits {
	/** How many. */
	readonly count: number;
	/** Milliseconds since they were taken, or more: those of an earlier day are worth nothing. */
	readonly ageMs: number;
}

/** A bucket that nothing was taken from. */
export const FULL_BUCKET: Bucket = { emptyAt: 0, day: 0, used: 0 };

const DAY_US = 86_400_000_000;

/**
 * Takes up to `want` permits from a bucket that fills steadily, at `now` in milliseconds. Unused ones are given back to
 * the day first, and not to the second, which would let a burst out.
 */
export function takePermits(
	{ perSecond, perDay }: RateLimit,
	bucket: Bucket,
	want: number,
	now: number,
	{ count, ageMs }: UnusedPermits = { count: 0, ageMs: 0 },
): Taken {
	const at = Math.round(now * 1000);
	const day = Math.floor(at / DAY_US);
	const isOfToday = Math.floor((at - ageMs * 1000) / DAY_US) === day;
	const used = day === bucket.day ? Math.max(0, bucket.used - (isOfToday ? count : 0)) : 0;
	const ofDay = perDay === undefined ? Number.POSITIVE_INFINITY : Math.max(0, perDay - used);
	const each = perSecond === undefined ? 0 : 1_000_000 / perSecond;
	const holds = Math.max(1, Math.ceil((perSecond ?? 0) / 10));
	// What ran over while nobody took is lost, or there would be a burst.
	const emptyAt = Math.max(bucket.emptyAt, at - holds * each);
	const inBucket = each === 0 ? Number.POSITIVE_INFINITY : Math.floor((at - emptyAt) / each + 1e-6);
	const granted = Math.max(0, Math.min(want, inBucket, ofDay));
	const left = { emptyAt: Math.round(emptyAt + granted * each), day, used: used + granted };
	const isDayOver = ofDay - granted <= 0;
	const next = isDayOver ? (day + 1) * DAY_US : left.emptyAt + each;
	return { bucket: left, granted, waitMs: granted < want ? Math.max(1, Math.ceil((next - at) / 1000)) : 0 };
}

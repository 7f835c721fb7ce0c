import { checkFields, checkSignal } from "../check-input.ts";
import { checkInstant } from "../instant.ts";
import { invalidInput } from "../errors.ts";

/** How a worker works. */
export interface WorkerOptions {
	/**
	 * Messages handed over at once, 1 to 1,000. Also bounds how many can be handed over twice after a crash.
	 *
	 * @default 32
	 */
	readonly concurrency?: number | undefined;
	/**
	 * Seconds the worker waits for one hand-over before it counts as uncertain, 1 to 3,600. A mail server may take ten
	 * minutes for its last reply (RFC 5321 section 4.5.3.2.6); most take seconds.
	 *
	 * @default 300
	 */
	readonly sendTimeoutSeconds?: number | undefined;
	/**
	 * Seconds after which another worker may take over from a dead one; not less than `sendTimeoutSeconds`.
	 *
	 * @default 360
	 */
	readonly leaseSeconds?: number | undefined;
	/** Seconds between looks for work while there is none, for `start`; 0.1 to 3,600. @default 1 */
	readonly pollSeconds?: number | undefined;
	/**
	 * What becomes of a message of which nobody knows whether it was sent, when the transport would send it twice:
	 * `resend` hands it over again, `hold` leaves it `uncertain`.
	 *
	 * @default "resend"
	 */
	readonly onUncertain?: "resend" | "hold" | undefined;
	/**
	 * Minutes to wait before each further try after a message was deferred or its fate is unknown, 0 to 10,080 each, at
	 * most 20 of them; each wait is up to a fifth longer or shorter. After the last the recipient is `failed`, or stays
	 * `uncertain`. RFC 5321 section 4.5.4.1 wants tries spread over hours. A server's wish to wait longer is heeded, up to a
	 * day.
	 *
	 * @default [1, 5, 15, 60, 240]
	 */
	readonly retryMinutes?: readonly number[] | undefined;
	/** Messages handed over at once to addresses of one domain, 1 to 1,000. @default as many as `concurrency` */
	readonly perDomain?: number | undefined;
}

/** When a run is to end before everything due is done. */
export interface RunLimits {
	/** Begins no message after this instant: a Date, or ISO 8601 with a zone. */
	readonly until?: Date | string | undefined;
	/** Hands over at most this many messages, at least 1. */
	readonly maxMessages?: number | undefined;
	/** Begins no message after it aborts. */
	readonly signal?: AbortSignal | undefined;
}

/** How a worker stops. */
export interface StopOptions {
	/** Seconds to wait for messages that are being handed over, 0 to 3,600. @default as long as it takes */
	readonly timeoutSeconds?: number | undefined;
}

/** Checked limits. */
export interface RunEnd {
	readonly until: Date | undefined;
	readonly maxMessages: number;
	readonly signal: AbortSignal | undefined;
}

/** Checked options, in milliseconds where they are times. */
export interface WorkerSettings {
	readonly concurrency: number;
	readonly sendTimeoutMs: number;
	readonly leaseMs: number;
	readonly pollMs: number;
	readonly onUncertain: "resend" | "hold";
	readonly retryMs: readonly number[];
	readonly perDomain: number | undefined;
}

const FIELDS = [
	"concurrency",
	"sendTimeoutSeconds",
	"leaseSeconds",
	"pollSeconds",
	"onUncertain",
	"retryMinutes",
	"perDomain",
] as const;

/** Reads a worker's options. @throws `invalid_input` with `invalid_option`. */
export function checkWorkerOptions(options: WorkerOptions): WorkerSettings {
	checkFields(options, "options", FIELDS);
	const { concurrency = 32, sendTimeoutSeconds = 300, pollSeconds = 1, onUncertain = "resend" } = options;
	const { retryMinutes = [1, 5, 15, 60, 240], perDomain } = options;
	const leaseSeconds = options.leaseSeconds ?? 360;
	checkPlaces("concurrency", concurrency);
	if (perDomain !== undefined) checkPlaces("perDomain", perDomain);
	checkSeconds("sendTimeoutSeconds", sendTimeoutSeconds, 1);
	checkSeconds("leaseSeconds", leaseSeconds, 1);
	checkSeconds("pollSeconds", pollSeconds, 0.1);
	if (leaseSeconds < sendTimeoutSeconds) {
		const message = `\`leaseSeconds\` (${leaseSeconds}) must not be less than \`sendTimeoutSeconds\` (${sendTimeoutSeconds}).`;
		throw invalidOption("leaseSeconds", message);
	}
	if (onUncertain !== "resend" && onUncertain !== "hold") {
		throw invalidOption("onUncertain", "`onUncertain` must be `resend` or `hold`.");
	}
	checkRetries(retryMinutes);
	return {
		concurrency,
		sendTimeoutMs: sendTimeoutSeconds * 1000,
		leaseMs: leaseSeconds * 1000,
		pollMs: pollSeconds * 1000,
		onUncertain,
		retryMs: retryMinutes.map((minutes) => minutes * 60_000),
		perDomain,
	};
}

/** Reads when a run is to end. @throws `invalid_input` with `invalid_option`, `invalid_date` or `unknown_field`. */
export function checkRunLimits(limits: RunLimits): RunEnd {
	checkFields(limits, "limits", ["until", "maxMessages", "signal"]);
	const { until, maxMessages = Number.POSITIVE_INFINITY, signal } = limits;
	if (maxMessages !== Number.POSITIVE_INFINITY && !(Number.isInteger(maxMessages) && maxMessages >= 1)) {
		throw invalidOption("maxMessages", "`maxMessages` must be a whole number from 1.");
	}
	checkSignal(signal);
	return { until: until === undefined ? undefined : checkInstant(until, "until"), maxMessages, signal };
}

/** Reads how a worker stops: milliseconds to wait, if that is bounded. @throws `invalid_input` with `invalid_option`. */
export function checkStop(options: StopOptions): number | undefined {
	checkFields(options, "options", ["timeoutSeconds"]);
	const { timeoutSeconds } = options;
	if (timeoutSeconds === undefined) return undefined;
	checkSeconds("timeoutSeconds", timeoutSeconds, 0);
	return timeoutSeconds * 1000;
}

function checkPlaces(field: string, value: unknown): void {
	if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 1000) return;
	throw invalidOption(field, `\`${field}\` must be a whole number from 1 to 1000, not ${shown(value)}.`);
}

function checkRetries(minutes: unknown): void {
	const isWait = (wait: unknown): boolean => typeof wait === "number" && wait >= 0 && wait <= 10_080;
	if (Array.isArray(minutes) && minutes.length <= 20 && minutes.every(isWait)) return;
	throw invalidOption("retryMinutes", "`retryMinutes` must be at most 20 numbers of minutes from 0 to 10080.");
}

function checkSeconds(field: string, value: number, min: number): void {
	if (typeof value === "number" && value >= min && value <= 3600) return;
	throw invalidOption(field, `\`${field}\` must be a number of seconds from ${min} to 3600, not ${shown(value)}.`);
}

function shown(value: unknown): string {
	return typeof value === "number" ? String(value) : typeof value;
}

function invalidOption(field: string, message: string) {
	return invalidInput("invalid_option", field, message);
}

import { invalidInput } from "@convoke/core";
import type { KeyLike } from "node:crypto";
import type { ConnectionOptions } from "node:tls";
import type { SMTPPoolOptions } from "nodemailer";
import { toDkim } from "./dkim.ts";

/** Who signs in, and how. */
export interface SmtpAuth {
	/** Name of the account. */
	readonly user: string;
	/** Its password. */
	readonly pass: string;
}

/** A key that signs every message (RFC 6376). */
export interface SmtpDkim {
	/** The domain that signs, the `d=` tag. */
	readonly domainName: string;
	/** Where its public key is: `<selector>._domainkey.<domain>`, the `s=` tag. */
	readonly keySelector: string;
	/** RSA private key, such as a PEM text. */
	readonly privateKey: KeyLike;
	/**
	 * Names of the header fields to sign, separated by colons. Must cover `List-Unsubscribe` and `List-Unsubscribe-Post`:
	 * without that, one-click is not trusted (RFC 8058 section 4).
	 *
	 * @default the list of RFC 6376 section 5.4.1 and those two
	 */
	readonly headerFieldNames?: string | undefined;
}

/** How to reach a server, and how hard to press it. */
export interface SmtpOptions {
	/** Host name or IP address. */
	readonly host: string;
	/**
	 * Port.
	 *
	 * @default 465 when `secure`, else 587
	 */
	readonly port?: number | undefined;
	/**
	 * Speaks TLS from the first byte. Otherwise STARTTLS is used where the server offers it.
	 *
	 * @default true on port 465, else false
	 */
	readonly secure?: boolean | undefined;
	/**
	 * Refuses a server that offers no STARTTLS.
	 *
	 * @default false
	 */
	readonly requireTls?: boolean | undefined;
	/** Account to sign in with; without it nobody signs in. */
	readonly auth?: SmtpAuth | undefined;
	/** Further options for `tls.connect`, such as `ca`. */
	readonly tls?: ConnectionOptions | undefined;
	/**
	 * Name given with EHLO.
	 *
	 * @default the machine's name
	 */
	readonly name?: string | undefined;
	/** Signs every message; leave it out when the server does. */
	readonly dkim?: SmtpDkim | undefined;
	/**
	 * Connections open at once, 1 to 1,000. More than the server allows ends in `account_problem`.
	 *
	 * @default 5
	 */
	readonly maxConnections?: number | undefined;
	/**
	 * Messages handed over on one connection before it is replaced, 1 to 1,000,000.
	 *
	 * @default 100
	 */
	readonly maxMessages?: number | undefined;
	/**
	 * Whether the server takes addresses with a non-ASCII local part (SMTPUTF8, RFC 6531). Contacts with such an address
	 * are left out of broadcasts unless this says so; saying so of a server that does not makes their messages fail.
	 *
	 * @default false
	 */
	readonly smtputf8?: boolean | undefined;
	/**
	 * Milliseconds that connecting may take, DNS and TLS included.
	 *
	 * @default 30,000
	 */
	readonly connectionTimeoutMs?: number | undefined;
	/**
	 * Milliseconds to wait for the server's greeting.
	 *
	 * @default 30,000
	 */
	readonly greetingTimeoutMs?: number | undefined;
	/**
	 * Milliseconds of silence after which a connection is given up. RFC 5321 section 4.5.3.2.6 asks for 10 minutes after
	 * the message itself: with less, a slow server's message counts as `uncertain` although it arrived.
	 *
	 * @default 600,000
	 */
	readonly socketTimeoutMs?: number | undefined;
}

/** Options for nodemailer's pool. */
export type PoolOptions = SMTPPoolOptions & { pool: true };

// What a timer of Node takes.
const MAX_TIMEOUT = 2_147_483_647;

/**
 * Reads the options as a user writes them.
 *
 * @throws `invalid_input` with `invalid_smtp_url`, `invalid_option`, `dkim_missing_one_click`, `invalid_dkim_key`.
 */
export function readOptions(urlOrOptions: string | SmtpOptions): SmtpOptions {
	if (typeof urlOrOptions === "string") return readUrl(urlOrOptions);
	if (typeof urlOrOptions.host !== "string" || urlOrOptions.host.trim() === "") {
		throw invalidInput("invalid_option", "host", "`host` must name the SMTP server.");
	}
	return urlOrOptions;
}

/**
 * Turns the options into nodemailer's.
 *
 * @throws `invalid_input` with `invalid_option`, `dkim_missing_one_click`, `invalid_dkim_key`.
 */
export function toPoolOptions(options: SmtpOptions): PoolOptions {
	return {
		pool: true,
		host: options.host,
		port: options.port === undefined ? undefined : within(options.port, "port", 65_535),
		secure: options.secure ?? options.port === 465,
		requireTLS: options.requireTls ?? false,
		auth: options.auth === undefined ? undefined : { user: options.auth.user, pass: options.auth.pass },
		tls: options.tls,
		name: options.name,
		dkim: options.dkim === undefined ? undefined : toDkim(options.dkim),
		maxConnections: within(options.maxConnections ?? 5, "maxConnections", 1000),
		maxMessages: within(options.maxMessages ?? 100, "maxMessages", 1_000_000),
		// For a connection that had been dropped before its next message began. Any further try is the worker's to time.
		maxRequeues: 1,
		connectionTimeout: within(options.connectionTimeoutMs ?? 30_000, "connectionTimeoutMs", MAX_TIMEOUT),
		greetingTimeout: within(options.greetingTimeoutMs ?? 30_000, "greetingTimeoutMs", MAX_TIMEOUT),
		socketTimeout: within(options.socketTimeoutMs ?? 600_000, "socketTimeoutMs", MAX_TIMEOUT),
		// A broadcast is text that strangers' data went into: nothing in it may name a file or a URL to read.
		disableFileAccess: true,
		disableUrlAccess: true,
	};
}

function within(value: number, field: string, max: number): number {
	if (Number.isInteger(value) && value >= 1 && value <= max) return value;
	throw invalidInput("invalid_option", field, `\`${field}\` must be a whole number from 1 to ${max}.`);
}

function readUrl(text: string): SmtpOptions {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	const isSmtp = url !== undefined && (url.protocol === "smtp:" || url.protocol === "smtps:") && url.hostname !== "";
	// The message names no part of the URL: it may hold a password.
	if (!isSmtp || url.search !== "" || url.hash !== "" || (url.pathname !== "" && url.pathname !== "/")) {
		const message =
			"The SMTP URL must look like `smtp://user:password@host:587` or `smtps://…`; give the rest as options.";
		throw invalidInput("invalid_smtp_url", "url", message);
	}
	const secure = url.protocol === "smtps:";
	const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
	return {
		host,
		...(url.port === "" ? {} : { port: Number(url.port) }),
		...(secure ? { secure } : {}),
		...(url.username === "" ? {} : { auth: { user: decode(url.username), pass: decode(url.password) } }),
	};
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		throw invalidInput("invalid_smtp_url", "url", "The SMTP URL holds a `%` that is no escape; write it as `%25`.");
	}
}

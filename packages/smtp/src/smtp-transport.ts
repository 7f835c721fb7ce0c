import type { Attachment, Mailbox, Message, Transport, TransportOutcome } from "@convoke/core";
import { createTransport } from "nodemailer";
import type { SendMailOptions } from "nodemailer";
import type { Readable } from "node:stream";
import { parseQueueId, toOutcome } from "./outcome.ts";
import { readOptions, toPoolOptions } from "./smtp-options.ts";
import type { SmtpOptions } from "./smtp-options.ts";

/** One hand-over under way: the streams nodemailer made of its message, one per connection it tried. */
interface HandOver {
	readonly bodies: Readable[];
}

interface PreparedHeader {
	readonly key: string;
	readonly value: string | { readonly prepared: true; readonly foldLines: false; readonly value: string };
}

/**
 * A transport over SMTP, with a pool of connections. Nothing is opened before the first message.
 *
 * A lost connection after the message has begun is answered with `uncertain`, as nobody can know whether it was taken;
 * a lost one before that with `deferred`. SMTP has no idempotency keys, so `idempotent` is false.
 *
 * @param urlOrOptions `smtp://user:password@host:587`, `smtps://…`, or options
 * @throws `invalid_input` with `invalid_smtp_url`, `invalid_option`, `dkim_missing_one_click`, `invalid_dkim_key`.
 *
 * @example
 * ```ts
 * const transport = createSmtpTransport({ host: "mail.tidal.test", auth: { user: "news", pass: "…" }, maxConnections: 10 });
 * ```
 */
export function createSmtpTransport(urlOrOptions: string | SmtpOptions): Transport {
	const options = readOptions(urlOrOptions);
	const mailer = createTransport(toPoolOptions(options));
	// What nodemailer hands its plugins is the envelope object given to it, so that one leads back to the hand-over.
	const handOvers = new WeakMap<object, HandOver>();
	const underWay = new Set<Promise<TransportOutcome>>();
	let closed = false;

	mailer.use("stream", (mail, done) => {
		const handOver = handOvers.get(mail.data.envelope ?? {});
		const make = mail.message.createReadStream.bind(mail.message);
		mail.message.createReadStream = (streamOptions) => {
			const body = make(streamOptions);
			handOver?.bodies.push(body);
			return body;
		};
		done();
	});

	async function deliver(message: Message, signal: AbortSignal): Promise<TransportOutcome> {
		const handOver: HandOver = { bodies: [] };
		try {
			const mail = toMail(message, signal);
			handOvers.set(mail.envelope, handOver);
			const { response } = await mailer.sendMail(mail);
			return { kind: "accepted", providerId: parseQueueId(response) };
		} catch (error) {
			// A connection reads the message only after the server has said 354.
			const begun = handOver.bodies.some((body) => body.readableDidRead);
			if (closed && !begun) return { kind: "deferred", reason: "transport_closed", unreached: true };
			return toOutcome(error, begun);
		}
	}

	return {
		name: "smtp",
		smtputf8: options.smtputf8 ?? false,
		idempotent: false,
		dkimDomain: options.dkim?.domainName,
		async send(message, signal) {
			const outcome = deliver(message, signal);
			underWay.add(outcome);
			try {
				return await outcome;
			} finally {
				underWay.delete(outcome);
			}
		},
		async close() {
			if (!closed) {
				closed = true;
				mailer.close();
			}
			await Promise.allSettled(underWay);
		},
	};
}

function toMail(message: Message, signal: AbortSignal): SendMailOptions & { readonly envelope: object } {
	return {
		// Never the string form: `to: "b@x, c@x"` mails two people.
		from: toAddress(message.from),
		to: toAddress(message.to),
		replyTo: message.replyTo.map(toAddress),
		envelope: { from: toAddress({ ...message.from, name: null }), to: [toAddress({ ...message.to, name: null })] },
		messageId: message.messageId,
		subject: message.subject,
		...(message.text === null ? {} : { text: message.text }),
		...(message.html === null ? {} : { html: message.html }),
		...(isMostlyAscii(message) && { textEncoding: "quoted-printable" as const }),
		headers: Object.entries(message.headers).map(toHeader),
		attachments: message.attachments.map(toAttachment),
		signal,
	};
}

/**
 * Saves nodemailer from counting the characters of each part twice to choose the same for it: a tenth of all its work.
 * Header fields beyond ASCII are then encoded so too, which may make them longer (RFC 2047 section 4.2).
 */
function isMostlyAscii({ html, text }: Message): boolean {
	const body = html ?? text ?? "";
	return Buffer.byteLength(body) < body.length * 1.1;
}

function toAddress(mailbox: Mailbox): { name: string; address: string } {
	return { name: mailbox.name ?? "", address: mailbox.address };
}

/** A picture of the HTML part is no attachment to the reader. */
function toAttachment({ filename, content, contentType, contentId }: Attachment) {
	return {
		filename,
		content,
		encoding: "base64",
		...(contentType !== null && { contentType }),
		...(contentId !== null && { cid: contentId, contentDisposition: "inline" as const }),
	};
}

/** A plain short value goes out as it is, so that no folding can break a link; anything else is encoded (RFC 2047). */
function toHeader([key, value]: readonly [string, string]): PreparedHeader {
	const isPlain = /^[\x20-\x7e]{1,900}$/.test(value);
	return { key, value: isPlain ? { prepared: true, foldLines: false, value } : value };
}
